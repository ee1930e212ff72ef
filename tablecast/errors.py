"""Errors that word themselves: each says what happened, why, and what to do next."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tablecast.i18n.language import gettext


class TablecastError(Exception):
    """Anything that a person can mend. ``str(error)`` is meant for that person."""


class KeysError(TablecastError):
    """A key, or a file of keys, cannot be used."""


class SettingError(TablecastError):
    """A setting (environment variable or option) has a value that cannot be used."""


class TableError(TablecastError):
    """A table cannot be read, or cannot be trained on."""


class FormFileError(TablecastError):
    """The form file beside a table has something in it that cannot be used."""


class TrainingError(TablecastError):
    """Training cannot go on, or its result must not be saved."""


class ArtifactError(TablecastError):
    """A deployment's file is missing, damaged, or made by another version."""


class BatchError(TablecastError):
    """A file of rows cannot be read, or its predictions cannot be written."""


class CardError(TablecastError):
    """A model card cannot be written to the file that was named."""


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


@dataclasses.dataclass(frozen=True)
class Remark:
    """One thing to say about one value: an error, or a warning.

    The words are kept apart from the values so that the form can use the field's label, the API
    the column's name, and a translation its own sentence.

    Attributes:
        text: the English sentence, with ``{field}`` and the keys of ``values`` in braces.
        field: the column's name, or None where the whole row is meant.
        values: what goes into the sentence, already worded.
        row: the row's place in a list of rows, from 0; None for a single row.
    """

    text: str
    field: str | None = None
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    row: int | None = None

    def say(self, name: str | None = None) -> str:
        """The sentence in the reader's language, calling the field ``name``.

        Without a name it is the column's own.
        """
        return gettext(self.text).format(field=name or self.field, **self.values)


class InvalidInput(TablecastError):  # noqa: N818 - reads as a sentence where it is raised
    """Values that the schema refuses, all of them at once."""

    def __init__(self, errors: Sequence[Remark]) -> None:
        self.errors = tuple(errors)
        super().__init__(" ".join(error.say() for error in self.errors))
