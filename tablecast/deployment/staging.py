"""A deployment's files: their names, and how they appear together and replace no other.

They are made in a folder beside their place, and moved when all are done.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from tablecast.deployment.files import sha256_of, with_ending
from tablecast.deployment.unfinished import unfinished
from tablecast.errors import ArtifactError, ProofFailed, SkopsError, UnsupportedStep

#: A deployment's files, in the order in which they are moved: what names another comes after it.
ENDINGS = (".pkl", ".json", ".skops", ".skops.json", ".onnx.sha256", ".onnx")

#: Bytes: the longest ending, and what stands around a folder of files that are not yet whole, fit
#: into the 255 that file systems take.
LONGEST_NAME = 200

#: What a table's file is called after its name.
TABLE_ENDINGS = r"(\.(csv|tsv|txt|parquet|pq|xlsx?|ods|gz|zst|zip|bz2|xz))+$"


@contextmanager
def staged(base: Path, force: bool = True, pickle: Path | None = None) -> Iterator[Path]:
    """A deployment's path, of the same name, for the files to be written to.

    They move to ``base`` when the block ends; a graph that stood there and has no successor goes,
    since it would answer for another pipeline. Where the block raises nothing moves, except that a
    pipeline without a graph (UnsupportedStep, ProofFailed) is kept, to be served by PyCaret, and
    one without the .skops file that was asked for (SkopsError).

    Args:
        base: the deployment's path.
        force, pickle: as :func:`check_free` has them. It is asked again before the files move: an
            hour of training is time for another one to take the name.

    Raises:
        ArtifactError: the name was taken meanwhile. The files went to another, which it tells.
    """
    with unfinished(base, is_folder=True) as folder:
        there = folder / base.name
        try:
            yield there
        except (UnsupportedStep, ProofFailed, SkopsError):
            _settle(there, base, force, pickle)
            raise
        _settle(there, base, force, pickle)


def _settle(there: Path, base: Path, force: bool, pickle: Path | None) -> None:
    """Move a deployment's files to their place, or, where that is taken by now, to one beside."""
    with alone_in(base.parent):
        if force or _is_free(base, pickle):
            return _move(there, base)
        numbered = (base.with_name(f"{base.name}-{number}") for number in count(2))
        other = next(place for place in numbered if _is_free(place, None))
        _move(_renamed(there, other.name), other)
    raise ArtifactError(
        f"Another {base.name!r} was made in {str(base.parent)!r} meanwhile, and was not replaced. "
        f"This one was saved as {other.name!r}."
    )


def _renamed(there: Path, name: str) -> Path:
    """A deployment's files under another name, which the hash's file tells too."""
    for ending in ENDINGS:
        file = with_ending(there, ending)
        if file.is_file():
            if ending == ".onnx.sha256":
                told = file.read_text(encoding="utf-8")
                file.write_text(told.replace(f" {there.name}.", f" {name}."), encoding="utf-8")
            file.rename(file.with_name(name + ending))
    return there.with_name(name)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """The only process that moves a deployment into a folder, where the system can tell."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _move(there: Path, base: Path) -> None:
    for ending in ENDINGS:
        source, target = with_ending(there, ending), with_ending(base, ending)
        if source.is_file():
            os.replace(source, target)
        else:
            target.unlink(missing_ok=True)


def name_after(source: str | os.PathLike[str]) -> str:
    """A deployment's name from its table's: the last part of a path or URL, without endings."""
    last = re.split(r"[/\\]", re.split(r"[?#]", os.fspath(source))[0].rstrip("/\\"))[-1]
    stem = re.sub(TABLE_ENDINGS, "", last, flags=re.IGNORECASE)
    return re.sub(r"[^\w.-]+", "_", stem).strip("._") or "deployment"


def named_place(folder: str | os.PathLike[str], name: str) -> Path:
    """Where a deployment of a name goes.

    Raises:
        ArtifactError: its files cannot be called so.
    """
    why = why_no_name(name)
    if why:
        raise ArtifactError(
            f"{name[:40]!r} cannot be a deployment's name: {why}. Choose another name (--name "
            "NAME, or name=), and its folder apart (--out FOLDER, or out=)."
        )
    return Path(folder) / name


def why_no_name(name: str) -> str:
    """Why a deployment cannot have a name; "" where it can."""
    if not name.strip(". "):
        return "it names no file"
    if set(name) & set("/\\"):
        return "it has a slash"
    if not name.isprintable() or name != name.strip():
        return "it has a line break or another sign that cannot be seen"
    if name.endswith(ENDINGS) or name.endswith(".sha256"):
        return "it has one of its files' endings"
    return "it is too long" if len(os.fsencode(name)) > LONGEST_NAME else ""


def check_free(base: Path, force: bool, pickle: Path | None = None) -> None:
    """Refuse to replace another deployment.

    Args:
        base: the path of the one that is to be made.
        force: whether it may replace another one.
        pickle: the file that it is made from, where there is one; what was made from it before is
            the same deployment.

    Raises:
        ArtifactError: there is another one, or nothing can be written there.
    """
    _check_writable(base)
    if force or _is_free(base, pickle):
        return
    raise ArtifactError(
        f"{str(base.parent)!r} already has a {_taken(base)[-1].name}. Choose another name (--name "
        "NAME, or name=), or replace it (--force, or force=True)."
    )


def _taken(base: Path) -> list[Path]:
    return [path for path in (with_ending(base, ending) for ending in ENDINGS) if path.exists()]


def _is_free(base: Path, pickle: Path | None) -> bool:
    """Whether no other deployment stands there than what was made from this pickle."""
    taken = _taken(base)
    return not taken or taken == [pickle] or bool(pickle and _written_from(pickle, base))


def _check_writable(base: Path) -> None:
    """Before an hour of training, not behind it."""
    folder = next(path for path in base.absolute().parents if path.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ArtifactError(
            f"You may not write into {str(base.parent)!r}: {str(folder)!r} is not a folder, or you "
            "have no permission. Choose another folder (in training: --out FOLDER, or out=)."
        )


def _written_from(pickle: Path, base: Path) -> bool:
    """Whether the deployment that stands there was made from this very file."""
    try:
        described = with_ending(base, ".json").read_text(encoding="utf-8")
    except OSError:
        return False
    return pickle == with_ending(base, ".pkl") and sha256_of(pickle.read_bytes()) in described
