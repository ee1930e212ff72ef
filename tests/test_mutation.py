"""make bench-tests: which changes it makes, and that it tells noticed ones from others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.mutation.__main__ import tests_of as chosen_for
from benchmarks.mutation.mutants import Mutant, mutants_of

SOURCE = '''
def share(part: int | None, whole: int) -> float | None:
    """A docstring, which nothing changes: 1 < 2."""
    if not part or whole <= 0:
        raise ValueError(f"{part + 1}")
    if part > whole:
        return False
    return part / whole
'''


@pytest.fixture
def mutants(tmp_path: Path) -> list[Mutant]:
    (tmp_path / "module.py").write_text(SOURCE)
    return mutants_of(tmp_path / "module.py")


def test_each_change_is_small_and_still_python(mutants: list[Mutant]) -> None:
    """Operators, conditions, numbers, returns and raises; no types, no text, no None for a no."""
    changes = {(one.now, one.then) for one in mutants}
    assert ("whole <= 0", "(whole < 0)") in changes
    assert ("part / whole", "(part * whole)") in changes
    assert ("return part / whole", "return None") in changes
    assert ("False", "True") in changes
    assert "return False" not in {now for now, _ in changes}
    assert ("not part", "(part)") in changes
    assert all(ast.parse(one.applied()) for one in mutants)
    assert not [one for one in mutants if "int" in one.now or "1 < 2" in one.now]
    assert not [one for one in mutants if one.now == "1"]  # inside the f-string


def test_no_change_is_made_of_what_no_answer_depends_on(tmp_path: Path) -> None:
    """Promises, sizes of caches, lines for a log, large sizes and what others write are left."""
    (tmp_path / "module.py").write_text(
        "MOST_BYTES = 48_000\nPIECE, SAMPLE = 1_000_000, 500_000\n"
        "@dataclass(frozen=True)\nclass Limit:\n    most: int = 5\n\n    def told(self):\n"
        "        log.warning('%s', self.most + 1)\n        return dict(zip(A, B, strict=True))\n\n"
        "    def asked(self):\n        raise NotImplementedError\n\n"
        "if __name__ == '__main__':\n    print(Limit().told())\n"
    )
    changes = [(one.now, one.by_import) for one in mutants_of(tmp_path / "module.py")]
    assert changes == [("5", True), ("return dict(zip(A, B, strict=True))", False)]


def test_tests_about_a_module_are_tried_before_those_that_pass_through_it() -> None:
    """Most tests of the web side reach a form's control, and few look at it."""
    reaching = {f"tests/web/test_api.py::{number}" for number in range(9)}
    by_name, by_import = "tests/web/test_controls.py::1", "tests/web/test_connections.py::1"
    by_parent = "tests/web/test_http_parts.py::1"
    for path, test in (
        ("form/controls", by_name), ("server/client", by_import), ("server/health", by_parent),
    ):  # fmt: skip
        mutant = Mutant(Path(f"tablecast/web/{path}.py"), 1, 0, 0, "", "")
        (first, *_), *_ = chosen_for(mutant, {mutant.path: {1: {*reaching, test}, 0: set()}})
        assert first == test


REACHED = {
    Path("tablecast/web/api.py"): {
        0: {"tests/b::1", "tests/web/b::1", "tests/a::1", "tests/a::2"},
        7: {"tests/a::1", "tests/web/b::1"},
    },
    Path("tablecast/web/app.py"): {0: {"tests/web/c::1", "tests/web/b::2", "tests/d::1"}},
}


def test_a_change_is_tried_by_the_tests_of_its_line() -> None:
    """First those of its line, then others of their files, then its part's whole folder."""
    mutant = Mutant(Path("tablecast/web/api.py"), 7, 0, 0, "", "")
    assert chosen_for(mutant, REACHED) == [
        ["tests/web/b::1", "tests/a::1"], [],
        ["tests/web/b::2", "tests/a::2", "tests/web/c::1"],
    ]  # fmt: skip


def test_a_line_that_only_an_import_runs_is_tried_by_the_tests_of_its_file() -> None:
    """Coverage saw it in the test that imported the file, which need not be one that notices."""
    for mutant in (
        Mutant(Path("tablecast/web/api.py"), 7, 0, 0, "", "", by_import=True),
        Mutant(Path("tablecast/web/api.py"), 9, 0, 0, "", ""),
    ):
        assert chosen_for(mutant, REACHED)[0] == [
            "tests/web/b::1", "tests/a::1", "tests/b::1", "tests/a::2",
        ]  # fmt: skip


def test_a_file_that_no_test_reaches_is_tried_by_its_parts_folder() -> None:
    """The map of lines has nothing of it, and the tests of the part are run all the same."""
    mutant = Mutant(Path("tablecast/web/other.py"), 1, 0, 0, "", "")
    first, second, folder = chosen_for(mutant, REACHED)
    assert first == second == []
    assert set(folder) == {"tests/web/b::1", "tests/web/b::2", "tests/web/c::1"}
