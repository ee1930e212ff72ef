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
    return part / whole
'''


@pytest.fixture
def mutants(tmp_path: Path) -> list[Mutant]:
    (tmp_path / "module.py").write_text(SOURCE)
    return mutants_of(tmp_path / "module.py")


def test_each_change_is_small_and_still_python(mutants: list[Mutant]) -> None:
    """Operators, conditions, numbers, returns and raises; no types, no text."""
    changes = {(one.now, one.then) for one in mutants}
    assert ("whole <= 0", "(whole < 0)") in changes
    assert ("part / whole", "(part * whole)") in changes
    assert ("return part / whole", "return None") in changes
    assert ("not part", "(part)") in changes
    assert all(ast.parse(one.applied()) for one in mutants)
    assert not [one for one in mutants if "int" in one.now or "1 < 2" in one.now]
    assert not [one for one in mutants if one.now == "1"]  # inside the f-string


def test_a_change_is_tried_by_the_tests_of_its_line() -> None:
    """Its own folder's first, files in turn; of a line that only imports run, those of its file."""
    mutant = Mutant(Path("tablecast/web/api.py"), 7, 0, 0, "", "")
    every = {"b::1", "tests/web/b::1", "a::1", "a::2"}
    reached = {mutant.path: {0: every, 7: {"a::1", "tests/web/b::1"}}}
    assert chosen_for(mutant, reached) == ["tests/web/b::1", "a::1"]
    elsewhere = Mutant(mutant.path, 9, 0, 0, "", "")
    assert chosen_for(elsewhere, reached) == ["tests/web/b::1", "a::1", "b::1", "a::2"]
    assert chosen_for(mutant, {}) == []
