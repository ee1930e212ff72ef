"""A deployment's schema with what a form file says: in words and limits, without its table."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tablecast.i18n.language import LANGUAGES, Language
from tablecast.schema.field import Field, Value
from tablecast.schema.field_order import arrange
from tablecast.schema.form_file import Form
from tablecast.schema.form_words import words_of
from tablecast.schema.from_column import with_overrides
from tablecast.schema.schema import Schema


def relabelled(
    schema: Schema,
    form: Form,
    importance: Mapping[str, float] | None = None,
    seen: Mapping[str, Mapping[Value, float]] | None = None,
) -> Schema:
    """A deployment's schema with what a form file says; what it does not say stays.

    Args:
        schema: the deployment's.
        form: the form file.
        importance: each field's share, for a file that orders by it.
        seen: field name to the values that training saw, with their shares.

    Raises:
        FormFileError: the file does not fit the deployment.
    """
    with form.naming_lines():
        names = [field.name for field in schema.fields]
        form.check(names, schema.classes)
        by_importance = importance if form.by_importance else None
        fields = []
        for name, folded in arrange(names, form, by_importance).items():
            field, said = schema.field(name), form.fields.get(name, {})
            if by_importance is not None:
                field = replace(field, folded=folded)
            whole = _whole(field, said.get("levels", {}), (seen or {}).get(name, {}))
            fields.append(with_overrides(field, said, whole))
        words = words_of(form, vars(schema))
        return replace(schema, fields=tuple(fields), **words)


def say_the_same(one: Schema, other: Schema, stated: Mapping[str, Any]) -> bool:
    """Whether two schemas are equal in every language, whichever says what all of them share.

    Args:
        one, other: the schemas.
        stated: what the card of both states, where a language has no words of its own.
    """
    return all(
        replace(one.in_language(language), translations={})
        == replace(other.in_language(language), translations={})
        and {**stated, **_card(one, language)} == {**stated, **_card(other, language)}
        for language in LANGUAGES
    )


def _card(schema: Schema, language: Language) -> Any:
    return schema.translations.get(language.primary, {}).get("card", {})


def _whole(field: Field, labels: Mapping[str, str], seen: Mapping[Value, float]) -> list[str]:
    """The whole numbers that may be named: those offered, those seen, those within the range."""
    if not (field.is_whole and field.is_counted):
        return []
    texts = {field.show(value) for value in seen if value == value}  # NaN differs from itself
    for text in labels:
        if text.removeprefix("-").isdecimal():
            low, high = field.minimum, field.maximum
            if low is not None and high is not None and low <= int(text) <= high:
                texts.add(text)
    return [*field.codes, *sorted(texts - set(field.codes), key=int)]
