"""A Python package that brings the deployment, for an index of your own."""

import keyword
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from tablecast import __version__
from tablecast.deployment import graph_file
from tablecast.deployment.installed import GROUP
from tablecast.errors import ShipError, TablecastError
from tablecast.export.ship.host import Host
from tablecast.export.ship.lock import lock_of, pins_of, with_own_wheel
from tablecast.export.ship.own_wheel import wheel_bytes, wheel_name
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

#: What is installed beside it under another name than that of its package in a lock, what installs
#: it, and what Python imports by itself wherever it is found.
IMPORTED = {
    "tablecast", "attr", "dateutil", "google", "imblearn", "jupyter", "pylab", "sklearn",
    "hatchling", "pip", "setuptools", "uv", "wheel", "sitecustomize", "usercustomize",
}  # fmt: skip


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """A project whose wheel holds the deployment.

    Raises:
        ShipError: its name is that of something that is installed with it.
    """
    package = package_of(shipment.app)
    values = {
        "shipment": shipment, "package": package, "version": version_of(shipment),
        "tablecast": __version__, "group": GROUP,
    }  # fmt: skip
    return {
        "pyproject.toml": filled("wheel-pyproject.toml", **values),
        f"{package}/__init__.py": filled("wheel-init.py", **values),
        **{f"{package}/{name}": content for name, content in shipment.own_files.items()},
        wheel_name(): wheel_bytes(),
        "requirements.txt": with_own_wheel(lock_of(shipment.lock)),
        ".gitignore": filled("gitignore") + b"dist/\n",
        "publish.py": filled("wheel-publish.py", **values),
        "smoke_test.py": filled("wheel-smoke_test.py", **values),
        "README.md": filled("wheel-README.md", **values),
    }


def package_of(app: str) -> str:
    """The name that Python imports, from the one that installers use.

    Raises:
        ShipError: Python has another meaning for it, or the package needs one that is called so.
    """
    package = app.replace("-", "_")
    why = ""
    if keyword.iskeyword(package):
        why = "it is a word of Python's own"
    elif package in sys.stdlib_module_names:
        why = f"Python has a module {package}"
    elif package in _needed():
        why = f"serving, training or installing needs another package {package}"
    if why:
        raise ShipError(f"{app!r} cannot be a package's name: {why}. Choose one with --app NAME.")
    return package


@cache
def _needed() -> set[str]:
    """What Python imports beside the package: of the locks, by its name or by another one."""
    pins = (pin for name in ("with_log", "training") for pin in pins_of(lock_of(name)))
    return {pin.name.replace("-", "_") for pin in pins} | IMPORTED


def version_of(shipment: Shipment) -> str:
    """The moment of training as a version, such as 2026.11.26.4534: a later one is a higher one."""
    made = datetime.fromisoformat(str(shipment.deployment.description["created"]))
    return f"{made:%Y}.{made.month}.{made.day}.{int(f'{made:%H%M%S}')}"


def check(folder: Path) -> Iterator[str]:
    """What would keep it from being built, installed or found."""
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        (package,) = project["entry-points"][GROUP]
    except (OSError, ValueError, KeyError, TypeError):
        yield f"pyproject.toml does not say which package brings the deployment ({GROUP})."
        return
    if package != project.get("name", "").replace("-", "_"):
        yield f"pyproject.toml names {project.get('name')!r}, and its entry point {package!r}."
    graphs = list((folder / package).glob("*.onnx"))
    if len(graphs) != 1:
        yield f"{package} must hold one deployment; it holds {len(graphs)}."
    for graph in graphs:
        try:
            graph_file.read_graph(graph.with_name(graph.name.removesuffix(".onnx")))
        except TablecastError as error:
            yield str(error)
    if f"tablecast=={__version__}" not in project.get("dependencies", []):
        yield f"pyproject.toml does not depend on tablecast=={__version__}."


HOLDS = (
    "pyproject.toml", "*/__init__.py", "*/*.onnx", "*/*.onnx.sha256", "tablecast-*.whl",
    "requirements.txt", "publish.py", "smoke_test.py", "README.md",
)  # fmt: skip

HOST = Host("a package index", files, HOLDS, check)
