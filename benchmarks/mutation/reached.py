"""A pytest plugin that writes down which line of the package each test reaches."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest

#: Where each process of the run writes what it saw.
DATA = Path(".cache/mutation/coverage")


class Reached:
    """Switches coverage's context to each test."""

    def __init__(self) -> None:
        self._coverage = coverage.Coverage(
            data_file=str(DATA), data_suffix=True, source_pkgs=["tablecast"], messages=False
        )
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_unconfigure(self) -> None:
        self._coverage.stop()
        self._coverage.save()


def pytest_configure(config: pytest.Config) -> None:
    # Of a run on several processes, those that run tests.
    if os.environ.get("PYTEST_XDIST_WORKER") or not config.getoption("numprocesses", None):
        config.pluginmanager.register(Reached())


def tests_by_line() -> dict[Path, dict[int, set[str]]]:
    """For each file of the package the tests that reach a line; line 0 has those of any line."""
    combined = coverage.Coverage(data_file=str(DATA), messages=False)
    combined.combine([str(DATA.parent)], keep=True)
    data = combined.get_data()
    found: dict[Path, dict[int, set[str]]] = {}
    for name in data.measured_files():
        if not Path(name).is_relative_to(Path.cwd()):  # a module that a test wrote for itself
            continue
        lines: dict[int, set[str]] = defaultdict(set)
        for line, tests in data.contexts_by_lineno(name).items():
            lines[line] = set(tests) - {""}
            lines[0] |= lines[line]
        found[Path(name).relative_to(Path.cwd())] = lines
    return found
