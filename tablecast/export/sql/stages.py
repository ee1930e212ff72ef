"""The steps of a row program (``inference.row_program``) as SQL expressions, in stages.

A stage is a common table expression: it adds columns that are made of those before it. A truth is
1 or 0, since a comparison with a missing value is false here and unknown in SQL.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from tablecast.errors import SqlError
from tablecast.export.sql.dialects import Dialect
from tablecast.export.sql.words import choice, number_of, text_of

#: Of numbers; where an argument stands twice it has to be a column.
EXPRESSIONS: Mapping[str, str] = {
    "add": "({0} + {1})",
    "sub": "({0} - {1})",
    "mul": "({0} * {1})",
    "div": "({0} / {1})",
    "pow": "power({0}, {1})",
    "max": "CASE WHEN {0} < {1} THEN {1} ELSE {0} END",
    "min": "CASE WHEN {0} > {1} THEN {1} ELSE {0} END",
    "neg": "(-{0})",
    "abs": "abs({0})",
    "sqrt": "sqrt({0})",
    "log": "ln({0})",
    "sin": "sin({0})",
    "cos": "cos({0})",
    "tanh": "tanh({0})",
    "floor": "floor({0})",
    "float": "{0}",
    "where": "CASE WHEN {0} = 1 THEN {1} ELSE {2} END",
    "lt": "CASE WHEN {0} < {1} THEN 1 ELSE 0 END",
    "le": "CASE WHEN {0} <= {1} THEN 1 ELSE 0 END",
    "gt": "CASE WHEN {0} > {1} THEN 1 ELSE 0 END",
    "ge": "CASE WHEN {0} >= {1} THEN 1 ELSE 0 END",
    "eq": "CASE WHEN {0} = {1} THEN 1 ELSE 0 END",
    "isnan": "CASE WHEN {0} IS NULL THEN 1 ELSE 0 END",
    "and": "({0} * {1})",
    "or": "CASE WHEN {0} = 1 THEN 1 ELSE {1} END",
    "not": "(1 - {0})",
}

#: How a row that goes to the true side of a branch is known, and one that goes to the false side.
_SIGNS: Mapping[tuple[str, bool], str] = {
    ("BRANCH_LT", True): "<", ("BRANCH_LT", False): ">=",
    ("BRANCH_LEQ", True): "<=", ("BRANCH_LEQ", False): ">",
}  # fmt: skip

#: Expressions within expressions: a database's own limit is 1,000 in SQLite.
DEEPEST = 40


@dataclass(frozen=True)
class Written:
    """An expression, the last stage whose columns it reads, and how deep it is."""

    words: str
    stage: int
    depth: int = 0


@dataclass
class Steps:
    """Writes a program's steps.

    Attributes:
        dialect: of the database.
        values: the column of each of the program's inputs, which stage 0 has.
        prefix: begins the name of every column that is made.
        stages: of each stage its columns, (name, expression).
    """

    dialect: Dialect
    values: Sequence[str]
    prefix: str
    stages: list[list[tuple[str, str]]] = field(default_factory=list)
    _steps: Sequence[Any] = ()
    _once: Set[int] = frozenset()

    def write(self, program: Mapping[str, Any]) -> list[Written]:
        """Every step's expression, in their order.

        Raises:
            SqlError: there is no SQL for a kind of step.
        """
        self._steps = steps = program["steps"]
        uses = Counter(number for step in steps for number in self._read(step))
        uses.update([program["label"], *(program["probabilities"] or [])])
        self._once = {number for number, count in uses.items() if count == 1}
        done: list[Written] = []
        for number, step in enumerate(steps):
            made = self._made(step, done)
            if uses[number] > 1 or made.depth > DEEPEST:
                made = self.column(f"{self.prefix}x{number}", made)
            done.append(made)
        return done

    def column(self, name: str, made: Written) -> Written:
        """Give an expression a column of the next stage, unless it is one already."""
        if made.depth == 0:
            return made
        stage = made.stage + 1
        while len(self.stages) < stage:
            self.stages.append([])
        self.stages[stage - 1].append((name, made.words))
        return Written(name, stage)

    def _read(self, step: Sequence[Any]) -> Iterable[int]:
        """The steps that a step reads, twice those that stand twice in its expression."""
        kind, *arguments = step
        if kind in ("input", "largest", "tree", "sum"):
            values = arguments if kind == "largest" else arguments[0] if kind == "tree" else []
            if kind == "sum":
                return [step for _, step in arguments[1:]]
            return [*values, *values]
        if kind in ("level", "pick"):
            return [arguments[0]]
        words = self._template(kind)
        return [
            argument
            for place, argument in enumerate(arguments)
            if type(argument) is int
            for _ in range(words.count(f"{{{place}}}"))
        ]

    def _template(self, kind: str) -> str:
        own = {"single": self.dialect.single, "exp": self.dialect.exp, "int": self.dialect.whole}
        known = {**EXPRESSIONS, **own}
        if kind not in known:
            raise SqlError(
                f"There is no SQL for the operation {kind!r} of this deployment. Serve it instead."
            )
        return known[kind]

    def _made(self, step: Sequence[Any], done: Sequence[Written]) -> Written:
        kind, *arguments = step
        if kind == "input":
            return Written(self.values[arguments[0]], 0)
        read = [done[number] for number in self._read(step)]
        stage = max((one.stage for one in read), default=0)
        depth = 1 + max((one.depth for one in read), default=0)
        special: Mapping[str, Callable[..., str]] = {
            "level": self._level, "pick": self._pick, "sum": self._sum, "tree": self._tree,
            "largest": self._largest,
        }  # fmt: skip
        if kind in special:
            return Written(special[kind](done, *arguments), stage, depth)
        if kind == "float":
            return read[0]
        words = [
            done[argument].words if type(argument) is int else self._number(argument)
            for argument in arguments
        ]
        return Written(self._template(kind).format(*words), stage, depth)

    def _number(self, value: float) -> str:
        return number_of(self.dialect, float(value))

    def _level(
        self, done: Sequence[Written], text: int, levels: Sequence[str],
        outcomes: Sequence[str] | None = None,
    ) -> str:
        *words, other = outcomes or list(map(str, range(len(levels) + 1)))
        cases = "".join(
            f" WHEN {text_of(level)} THEN {word}"
            for level, word in zip(levels, words, strict=True)
            if word != other
        )
        return f"CASE {done[text].words}{cases} ELSE {other} END" if cases else other

    def _pick(self, done: Sequence[Written], index: int, table: Sequence[Any]) -> str:
        are_texts = any(isinstance(value, str) for value in table)
        words = [text_of(value) if are_texts else self._number(value) for value in table]
        chosen = self._chosen(done, index, words)
        return chosen if are_texts else f"CAST({chosen} AS {self.dialect.real})"

    def _chosen(self, done: Sequence[Written], index: int, words: list[str]) -> str:
        """One of several words by a step; what nothing else reads has the words in its own cases,
        since a database asks the whole step again for each case."""
        kind, *arguments = self._steps[index]
        if index in self._once and kind == "level":
            return self._level(done, arguments[0], arguments[1], words)
        if index in self._once and kind == "tree":
            return self._tree(done, arguments[0], arguments[1], words)
        return choice(done[index].words, words)

    def _sum(self, done: Sequence[Written], constant: float, *terms: tuple[float, int]) -> str:
        parts = [self._number(constant)]
        for weight, step in terms:
            value = done[step].words
            parts.append(value if weight == 1 else f"{self._number(weight)} * {value}")
        return "(" + " + ".join(parts) + ")"

    def _largest(self, done: Sequence[Written], *values: int) -> str:
        names = [done[value].words for value in values]
        cases = []
        for i, name in enumerate(names[:-1]):
            rest = " AND ".join(f"{name} >= {other}" for other in names[i + 1 :])
            cases.append(f"WHEN {rest} THEN {i}")
        return f"CASE {' '.join(cases)} ELSE {len(names) - 1} END" if cases else "0"

    def _tree(
        self, done: Sequence[Written], values: Sequence[int], root: Any,
        outcomes: Sequence[str] | None = None,
    ) -> str:
        # Of each branch the side with fewer leaves is a case within a case, and the other one goes
        # on in the next case. So cases are as deep as the logarithm of the leaves: SQLite's parser
        # reads twenty within one another, and trees are deeper.
        names = [done[value].words for value in values]

        def words(node: Any) -> str:
            cases = ""
            while type(node) is not int:
                feature, threshold, mode, missing, true, false = node
                is_true = _leaves_of(true) <= _leaves_of(false)
                asked = f"{names[feature]} {_SIGNS[mode, is_true]} {self._number(threshold)}"
                if missing == is_true:
                    asked += f" OR {names[feature]} IS NULL"
                inner, node = (true, false) if is_true else (false, true)
                cases += f" WHEN {asked} THEN {words(inner)}"
            last = outcomes[node] if outcomes else str(node)
            return f"CASE{cases} ELSE {last} END" if cases else last

        return words(root)


def _leaves_of(node: Any) -> int:
    return 1 if type(node) is int else _leaves_of(node[4]) + _leaves_of(node[5])
