"""``make messages``: find every message in the source, and bring each language up to date.

For a language it writes, in its folder here:

* ``LC_MESSAGES/tablecast.po``: every message, for a translator; what is translated stays;
* ``LC_MESSAGES/tablecast.mo``: the same, as gettext reads it;
* ``forms.json``: the signs and patterns of its numbers, currencies and dates, from CLDR.

A new language is an entry in ``tablecast.i18n.language.LANGUAGES``, then ``make messages``.
"""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tablecast.i18n.language import LANGUAGES, LOCALE, Language

PACKAGE = LOCALE.parents[1]

#: Where messages stand: a folder, its files, how they are read, and with which options.
SOURCES: tuple[tuple[Path, str, str, dict[str, str]], ...] = (
    (PACKAGE, "**.py", "python", {}),
    (PACKAGE.parent / "templates", "**.html", "jinja2.ext:babel_extract", {"trimmed": "true"}),
)

#: Calls whose first argument is a message: gettext's, and those of a remark about a value.
KEYWORDS = {**DEFAULT_KEYWORDS, "Remark": None, "_refuse": None}

#: Comments for the translator start so.
NOTE = "For translators:"

#: CLDR's English puts the month first, as nobody but Americans do.
DATES = {"en": "en_GB"}

#: Scripts that put no space between sentences.
UNSPACED = ("Hans", "Hant", "Jpan")

HEADER = """\
# What the pages of tablecast say. Translate each msgid into its msgstr; keep what stands in braces
# or in %%(…)s as it is. Then run make messages, which adds new messages and compiles them all.
msgid ""
msgstr ""
"Language: {folder}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural};\\n"

"""


def extract() -> Catalog:
    """Every message of the source and the templates, in the order of the files."""
    found = Catalog()
    for folder, files, method, options in SOURCES:
        every = extract_from_dir(
            folder, [(files, method)], {files: options}, keywords=KEYWORDS,
            comment_tags=[NOTE], strip_comment_tags=True,
        )
        for name, line, message, comments, context in every:
            place = f"{folder.name}/{name}"
            found.add(message, None, [(place, line)], auto_comments=comments, context=context)
    return found


def held(language: Language) -> Catalog:
    """A language's catalogue as it is; an empty one for a language that has none yet."""
    file = _file(language, "po")
    text = file.read_bytes() if file.exists() else b""
    return read_po(io.BytesIO(text), locale=language.folder)


def updated(language: Language) -> str:
    """A language's catalogue, with every message that the source has now and no other."""
    catalogue = held(language)
    catalogue.update(extract(), no_fuzzy_matching=True)
    text = io.BytesIO()
    # Without places, and in the order of the alphabet, a file that moves changes no catalogue.
    write_po(
        text, catalogue, width=98, omit_header=True, sort_output=True, ignore_obsolete=True,
        no_location=True,
    )
    plural = f"nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr}"
    header = HEADER.replace("%%", "%").format(folder=language.folder, plural=plural)
    return header + text.getvalue().decode()


def compiled(language: Language) -> bytes:
    """A language's catalogue as gettext reads it; a fuzzy translation is left out."""
    binary = io.BytesIO()
    catalogue = held(language)
    # Babel dates what has no date; so the same text would compile to another file every minute.
    catalogue.creation_date = catalogue.revision_date = datetime.fromtimestamp(0, UTC)
    write_mo(binary, catalogue)
    return binary.getvalue()


def forms(language: Language) -> dict[str, Any]:
    """How a language writes figures, as ``tablecast.i18n.formats.Forms`` has it."""
    locale = Locale.parse(language.folder)
    dates = Locale.parse(DATES.get(language.folder, language.folder))
    signs = locale.number_symbols["latn"]
    script = locale.script or Locale.parse(language.folder, resolve_likely_subtags=True).script
    assert locale.decimal_formats[None].grouping[0] == 3, "figures.py groups by thousands"
    return {
        "decimal": signs["decimal"],
        "group": signs["group"],
        "percent": locale.percent_formats[None].pattern.replace("#,##0", "{}"),
        "date": re.sub(r"'([^']*)'|([a-zA-Z]+)", _token, dates.date_formats["long"].pattern),
        "months": [locale.months["format"]["wide"][month] for month in range(1, 13)],
        "currencies": {
            code: sign
            for code, sign in sorted(locale.currency_symbols.items())
            if len(code) == 3 and sign not in (code, "¤")
        },
        "comma": locale.list_patterns["standard"]["middle"].format("", ""),
        "space": "" if script in UNSPACED else " ",
    }


def write(language: Language) -> None:
    """Bring one language's files up to date."""
    if not language.is_source:
        _file(language, "po").parent.mkdir(parents=True, exist_ok=True)
        _file(language, "po").write_text(updated(language), encoding="utf-8")
        _file(language, "mo").write_bytes(compiled(language))
    text = json.dumps(forms(language), ensure_ascii=False, indent=1)
    (LOCALE / language.folder / "forms.json").write_text(f"{text}\n", encoding="utf-8")


def left_out(language: Language) -> list[str]:
    """The messages that have no translation, or one that nobody has looked at."""
    return [
        str(message.id)
        for message in held(language)
        if message.id and (message.fuzzy or not all(_texts(message.string)))
    ]


def _texts(said: Any) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def _token(found: re.Match[str]) -> str:
    return found[1] if found[2] is None else f"{{{found[2]}}}"


def _file(language: Language, ending: str) -> Path:
    return LOCALE / language.folder / "LC_MESSAGES" / f"tablecast.{ending}"


if __name__ == "__main__":
    missing = []
    for one in LANGUAGES:
        write(one)
        missing += [] if one.is_source else [f"{one.name}: {text}" for text in left_out(one)]
    sys.exit("\n".join(["Not translated yet:", *missing]) if missing else 0)
