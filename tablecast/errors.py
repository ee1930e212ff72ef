"""Errors and notes, which say what happened, why, and what to do next."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

from tablecast.i18n.formats import listed, number, percent
from tablecast.i18n.language import gettext, ngettext


class TablecastError(Exception):
    """Anything that a person can mend. ``str(error)`` is meant for that person."""


class KeysError(TablecastError):
    """A key, or a file of keys, cannot be used."""


class SettingError(TablecastError):
    """A setting (environment variable or option) has a value that cannot be used."""


class TableError(TablecastError):
    """A table cannot be read, or cannot be trained on."""


class FormFileError(TablecastError):
    """A form file has something in it that cannot be used.

    Args:
        message: what, and what to do.
        key: where it stands, as ``("fields", "age", "unit")``; empty where it is in no one place.
    """

    def __init__(self, message: str, key: Sequence[str] = ()) -> None:
        self.key = tuple(key)
        super().__init__(message)


class TrainingError(TablecastError):
    """Training cannot go on, or its result must not be saved."""


class SkopsError(TablecastError):
    """A deployment was saved without the .skops file that was asked for."""


class ArtifactError(TablecastError):
    """A deployment's file is missing, damaged, or made by another version."""


class ServeError(TablecastError):
    """A server cannot be started as it was asked for."""


class EngineError(TablecastError):
    """An engine that computes elsewhere is not installed, not there, or does not fit."""


class BatchError(TablecastError):
    """A file of rows cannot be read, or its predictions cannot be written."""


class CardError(TablecastError):
    """A model card cannot be written to the file that was named."""


class PageError(TablecastError):
    """A deployment cannot be put into a page."""


class SqlError(TablecastError):
    """A deployment cannot be written as SQL."""


class ShipError(TablecastError):
    """A folder for a host cannot be written, or is not what its host takes."""


class LogError(TablecastError):
    """The prediction log cannot be opened, read or written."""


class UnsupportedStep(TablecastError):  # noqa: N818 - reads as a sentence where it is raised
    """A step of the pipeline has no graph form.

    Args:
        step: the step's name in the pipeline, such as ``"numerical_imputer"``.
        reason: why it cannot be compiled.
        mend: what the person can do instead.
    """

    def __init__(
        self,
        step: str,
        reason: str,
        mend: str = "Train without it, or serve with TABLECAST_ENGINE=pycaret.",
    ) -> None:
        self.step = step
        super().__init__(f"Step {step!r} has no graph form: {reason}. {mend}")


class ProofFailed(TablecastError):  # noqa: N818 - reads as a sentence where it is raised
    """The graph's answers differ from the pipeline's, so no graph was written."""


# Not str.format: a message comes out of a deployment's file too, whose maker is not trusted, and
# str.format reads attributes and pads a number to any length.
_PLACEHOLDER = re.compile(r"\{(\w+)(?::(\+?,?(?:\.\d)?[%fg]?))?\}")
#: A JSON integer may have thousands of digits, which no float takes.
_LARGEST = 1e300


@dataclasses.dataclass(frozen=True)
class Remark:
    """One thing to say: an error, a warning, or what training noticed.

    The words are kept apart from the values so that the form can use the field's label, the API
    the column's name, and a translation its own sentence and its own way of writing numbers.

    Attributes:
        message: the English sentence, with ``{field}`` and the keys of ``values`` in braces. A
            number may say how it is written, as ``{share:.1%}``, ``{score:+.4f}`` or
            ``{size:,.0f}``; it has signs between its thousands and no needless digits otherwise.
        field: the column's name, or None where no column is meant.
        values: what goes into the sentence: texts, numbers, other remarks, or lists of these.
        row: the row's place in a list of rows, from 0; None for a single row.
        many: the English sentence for more than one of ``values["count"]``, where it is another;
            see ``counted``.
    """

    message: str
    field: str | None = None
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    row: int | None = None
    many: str = ""

    def __hash__(self) -> int:
        return hash(self.message)

    def __str__(self) -> str:
        return self.say()

    def say(self, name: str | None = None) -> str:
        """The sentence in the reader's language, calling the field ``name``.

        Without a name it is the column's own.
        """
        values = {"field": name or self.field, **self.values}
        words = gettext(self.message)
        if self.many:
            words = ngettext(self.message, self.many, self.values["count"])
        return _PLACEHOLDER.sub(
            lambda match: _worded(values.get(match[1], match[0]), match[2] or ""), words
        )

    def filled(self, **values: Any) -> Self:
        """The same sentence with these values."""
        return dataclasses.replace(self, values={**self.values, **values})

    def to_json(self) -> dict[str, Any]:
        """What a deployment keeps of it: ``from_json`` reads it again."""
        plural = {"many": self.many} if self.many else {}
        values = {name: _plain(value) for name, value in self.values.items()}
        return {"message": self.message, **plural, "values": values}

    @classmethod
    def from_json(cls, plain: Any) -> Self:
        """What ``to_json`` made.

        Raises:
            ValueError: it is something else.
        """
        if not is_remark(plain):
            raise ValueError("not a remark")
        values = {str(name): _read(value) for name, value in plain["values"].items()}
        if "many" in plain and not isinstance(values.get("count"), int | float):
            raise ValueError("nothing is counted")
        return cls(plain["message"], values=values, many=plain.get("many", ""))


def counted(singular: str, plural: str, count: int = 0, **values: Any) -> Remark:
    """A remark on a number of things, ``{count}``, with a sentence for one and for more of them."""
    return Remark(singular, values={"count": count, **values}, many=plural)


def is_remark(plain: Any) -> bool:
    """Whether plain data is what ``Remark.to_json`` makes, but for its values."""
    return (
        isinstance(plain, dict)
        and {"message", "values"} <= set(plain) <= {"message", "values", "many"}
        and isinstance(plain["message"], str)
        and isinstance(plain.get("many", ""), str)
        and isinstance(plain["values"], dict)
    )


def _worded(value: Any, form: str) -> str:
    if isinstance(value, list | tuple):
        return listed(_worded(item, form) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if form.endswith("%"):
        return percent(value, int(form.strip("+,.%") or 0))
    return number(value, form or (",.4g" if isinstance(value, float) else ","))


def _plain(value: Any) -> Any:
    if isinstance(value, Remark):
        return value.to_json()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return Remark.from_json(value)
    if isinstance(value, list):
        return [_read(item) for item in value]
    is_number = isinstance(value, int | float) and -_LARGEST < value < _LARGEST
    if is_number or isinstance(value, str):
        return value
    raise ValueError("neither a text nor a number")


class InvalidInput(TablecastError):  # noqa: N818 - reads as a sentence where it is raised
    """Values that the schema refuses, all of them at once."""

    def __init__(self, errors: Sequence[Remark]) -> None:
        self.errors = tuple(errors)
        super().__init__(" ".join(error.say() for error in self.errors))
