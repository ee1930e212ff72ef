"""A form file written from a schema: what it says now, and all that it could say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tablecast.i18n.language import ENGLISH
from tablecast.schema import form_keys as keys
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema

#: What stands for a value that the schema does not have, where no empty one says what is meant.
EXAMPLES: Mapping[str, Any] = {
    "order": "file", "logo": "logo.svg", "accent": "#0b645f", "accent_dark": "#5ccabf",
    "intended": [], "unsuited": [], "sensitive": [], "folded": False, "fixed": False, "only": "up",
}  # fmt: skip

#: A picture's data, and what training has seen: the file would hold them against later trainings.
NEVER_SAID = ("logo", "minimum", "maximum", "hard_minimum", "hard_maximum", "default")
_LIMITS = ("minimum", "maximum", "hard_minimum", "hard_maximum")

#: A text of each language, or a list of texts.
_Text = Any
#: What finds a text among those of one language.
_Find = Callable[[Mapping[str, Any]], _Text]


def starter(name: str, schema: Schema, stated: Mapping[str, Any]) -> str:
    """A form file that changes nothing: each line that could change something is a comment.

    Args:
        name: the deployment's path, for the command.
        schema: what the deployment says.
        stated: what it says on its card that only a person knows.
    """
    writer = _Writer(schema)
    lines = [
        f"# The form of {json.dumps(name, ensure_ascii=False)}. Edit this file, then run",
        "#   python -m tablecast form NAME --form FILE",
        "# A line that begins with # is a comment: remove the # to use the key. Keys that this",
        "# file does not have stay as they are in the deployment.",
        "",
    ]
    top = {"title": schema.title, "description": schema.description, "order": ""}
    lines += writer.section("", keys.TOP_KEYS, top, lambda key: lambda words: words.get(key))
    organisation = {
        "name": schema.organisation, "logo": "", "accent": schema.accent,
        "accent_dark": schema.accent_dark,
    }  # fmt: skip
    lines += writer.section(
        "[organisation]", keys.ORGANISATION_KEYS, organisation,
        lambda key: lambda words: words.get("organisation") if key == "name" else None,
    )
    target = {"label": schema.target_label, "unit": schema.target_unit}
    lines += writer.section(
        "[target]", keys.TARGET_KEYS, target,
        lambda key: lambda words: words.get(f"target_{key}"),
    )
    lines += writer.classes()
    lines += writer.section(
        "[card]", keys.CARD_KEYS, stated,
        lambda key: lambda words: words.get("card", {}).get(key),
    )
    lines += ["# The fields, in the order of the form. Their keys:"]
    lines += [f"#   {key}: {about.purpose}" for key, about in keys.FIELD_KEYS.items()]
    for field in schema.fields:
        lines += ["", *writer.field(field)]
    return "\n".join(lines) + "\n"


class _Writer:
    """Writes parts of the file, texts in every language that the schema has."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def section(
        self, head: str, known: keys.Keys, values: Mapping[str, Any], find: Callable[[str], _Find]
    ) -> Iterator[str]:
        """A table of the file, each key below what it is for."""
        if head:
            yield head
        for key, about in known.items():
            if about.type != "table":
                yield f"# {about.purpose[:1].upper()}{about.purpose[1:]}."
                yield self._line(key, values.get(key), find(key))
        yield ""

    def classes(self) -> Iterator[str]:
        """The names of the target's classes."""
        if not self._schema.classes:
            return
        yield "[target.classes]"
        for label in map(str, self._schema.classes):
            shown = self._schema.class_labels.get(label)
            yield self._label(label, shown, lambda words: words.get("class_labels", {}))
        yield ""

    def field(self, field: Field) -> Iterator[str]:
        """A field's table and that of its levels."""
        yield f"[fields.{_key(field.name)}]"

        def words_of(words: Mapping[str, Any]) -> Mapping[str, Any]:
            found: Mapping[str, Any] = words.get("fields", {}).get(field.name, {})
            return found

        for key in keys.FIELD_KEYS:
            if key == "levels" or (field.is_text and key in (*_LIMITS, "only")):
                continue
            value = getattr(field, key)
            if key in (*_LIMITS, "default") and not field.is_text:
                value = field.json_value(value)
            yield self._line(key, value, partial(_found, words_of, key))
        levels = field.levels if field.closed else field.codes
        if levels or field.level_labels:
            yield ""
            yield f"[fields.{_key(field.name)}.levels]"
        for level in levels:
            yield self._label(
                level, field.level_labels.get(level),
                lambda words: words_of(words).get("level_labels", {}),
            )

    def _label(
        self, name: str, shown: str | None, find: Callable[[Mapping[str, Any]], Mapping[str, str]]
    ) -> str:
        line = f"{_key(name)} = {self._text(shown or name, lambda words: find(words).get(name))}"
        return line if shown is not None else f"# {line}"

    def _line(self, key: str, value: Any, find: _Find) -> str:
        is_said = bool(value) and key not in NEVER_SAID
        if value is None or value == "":
            value = EXAMPLES.get(key, "")
        written = self._text(value, find) if isinstance(value, str | list) else _toml(value)
        return f"{key} = {written}" if is_said else f"# {key} = {written}"

    def _text(self, english: _Text, find: _Find) -> str:
        """A text as it is, or a table of languages where it differs between them."""
        spoken = {tag: find(words) for tag, words in self._schema.translations.items()}
        others = {tag: text for tag, text in spoken.items() if text is not None}
        if all(text == english for text in others.values()):
            return _toml(english)
        texts = {ENGLISH.primary: english} | others
        return "{ " + ", ".join(f"{tag} = {_toml(text)}" for tag, text in texts.items()) + " }"


def _found(part: _Find, key: str, words: Mapping[str, Any]) -> _Text:
    """A text in a part of a language's words; None where it has none."""
    return part(words).get(key)


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # JSON's texts, numbers, true and false are TOML's, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)
