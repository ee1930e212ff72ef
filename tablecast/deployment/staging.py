"""A deployment's files: their names, and how they appear together and replace no other.

They are made in a folder beside their place, and moved when all are done.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tablecast.deployment.files import sha256_of, with_ending
from tablecast.errors import ArtifactError, ProofFailed, UnsupportedStep

#: A deployment's files, in the order in which they are moved: what names another comes after it.
ENDINGS = (".pkl", ".json", ".onnx.sha256", ".onnx")

#: What a table's file is called after its name.
TABLE_ENDINGS = r"(\.(csv|tsv|txt|parquet|pq|xlsx?|ods|gz|zst|zip|bz2|xz))+$"


@contextmanager
def staged(base: Path) -> Iterator[Path]:
    """A deployment's path, of the same name, for the files to be written to.

    They move to ``base`` when the block ends; a graph that stood there and has no successor goes,
    since it would answer for another pipeline. Where the block raises nothing moves, except that a
    pipeline without a graph (UnsupportedStep, ProofFailed) is kept, to be served by PyCaret.
    """
    base.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=base.parent, prefix=f".{base.name}.") as folder:
        there = Path(folder) / base.name
        try:
            yield there
        except (UnsupportedStep, ProofFailed):
            _move(there, base)
            raise
        _move(there, base)


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
    taken = [path for path in (with_ending(base, ending) for ending in ENDINGS) if path.exists()]
    if force or not taken or taken == [pickle] or (pickle and _written_from(pickle, base)):
        return
    raise ArtifactError(
        f"{str(base.parent)!r} already has a {taken[-1].name}. Choose another name (--name NAME, "
        "or name=), or replace it (--force, or force=True)."
    )


def _check_writable(base: Path) -> None:
    """Before an hour of training, not behind it."""
    folder = next(path for path in base.absolute().parents if path.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ArtifactError(
            f"You may not write into {str(base.parent)!r}: {str(folder)!r} is not a folder, or you "
            "have no permission. Choose another folder (--out FOLDER, or out=)."
        )
    if base.suffix in (".pkl", ".json", ".onnx", ".sha256") or len(os.fsencode(base.name)) > 200:
        raise ArtifactError(
            f"{base.name[:40]!r} cannot be a deployment's name: it has one of its files' endings, "
            "or is too long. Choose another name (--name NAME, or name=)."
        )


def _written_from(pickle: Path, base: Path) -> bool:
    """Whether the deployment that stands there was made from this very file."""
    try:
        described = with_ending(base, ".json").read_text(encoding="utf-8")
    except OSError:
        return False
    return pickle == with_ending(base, ".pkl") and sha256_of(pickle.read_bytes()) in described
