"""The picture of the floor plan, drawn from the import contract in pyproject.toml.

    python docs/site/architecture.py    writes docs/architecture.svg

The contract is what the tests hold the code to, so that the picture shows what is so.
"""

from __future__ import annotations

import ast
import textwrap
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "architecture.svg"

#: Pixels.
WIDTH, ROW, GAP, MARGIN = 880, 58, 14, 16
#: How wide a letter of a sentence is at most, on average.
LETTER = 6.4

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1d2b2a }
.name { font-weight: 600; font-size: 15px }
rect { fill: #e6f2f0; stroke: #2f7f76 }
path { stroke: #6b7f7d; fill: none; marker-end: url(#down) }
marker path { fill: #6b7f7d; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e4efed } rect { fill: #17302d; stroke: #58b5a9 }
}
"""


def layers() -> list[list[tuple[str, str]]]:
    """The layers from the top down: each folder or module, and the sentence that it opens with."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (found,) = (
        one for one in contract["tool"]["importlinter"]["contracts"] if one["id"] == "layers"
    )
    lines = [[name.strip() for name in line.split("|")] for line in found["layers"]]
    # Others there are addresses of modules that stand in a folder of batch.
    ignored = found["exhaustive_ignores"]
    lines.append([name for name in ignored if (ROOT / "tablecast" / name).is_dir()])
    return [[(name, purpose(name)) for name in line] for line in lines if line != ["__main__"]]


def purpose(name: str) -> str:
    """The first sentence of a folder's or a module's docstring."""
    folder = ROOT / "tablecast" / name / "__init__.py"
    file = folder if folder.exists() else folder.parent.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def drawn() -> str:
    """The picture as SVG."""
    parts = []
    lines = layers()
    for number, line in enumerate(lines):
        y = MARGIN + number * (ROW + GAP)
        width = (WIDTH - 2 * MARGIN - GAP * (len(line) - 1)) / len(line)
        for column, (name, sentence) in enumerate(line):
            parts.append(_box(MARGIN + column * (width + GAP), y, width, name, sentence))
        if number + 2 < len(lines):  # the last line stands apart: see the page
            parts.append(f'<path d="M{WIDTH / 2:g} {y + ROW} v{GAP - 4}"/>')
    height = 2 * MARGIN + len(lines) * (ROW + GAP) - GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="The layers of tablecast: each imports only what stands below it">'
        f"<style>{STYLE}</style>"
        '<marker id="down" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z"/></marker>'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _box(x: float, y: float, width: float, name: str, sentence: str) -> str:
    lines = _wrapped(sentence, int((width - 24) / LETTER))
    words = "".join(
        f'<text x="{x + 12:g}" y="{y + 37 + 15 * number}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<rect x="{x:g}" y="{y}" width="{width:g}" height="{ROW}" rx="6"/>'
        f'<text class="name" x="{x + 12:g}" y="{y + 20}">{escape(name)}</text>{words}'
    )


def _wrapped(sentence: str, letters: int) -> list[str]:
    """At most two lines; what does not fit is left to the page's table."""
    return textwrap.wrap(sentence, letters, max_lines=2, placeholder=" …")


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
