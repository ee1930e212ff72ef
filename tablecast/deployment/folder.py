"""The deployments in a folder: ``NAME.onnx``, ``NAME/NAME.onnx`` and ``NAME/VERSION/NAME.onnx``."""

from collections.abc import Iterator
from pathlib import Path

from tablecast.deployment import versions
from tablecast.deployment.files import with_ending
from tablecast.errors import ArtifactError


def is_folder(path: Path) -> bool:
    """Whether a path is a folder of deployments, and not of the files or versions of one."""
    if not path.is_dir() or versions.is_made(path):
        return False
    own = path / (path.name or path.resolve().name)
    return not versions.is_made(own) and not versions.is_versioned(path)


def deployments_in(folder: Path, ending: str) -> dict[str, Path]:
    """The deployments of a folder: their names, and the paths that ``versions.resolved`` takes.

    Args:
        folder: exists.
        ending: of the file that a deployment is opened from, such as ``.onnx``.

    Raises:
        ArtifactError: there is none, or the folder cannot be read.
    """
    try:
        found = dict(_found(folder, ending))
    except OSError as error:
        raise ArtifactError(f"{str(folder)!r} cannot be read: {error.strerror}.") from None
    if not found:
        raise ArtifactError(
            f"{str(folder)!r} holds no deployment. Put NAME{ending} there, or train one (python -m "
            "tablecast train TABLE --target COLUMN --out FOLDER)."
        )
    return found


def _found(folder: Path, ending: str) -> Iterator[tuple[str, Path]]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.name.endswith(ending) and path.is_file():
            name = path.name.removesuffix(ending)
            yield name, path.with_name(name)
        # A file goes before a folder of the same name; and a folder of tables is none of these.
        elif path.is_dir() and not with_ending(path, ending).is_file() and _holds(path, ending):
            yield path.name, path


def _holds(folder: Path, ending: str) -> bool:
    """Whether a folder may be meant as a deployment's, even if nothing in it can be served."""
    patterns = (versions.STATE, f"*{ending}", f"*/*{ending}")
    return any(True for pattern in patterns for _ in folder.glob(pattern))
