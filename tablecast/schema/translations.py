"""A form file's texts in several languages.

Wherever the file holds a text for people, it may hold a table of languages instead::

    label = { en = "Age", zh = "年龄" }

    [fields.smoker.levels]
    yes = { en = "Yes", zh = "是" }

A language that lacks a text shows the English one, or else the first in the file.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tablecast.errors import FormFileError
from tablecast.i18n.language import ENGLISH, LANGUAGES, language_of

#: Where texts stand. A star is any key: a field, a level or a class.
TEXT_PATHS = (
    "title", "description", "organisation.name",
    "target.label", "target.unit", "target.classes.*",
    "fields.*.label", "fields.*.hint", "fields.*.unit", "fields.*.group", "fields.*.levels.*",
    "card.intended", "card.unsuited", "card.source", "card.license", "card.contact",
)

Texts = Mapping[str, Any]
#: The keys that lead to a text.
KeyPath = tuple[str, ...]


def languages_in(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The languages, as ``Language.primary`` names them, that any text of a form file has.

    Raises:
        FormFileError: a text is in a language that the pages do not speak.
    """
    primaries: set[str] = set()

    def look(texts: Texts, path: KeyPath) -> Any:
        primaries.update(_by_language(texts, path))
        return ""

    _replaced(data, look)
    return tuple(language.primary for language in LANGUAGES if language.primary in primaries)


def in_language(data: Mapping[str, Any], primary: str) -> dict[str, Any]:
    """The file's data with each text in one language."""

    def choose(texts: Texts, path: KeyPath) -> Any:
        known = _by_language(texts, path)
        return known.get(primary) or known.get(ENGLISH.primary) or next(iter(known.values()))

    return _replaced(data, choose)


def _by_language(texts: Texts, path: KeyPath) -> dict[str, Any]:
    name = ".".join(path)
    known: dict[str, Any] = {}
    for tag, text in texts.items():
        language = language_of(tag)
        if language is None:
            spoken = ", ".join(language.primary for language in LANGUAGES)
            raise FormFileError(
                f"{name} has a text in {tag!r}; the pages' languages are {spoken}.", (*path, tag)
            )
        known[language.primary] = text
    if not known:
        words = f"{name} has no text; write it in quotes, or leave it out."
        raise FormFileError(words, path)
    return known


def _replaced(data: Mapping[str, Any], choose: Callable[[Texts, KeyPath], Any]) -> dict[str, Any]:
    """The data, where what stands at a place of texts and is a table of languages is replaced."""
    replaced = dict(data)
    for pattern in TEXT_PATHS:
        replaced = _at(replaced, pattern.split("."), (), choose)
    return replaced


def _at(
    table: dict[str, Any], path: list[str], prefix: KeyPath, choose: Callable[[Texts, KeyPath], Any]
) -> dict[str, Any]:
    first, *rest = path
    keys: Iterable[str] = table if first == "*" else (first,)
    changed = dict(table)
    for key in keys:
        value, here = table.get(key), (*prefix, key)
        if isinstance(value, dict):
            changed[key] = _at(value, rest, here, choose) if rest else choose(value, here)
    return changed
