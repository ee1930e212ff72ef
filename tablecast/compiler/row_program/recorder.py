"""Records what happens to the numbers of one row, each operation once.

A number on its way through the graph is one of three: a Python number, known now; a ``Pick``, one
of a few known numbers, by an index; or ``Computed`` by a step. Arithmetic on the first two is done
now, so a category's way through encoders, scalers and weights ends as one lookup.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tablecast.inference.row_program import EXPRESSIONS, operation

Number = float | int | bool | str


class Untraceable(Exception):  # noqa: N818 - a control flow of this package, never shown
    """The graph does something that has no step, or too much."""


@dataclass(frozen=True)
class Computed:
    """What a step makes. ``finite`` where it is neither missing nor infinite, whatever the row."""

    step: int
    finite: bool = False


@dataclass(frozen=True)
class Pick:
    """A known number for each value of an index."""

    index: Computed
    table: tuple[Number, ...]


Element = Number | Computed | Pick

#: What a step does, for numbers that are known now.
KNOWN: Mapping[str, Callable[..., Any]] = {kind: operation(kind) for kind in EXPRESSIONS}

#: Steps whose result is finite where their arguments are. A sum or a product of numbers that came
#: as float32, below 4e38, stays below 1e308 for seven factors; the proof tries the rest.
KEEP_FINITE = frozenset(
    ("add", "sub", "mul", "max", "min", "where", "neg", "abs", "sin", "cos", "tanh", "floor",
     "float", "int", "lt", "le", "gt", "ge", "eq", "and", "or", "not")
)


class Recorder:
    """Collects steps; the same step on the same numbers is written once.

    Attributes:
        steps: the steps, as ``tablecast.inference.row_program`` reads them.
    """

    def __init__(self) -> None:
        self.steps: list[list[Any]] = []
        self._costs: list[int] = []
        self._results: dict[str, Computed] = {}

    def make(self, kind: str, *arguments: Any, cost: int = 1, finite: bool = False) -> Computed:
        """Write a step that has arguments of its own kind, such as a table."""
        key = repr((kind, arguments))
        if key not in self._results:
            self._results[key] = Computed(len(self.steps), finite)
            self.steps.append([kind, *arguments])
            self._costs.append(cost)
        return self._results[key]

    def apply(self, kind: str, *elements: Element) -> Element:
        """Arithmetic on numbers: done now where they are known, else written as a step.

        Raises:
            Untraceable: known numbers that Python's arithmetic does not take.
        """
        picks = [element for element in elements if isinstance(element, Pick)]
        known = not any(isinstance(element, Computed) for element in elements)
        try:
            if known and not picks:
                return cast(Number, KNOWN[kind](*elements))
            if known and all(pick.index == picks[0].index for pick in picks):
                return self._tabulated(kind, elements, picks[0])
        except (ArithmeticError, ValueError, TypeError) as error:
            raise Untraceable(f"{kind}: {error}") from error
        finite = kind in KEEP_FINITE and all(is_finite(element) for element in elements)
        return self.make(kind, *(self.argument(element) for element in elements), finite=finite)

    def total(self, terms: Sequence[tuple[float, Element]]) -> Element:
        """A weighted sum. Terms of one index become one lookup, known ones one number."""
        constant = 0.0
        tables: dict[Computed, list[float]] = {}
        rest: list[tuple[float, int]] = []
        for weight, element in terms:
            if weight == 0 and is_finite(element):
                continue
            if isinstance(element, Computed):
                rest.append((float(weight), element.step))
            elif isinstance(element, Pick):
                table = tables.setdefault(element.index, [0.0] * len(element.table))
                for row, value in enumerate(element.table):
                    table[row] += weight * float(value)
            else:
                constant += weight * float(element)
        picks = [Pick(index, tuple(table)) for index, table in tables.items()]
        if not rest and len(picks) < 2:
            return self.apply("add", picks[0], constant) if picks else constant
        rest += [(1.0, cast(int, self.argument(pick))) for pick in picks]
        finite = all(is_finite(element) for _, element in terms)
        return self.make("sum", constant, *rest, cost=len(rest), finite=finite)

    def argument(self, element: Element) -> int | float:
        """What stands for a number among a step's arguments: its step's number, or itself."""
        if isinstance(element, Computed):
            return element.step
        if isinstance(element, Pick):
            if len(set(element.table)) == 1 and not isinstance(element.table[0], str):
                return float(element.table[0])
            return self.pick(element).step
        if isinstance(element, str):
            raise Untraceable("a text that every row has")
        return float(element)

    def step_of(self, element: Element) -> int:
        """The number of a step that makes the element, whatever it is.

        Raises:
            Untraceable: it is the same for every row.
        """
        if isinstance(element, Pick):
            return self.pick(element).step
        if isinstance(element, Computed):
            return element.step
        raise Untraceable("an answer that does not depend on the row")

    def pick(self, pick: Pick) -> Computed:
        """The step that looks a pick up."""
        finite = is_finite(pick)
        return self.make("pick", pick.index.step, list(pick.table), finite=finite)

    def needed(self, results: Sequence[int]) -> list[int]:
        """The numbers of the steps that answers come from, in their order."""
        needed: set[int] = set()
        waiting = list(results)
        while waiting:
            step = waiting.pop()
            if step not in needed:
                needed.add(step)
                waiting += references(self.steps[step])
        return sorted(needed)

    def cost_of(self, steps: Sequence[int]) -> int:
        """What some steps take a row, in steps of arithmetic, about 20 ns each."""
        return sum(self._costs[step] for step in steps)

    def _tabulated(self, kind: str, elements: Sequence[Element], first: Pick) -> Pick:
        rows = range(len(first.table))
        columns = [
            element.table if isinstance(element, Pick) else [element] * len(rows)
            for element in elements
        ]
        values = [KNOWN[kind](*(column[row] for column in columns)) for row in rows]
        return Pick(first.index, tuple(values))


def renumbered(steps: Sequence[list[Any]], numbers: Mapping[int, int]) -> list[list[Any]]:
    """Steps whose references are to the steps' new numbers."""
    return [_map_references(step, numbers.__getitem__) for step in steps]


def references(step: list[Any]) -> list[int]:
    """The numbers of the steps that a step reads."""
    numbers: list[int] = []

    def note(number: int) -> int:
        numbers.append(number)
        return number

    _map_references(step, note)
    return numbers


def _map_references(step: list[Any], change: Callable[[int], Any]) -> list[Any]:
    """The step with each number of another step changed."""
    kind, *rest = step
    if kind == "input":
        return step
    if kind in ("level", "pick"):
        return [kind, change(rest[0]), rest[1]]
    if kind == "tree":
        return [kind, [change(number) for number in rest[0]], rest[1]]
    if kind == "sum":
        return [kind, rest[0], *((weight, change(number)) for weight, number in rest[1:])]
    return [kind, *(change(value) if type(value) is int else value for value in rest)]


def is_finite(element: Element) -> bool:
    """Whether a number is neither missing nor infinite, whatever the row."""
    if isinstance(element, Computed):
        return element.finite
    values = element.table if isinstance(element, Pick) else (element,)
    return all(isinstance(value, str) or math.isfinite(value) for value in values)
