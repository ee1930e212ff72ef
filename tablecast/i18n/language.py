"""The reader's language, and the translation of every sentence.

English is what the source says. Other languages are gettext catalogues in ``locale/``, which a
translator edits as text (``tablecast.po``) and ``make messages`` compiles (``tablecast.mo``). The
pages speak every language that has one there.

In Python, ``_("Higher than about {share} of all.").format(share=…)``; ``N_("…")`` marks a text that
is said later, and ``ngettext("{n} row", "{n} rows", n).format(n=n)`` counts. In templates,
``{% trans share=… %}Higher than about {{ share }} of all.{% endtrans %}`` and ``{{ _("Form") }}``,
where a per cent sign of an argument of ``_`` is doubled. There, a message is HTML: never pass a
text to ``_`` that somebody else has written.

The language of the moment is a context variable. Nothing is translated unless a surface has set
it, so programs, logs and the command line read English.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gettext import NullTranslations

#: Where the catalogues stand, as gettext wants them: ``<folder>/LC_MESSAGES/tablecast.mo``.
LOCALE = Path(__file__).parent / "locale"


@dataclass(frozen=True)
class Language:
    """One language that the pages speak.

    Attributes:
        folder: its folder, named as gettext names it: ``zh_Hans``.
        locale: where that stands.
    """

    folder: str
    locale: Path = field(default=LOCALE, compare=False)

    @cached_property
    def tag(self) -> str:
        """Its BCP 47 tag, as ``<html lang>`` says it: ``zh-Hans``."""
        return self.folder.replace("_", "-")

    @property
    def is_source(self) -> bool:
        """Whether the source's own sentences are in it."""
        return self.folder == "en"

    @property
    def name(self) -> str:
        """What its own readers call it."""
        return str(self.facts["name"])

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What CLDR says of it; see ``make messages``."""
        content = (self.locale / self.folder / "forms.json").read_bytes()
        facts: dict[str, Any] = json.loads(content)
        return facts

    @property
    def primary(self) -> str:
        """The tag's first part, by which a language is asked for: ``zh``."""
        return self.tag.partition("-")[0]

    @cached_property
    def _translations(self) -> NullTranslations | None:
        if self.is_source:
            return None
        # Imported where it is needed: who reads English, as programs do, never opens a catalogue.
        import gettext as catalogues

        return catalogues.translation("tablecast", self.locale, [self.folder])

    def gettext(self, message: str) -> str:
        """A message of the source in this language; as it is where the catalogue lacks it."""
        known = self._translations
        return message if known is None else known.gettext(message)

    def pgettext(self, context: str, message: str) -> str:
        """A message of the source that has another meaning in another context."""
        known = self._translations
        return message if known is None else known.pgettext(context, message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """The form of a message that suits a number of things."""
        known = self._translations
        if known is None:
            return singular if number == 1 else plural
        return known.ngettext(singular, plural, number)


ENGLISH = Language("en")


def languages_in(locale: Path) -> tuple[Language, ...]:
    """The source's language, and those whose catalogue is compiled in a folder of ``locale``."""
    catalogues = sorted(locale.glob("*/LC_MESSAGES/tablecast.mo"))
    return (ENGLISH, *(Language(path.parents[1].name, locale) for path in catalogues))


#: In the order in which the pages offer them; the first is for whoever asks for another.
LANGUAGES = languages_in(LOCALE)

_BY_PRIMARY = {language.primary: language for language in LANGUAGES}
_current: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def current_language() -> Language:
    """The language in which sentences are formed now."""
    return _current.get()


def set_language(language: Language) -> None:
    """Form all sentences of this thread, until it is set again, in a language."""
    _current.set(language)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Form the sentences of a block in a language."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def language_of(tag: str) -> Language | None:
    """The language that a tag asks for, whatever its region and script; None where it is not here.

    A reader of ``zh-TW`` gets simplified characters, which are nearer than English.
    """
    return _BY_PRIMARY.get(tag.strip().replace("_", "-").partition("-")[0].lower())


def choose(asked: str | None, accepted: Sequence[tuple[str, float]]) -> Language:
    """The language for a request.

    Args:
        asked: what the address says, ``?lang=``; it wins where it is known.
        accepted: the tags and weights of ``Accept-Language``, the most wanted first.
    """
    language_asked = language_of(asked) if asked else None
    if language_asked:
        return language_asked
    for tag, weight in accepted:
        language = language_of(tag) if weight > 0 else None
        if language:
            return language
    return LANGUAGES[0]


def gettext(message: str) -> str:
    """A message in the reader's language."""
    return _current.get().gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form of a message that suits a number of things, in the reader's language."""
    return _current.get().ngettext(singular, plural, number)


def pgettext(context: str, message: str) -> str:
    """A message in the reader's language, where English has one word for two things."""
    return _current.get().pgettext(context, message)


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools find it
    """Mark a message for the catalogue where it is written but not yet said."""
    return message


_ = gettext
