"""One field of a form: what it is called, what it accepts, and how one value is read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

from tablecast.errors import Remark
from tablecast.schema.moments import moment_of, seconds_of
from tablecast.schema.number_formats import DECIMAL_COMMA, other_meaning, plain_number, written
from tablecast.schema.texts import fold

Kind = Literal["number", "integer", "category", "boolean", "date"]
Value = float | int | str

#: A category field with more levels than this is open: an unknown value is answered with a
#: warning, not refused. PyCaret one-hot encodes up to 25 levels; a person can scan about 50.
CLOSED_LEVELS = 50

#: How much of a person's own text an error repeats.
QUOTED_LENGTH = 40

#: What a person may write for either level of a boolean field.
YES_WORDS = ("true", "yes", "y", "1", "1.0", "on")
NO_WORDS = ("false", "no", "n", "0", "0.0", "off")

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)

MISSING = object()
NAN = math.nan


class Refusal(Exception):  # noqa: N818 - a control flow of this package, never shown
    """One value is refused; carries the remark that says why."""

    def __init__(self, remark: Remark) -> None:
        self.remark = remark
        super().__init__(remark.text)


@dataclass(frozen=True)
class Field:
    """A column of the training table, as a person meets it. Made from all training rows.

    Attributes:
        name: the column's name.
        kind: number, integer (whole numbers only), category, boolean or date.
        dtype: the pandas dtype that the pipeline was trained with: ``"int64"``, ``"float64"``,
            ``"object"``, ``"bool"`` or ``"datetime64[ns]"``.
        label, hint, unit: what the form shows; the unit may be empty.
        levels: the known categories, as training spells them.
        level_labels: what the form shows for a level, where that differs.
        closed: whether a value outside ``levels`` is refused.
        minimum, maximum: the training range; seconds since 1970 (UTC) for a date.
        hard_minimum, hard_maximum: the limits beyond which a value is refused.
        required: whether training had a value in every row.
        default: a typical value, which the form starts with; None leaves it empty.
        folded: whether the form folds the field away at first.
        date_format: how the training table writes a date, where that is not ISO 8601; such a date
            is read too.
        spelling: how the training table spells numbers, where that is not as programs do (see
            ``schema.number_formats``); such a number is read too, where all comes as text.
        written_unit: what the training table writes beside each number, such as ``$``.
        placeholders: what stood for a missing value in this column, beyond the usual.
        choices: of a field of whole numbers that are codes, those that the form offers.
    """

    name: str
    kind: Kind
    dtype: str
    label: str = ""
    hint: str = ""
    unit: str = ""
    levels: tuple[str, ...] = ()
    level_labels: Mapping[str, str] = field(default_factory=dict)
    closed: bool = False
    minimum: float | None = None
    maximum: float | None = None
    hard_minimum: float | None = None
    hard_maximum: float | None = None
    required: bool = True
    default: Value | None = None
    folded: bool = False
    date_format: str = ""
    spelling: str = ""
    written_unit: str = ""
    placeholders: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data, from which ``from_json`` makes it again."""
        return asdict(self) | {
            "levels": list(self.levels),
            "level_labels": dict(self.level_labels),
            "placeholders": list(self.placeholders),
            "choices": list(self.choices),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Field:
        lists = {name: tuple(data.get(name, ())) for name in ("levels", "placeholders", "choices")}
        return cls(**{**data, **lists})

    @property
    def is_text(self) -> bool:
        """Whether the pipeline reads this column as text."""
        return self.kind in ("category", "boolean")

    @property
    def missing(self) -> Value:
        """What stands for a missing value in a column of this field."""
        return "" if self.is_text else NAN

    def read(self, value: Any, *, text: bool) -> tuple[Value, Remark | None]:
        """Read one raw value; returns it with a warning or None.

        Args:
            value: what was sent; ``MISSING`` where nothing was.
            text: whether numbers come as text (a form, a CSV file) or as JSON numbers.

        Raises:
            Refusal: the value is not valid.
        """
        if isinstance(value, str):
            value = value.strip()
        if value is MISSING or value is None or value == "":
            return self._read_missing()
        if text and isinstance(value, str) and self._says_nothing(value):
            return self._read_missing()
        if self.is_text:
            return self._read_level(value)
        if self.kind == "date":
            return self._read_in_range(self._read_date(value), value)
        return self._read_in_range(self._read_number(value, text), value)

    def show(self, value: Value | None) -> str:
        """A value as the form and the messages write it, and as ``read`` takes it again."""
        if value is None or value == "" or value != value:  # NaN differs from itself
            return ""
        if self.kind == "date":
            moment = datetime.fromtimestamp(float(value), UTC)
            return moment.strftime("%Y-%m-%d" if float(value) % 86400 == 0 else "%Y-%m-%d %H:%M:%S")
        return value if isinstance(value, str) else written(show_number(value), self.spelling)

    def show_level(self, level: str) -> str:
        """A level as the form writes it."""
        return self.level_labels.get(level, level)

    def match(self, text: str) -> str | None:
        """The known level that a text means, whatever its letter case; None for no level."""
        return text if text in self._exact else self._folded_levels.get(fold(text))

    def _says_nothing(self, text: str) -> bool:
        """Whether training took such a text as missing, and it is no level."""
        return text in self.placeholders and not (self.is_text and self.match(text) is not None)

    def _refuse(self, text: str, **values: str) -> Refusal:
        return Refusal(Remark(text, self.name, values))

    def _read_missing(self) -> tuple[Value, Remark | None]:
        if self.required:
            raise self._refuse("{field} is missing; enter a value.")
        return self.missing, Remark("{field} was left empty; the model fills it in.", self.name)

    def _read_level(self, value: Any) -> tuple[Value, Remark | None]:
        if not isinstance(value, str | int | float):
            raise self._refuse("{field} must be text.")
        text = canonical_text(value)
        level = self.match(text)
        if level is not None:
            return level, None
        if self.closed:
            levels = ", ".join(self.levels)
            raise self._refuse("{field} must be one of {levels}; {value} is not one of them.",
                               levels=levels, value=quoted(value))
        return text, Remark(
            "{field}: {value} is not among the values seen in training.",
            self.name, {"value": quoted(value)},
        )

    def _read_number(self, value: Any, text: bool) -> float:
        if text and isinstance(value, str):
            # Where training saw no sign between thousands, nobody knows what 1,234 means.
            doubt = None if self.spelling or "," not in value else self.two_meanings(value)
            if doubt:
                raise Refusal(doubt)
            value = self._number_in(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse("{field} must be a number, such as {example}; {value} is not one.",
                               example=self._example, value=quoted(value))
        number = _to_float(value)
        if not math.isfinite(number):
            raise self._refuse("{field} must be a finite number, such as {example}.",
                               example=self._example)
        if self.kind == "integer" and number != math.floor(number):
            raise self._refuse("{field} must be a whole number, such as {example}; {value} is not.",
                               example=self._example, value=quoted(value))
        return number

    def _number_in(self, text: str) -> float | str:
        """The number that a text spells, else the text."""
        if self.spelling != DECIMAL_COMMA and _NUMBER.fullmatch(text):
            return float(text)
        plain = plain_number(text, self.spelling, self._units)
        if plain is None and _NUMBER.fullmatch(text):  # a program's, in a table of commas
            return float(text)
        return text if plain is None else float(plain)

    def two_meanings(self, text: str) -> Remark | None:
        """What to say of a text that means one number in one country and another elsewhere."""
        both = other_meaning(text, self.spelling)
        if both is None:
            return None
        return Remark(
            "{field}: {value} may be {first} or {second}; write it without the sign between.",
            self.name, {"value": quoted(text), "first": both[0], "second": both[1]},
        )

    @property
    def _units(self) -> tuple[str, ...]:
        """What may be written beside a number of this field."""
        return ("", *filter(None, (self.unit, self.written_unit)))

    def _read_date(self, value: Any) -> float:
        moment = moment_of(value, self.date_format)
        if moment is None:
            raise self._refuse("{field} must be a date, such as {example}; {value} is not one.",
                               example=self._example, value=quoted(value))
        return seconds_of(moment)

    def _read_in_range(self, number: float, value: Any) -> tuple[Value, Remark | None]:
        low, high = self.hard_minimum, self.hard_maximum
        if (low is not None and number < low) or (high is not None and number > high):
            raise self._refuse("{field} must be between {low} and {high}; {value} is not.",
                               low=self.show(low), high=self.show(high), value=quoted(value))
        low, high = self.minimum, self.maximum
        if low is None or high is None or low <= number <= high:
            return number, None
        return number, Remark(
            "{field}: {value} is outside the range seen in training, {low} to {high}.",
            self.name, {"value": self.show(number), "low": self.show(low), "high": self.show(high)},
        )

    @property
    def _example(self) -> str:
        return self.show(self.default if self.default is not None else self.minimum)

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(self.levels)

    @cached_property
    def _folded_levels(self) -> dict[str, str]:
        """Folded spelling to level, without spellings that two levels share."""
        spellings = [(fold(level), level) for level in self.levels]
        if self.kind == "boolean":
            spellings += self._boolean_words()
        found: dict[str, str] = {}
        shared = set()
        for spelling, level in spellings:
            if found.setdefault(spelling, level) != level:
                shared.add(spelling)
        return {spelling: level for spelling, level in found.items() if spelling not in shared}

    def _boolean_words(self) -> list[tuple[str, str]]:
        words = []
        for level in self.levels:
            for group in (YES_WORDS, NO_WORDS):
                if fold(level) in group:
                    words += [(word, level) for word in group]
        return words


def canonical_text(value: Any) -> str:
    """One text for a category however it is written: 60, 60.0 and "60" are all ``"60"``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def show_number(value: float) -> str:
    """A number without needless digits; at most 12 significant ones."""
    return f"{value:.12g}"


def quoted(value: Any) -> str:
    """A person's own value, shortened, for use in a sentence."""
    text = value if isinstance(value, str) else _outline(value)
    short = text if len(text) <= QUOTED_LENGTH else text[: QUOTED_LENGTH - 1] + "…"
    return f"“{short}”"


def _outline(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _to_float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int with hundreds of digits
        return math.inf
