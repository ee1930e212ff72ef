"""The schema: one description of the fields that feeds every surface, and the one judge of input.

``Schema.from_table`` makes it from *all* training rows; ``Schema.parse`` says what is valid, for
the form, the API, batches and the command line alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tablecast.errors import InvalidInput, Remark
from tablecast.i18n.language import ENGLISH, N_, Language, _
from tablecast.schema.codes import whole_numbers
from tablecast.schema.field import MISSING, Array, Field, Refusal, Value
from tablecast.schema.field_order import arrange
from tablecast.schema.form_file import Form
from tablecast.schema.form_words import words_of
from tablecast.schema.from_column import field_of_column, label_of
from tablecast.schema.kinds import yes_no
from tablecast.schema.readings import reading_of
from tablecast.schema.texts import QUOTED_LENGTH, class_names, fold, quoted

if TYPE_CHECKING:
    import pandas as pd

Task = Literal["regression", "classification"]

#: Attributes that a description lacks where they are empty, as those of before they were known do.
LATER = ("organisation", "logo", "accent", "accent_dark")

#: Unknown names that an answer tells of. Looking for the nearest name costs 0.1 ms each, and a
#: body has room for a million of them.
MOST_UNKNOWN = 20


class Row(NamedTuple):
    """One valid row: values in the schema's order, and what should be said about them."""

    values: tuple[Value, ...]
    warnings: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Schema:
    """The fields in the form's order, and what is predicted from them.

    Attributes:
        fields: the input fields.
        target: the target column's name.
        task: regression or classification.
        classes: the target's classes as the table spells them; empty for regression.
        title, description, target_label, target_unit: what the pages show.
        organisation, logo: whose page it is: a name, and a picture as a ``data:`` address.
        accent, accent_dark: its colour on light and on dark pages, such as ``#0b645f``.
        class_labels: what the pages show for a class, where that differs; keyed by its text.
        translations: what ``in_language`` shows instead, by ``Language.primary``.
        decimal_comma: whether the training table writes any number with a decimal comma.
        reading: the training file's "encoding" and "decimal" sign, as far as they are known: files
            of rows are read alike.
    """

    fields: tuple[Field, ...]
    target: str
    task: Task
    classes: tuple[str | int, ...] = ()
    title: str = ""
    description: str = ""
    target_label: str = ""
    target_unit: str = ""
    class_labels: Mapping[str, str] = dataclass_field(default_factory=dict)
    translations: Mapping[str, Mapping[str, Any]] = dataclass_field(default_factory=dict)
    decimal_comma: bool = False
    reading: Mapping[str, str] = dataclass_field(default_factory=dict)
    organisation: str = ""
    logo: str = ""
    accent: str = ""
    accent_dark: str = ""

    @property
    def defaults(self) -> dict[str, str]:
        """Field name to what the form starts with, as it is written there."""
        return {field.name: field.show(field.default) for field in self.fields}

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        target: str,
        task: Task,
        form: Form | None = None,
        importance: Mapping[str, float] | None = None,
        kinds: Mapping[str, str] | None = None,
    ) -> Schema:
        """Describe a prepared table (see ``tablecast.data.sources.prepare``).

        Args:
            table, target, task: the prepared table, and what is predicted from it.
            form: what the form file says.
            importance: each feature's share, where it is known; it orders and folds long forms.
            kinds: what is known of columns' kinds; the others' come from their values.

        Raises:
            FormFileError: the form file names a column, level or class that the table lacks.
        """
        form = form or Form()
        with form.naming_lines():
            return cls._from_table(table, target, task, form, importance, kinds or {})

    @classmethod
    def _from_table(
        cls,
        table: pd.DataFrame,
        target: str,
        task: Task,
        form: Form,
        importance: Mapping[str, float] | None,
        kinds: Mapping[str, str],
    ) -> Schema:
        features = [str(name) for name in table.columns if name != target]
        classes = tuple(classes_of(table[target])) if task == "classification" else ()
        form.check(features, classes)
        reading = reading_of(table)
        bare = cls(
            fields=(),
            target=target,
            task=task,
            classes=classes,
            title=_untitled(target, ENGLISH),
            target_label=label_of(target),
            target_unit=reading.of(target).unit,
            decimal_comma=reading.decimal_comma,
            reading=reading.for_files,
        )
        worded = replace(bare, **words_of(form, vars(bare)))
        shown = [worded.show_class(label) for label in classes]
        fields = [
            field_of_column(
                table[name],
                {
                    "folded": folded,
                    **whole_numbers(table[name], table[target], shown),
                    **reading.of(name).for_field,
                    **({"kind": kinds[name]} if name in kinds else {}),
                    **form.fields.get(name, {}),
                },
            )
            for name, folded in arrange(features, form, importance).items()
        ]
        return replace(worded, fields=tuple(fields))

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        attributes = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain = {name: value for name, value in attributes.items() if value or name not in LATER}
        return plain | {
            "fields": [field.to_json() for field in self.fields],
            "classes": list(self.classes),
            "reading": dict(self.reading),
            "class_labels": dict(self.class_labels),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Schema:
        fields = tuple(Field.from_json(item) for item in data["fields"])
        return cls(**{**data, "fields": fields, "classes": tuple(data["classes"])})

    def parse(self, raw: Mapping[str, Any], *, text: bool = False) -> Row:
        """Read one row of raw values, keyed by field name.

        Args:
            raw: what a person or a program sent.
            text: True where everything comes as text (a form, a CSV file). A text that spells a
                number, such as ``"19"``, is that number everywhere, by the table's spelling.

        Raises:
            InvalidInput: with every error there is, not only the first.
        """
        if not text:
            row = self._parse_plain(raw)
            if row is not None:
                return row
        return self._parse_carefully(raw, text)

    def columns_of(self, table: Any) -> dict[str, Array]:
        """A training table (pandas, or name to values) as the columns that engines take."""
        return {field.name: field.array_of_table(table[field.name]) for field in self.fields}

    @property
    def typical(self) -> Row:
        """A row of each field's typical value."""
        return Row(tuple(field.typical for field in self.fields))

    def columns_of_one(self, row: Row, count: int) -> dict[str, Array]:
        """A row so many times, as the columns that engines take."""
        pairs = zip(self.fields, row.values, strict=True)
        return {field.name: field.array([value]).repeat(count) for field, value in pairs}

    def columns_of_rows(self, rows: Sequence[Row]) -> dict[str, Array]:
        """Rows, at least one, as the columns that engines take."""
        by_field = zip(*(row.values for row in rows), strict=True)
        pairs = zip(self.fields, by_field, strict=True)
        return {field.name: field.array(values) for field, values in pairs}

    def in_language(self, language: Language) -> Schema:
        """The same schema with the words of a language, as far as the form file has them."""
        if language not in self._in_languages:
            self._in_languages[language] = self._spoken(language)
        return self._in_languages[language]

    def field(self, name: str) -> Field:
        """The field of that name; KeyError where there is none."""
        return self._by_name[name]

    def find(self, name: str | None) -> Field | None:
        """The field of that name; None where there is none."""
        return self._by_name.get(name or "")

    def show_class(self, label: str | int | float) -> str:
        """A class as the pages write it; yes or no in the reader's language where it means that."""
        return yes_no.label_of(str(label), self._class_texts, self.class_labels)

    def name_class(self, label: str | int | float) -> str:
        """A class as a sentence names it: a yes or no says of what, as in “Survived: no”."""
        shown = self.show_class(label)
        if self.class_labels or not yes_no.are_yes_and_no(self._class_texts):
            return shown
        return _("{target}: {answer}").format(target=self.target_label, answer=shown.lower())

    @property
    def _class_texts(self) -> list[str]:
        return [str(label) for label in self.classes]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def _in_languages(self) -> dict[Language, Schema]:
        return {ENGLISH: self}

    def _spoken(self, language: Language) -> Schema:
        words = dict(self.translations.get(language.primary, {}))
        fields = words.pop("fields", {})
        words.pop("card", None)  # of the model card, which is no part of the schema
        if self.title == _untitled(self.target, ENGLISH):
            words.setdefault("title", _untitled(self.target, language))
        translated = tuple(replace(field, **fields.get(field.name, {})) for field in self.fields)
        return replace(self, fields=translated, **words)

    @cached_property
    def _plain_readers(self) -> tuple[tuple[str, Callable[[Any], Value]], ...]:
        return tuple((field.name, field.plain_reader()) for field in self.fields)

    def _parse_plain(self, raw: Mapping[str, Any]) -> Row | None:
        """The usual row (every value plain, known and in range) in about 2 µs; None for others.

        It accepts a part of what ``Field.read`` accepts without a warning, and refuses nothing.
        """
        if len(raw) != len(self.fields):
            return None
        try:
            return Row(tuple([read(raw[name]) for name, read in self._plain_readers]))
        except (KeyError, TypeError):  # a missing name, an unhashable value, or not plain
            return None

    def _parse_carefully(self, raw: Mapping[str, Any], text: bool) -> Row:
        raw = self._named(raw)
        unknown = (name for name in raw if name not in self._by_name)
        errors = [self._unknown(name) for name in islice(unknown, MOST_UNKNOWN)]
        values: list[Value] = []
        warnings: list[Remark] = []
        for field in self.fields:
            try:
                value, warning = field.read(raw.get(field.name, MISSING), text=text)
            except Refusal as refusal:
                errors.append(refusal.remark)
                continue
            values.append(value)
            if warning:
                warnings.append(warning)
        if errors:
            raise InvalidInput(errors)
        return Row(tuple(values), tuple(warnings))

    def _named(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row by the fields' own names, where it has them in other letters or Unicode forms."""
        if raw.keys() <= self._by_name.keys() or len(raw) > len(self.fields) + MOST_UNKNOWN:
            return raw
        named: dict[str, Any] = {}
        for name, value in raw.items():
            own = self._folded_names.get(fold(str(name)[:QUOTED_LENGTH]), name)
            is_free = name not in self._by_name and own not in raw and own not in named
            named[own if is_free else name] = value
        return named

    @cached_property
    def _folded_names(self) -> dict[str, str]:
        """Folded names of fields, those aside that several share."""
        shared = Counter(fold(field.name) for field in self.fields)
        return {fold(f.name): f.name for f in self.fields if shared[fold(f.name)] == 1}

    def _unknown(self, name: Any) -> Remark:
        short = str(name)[:QUOTED_LENGTH]
        near = get_close_matches(short, self._by_name, 1, cutoff=0)
        return Remark(
            "{name} is not a field of this form. The closest name is {near}.",
            short, {"name": quoted(str(name)), "near": near[0] if near else self.fields[0].name},
        )


def _untitled(target: str, language: Language) -> str:
    """A form's title where nobody has given it one."""
    return language.gettext(N_("Predict {target}")).format(target=label_of(target).lower())


def classes_of(target: pd.Series) -> list[str | int]:
    """The classes of a target, sorted; whole numbers as such, all else as text."""
    return list(class_names(sorted(target.dropna().unique().tolist(), key=_number_or_text)))


def _number_or_text(label: Any) -> tuple[bool, Any]:
    return (False, label) if isinstance(label, int | float) else (True, str(label))
