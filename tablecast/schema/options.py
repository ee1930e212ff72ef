"""What a person may say about how to read a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tablecast.errors import TableError
from tablecast.schema.field import Field
from tablecast.schema.texts import fold

LISTS_OF_COLUMNS, MAPPINGS = ("category", "number", "drop", "keep"), ("date", "level")
#: Options that are lists of columns or texts.
LISTS = (*LISTS_OF_COLUMNS, "missing")
OF_THE_FILE = ("encoding", "separator", "decimal", "sheet")
#: Columns that say of each row what no feature says; see ``tablecast.data.row_metadata``.
ROLES = ("group", "time", "weight")

#: Of one column only one of each can hold.
KINDS = ("category", "number", "date")
CONTRADICTIONS = (
    *(("category", "number"), ("category", "date"), ("number", "date"), ("drop", "keep")),
    *(("number", "level"), ("date", "level")),
)

#: What cannot stand between cells: it ends rows or holds cells together.
NO_SEPARATORS = "\"\r\n\0"


@dataclass(frozen=True)
class ReadingOptions:
    """How a table is read, where a person knows better. Each is an option of ``inspect`` and
    ``train``, and a key of a form file's ``[table]``.

    Attributes:
        task: regression, classification, or auto to tell it from the target.
        category: columns that are read as text, whatever their cells look like.
        number: columns that are numbers; a cell that is none is refused.
        date: columns that are dates, with their ``strptime`` format, or "" to find it.
        drop: columns that are left out.
        keep: columns that are features, even if they look like ids or like the answer.
        missing: texts that mean a missing value, in every column.
        level: column to texts that are levels of it, even if they look like a missing value or
            like another level in other letters.
        encoding: such as ``"gb18030"``; None to find it.
        separator: what stands between cells; None to find it.
        decimal: "." or ","; None to find it.
        sheet: which sheet of a workbook, by name or by number from 1; None for the first.
        group: a column whose equal values mark rows that stay together, such as a person's.
        time: a column of dates or numbers; models learn from earlier rows, and are tested on later.
        weight: a column of numbers; a row counts that many times in training and in scores.
    """

    task: Literal["auto", "regression", "classification"] = "auto"
    category: Sequence[str] = ()
    number: Sequence[str] = ()
    date: Mapping[str, str] = field(default_factory=dict)
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
    missing: Sequence[str] = ()
    level: Mapping[str, Sequence[str]] = field(default_factory=dict)
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    sheet: str | None = None
    group: str | None = None
    time: str | None = None
    weight: str | None = None

    def __post_init__(self) -> None:
        if self.task not in ("auto", "regression", "classification"):
            raise TableError(
                f"{self.task!r} is not a task. Choose auto, regression or classification (--task)."
            )
        if self.decimal not in (None, ".", ","):
            raise TableError(f"The decimal sign is . or , but not {self.decimal!r} (--decimal).")
        if self.separator is not None and (
            len(self.separator) != 1 or self.separator in NO_SEPARATORS
        ):
            raise TableError(
                f"The separator must be one character, such as ; or | or a tab, not "
                f"{self.separator!r} (--separator)."
            )
        self._check_contradictions()
        self._check_roles()

    def _check_contradictions(self) -> None:
        for one, other in CONTRADICTIONS:
            for name in getattr(self, one):
                if name in getattr(self, other):
                    raise TableError(
                        f"'{name}' is named by both {one} and {other} (--{one}, --{other}), which "
                        "cannot both hold. Leave one of them out."
                    )

    def check_target(self, target: str) -> None:
        """Whether what is said of the column to predict lets it be predicted.

        Raises:
            TableError: it does not.
        """
        if target in self.drop:
            raise TableError(
                f"'{target}' is the target, so it cannot be left out (--target, --drop). Drop "
                "other columns, or choose another target."
            )
        if target in self.category and self.task == "regression":
            raise TableError(
                f"'{target}' is to be text (--category), but regression needs numbers (--task "
                "regression). Leave one of them out."
            )

    def _check_roles(self) -> None:
        named = {role: name for role in ROLES if (name := getattr(self, role)) is not None}
        for role, name in named.items():
            others = [f"--{other}" for other, its in named.items() if its == name and other != role]
            if others:
                raise TableError(
                    f"'{name}' cannot be --{role} and also {' and '.join(others)}. Name another "
                    "column, or leave one of the options out."
                )

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is named."""
        named = (*self.category, *self.number, *self.date, *self.drop, *self.keep, *self.level)
        return tuple(dict.fromkeys((*named, *self.roles)))

    @property
    def roles(self) -> dict[str, str]:
        """Each column that says something of the rows, and what: one of ``ROLES``."""
        named = {role: getattr(self, role) for role in ROLES}
        return {name: role for role, name in named.items() if name is not None}

    def known_as(self, names: Sequence[str]) -> ReadingOptions:
        """The same with its columns as the table spells them.

        Raises:
            TableError: the table has no such column.
        """
        known = frozenset(names)
        spelt = {n: n if n in known else column_named(n, names) for n in self.columns}
        lists = {of: [spelt[name] for name in getattr(self, of)] for of in LISTS_OF_COLUMNS}
        of_columns = {of: {spelt[n]: v for n, v in getattr(self, of).items()} for of in MAPPINGS}
        roles = {role: spelt[name] for name, role in self.roles.items()}
        return replace(self, **lists, **of_columns, **roles)  # type: ignore[arg-type]

    def only_roles(self, names: Sequence[str]) -> ReadingOptions:
        """Group, time and weight alone, as the table spells them.

        Raises:
            TableError: the table has no such column.
        """
        spelt = {role: column_named(name, names) for name, role in self.roles.items()}
        return ReadingOptions(**spelt)  # type: ignore[arg-type]

    def over(self, other: ReadingOptions) -> ReadingOptions:
        """These options, with the other's where these say nothing; of columns, both, but for what
        the other says of a column against these."""
        kinds = {name for kind in KINDS for name in getattr(self, kind)}
        numbers = {*self.number, *self.date}
        return ReadingOptions(
            task=self.task if self.task != "auto" else other.task,
            category=[*_without(other.category, kinds), *self.category],
            number=[*_without(other.number, {*kinds, *self.level}), *self.number],
            date={
                name: other.date[name] for name in _without(other.date, {*kinds, *self.level})
            } | dict(self.date),
            drop=[*_without(other.drop, self.keep), *self.drop],
            keep=[*_without(other.keep, self.drop), *self.keep],
            missing=[*other.missing, *self.missing],
            level={name: other.level[name] for name in _without(other.level, numbers)}
            | dict(self.level),
            **{name: getattr(self, name) or getattr(other, name) for name in OF_THE_FILE},
            **{of: getattr(other if getattr(self, of) is None else self, of) for of in ROLES},
        )


def _without(names: Iterable[str], others: Collection[str]) -> list[str]:
    return [name for name in names if name not in others]


def options_of(fields: Sequence[Field], reading: Mapping[str, str]) -> ReadingOptions:
    """How to read a table again that a deployment was trained on.

    Args:
        fields: the deployment's.
        reading: what its schema knows of the file.
    """
    asked: dict[str, list[Field]] = {"category": [], "number": [], "date": [], "": []}
    for known in fields:
        asked[known.reading_option].append(known)
    return ReadingOptions(
        category=[field.name for field in asked["category"]],
        number=[field.name for field in asked["number"]],
        date={field.name: field.date_format for field in asked["date"]},
        keep=[field.name for field in fields],
        level={field.name: field.levels for field in asked["category"]},
        encoding=reading.get("encoding"),
        decimal=reading.get("decimal"),
    )


def column_named(name: str, names: Sequence[str]) -> str:
    """The column that a name means, in whatever letters.

    Raises:
        TableError: there is none; the message names the nearest.
    """
    from difflib import get_close_matches

    if name in names:
        return name
    alike = [candidate for candidate in names if fold(candidate) == fold(name)]
    if len(alike) == 1:
        return alike[0]
    folded = {fold(candidate): candidate for candidate in names}
    near = get_close_matches(fold(name), folded, n=1, cutoff=0.5)
    hint = f"Did you mean '{folded[near[0]]}'? " if near else ""
    if len(names) == 1 and re.search(r"\w[^\w]+\w", names[0]):
        raise TableError(
            f"The table has no column '{name}'. It was read as one column, '{names[0]}'. If a sign "
            "stands between its cells, name that (--separator SIGN, such as --separator ' ')."
        )
    listed = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    raise TableError(f"The table has no column '{name}'. {hint}Its columns are: {listed}.")
