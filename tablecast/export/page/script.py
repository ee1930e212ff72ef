"""The page's JavaScript as classic scripts: modules of ``js/`` one after the other."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

#: In an order in which each comes after those that it imports.
MODULES = (
    "tensors", "elementwise", "sums", "shapes", "trees", "graph", "interval", "answers", "shapley",
    "difference", "whatif", "predictor",
)  # fmt: skip

#: What is valid, in the same way.
RULES = (
    "texts", "nearest", "numbers", "moments", "fields", "csv", "csv_text", "csv_layout",
    "csv_table", "rows", "rules",
)  # fmt: skip

#: What only schemas with dates need of it.
DATES = "moments"

#: The form, what is given in it, and the answer beside it.
PAGE = (
    "formats", "given", "answer_panel", "whatif_panel", "rows_panel", "compare_panel", "page",
)  # fmt: skip

FOLDER = Path(__file__).parent / "js"

_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./\w+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_EXPORTED = re.compile(r"^export (?:function|const|class) (\w+)", re.MULTILINE)
_MESSAGE = re.compile(r'\b[NP]_\("([^"]*)"\)')
_INDENT = re.compile(r"^ +", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)


@cache
def predictor_script() -> str:
    """A script that defines ``openPredictor``, ``openGraph`` and ``evaluate``, and nothing else."""
    return _script(MODULES, "openPredictor, openGraph, evaluate")


@cache
def rules_script(dates: bool = True) -> str:
    """A script that defines ``openRules`` and ``say``, and nothing else.

    Args:
        dates: whether it can read dates, which is a tenth of a small page.
    """
    if dates:
        return _script(RULES, "openRules, say")
    names = ", ".join(_EXPORTED.findall(_texts([DATES])[0]))
    return _script([name for name in RULES if name != DATES], "openRules, say", f"let {names};\n")


@cache
def page_script() -> str:
    """A script that defines ``startPage``, and nothing else."""
    return _script(PAGE, "startPage")


@cache
def opening_script() -> str:
    """A script that unfolds the others and what they need, and starts the page."""
    return _script(("parsed", "opening"), "")


@cache
def parsing_script() -> str:
    """A script that defines ``parsed``, which reads JSON as a page does."""
    return _script(("parsed",), "")


@cache
def messages() -> tuple[str, ...]:
    """The sentences that the JavaScript says, in English: a catalogue's other language has each."""
    found = (_MESSAGE.findall(text) for text in _texts((*RULES, *PAGE)))
    return tuple(dict.fromkeys(message for sentences in found for message in sentences))


def numbered(script: str) -> str:
    """A script with the number of each sentence, from 1, instead of its words."""
    numbers = {message: number for number, message in enumerate(messages(), start=1)}
    return _MESSAGE.sub(lambda mark: str(numbers[mark[1]]), script)


def bare(text: str) -> str:
    """A module without imports, exports, comments and indents."""
    return _INDENT.sub("", _EXPORT.sub("", _COMMENT.sub("", _IMPORT.sub("", text))))


def _script(modules: Sequence[str], names: str, before: str = "") -> str:
    body = before + "\n".join(map(bare, _texts(modules)))
    if not names:
        return body
    return f'const {{{names}}} = (() => {{\n"use strict";\n{body}\nreturn {{{names}}};\n}})();\n'


def _texts(modules: Sequence[str]) -> list[str]:
    return [(FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in modules]
