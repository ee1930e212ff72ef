"""A deployment's files appear together: made in a folder beside their place, moved when done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tablecast.deployment.files import with_ending
from tablecast.errors import ProofFailed, UnsupportedStep

#: A deployment's files, in the order in which they are moved: what names another comes after it.
ENDINGS = (".pkl", ".json", ".onnx.sha256", ".onnx")


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
        staged, target = with_ending(there, ending), with_ending(base, ending)
        if staged.is_file():
            os.replace(staged, target)
        else:
            target.unlink(missing_ok=True)
