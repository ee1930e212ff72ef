"""The page's JavaScript as classic scripts: modules of ``js/`` one after the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

#: In an order in which each comes after those that it imports.
MODULES = (
    "tensors", "elementwise", "sums", "shapes", "trees", "graph", "interval", "answers", "shapley",
    "whatif", "predictor",
)  # fmt: skip

#: What is valid, in the same way.
RULES = ("texts", "nearest", "numbers", "moments", "fields", "csv", "rows", "rules")

#: The form, what is given in it, and the answer beside it.
PAGE = ("formats", "given", "answer_panel", "rows_panel", "page")

FOLDER = Path(__file__).parent / "js"

_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./\w+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_MESSAGE = re.compile(r'\b[NP]_\("([^"]*)"')
_INDENT = re.compile(r"^ +", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)


@cache
def predictor_script() -> str:
    """A script that defines ``openPredictor``, ``openGraph`` and ``evaluate``, and nothing else."""
    return _script(MODULES, "openPredictor, openGraph, evaluate")


@cache
def rules_script() -> str:
    """A script that defines ``openRules`` and ``say``, and nothing else."""
    return _script(RULES, "openRules, say")


@cache
def page_script() -> str:
    """A script that defines ``startPage``, and nothing else."""
    return _script(PAGE, "startPage")


@cache
def opening_script() -> str:
    """A script that unfolds the others and what they need, and starts the page."""
    return _script(("opening",), "")


@cache
def messages() -> tuple[str, ...]:
    """The sentences that the JavaScript says, in English: a catalogue's other language has each."""
    found = (_MESSAGE.findall(text) for text in _texts((*RULES, *PAGE)))
    return tuple(dict.fromkeys(message for sentences in found for message in sentences))


def _script(modules: Sequence[str], names: str) -> str:
    plain = (_COMMENT.sub("", _IMPORT.sub("", text)) for text in _texts(modules))
    body = "\n".join(_INDENT.sub("", _EXPORT.sub("", text)) for text in plain)
    if not names:
        return body
    return f'const {{{names}}} = (() => {{\n"use strict";\n{body}\nreturn {{{names}}};\n}})();\n'


def _texts(modules: Sequence[str]) -> list[str]:
    return [(FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in modules]
