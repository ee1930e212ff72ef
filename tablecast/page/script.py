"""The page's JavaScript as one classic script: the modules of ``js/`` one after the other."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

#: In an order in which each comes after those that it imports.
MODULES = (
    "tensors", "elementwise", "sums", "shapes", "trees", "graph", "interval", "answers", "shapley",
    "whatif", "predictor",
)  # fmt: skip

FOLDER = Path(__file__).parent / "js"

_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./\w+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)


@cache
def predictor_script() -> str:
    """A script that defines ``openPredictor``, ``openGraph`` and ``evaluate``, and nothing else."""
    modules = [(FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in MODULES]
    body = "\n".join(_EXPORT.sub("", _COMMENT.sub("", _IMPORT.sub("", text))) for text in modules)
    names = "openPredictor, openGraph, evaluate"
    return f'const {{{names}}} = (() => {{\n"use strict";\n{body}\nreturn {{{names}}};\n}})();\n'
