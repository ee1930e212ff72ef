"""Deployments that were installed as packages, which ``ship --to wheel`` writes.

A package says that it brings one by an entry point: ``house_prices = "house_prices:DEPLOYMENT"`` in
the group ``tablecast.deployments``. Nothing of it is imported to find the files.
"""

from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from tablecast.errors import ArtifactError

#: The group of entry points.
GROUP = "tablecast.deployments"


def installed_base(name: str) -> Path | None:
    """The path, without ending, of the files that an installed package brings; None without one.

    Args:
        name: the package's, as Python imports it or as installers call it.

    Raises:
        ArtifactError: there is such a package, and its files are not there.
    """
    module = name.replace("-", "_")
    if not module.isidentifier() or not entry_points(group=GROUP, name=module):
        return None
    spec = find_spec(module)
    folders = spec.submodule_search_locations if spec else None
    graphs = [graph for folder in folders or () for graph in Path(folder).glob("*.onnx")]
    if len(graphs) != 1:
        raise ArtifactError(
            f"The package {name} is installed without its deployment. Install it again (pip "
            f"install --force-reinstall --no-deps {name})."
        )
    return graphs[0].with_name(graphs[0].name.removesuffix(".onnx"))
