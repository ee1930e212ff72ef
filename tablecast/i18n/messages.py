"""``make messages``: find every message in the source, and bring each language up to date.

For a language it writes, in its folder of ``locale/``:

* ``LC_MESSAGES/tablecast.po``: every message, for a translator; what is translated stays;
* ``LC_MESSAGES/tablecast.mo``: the same, as gettext reads it;
* ``forms.json``: the signs and patterns of its numbers, currencies and dates, from CLDR.

The first two are what pybabel makes of them; ``[tool.babel]`` in pyproject.toml says where messages
stand. A new language is an empty folder in ``locale/``, such as ``de``, then ``make messages``.
"""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from babel import Locale
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tablecast.i18n.language import LOCALE, Language

ROOT = LOCALE.parents[2]
DOMAIN = "tablecast"

#: Calls whose first argument is a message, beside gettext's; the second one of ``counted`` too.
KEYWORDS = "Remark refuse counted:1,2"

#: What a new language's catalogue opens with.
HEADER = """\
# What the pages of tablecast say. Translate each msgid into its msgstr; keep what stands in
# braces or in %(…)s as it is. Then run make messages, which adds new messages and compiles them."""

#: CLDR's English puts the month first, as nobody but Americans do.
DATES = {"en": "en_GB"}

#: Scripts that put no space between sentences.
UNSPACED = ("Hans", "Hant", "Jpan")


def write(locale: Path = LOCALE) -> None:
    """Bring the files of every language up to date that has a folder in ``locale``."""
    with TemporaryDirectory() as folder:
        template = f"{folder}/{DOMAIN}.pot"
        # Without places, and in the order of the alphabet, a file that moves changes no catalogue.
        _pybabel(
            "extract", f"--mapping-file={ROOT / 'pyproject.toml'}", f"--keywords={KEYWORDS}",
            "--no-location", "--sort-output", f"--output-file={template}",
            f"--header-comment={HEADER}", f"--project={DOMAIN}", "--version=pages",
            str(ROOT / "tablecast"), str(ROOT / "templates"),
        )  # fmt: skip
        folders = sorted(path.name for path in locale.iterdir() if path.is_dir())
        for language in (Language(folder, locale) for folder in folders):
            if not language.is_source:
                _pybabel(
                    "update", f"--domain={DOMAIN}", f"--input-file={template}",
                    f"--output-dir={locale}", f"--locale={language.folder}", "--width=98",
                    "--init-missing", "--no-fuzzy-matching", "--ignore-obsolete",
                    "--ignore-pot-creation-date",
                )  # fmt: skip
                _compile(locale / language.folder / "LC_MESSAGES" / DOMAIN)
            text = json.dumps(forms(language), ensure_ascii=False, indent=1)
            (locale / language.folder / "forms.json").write_text(f"{text}\n", encoding="utf-8")


def _pybabel(*arguments: str) -> None:
    CommandLineInterface().run(["pybabel", "--quiet", *arguments])  # type: ignore[no-untyped-call]


def _compile(base: Path) -> None:
    """Compile ``base.po`` to ``base.mo``. pybabel would take "{share}% of" for a C format."""
    with base.with_suffix(".po").open("rb") as text, base.with_suffix(".mo").open("wb") as binary:
        write_mo(binary, read_po(text))


def forms(language: Language) -> dict[str, Any]:
    """How a language writes figures, as ``tablecast.i18n.formats.Forms`` has it."""
    locale = Locale.parse(language.folder)
    dates = Locale.parse(DATES.get(language.folder, language.folder))
    signs = locale.number_symbols["latn"]
    money = locale.currency_formats["standard"].pattern
    script = locale.script or Locale.parse(language.folder, resolve_likely_subtags=True).script
    assert locale.decimal_formats[None].grouping[0] == 3, "formats.py groups by thousands"
    name = str(locale.languages.get(language.folder) or locale.get_display_name())
    return {
        "name": name[:1].upper() + name[1:],  # it stands alone, as a link
        "decimal": signs["decimal"],
        "group": signs["group"],
        "percent": locale.percent_formats[None].pattern.replace("#,##0", "{}"),
        "currency": re.sub("[#0,.]+", "{number}", money).replace("¤", "{sign}"),
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


def _token(match: re.Match[str]) -> str:
    return match[1] if match[2] is None else f"{{{match[2]}}}"


if __name__ == "__main__":
    write()
