"""Runs the tests that reach a change, in a copy of the repository and a process of its own."""

from __future__ import annotations

import faulthandler
import importlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from benchmarks.mutation.mutants import Mutant

#: Imported once, before a process is made for each change: what tests import, two seconds' worth.
PRELOADED = (
    "numpy", "pandas", "flask", "pytest", "scipy.optimize", "scipy.stats", "sklearn.ensemble",
    "onnx", "hypothesis", "schemathesis", "jsonschema", "openapi_spec_validator", "openpyxl",
    "xlsxwriter",
)  # fmt: skip

#: Seconds of one test after which a change counts as noticed: it made the test hang.
PATIENCE = 200

#: What is said of a change with which a test does not end.
HANGS = "a test that does not end"

#: What is said of a change that ends pytest itself, such as an application that a test file makes
#: when it is imported, and that cannot start.
ENDS = "a test file that ends pytest"

#: Files of a copy: what its tests print, and which of them failed first.
LOG, FAILED = "pytest.log", "pytest.failed"

#: What pytest ends with where an error is no test's, such as a SystemExit that an import raises.
INTERNAL_ERROR = 3

#: What a process that could not even start its tests ends with.
BROKEN = 99


def preload() -> None:
    """Import what is slow to import; none of it starts a thread."""
    for name in PRELOADED:
        importlib.import_module(name)


class Copy:
    """A copy of the repository, in which one change after the other is tried.

    Attributes:
        unfit: tests that fail there without any change; they cannot tell anything.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = copied(folder)
        self.unfit: set[str] = set()
        self._fit: set[str] = set()

    def notices(self, mutant: Mutant, tests: Sequence[str]) -> str | None:
        """The test that fails or does not end with a change; None where all pass."""
        while tests := [test for test in tests if test not in self.unfit]:
            failed = self._failed_with(mutant, tests)
            if failed in (None, HANGS, ENDS) or failed in self._fit:
                return failed
            if self._run([failed]) is None:
                self._fit.add(failed)
                return failed
            self.unfit.add(failed)
        return None

    def _failed_with(self, mutant: Mutant, tests: Sequence[str]) -> str | None:
        file = self.folder / mutant.path
        file.write_bytes(mutant.applied())
        try:
            return self._run(tests)
        finally:
            shutil.copy2(mutant.path, file)

    def _run(self, tests: Sequence[str]) -> str | None:
        """The first test that fails, ``HANGS`` or ``ENDS``; None where all pass."""
        (self.folder / FAILED).unlink(missing_ok=True)
        context = multiprocessing.get_context("fork")
        process = context.Process(target=_run, args=(tests, self.folder))
        process.start()
        process.join()
        if process.exitcode == 0:
            return None
        if process.exitcode == BROKEN:
            sys.exit((self.folder / LOG).read_text())
        failed = self.folder / FAILED
        if failed.exists():
            return failed.read_text()
        return ENDS if process.exitcode == INTERNAL_ERROR else HANGS


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


class _FirstFailure:
    """Writes down which test fails first, and ends the process where a test does not end."""

    def pytest_runtest_logstart(self) -> None:
        faulthandler.dump_traceback_later(PATIENCE, exit=True)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not Path(FAILED).exists():
            Path(FAILED).write_text(report.nodeid)

    pytest_collectreport = pytest_runtest_logreport  # a file that cannot be imported


def _run(tests: Sequence[str], folder: Path) -> None:
    import pytest

    here = os.getcwd()
    os.chdir(folder)
    # What stands beside this script would else be imported in place of the copy.
    sys.path[:] = [str(folder), *(one for one in sys.path if one not in ("", ".", here))]
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    options = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of the plugins among PRELOADED
    status = BROKEN
    with Path(LOG).open("w") as log, redirect_stdout(log), redirect_stderr(log):
        for printed in (1, 2):  # servers write their access log there
            os.dup2(log.fileno(), printed)
        try:
            status = int(pytest.main([*options, *tests], plugins=[_FirstFailure()]))
        except BaseException:
            traceback.print_exc()
    # Where pytest knows no such test, or the like, no change has been tried.
    os._exit(status if status in (0, 1, INTERNAL_ERROR) or Path(FAILED).exists() else BROKEN)
