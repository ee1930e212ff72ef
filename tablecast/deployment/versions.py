"""Versions of a deployment, each in a folder of its own, and which of them is served.

``NAME/VERSION/NAME.onnx`` is a version of NAME. ``NAME/versions.json`` says which is current and
which one was before; it is replaced as a whole, so that whoever reads it sees one state or the
other. Until it is there, the first version is current: a version that is put beside it changes
nothing by itself.
"""

import json
import re
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from tablecast.deployment.files import readable, with_ending, without_ending
from tablecast.deployment.installed import installed_base
from tablecast.deployment.staging import alone_in
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.errors import ArtifactError

#: The file in a deployment's folder that says which version is served.
STATE = "versions.json"

#: The version before the current one, by the word that ``switch`` takes.
PREVIOUS = "previous"

#: Files that make a folder one of a version.
MADE = (".onnx", ".pkl")


@dataclass(frozen=True)
class State:
    """Which versions are served.

    Attributes:
        current: answers.
        previous: answered before; None where there was none.
        shadow: answers as well, for the log alone; None for none.
    """

    current: str
    previous: str | None = None
    shadow: str | None = None


def is_versioned(folder: Path, nested: bool = False) -> bool:
    """Whether a path is the folder of a deployment's versions.

    Args:
        folder: may be anything.
        nested: whether it stands in a folder of deployments, and so is one's or of none. Else its
            files must have its name: ``a/x.onnx`` and ``b/y.onnx`` are two deployments.
    """
    if not folder.is_dir():
        return False
    if (folder / STATE).is_file():
        return True
    if nested:
        return deployment_in(folder) is None and bool(versions_in(folder))
    name = _name_of(folder)
    return any(is_made(inner / name) for inner in _inner(folder))


def base_meant(name: str | PathLike[str]) -> Path:
    """The path, without ending, of the files that a person means by NAME in any command.

    Args:
        name: the path of its files with or without an ending, the folder of its versions, or an
            installed package.

    Raises:
        ArtifactError: as :func:`resolved`, or the system knows no such path.
    """
    path = without_ending(name)
    if "\0" in str(path):
        raise ArtifactError(f"{str(path)!r} is no path. Name a deployment.")
    with readable(path):
        return resolved(path)


def resolved(path: Path, nested: bool = False) -> Path:
    """The path, without ending, of the files that a path means.

    It is the path itself where files stand there, else what the folder of that name holds: the
    current version, or a deployment of the folder's name. Where nothing of that name stands, it is
    what an installed package of that name brings.

    Args:
        path: of files or a folder.
        nested: as for ``is_versioned``; a deployment in a folder of its own may then have another
            name, where it is the only one.

    Raises:
        ArtifactError: the folder has versions, and cannot say which is current, or that one is
            not there.
    """
    if is_made(path):
        return path
    if not path.is_dir():
        return installed_base(str(path)) or path
    own = path / _name_of(path)
    if is_made(own):
        return own
    if is_versioned(path, nested):
        return _current(path)
    return (deployment_in(path) or own) if nested else path


def _current(folder: Path) -> Path:
    """The path, without ending, of the files of the current version."""
    version = state_of(folder).current
    base = base_of(folder, version)
    if not is_made(base):
        listed = ", ".join(versions_in(folder)) or "none"
        raise ArtifactError(
            f"{str(folder)!r} serves version {version!r}, which is not there. Versions: {listed}. "
            f"Switch to one: python -m tablecast switch {folder} VERSION"
        )
    return base


def is_made(base: Path) -> bool:
    """Whether a deployment's files stand at a path."""
    return any(with_ending(base, ending).is_file() for ending in MADE)


def deployment_in(folder: Path, name: str = "") -> Path | None:
    """The deployment of that name (default: the folder's own) in a folder, or the only one."""
    own = folder / (name or _name_of(folder))
    if is_made(own):
        return own
    found = {
        path.name.removesuffix(ending)
        for ending in MADE for path in folder.glob(f"*{ending}") if not path.name.startswith(".")
    }
    return folder / found.pop() if len(found) == 1 else None


def versions_in(folder: Path) -> list[str]:
    """The names of the versions in a folder: 2 stands before 10."""
    name = _name_of(folder)
    found = [inner.name for inner in _inner(folder) if deployment_in(inner, name)]
    return sorted(found, key=_in_order)


def _inner(folder: Path) -> list[Path]:
    """The folders in a folder."""
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_dir()]


def state_of(folder: Path) -> State:
    """Which versions of a folder are served.

    Raises:
        ArtifactError: there is no version, or the file that says so cannot be read.
    """
    path = folder / STATE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return _checked(told)
    except FileNotFoundError:
        pass
    except (ValueError, TypeError, OSError):
        raise ArtifactError(
            f"{str(path)!r} does not say which version is served. Switch to one: python -m "
            f"tablecast switch {folder} VERSION"
        ) from None
    versions = versions_in(folder)
    if not versions:
        name = _name_of(folder)
        raise ArtifactError(
            f"{str(folder)!r} holds no version. Put one into a folder of its own, such as "
            f"{folder / '1' / name}.onnx."
        )
    return State(versions[0])


def base_of(folder: Path, version: str) -> Path:
    """The path, without ending, of a version's files."""
    name = _name_of(folder)
    return deployment_in(folder / version, name) or folder / version / name


def switch(folder: Path, version: str) -> State:
    """Serve another version from now on.

    Args:
        folder: of a deployment's versions.
        version: one of them, or ``previous``.

    Returns:
        What is served now.

    Raises:
        ArtifactError: there is no such version, or nothing can be written there. Nothing changed.
    """
    check_versioned(folder)
    with alone_in(folder):
        wanted = named(folder, version)
        before = state_or_none(folder)
        if before is None:
            return _write(folder, State(wanted))
        if before.current == wanted:
            return before
        shadow = None if before.shadow == wanted else before.shadow
        return _write(folder, State(wanted, before.current, shadow))


def shadow(folder: Path, version: str | None) -> State:
    """Let a version answer beside the current one, for the log alone; None lets none.

    Returns:
        What is served now.

    Raises:
        ArtifactError: as ``switch``.
    """
    check_versioned(folder)
    with alone_in(folder):
        state = state_of(folder)
        wanted = None if version is None else named(folder, version)
        if wanted == state.current:
            raise ArtifactError(f"Version {wanted} of {str(folder)!r} is current. Choose another.")
        return _write(folder, replace(state, shadow=wanted))


def named(folder: Path, version: str) -> str:
    """The version that a person means by its name, or by ``previous``.

    Raises:
        ArtifactError: there is none of that name.
    """
    if version == PREVIOUS:
        state = state_of(folder)
        if state.previous is None:
            raise ArtifactError(f"{str(folder)!r} has no version before {state.current}.")
        version = state.previous
    versions = versions_in(folder)
    if version not in versions:
        listed = ", ".join(versions) or "none"
        raise ArtifactError(f"{str(folder)!r} has no version {version!r}. Versions: {listed}.")
    return version


def state_or_none(folder: Path) -> State | None:
    """``state_of``, or None where that cannot be told."""
    try:
        return state_of(folder)
    except ArtifactError:
        return None


def _write(folder: Path, state: State) -> State:
    told = {name: value for name, value in asdict(state).items() if value is not None}
    try:
        with replaced_when_whole(folder / STATE) as temporary:
            temporary.write_text(json.dumps(told, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ArtifactError(
            f"{str(folder / STATE)!r} cannot be written: {error.strerror}."
        ) from None
    return state


def check_versioned(folder: Path) -> None:
    """See whether a folder holds versions. Raises ArtifactError where it does not."""
    if not is_versioned(folder) and not versions_in(folder):
        name = _name_of(folder)
        raise ArtifactError(
            f"{str(folder)!r} is no folder of versions. Put each version into a folder of its own, "
            f"such as {folder / '1' / name}.onnx and {folder / '2' / name}.onnx."
        )


def _checked(told: Any) -> State:
    """Raises ValueError, TypeError where it is no state."""
    state = State(**told)
    names = (state.current, state.previous, state.shadow)
    if not state.current or any(
        name is not None and (not isinstance(name, str) or not _is_one_folder(name))
        for name in names
    ):
        raise ValueError
    return state


def _is_one_folder(name: str) -> bool:
    return name not in ("", ".", "..") and not set(name) & set("/\\\0")


def _name_of(folder: Path) -> str:
    return folder.name or folder.resolve().name


def _in_order(name: str) -> tuple[Any, ...]:
    parts = re.split(r"(\d+)", name)
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts)
