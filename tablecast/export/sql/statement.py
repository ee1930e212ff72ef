"""The whole statement: the fields' values, the steps in stages, the answer and its range."""

from collections.abc import Mapping, Sequence
from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.errors import SqlError
from tablecast.export.sql.dialects import DIALECTS, Dialect
from tablecast.export.sql.ranges import Ranges
from tablecast.export.sql.stages import Steps, Written
from tablecast.export.sql.words import name_of, number_of, text_of
from tablecast.schema.field import Field

#: Characters. SQLite plans so many at once; DuckDB takes about ten seconds for 0.6 million.
LONGEST = 2_000_000

#: Bytes of a name that is numbered, so that no database cuts the number off.
NUMBERED_NAME = 56

#: What begins the names of columns that the statement makes for itself.
PREFIX = "tablecast_"


def statement_of(
    loaded: Deployment, dialect: str, table: str, view: str = "", keep: Sequence[str] = ()
) -> str:
    """One statement that predicts every row of a table that has the fields as columns.

    Its columns are the kept ones, the fields, ``prediction_label``, then ``prediction_low`` and
    ``prediction_high`` where the deployment has ranges, or ``prediction_score`` and one
    ``prediction_score_CLASS`` for each class where it has probabilities. A missing value is NULL.

    Args:
        loaded: the deployment, with a row program (``programs.with_program``).
        dialect: a key of ``DIALECTS``.
        table: the table's name.
        view: with it, the statement makes a view of that name; else it is a select.
        keep: other columns of the table that the answer has too, such as a key.

    Raises:
        SqlError: the statement would be too long or too wide, or there is no SQL for a step.
    """
    program = loaded.description["scalar"]
    select = _Statement(loaded, DIALECTS[dialect], keep).write(program, table)
    if len(select) > LONGEST:
        raise SqlError(
            f"{loaded.name} has no SQL: the statement would have {len(select) / 1e6:.1f} MB, more "
            f"than the {LONGEST / 1e6:.0f} MB that databases plan in seconds. Train a smaller "
            "model, or predict a file (tablecast predict)."
        )
    return f"{_remark(loaded)}{f'CREATE VIEW {name_of(view)} AS' if view else ''}\n{select};\n"


def _remark(loaded: Deployment) -> str:
    about = f"{loaded.name}, version {loaded.description['version']}".replace("\n", " ")
    return (
        f"-- Predictions of {about}, made by tablecast.\n"
        "-- Values are not checked: one that the form would refuse gets a prediction too.\n"
        "-- Write texts exactly as in the training table.\n"
    )


class _Statement:
    def __init__(self, loaded: Deployment, dialect: Dialect, keep: Sequence[str]) -> None:
        self._loaded = loaded
        self._dialect = dialect
        self._fields = loaded.schema.fields
        self._kept = list(dict.fromkeys([*keep, *(field.name for field in self._fields)]))
        self._prefix = PREFIX
        while any(name.lower().startswith(self._prefix) for name in self._kept):
            self._prefix += "_"
        self._values = [f"{self._prefix}v{i}" for i in range(len(self._fields))]

    def write(self, program: Mapping[str, Any], table: str) -> str:
        names = [field.name for field in self._fields]
        inputs = [self._values[names.index(name)] for name in program["inputs"]]
        steps = Steps(self._dialect, inputs, self._prefix)
        done = steps.write(program)
        label = steps.column(f"{self._prefix}label", self._last(done[program["label"]], steps))
        answers = self._answers(program, done, steps, label)
        self._check_columns(len(self._kept) + len(names) + sum(map(len, steps.stages)))
        # Each stage once: SQLite would otherwise write one stage's expressions into the next.
        lines = [f"WITH {self._prefix}0 AS MATERIALIZED (", self._first(table)]
        for number, columns in enumerate(steps.stages, 1):
            made = ",\n    ".join(f"{words} AS {name}" for name, words in columns)
            source = f"{self._prefix}{number - 1}"
            lines.append(f"), {self._prefix}{number} AS MATERIALIZED (")
            lines.append(f"  SELECT *{', ' if made else ''}{made}\n  FROM {source}")
        kept = ", ".join(map(name_of, self._kept))
        called = self._told_apart([name for name, _ in answers])
        shown = ",\n  ".join(
            f"{words} AS {name_of(name)}" for name, (_, words) in zip(called, answers, strict=True)
        )
        lines.append(f")\nSELECT {kept},\n  {shown}\nFROM {self._prefix}{len(steps.stages)}")
        return "\n".join(lines)

    def _told_apart(self, names: Sequence[str]) -> list[str]:
        """The names of the answers' columns, numbered where the database takes two for one.

        Raises:
            SqlError: it does so with two columns of the table.
        """
        key = self._dialect.name_key
        taken: dict[object, str] = {}
        for name in self._kept:
            if key(name) in taken:
                raise SqlError(
                    f"{self._loaded.name} has no SQL for this database, which takes the columns "
                    f"{taken[key(name)]!r} and {name!r} for one. Rename one and train again, or "
                    "predict a file (tablecast predict)."
                )
            taken[key(name)] = name
        called = []
        for name in names:
            own, number = name, 1
            while key(own) in taken:
                number += 1
                beginning = name.encode()[:NUMBERED_NAME].decode(errors="ignore")
                own = f"{beginning}_{number}"
            taken[key(own)] = name
            called.append(own)
        return called

    def _check_columns(self, count: int) -> None:
        if count > self._dialect.most_columns:
            raise SqlError(
                f"{self._loaded.name} has no SQL for this database: the statement would have "
                f"{count:,} columns beside one another, more than the "
                f"{self._dialect.most_columns:,} that it takes. Use --dialect duckdb, or predict a "
                "file (tablecast predict)."
            )

    def _last(self, made: Written, steps: Steps) -> Written:
        """The expression as one that is a stage of its own, after all that others need."""
        return Written(made.words, max(made.stage, len(steps.stages)), max(made.depth, 1))

    def _first(self, table: str) -> str:
        names = ",\n    ".join(map(name_of, self._kept))
        values = ",\n    ".join(
            f"{self._value(field)} AS {name}"
            for field, name in zip(self._fields, self._values, strict=True)
        )
        return f"  SELECT\n    {names},\n    {values}\n  FROM {name_of(table)}"

    def _value(self, field: Field) -> str:
        column = name_of(field.name)
        if field.graph_input == "moment":
            return self._dialect.seconds.format(column)
        if not field.is_text:
            return f"CAST({column} AS {self._dialect.real})"
        text = f"coalesce(CAST({column} AS {self._dialect.text}), '')"
        if {type(field.json_value(level)) for level in field.levels} == {bool}:
            return _as_level(field, text)
        if field.dtype == "object":
            return text
        cases = "".join(
            f" WHEN CAST({column} AS {self._dialect.real}) = "
            f"{number_of(self._dialect, float(level))} THEN {text_of(level)}"
            for level in field.levels
        )
        return f"CASE{cases} ELSE {text} END"

    def _answers(
        self, program: Mapping[str, Any], done: list[Written], steps: Steps, label: Written
    ) -> list[tuple[str, str]]:
        """The columns after the fields' own: (name, expression)."""
        classes = self._loaded.schema.classes
        if self._loaded.schema.task == "regression":
            return [("prediction_label", label.words), *self._range(steps, label)]
        whole = all(isinstance(one, int) for one in classes)
        shown = f"CAST({label.words} AS BIGINT)" if whole else label.words
        answers = [("prediction_label", shown)]
        if program["probabilities"]:
            scores = [
                steps.column(f"{self._prefix}p{i}", self._last(done[step], steps)).words
                for i, step in enumerate(program["probabilities"])
            ]
            cases = "".join(
                f" WHEN {one if whole else text_of(str(one))} THEN {score}"
                for one, score in zip(classes, scores, strict=True)
            )
            answers.append(("prediction_score", f"CASE {label.words}{cases} END"))
            answers += [
                (f"prediction_score_{one}", score)
                for one, score in zip(classes, scores, strict=True)
            ]
        return answers

    def _range(self, steps: Steps, label: Written) -> list[tuple[str, str]]:
        interval = self._loaded.predictor.interval
        if interval is None:
            return []
        ranges = Ranges(self._dialect, self._values)
        low, high = (
            steps.column(f"{self._prefix}{name}", Written(words, label.stage, 1)).words
            for name, words in zip(
                ("low", "high"), ranges.ends(interval, label.words), strict=True
            )
        )
        held = ranges.held(interval, label.words, low, high)
        return list(zip(("prediction_low", "prediction_high"), held, strict=True))


def _as_level(field: Field, text: str) -> str:
    """A database's own truth as the level that means it."""
    truths = {bool(field.json_value(level)): text_of(level) for level in field.levels}
    listed = ", ".join(text_of(level) for level in field.levels)
    cases = f"WHEN {text} IN ({listed}) THEN {text}"
    for truth, words in ((True, "'true', 't', '1'"), (False, "'false', 'f', '0'")):
        if truth in truths:
            cases += f" WHEN lower({text}) IN ({words}) THEN {truths[truth]}"
    return f"CASE {cases} ELSE {text} END"
