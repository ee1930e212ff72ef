"""What a form file says to people, in every language, as attributes of a schema."""

from collections.abc import Mapping
from typing import Any

from tablecast.errors import FormFileError
from tablecast.schema.form_file import Form

#: A form's texts that differ by language.
_SPOKEN = ("title", "description", "target_label", "target_unit", "organisation")
#: A field's, by their keys in the file.
_OF_FIELD = {key: key for key in ("label", "hint", "unit", "group")} | {"levels": "level_labels"}


def words_of(form: Form, now: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a schema that a form changes, but for its fields.

    Args:
        form: the form file.
        now: the schema's attributes.

    Raises:
        FormFileError: a logo without a name, or a colour for dark pages alone.
    """
    old = now["translations"]
    words: dict[str, Any] = {
        **{name: text for name, text in form.texts.items() if text or name != "title"},
        "class_labels": dict(form.class_labels or now["class_labels"]),
        # What the file says in one language, it says in all.
        "translations": {
            tag: _merged(old.get(tag, {}), _texts_in(form.languages.get(tag, form)))
            for tag in dict.fromkeys([*old, *form.languages])
        },
    }
    _check_organisation({**now, **words})
    return words


def _check_organisation(words: Mapping[str, Any]) -> None:
    if words["logo"] and not words["organisation"]:
        raise FormFileError(
            "[organisation]: a logo needs a name too, for those who do not see it.",
            ("organisation", "logo"),
        )
    if words["accent_dark"] and not words["accent"]:
        raise FormFileError(
            "[organisation]: accent_dark needs accent too, the colour on light pages.",
            ("organisation", "accent_dark"),
        )


def _texts_in(form: Form) -> dict[str, Any]:
    """What a form says to people, as ``Schema.in_language`` takes it."""
    texts = {
        **{key: form.texts[key] for key in _SPOKEN if key in form.texts},
        "class_labels": dict(form.class_labels),
        "fields": {
            name: {
                _OF_FIELD[key]: text
                for key, text in said.items()
                if key in _OF_FIELD and (text or key != "levels")
            }
            for name, said in form.fields.items()
        },
        "card": dict(form.card),
    }
    return {key: text for key, text in texts.items() if text or key in _SPOKEN}


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of one language, where new ones take the place of old ones."""
    merged = {**old, **new}
    if "card" in old and "card" in new:
        merged["card"] = {**old["card"], **new["card"]}
    if "fields" in old and "fields" in new:
        fields = {**old["fields"], **new["fields"]}
        merged["fields"] = {
            name: {**old["fields"].get(name, {}), **words} for name, words in fields.items()
        }
    return merged
