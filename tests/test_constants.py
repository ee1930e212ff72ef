"""Every number that was chosen has a name and a reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from deployments import ROOT

EVIDENCE = (ROOT / "docs" / "automl-evidence.md").read_text(encoding="utf-8")

#: Packages whose numbers decide what is learnt, and need a row in docs/automl-evidence.md.
TUNED = ("features", "training/search", "training/intervals")


def is_number(value: ast.expr) -> bool:
    """Whether an expression is a number, arithmetic with numbers, or a tuple of them."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, int | float) and not isinstance(value.value, bool)
    if isinstance(value, ast.Tuple):
        return bool(value.elts) and all(map(is_number, value.elts))
    if isinstance(value, ast.BinOp):
        return is_number(value.left) and is_number(value.right)
    return isinstance(value, ast.UnaryOp) and is_number(value.operand)


def constants(path: Path) -> Iterator[tuple[ast.Assign, list[str]]]:
    """The assignments of numbers to upper-case names at the top of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and is_number(node.value):
            names = [name.id for name in ast.walk(node.targets[0]) if isinstance(name, ast.Name)]
            if all(map(str.isupper, names)):
                yield node, names


def is_explained(lines: list[str], node: ast.Assign) -> bool:
    """Whether a comment stands on the line, or at the top of the lines that belong together."""
    if "  # " in lines[node.lineno - 1]:
        return True
    above = lines[: node.lineno - 1]
    while above and above[-1].strip() and not above[-1].startswith("#"):
        above.pop()
    return bool(above) and above[-1].startswith("#")


MODULES = sorted((ROOT / "tablecast").rglob("*.py"))


def test_every_number_has_its_reason_beside_it() -> None:
    """A constant without a comment above it, or on its line, is named here."""
    bare = [
        f"{path.relative_to(ROOT)}: {', '.join(names)}"
        for path in MODULES
        for node, names in constants(path)
        if not is_explained(path.read_text(encoding="utf-8").splitlines(), node)
    ]
    assert bare == []


def tuned() -> dict[str, float]:
    """The numbers of training, by ``module.NAME``."""
    return {
        f"{path.stem}.{name}": number
        for path in MODULES
        if str(path.relative_to(ROOT / "tablecast")).startswith(TUNED)
        for node, names in constants(path)
        for name, number in zip(names, numbers(node.value), strict=True)
    }


def numbers(value: ast.expr) -> list[float]:
    """What each name of an assignment is given."""
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return [eval(ast.unparse(part)) for part in parts]


@pytest.mark.parametrize(("name", "number"), tuned().items())
def test_every_number_of_training_has_a_row_of_evidence(name: str, number: float) -> None:
    """docs/automl-evidence.md says of each how much it is and why, and how to measure another."""
    written = re.search(rf"`{re.escape(name)}` ([0-9][0-9,.e-]*[0-9]|[0-9])", EVIDENCE)
    assert written is not None
    assert float(written[1].replace(",", "")) == number


def test_an_unexplained_number_is_noticed() -> None:
    """The check itself tells a bare number from an explained one."""
    lines = ["# Why.", "A = 1", "B = 2", "", "C = 3", "D = 4  # why"]
    nodes = [node for node in ast.parse("\n".join(lines)).body if isinstance(node, ast.Assign)]
    assert [is_explained(lines, node) for node in nodes] == [True, True, False, True]
