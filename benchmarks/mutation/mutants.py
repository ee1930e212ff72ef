"""Small changes of a source file that a test should notice.

Left out by rule, since no test should notice them: texts (the catalogue's tests hold the words),
types, what is written to a log, arguments that name a promise or a size and never an answer
(``NO_ANSWER``), large whole numbers that somebody chose and named (``LARGE``), what others have to
write (``raise NotImplementedError``: nothing comes there), and what a module does that is run as
a command. A no is not changed to None, which says the same, but to a yes.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip

#: Parts of a node that run in no test: types.
TYPES = ("annotation", "returns", "type_comment", "type_params")

#: Arguments by name that no answer depends on: zip's check, a dataclass's promises, a cache's size.
NO_ANSWER = frozenset("strict frozen slots order kw_only eq repr maxsize stacklevel".split())

#: What a function returns that None may stand for: who asks for a yes or no takes it as a no.
NOTHING = ("None", "False")

#: A named whole number from here on is a size that somebody chose, such as the bytes of a page: its
#: reason stands beside it, and one more of it is as good.
LARGE = 100


@dataclass(frozen=True)
class Mutant:
    """One change: a piece of a file, by its place in bytes, and what stands there instead."""

    path: Path
    line: int
    start: int
    end: int
    now: str
    then: str
    by_import: bool = False  # outside functions, so that an import runs it and no test

    def applied(self) -> bytes:
        """The file with the change."""
        source = self.path.read_bytes()
        return source[: self.start] + self.then.encode() + source[self.end :]

    def __str__(self) -> str:
        now, then = (" ".join(text.split())[:60] for text in (self.now, self.then))
        return f"{self.path}:{self.line}: {now} -> {then}"


def mutants_of(path: Path) -> list[Mutant]:
    """Every change of a file that this module knows."""
    source = path.read_bytes()
    begins = [0]
    for line in source.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    found = []
    tree = ast.parse(source)
    inside = set(_lines_in_functions(tree))
    for node, then in _changes(tree):
        start = begins[node.lineno - 1] + node.col_offset
        end = begins[node.end_lineno - 1] + node.end_col_offset
        now = source[start:end].decode()
        found.append(
            Mutant(path, node.lineno, start, end, now, then, node.lineno not in inside)
        )
    return found


def _lines_in_functions(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from range(node.body[0].lineno, (node.end_lineno or 0) + 1)


def _changes(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Each node below with what could stand in its place."""
    if isinstance(node, ast.If) and re.search("TYPE_CHECKING|__name__", ast.unparse(node.test)):
        return
    if _leaves_out(node):
        return
    if isinstance(node, ast.JoinedStr):  # before Python 3.12 its parts have no places of their own
        return
    yield from _changes_here(node)
    for name, part in ast.iter_fields(node):
        if name in TYPES:
            continue
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.AST):
                yield from _changes(child)


def _leaves_out(node: ast.AST) -> bool:
    match node:
        case ast.keyword(arg=name):
            return name in NO_ANSWER
        case ast.Raise(exc=ast.Name(id="NotImplementedError")):
            return True
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() as size)):
            return name.isupper() and size >= LARGE
        case ast.Assign(targets=[ast.Tuple()], value=ast.Tuple(elts=sizes)):
            found = [one.value for one in sizes if isinstance(one, ast.Constant)]
            large = [one for one in found if isinstance(one, int) and one >= LARGE]
            return len(large) == len(sizes)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in ("log", "logger", "logging", "_log", "LOG")
    return False


def _changes_here(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    match node:
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                changed = copy.deepcopy(node)
                changed.ops[place] = OPERATORS[type(operator)]()
                yield node, f"({ast.unparse(changed)})"
        case ast.BinOp(op=operator) | ast.BoolOp(op=operator) if type(operator) in OPERATORS:
            changed = copy.deepcopy(node)
            changed.op = OPERATORS[type(operator)]()
            yield node, f"({ast.unparse(changed)})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, f"({ast.unparse(operand)})"
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield test, f"(not ({ast.unparse(test)}))"
        case ast.Constant(value=bool() as value):
            yield node, str(not value)
        case ast.Constant(value=int() | float() as value):
            yield node, repr(value + 1)
        case ast.Return(value=ast.AST() as value) if ast.unparse(value) not in NOTHING:
            yield node, "return None"
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield node, "pass"
