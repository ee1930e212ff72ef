"""What the settings say is served: one deployment, or those of a folder."""

from pathlib import Path
from typing import Any

from tablecast.deployment.files import readable, without_ending
from tablecast.deployment.folder import is_folder
from tablecast.deployment.source import Source
from tablecast.errors import SettingError
from tablecast.web.mounts.fleet import Fleet
from tablecast.web.mounts.mount import Mount


def served_by(settings: dict[str, Any], taken: frozenset[str] = frozenset()) -> Mount | Fleet:
    """What a server with these settings answers for.

    Args:
        settings: all of them.
        taken: names that deployments of a folder cannot have.

    Raises:
        ArtifactError, SettingError: there is nothing to serve, or it cannot be served so.
    """
    base, engine = without_ending(settings["deployment"]), settings["engine"]
    form = Path(settings["form_file"]) if settings["form_file"] else None
    with readable(base):
        is_one = not is_folder(base)
    if is_one:
        return Mount(Source(base, engine, form, settings["reload"] == "on"))
    if form:
        raise SettingError(
            f"A form file is for one deployment, and {str(base)!r} is a folder of them. Put it "
            "into its deployment (python -m tablecast form NAME --form FILE)."
        )
    return Fleet(base, engine, settings["most_open"], taken)
