"""A form file written from a schema: what it says now, and all that it could say."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tablecast.i18n.language import ENGLISH
from tablecast.schema import form_keys as keys
from tablecast.schema.accent import DARK, readable
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema

#: What stands for a value that the schema does not have, where an empty text would not show how it
#: is written.
EXAMPLES: Mapping[str, Any] = {
    "order": "file", "logo": "logo.svg", "accent": "#0b645f", "accent_dark": "#5ccabf",
    "intended": [], "unsuited": [], "sensitive": [], "folded": False, "fixed": False, "only": "up",
    "log": "no",
}  # fmt: skip

_LIMITS = ("minimum", "maximum", "hard_minimum", "hard_maximum")
#: What training has seen, which a file would hold against later trainings; and a picture's data.
NEVER_SAID = (*_LIMITS, "default", "logo")

HEAD = """\
# The form of {name}. Edit this file, then run:
#   python -m tablecast form NAME --form FILE
# A line that begins with # is a comment: remove the # to use its key. Keys that this file does not
# have stay as they are in the deployment.
"""


def starter(name: str, schema: Schema, stated: Mapping[str, Any]) -> str:
    """A form file that changes nothing: each line that could change something is a comment.

    Args:
        name: the deployment's, for the first line.
        schema: what the deployment says.
        stated: what it says on its card that only a person knows.
    """
    writer = _Writer(schema)
    derived = schema.accent and readable(schema.accent, DARK)
    lines = [
        HEAD.format(name=_toml(name)),
        *writer.section(keys.TOP_KEYS, vars(schema)),
        "[organisation]",
        *writer.section(
            keys.ORGANISATION_KEYS,
            {"name": schema.organisation, "accent": schema.accent,
             "accent_dark": "" if schema.accent_dark == derived else schema.accent_dark},
            {"name": ("organisation",)},
        ),
        "[target]",
        *writer.section(
            keys.TARGET_KEYS,
            {"label": schema.target_label, "unit": schema.target_unit},
            {"label": ("target_label",), "unit": ("target_unit",)},
        ),
        *writer.classes(),
        "[card]",
        *writer.section(keys.CARD_KEYS, stated, {key: ("card", key) for key in keys.CARD_KEYS}),
        "# The fields, in the order of the form. Their keys:",
        *(f"#   {key}: {about.purpose}" for key, about in keys.FIELD_KEYS.items()),
    ]  # fmt: skip
    for field in schema.fields:
        lines += writer.field(field)
    return "\n".join(lines) + "\n"


class _Writer:
    """Writes parts of the file, texts in every language that the schema has.

    A path leads to a text in what ``Schema.translations`` has of a language.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def section(
        self, known: keys.Keys, values: Mapping[str, Any], paths: Mapping[str, Any] | None = None
    ) -> Iterator[str]:
        """The keys of a table, each below what it is for."""
        for key, about in known.items():
            if about.type != "table":
                yield f"# {about.purpose[:1].upper()}{about.purpose[1:]}."
                yield self._line(key, values.get(key), *(paths or {}).get(key, (key,)))
        yield ""

    def classes(self) -> Iterator[str]:
        """The names of the target's classes."""
        if self._schema.classes:
            yield "[target.classes]"
            texts = map(str, self._schema.classes)
            yield from self._labels(texts, self._schema.class_labels, "class_labels")
            yield ""

    def field(self, field: Field) -> Iterator[str]:
        """A field's table and that of its levels."""
        yield f"\n[fields.{_key(field.name)}]"
        for key in keys.FIELD_KEYS:
            if key == "levels" or (field.is_text and key in (*_LIMITS, "only")):
                continue
            value = getattr(field, key)
            if key in (*_LIMITS, "default") and not field.is_text:
                value = field.json_value(value)
            yield self._line(key, value, "fields", field.name, key)
        levels = field.levels if field.closed else field.codes or tuple(field.level_labels)
        if levels:
            yield f"\n[fields.{_key(field.name)}.levels]"
            path = ("fields", field.name, "level_labels")
            yield from self._labels(levels, field.level_labels, *path)

    def _labels(
        self, names: Iterator[str] | tuple[str, ...], labels: Mapping[str, str], *path: str
    ) -> Iterator[str]:
        for name in names:
            written = self._text(labels.get(name, name), *path, name)
            yield f"{'' if name in labels else '# '}{_key(name)} = {written}"

    def _line(self, key: str, value: Any, *path: str) -> str:
        mark = "" if value and key not in NEVER_SAID else "# "
        if value is None or value == "":
            value = EXAMPLES.get(key, "")
        written = self._text(value, *path) if isinstance(value, str | list) else _toml(value)
        return f"{mark}{key} = {written}"

    def _text(self, english: Any, *path: str) -> str:
        """A text as it is, or a table of languages where it differs between them."""
        spoken = {tag: _at(words, path) for tag, words in self._schema.translations.items()}
        others = {tag: text for tag, text in spoken.items() if text is not None}
        if all(text == english for text in others.values()):
            return _toml(english)
        texts = {ENGLISH.primary: english} | others
        return "{ " + ", ".join(f"{tag} = {_toml(text)}" for tag, text in texts.items()) + " }"


def _at(words: Any, path: tuple[str, ...]) -> Any:
    """What stands at a path; None where there is nothing."""
    for key in path:
        words = words.get(key, {})
    return words if words or words == "" else None


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # JSON's texts, numbers, true and false are TOML's, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)
