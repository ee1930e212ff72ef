"""One field of a form: what every kind of field has, and what each kind answers for itself.

``Field("age", "integer", "int64")`` is an object of the kind that it names, from
``schema.kinds``: as ``pathlib.Path`` does, the class picks the subclass. Form, API, document,
batch, explanations and compiler ask the field and never which kind it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from tablecast.errors import Remark
from tablecast.i18n.formats import grouped, with_unit
from tablecast.i18n.language import gettext
from tablecast.schema.texts import without_point

Value = float | int | str

#: A column's values: float64, or text objects; (rows,).
Array = npt.NDArray[Any]

#: A category field with more levels than this is open: an unknown value is answered with a
#: warning, not refused. PyCaret one-hot encodes up to 25 levels; a person can scan about 50.
CLOSED_LEVELS = 50

#: Seconds.
DAY = 86400.0

#: A category with more levels than this is a select and not radios: more do not fit a phone.
RADIO_LEVELS = 5

#: Attributes that are tuples, and lists in JSON.
LISTS = ("levels", "placeholders", "codes")

#: Attributes that a description lacks where they are empty, as those of before they were known do.
LATER = ("group", "fixed", "only", "log")

MISSING = object()
NAN = math.nan


class Refusal(Exception):  # noqa: N818 - a control flow of this package, never shown
    """One value is refused; carries the remark that says why."""

    def __init__(self, remark: Remark) -> None:
        self.remark = remark
        super().__init__(remark.message)


class NotPlain(TypeError):  # noqa: N818 - a control flow of this package, never shown
    """The value needs a closer look."""


@dataclass(frozen=True)
class Choice:
    """One value that a control offers: the text that is sent for it, and the one that is shown."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """A column of the training table, as a person meets it. Made from all training rows.

    Attributes:
        name: the column's name.
        kind: a key of ``KINDS``: number, integer (whole numbers only), category, boolean or date.
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
        codes: of whole numbers that are codes, those that the form offers to choose from.
        group: the heading under which the form shows it; "" for none.
        fixed: whether nobody can change it, as an age: no change of it is ever suggested.
        only: "up" or "down" where it can only rise or fall, as an experience in years; else "".
        log: what the prediction log keeps of a value: all of it ("" or "yes"), nothing ("no"), or
            a hash that only who has a secret can make ("hash").

    What a kind says of itself:
        is_text: whether its columns are text, else float64.
        is_whole: whether its values are whole numbers.
        is_counted: whether few values, each of many rows, stand for themselves in a table.
        is_short: whether a short input holds any value.
        goes_on: whether later rows have values that training cannot have had, as times do.
        graph_input: what the compiler's first step meets: a text, a number or a moment.
        reading_option: which of the options of reading a table asks for such a column; "" where
            it is found without.
        cells: how a file's column of it is read: "levels" by a dictionary, "numbers" all at
            once, "values" one by one.
        kind_words: what people call it, in English; json_kind_words: what programmers call its
            JSON values, where that is another word.
    """

    name: str
    kind: str
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
    codes: tuple[str, ...] = ()
    group: str = ""
    fixed: bool = False
    only: Literal["", "up", "down"] = ""
    log: Literal["", "yes", "no", "hash"] = ""

    is_text: ClassVar[bool] = False
    is_whole: ClassVar[bool] = False
    is_counted: ClassVar[bool] = False
    is_short: ClassVar[bool] = False
    goes_on: ClassVar[bool] = False
    graph_input: ClassVar[Literal["text", "number", "moment"]] = "number"
    reading_option: ClassVar[str] = ""
    cells: ClassVar[Literal["levels", "numbers", "values"]] = "values"
    kind_words: ClassVar[str] = ""
    json_kind_words: ClassVar[str] = ""

    def __new__(cls, name: str = "", kind: str = "", *_values: Any, **_named: Any) -> Field:
        if kind and kind not in KINDS:
            known = ", ".join(KINDS)
            raise ValueError(f"Field {name!r} is of kind {kind!r}; known kinds are {known}.")
        named = KINDS.get(kind, cls)  # a copy is made without any values
        if not issubclass(named, cls):  # as by dataclasses.replace: __init__ would not be called
            raise TypeError(f"Make a Field of kind {kind!r} anew; {cls.__name__} is another kind.")
        return object.__new__(named)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data, from which ``from_json`` makes it again."""
        lists = {name: list(getattr(self, name)) for name in LISTS}
        plain = asdict(self) | lists | {"level_labels": dict(self.level_labels)}
        return {name: value for name, value in plain.items() if value or name not in LATER}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Field:
        """The field of a description. Raises ValueError where its kind is unknown."""
        return cls(**{**data, **{name: tuple(data.get(name, ())) for name in LISTS}})

    # What is valid

    def read(self, value: Any, *, text: bool) -> tuple[Value, Remark | None]:
        """Read one raw value; returns it with a warning or None.

        Args:
            value: what was sent; ``MISSING`` where nothing was.
            text: whether everything comes as text (a form, a CSV file); a text that spells a number
                is that number in JSON, too.

        Raises:
            Refusal: the value is not valid.
        """
        if isinstance(value, str):
            value = value.strip()
        if value is MISSING or value is None or value == "":
            return self._read_missing()
        if isinstance(value, str) and value in self.placeholders and self.match(value) is None:
            return self._read_missing()
        return self.read_known(value, text=text)

    def read_known(self, value: Any, *, text: bool) -> tuple[Value, Remark | None]:
        """``read`` for a value that is there."""
        raise NotImplementedError

    def plain_reader(self) -> Callable[[Any], Value]:
        """A quick reader of the usual JSON values, those that ``read`` takes without a warning.

        For any other value it raises KeyError, TypeError or ``NotPlain``, which is one.
        """
        return _never_plain

    def two_meanings(self, _text: str) -> Remark | None:
        """What to say of a text that may mean two numbers; None of all others."""
        return None

    def match(self, _text: str) -> str | None:
        """The known level that a text means; None for no level."""
        return None

    def refuse(self, text: str, **values: str) -> Refusal:
        """A refusal of a value of this field, to be raised."""
        return Refusal(Remark(text, self.name, values))

    def _read_missing(self) -> tuple[Value, Remark | None]:
        if self.required:
            raise self.refuse("Enter a value for {field}.")
        return self.missing, Remark(
            "You left {field} blank, so a typical value was used.", self.name
        )

    def rules(self) -> dict[str, Any]:
        """What ``read`` goes by, as plain data: a page that has no server reads by it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "text": self.is_text,
            "required": self.required,
            "placeholders": list(self.placeholders),
        }

    # How it is written

    @property
    def kind_name(self) -> str:
        """What people call the kind, in the reader's language."""
        return gettext(self.kind_words)

    @property
    def json_kind_name(self) -> str:
        """What programmers call the kind of its JSON values, in the reader's language."""
        return gettext(self.json_kind_words or self.kind_words)

    def show(self, value: Value | None) -> str:
        """A value as the form and the messages write it; "" for a missing one."""
        if value is None or value == "" or value != value:  # NaN differs from itself
            return ""
        return self.show_known(value)

    def show_known(self, value: Value) -> str:
        """``show`` for a value that is there."""
        return str(value)

    def show_level(self, level: str) -> str:
        """A level as the form writes it."""
        return self.level_labels.get(level, level)

    def in_words(self, value: Value) -> str:
        """A value in the reader's language, with its unit: to be read, not to be typed."""
        return with_unit(self.in_figures(self.show(value)), self.unit)

    def in_figures(self, text: str) -> str:
        """A value's own text as people write it; without a unit, as a code or a year, as it is.

        Only for reading: a form takes numbers without signs between their thousands, which mean
        decimals elsewhere, and so its hints and what it refuses show them plain.
        """
        return grouped(text) if self.unit else text

    # What programs send and get

    def json_value(self, value: Value | None) -> Any:
        """A value as JSON has it, which ``read`` takes back; null for a missing one."""
        if value is None or value == "" or value != value:  # NaN differs from itself
            return None
        return self.json_known(value)

    def json_known(self, value: Value) -> Any:
        """``json_value`` for a value that is there."""
        return without_point(value)

    @property
    def json_choices(self) -> tuple[str, ...]:
        """The only values that a program may send, as JSON writes them; empty for any."""
        return ()

    def json_schema(self) -> dict[str, Any]:
        """The type and limits of its values, as JSON Schema (2020-12) says them."""
        raise NotImplementedError

    def json_examples(self) -> tuple[Any, Any]:
        """A typical value, null where there is none that must be given, and one from the edge."""
        edge = self.json_edge()
        typical = self.json_value(self.default)
        return edge if typical is None and self.required else typical, edge

    def json_edge(self) -> Any:
        """The lowest value or the last level."""
        raise NotImplementedError

    # What the form shows

    def control_for(self, _text: str) -> str:
        """The name of the control that suits the field where it holds this text."""
        return "text"

    def held(self, text: str) -> str:
        """What a control holds for a text that came back, in the spelling of its choices."""
        return text

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What radios and a select offer, in their order; empty for a field of free text."""
        return ()

    @property
    def keypad(self) -> str:
        """The keypad that a phone shows (HTML's ``inputmode``); "" for its usual keyboard."""
        return ""

    @property
    def pattern_example(self) -> str:
        """A value that shows how to write others, where that is not plain; else ""."""
        return ""

    # Its values for the model

    @property
    def missing(self) -> Value:
        """What stands for a missing value in a column of this field."""
        return "" if self.is_text else NAN

    @property
    def typical(self) -> Value:
        """The default, or what stands for a missing value."""
        return self.missing if self.default is None else self.default

    def array(self, values: Any) -> Array:
        """Values as ``read`` gives them, as a column that engines take."""
        return np.array(values, dtype=object if self.is_text else np.float64)

    def array_of_table(self, column: Any) -> Array:
        """A training table's column (pandas, numpy or a list) as one that engines take."""
        raise NotImplementedError

    def grid(
        self, points: int, most_levels: int, frequency: Mapping[Value, float],
        present: Value | None = None,
    ) -> list[Value]:
        """Values over which an effect is followed: numbers in rising order, levels in the form's.

        Args:
            points: of a number's range.
            most_levels: of a category's levels, the most frequent.
            frequency: value to its share of the training rows, where known.
            present: a value that must be among them; a missing one never is.
        """
        raise NotImplementedError

    def nearest(self, numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Numbers of the range as values that the field can have."""
        return numbers

    def mean_of(
        self, group: npt.NDArray[np.float64], known: npt.NDArray[np.float64]
    ) -> float:
        """A group's mean as the field is written.

        Args:
            group: neighbours among the known values.
            known: all known training values, in rising order.
        """
        raise NotImplementedError

    # Columns of a file, where ``cells`` is "numbers"

    def accepted(self, numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """(rows,): where ``read`` refuses nothing."""
        raise NotImplementedError

    def unusual(self, _amounts: Any) -> Any:
        """Whether a value, or which of many, shape (rows,), lie outside the training range."""
        return False


#: Every kind of field by its name; see ``tablecast.schema.kinds``.
KINDS: dict[str, type[Field]] = {}


def _never_plain(_value: Any) -> Value:
    raise NotPlain
