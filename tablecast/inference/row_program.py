"""Predicts one row without onnxruntime: the graph as plain arithmetic.

onnxruntime takes microseconds to go from node to node, and a hundred pages of its code and data
have to be fetched again after each switch of process. A small graph is a few dozen multiplications
on one row, and Python does those in a fraction of that time. ``compiler.row_program`` unrolls
the graph at compile time into a list of steps, which is data; the proof compares what it answers
with ``predict_model`` as it does the graph; here the list becomes a function.

A step is a list: its kind, then its arguments. An argument that is an ``int`` is the number of an
earlier step, a ``float`` is itself. Where Python's arithmetic raises and IEEE's goes on (a division
by zero, an overflow), the function raises ``ArithmeticError`` or ``ValueError``, and the graph
answers that row.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from struct import Struct
from typing import Any, Literal

from tablecast.schema.field import Value

#: A row's values, in the schema's order -> the label, and each class's probability where known.
RowProgram = Callable[[Sequence[Value]], tuple[Any, list[float] | None]]

#: What may go wrong in a function where the graph has an answer.
BEYOND = (ArithmeticError, ValueError)

#: What each kind of step is in Python, from the Python of its arguments.
EXPRESSIONS: Mapping[str, str] = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "pow": "pow({}, {})",
    "max": "{1} if {0} < {1} else {0}",
    "min": "{1} if {0} > {1} else {0}",
    "lt": "{} < {}",
    "le": "{} <= {}",
    "gt": "{} > {}",
    "ge": "{} >= {}",
    "eq": "{} == {}",
    "and": "{} and {}",
    "or": "{} or {}",
    "where": "{1} if {0} else {2}",
    "not": "not {}",
    "neg": "-{}",
    "abs": "abs({})",
    "sqrt": "sqrt({})",
    "exp": "exp({})",
    "log": "log({})",
    "sin": "sin({})",
    "cos": "cos({})",
    "tanh": "tanh({})",
    "floor": "float(floor({}))",
    "isnan": "{0} != {0}",
    "float": "float({})",
    "int": "int({})",
}

#: The names that an expression may use, and nothing else.
NAMES: Mapping[str, Any] = {
    **{
        name: getattr(math, name)
        for name in ("pow", "sqrt", "exp", "log", "sin", "cos", "tanh", "floor", "inf", "nan")
    },
    "abs": abs,
    "float": float,
    "int": int,
    "max": max,
}

#: A decision: the index of a value, the threshold, how they are compared, where a missing value
#: goes, and the two sides; or the number of a leaf.
Node = Any


def operation(kind: str) -> Callable[..., Any]:
    """What a kind of step does, as a function of its one to three arguments.

    Raises:
        KeyError: there is no such kind.
    """
    words = EXPRESSIONS[kind].format("a", "b", "c")
    known = {**NAMES, "__builtins__": {}}
    function: Callable[..., Any] = eval(f"lambda a, b=0, c=0: {words}", known)
    return function


def function_of(program: Mapping[str, Any], names: Sequence[str]) -> RowProgram:
    """The function that a stored list of steps describes.

    Args:
        program: ``inputs`` (names of fields), ``steps``, ``label`` (the number of a step) and
            ``probabilities`` (numbers of steps, or None).
        names: the schema's fields, in the order in which the function is given their values.

    Raises:
        ValueError, KeyError, TypeError, IndexError: the list is none that the compiler writes.
    """
    writer = _Writer(program["inputs"], names)
    for kind, group in groupby(program["steps"], key=lambda step: step[0]):
        if kind == "single":
            writer.write_singles([step[1] for step in group])
            continue
        for step in group:
            writer.write(step)
    return writer.function(program["label"], program["probabilities"])


class _Writer:
    """Collects the lines of a function. Only numbers, and names made here, get into them."""

    def __init__(self, inputs: Sequence[str], names: Sequence[str]) -> None:
        self._inputs = [list(names).index(name) for name in inputs]
        self._lines: list[str] = []
        self._known: dict[str, Any] = {**NAMES, "__builtins__": {}}
        self._count = 0

    def write(self, step: Sequence[Any]) -> None:
        kind, *arguments = step
        special = getattr(self, f"_{kind}", None) if kind in _SPECIAL else None
        words = special(*arguments) if special else self._expression(kind, arguments)
        self._lines.append(f"x{self._count} = {words}")
        self._count += 1

    def write_singles(self, arguments: Sequence[int]) -> None:
        """Round several numbers to float32 at once: packing is most of what one of them costs."""
        packed = Struct(f"{len(arguments)}f")
        pack, unpack = self._store(packed.pack), self._store(packed.unpack)
        names = ", ".join(f"x{self._count + index}" for index in range(len(arguments)))
        values = ", ".join(self._value(argument) for argument in arguments)
        self._lines.append(f"{names}, = {unpack}({pack}({values}))")
        self._count += len(arguments)

    def function(self, label: int, probabilities: Sequence[int] | None) -> RowProgram:
        classes = "None"
        if probabilities is not None:
            classes = f"[{', '.join(self._value(step) for step in probabilities)}]"
        lines = [*self._lines, f"return {self._value(label)}, {classes}"]
        source = "def row_program(v):\n" + "".join(f"    {line}\n" for line in lines)
        # The source is made of the words above and of numbers, in a namespace without builtins.
        exec(compile(source, "<row program>", "exec"), self._known)
        function: RowProgram = self._known["row_program"]
        return function

    def _expression(self, kind: str, arguments: Sequence[Any]) -> str:
        words = EXPRESSIONS[kind]
        return words.format(*(self._value(argument) for argument in arguments))

    def _value(self, argument: Any) -> str:
        if type(argument) is float:
            return f"({argument!r})"
        if type(argument) is int and 0 <= argument < self._count:
            return f"x{argument}"
        raise ValueError(f"{argument!r} is no earlier step")

    def _store(self, value: Any) -> str:
        name = f"k{len(self._known)}"
        self._known[name] = value
        return name

    def _input(self, index: int) -> str:
        return f"v[{self._inputs[index]:d}]"

    def _level(self, text: int, levels: Sequence[str]) -> str:
        """The index of a text among the levels; one behind the last for any other."""
        index_of = {level: index for index, level in enumerate(levels)}
        return f"{self._store(index_of.get)}({self._value(text)}, {len(levels)})"

    def _pick(self, index: int, table: Sequence[Any]) -> str:
        return f"{self._store(tuple(table))}[{self._value(index)}]"

    def _sum(self, constant: float, *terms: tuple[float, int]) -> str:
        parts = [self._value(float(constant))]
        for weight, step in terms:
            value = self._value(step)
            parts.append(value if weight == 1 else f"{self._value(float(weight))} * {value}")
        return " + ".join(parts)

    def _largest(self, *values: int) -> str:
        """The index of the largest value; of the first, where several are."""
        largest = self._store(lambda *values: values.index(max(values)))
        return f"{largest}({', '.join(self._value(value) for value in values)})"

    def _tree(self, values: Sequence[int], root: Node) -> str:
        return "".join(self._decisions([self._value(value) for value in values], root))

    def _decisions(self, values: Sequence[str], node: Node) -> Iterator[str]:
        if type(node) is int:
            yield f"{node:d}"
            return
        feature, threshold, mode, missing, true, false = node
        value = values[feature]
        yield "("
        yield from self._decisions(values, true)
        yield f" if {value} {_MODES[mode]} {self._value(float(threshold))}"
        yield f" or {value} != {value} else " if missing else " else "
        yield from self._decisions(values, false)
        yield ")"


_SPECIAL = frozenset(("input", "level", "pick", "sum", "largest", "tree"))
_MODES: Mapping[Literal["BRANCH_LT", "BRANCH_LEQ"], str] = {"BRANCH_LT": "<", "BRANCH_LEQ": "<="}
