"""The paths of a deployment's files."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from tablecast.errors import ArtifactError

#: The files that an engine opens.
OPENED = {"onnx": (".onnx", ".onnx.sha256"), "pycaret": (".pkl", ".json")}


def without_ending(path: str | PathLike[str]) -> Path:
    """A deployment's path as given, with or without the ending of one of its files."""
    path = Path(path)
    if path.name in ("", ".."):  # a folder by another name than its own
        return path.resolve()
    for ending in (".pkl", ".skops", ".skops.json", ".json", ".onnx", ".onnx.sha256"):
        if path.name.endswith(ending):
            return path.with_name(path.name.removesuffix(ending))
    return path


def with_ending(base: Path, ending: str) -> Path:
    """The path of one of a deployment's files. A name may have dots: they are not endings."""
    return base.with_name(base.name + ending) if base.name else base / ending


def check_there(base: Path, engine: str) -> None:
    """See whether a deployment has the files that an engine opens, without opening them.

    Raises:
        ArtifactError: it is not there; what is there may say why.
    """
    for ending in OPENED[engine]:
        path = with_ending(base, ending)
        if not path.is_file():
            raise missing(path)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Say in one line that the system does not let anybody look at a path.

    Raises:
        ArtifactError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        words = f"{str(path)[:99]!r} cannot be read: {error.strerror}. Check the path."
        raise ArtifactError(words) from None


def read_whole(path: Path) -> bytes:
    """The bytes of one of a deployment's files.

    Raises:
        ArtifactError: it is not there, or the system does not let anybody read it.
    """
    with readable(path):
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise missing(path) from None


def missing(path: Path) -> ArtifactError:
    """The error for a deployment's file that is not there."""
    base, where = without_ending(path), str(path.parent)
    name = path.name if path.name.isprintable() else repr(path.name)
    pickle = with_ending(base, ".pkl")
    if path.suffix == ".onnx" and pickle.is_file():
        return ArtifactError(
            f"There is no {name} in {where!r}, only {pickle.name}. Compile it (python -m "
            f"tablecast compile {pickle}), or serve it with TABLECAST_ENGINE=pycaret."
        )
    if ".skops" in path.suffixes:
        return ArtifactError(
            f"There is no {name} in {where!r}. Training writes it where it is asked for: python -m "
            "tablecast train TABLE --target COLUMN --also skops"
        )
    others = [with_ending(base, one).name for one in (".onnx", ".pkl", ".json")]
    there = [one for one in others if (path.parent / one).is_file()]
    if there:
        return ArtifactError(
            f"There is no {name} in {where!r}, only {there[0]}. Copy it from where the deployment "
            "was trained, or train it again (python -m tablecast train TABLE --target COLUMN)."
        )
    return ArtifactError(
        f"There is no {name} in {where!r}. Check the path, or train a deployment (python -m "
        "tablecast train TABLE --target COLUMN)."
    )


def damaged(path: Path) -> ArtifactError:
    """The error for a deployment's file that is not what was saved."""
    return ArtifactError(
        f"{path.name} is not the file that was saved: it is damaged or was changed. Restore it "
        "(git checkout), or train it again."
    )


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
