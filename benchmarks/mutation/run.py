"""Runs the tests that reach a change, in a copy of the repository and a process of its own."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from benchmarks.mutation.mutants import Mutant

#: Imported once, before a process is made for each change: what most tests import anyway.
PRELOADED = (
    "numpy", "pandas", "flask", "hypothesis", "pytest", "scipy.optimize", "sklearn.linear_model",
)

#: Seconds after which a change counts as noticed: it made the tests hang.
PATIENCE = 300


def preload() -> None:
    """Import what is slow to import; none of it starts a thread."""
    for name in PRELOADED:
        importlib.import_module(name)


def copied(folder: Path) -> Path:
    """A copy of the repository as it stands, without what git ignores."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    ).stdout.split("\0")
    for name in filter(None, files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if Path(name).is_file():
            shutil.copy2(name, folder / name)
    return folder


def is_noticed(mutant: Mutant, tests: Sequence[str], copy: Path) -> bool:
    """Whether one of the tests fails, or none comes to an end, in a copy with the change."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(tests, copy))
    (copy / mutant.path).write_bytes(mutant.applied())
    try:
        process.start()
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
        return process.exitcode != 0
    finally:
        shutil.copy2(mutant.path, copy / mutant.path)


def _run(tests: Sequence[str], copy: Path) -> None:
    import pytest

    os.chdir(copy)
    # What stands beside this script would else be imported in place of the copy.
    sys.path[:] = [str(copy), *(one for one in sys.path if one not in ("", ".", os.getcwd()))]
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy)}
    with (copy / "pytest.log").open("w") as log, redirect_stdout(log), redirect_stderr(log):
        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(copy), *tests])
    os._exit(int(status))
