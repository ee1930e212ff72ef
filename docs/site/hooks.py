"""What mkdocs calls while it builds: the parts of pages that are made from the code.

A page says where with a comment such as ``<!-- made: settings -->``, so that it also reads well
where nobody builds it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parents[1]))

import reference  # noqa: E402 - beside this file, which mkdocs loads by its path

PLACE = re.compile(r"<!-- made: ([a-z-]+) -->")

MAKERS: dict[str, Callable[[], str]] = {
    "settings": reference.settings,
    "commands": reference.commands,
    "http-api": reference.http_api,
    "python": reference.python_interface,
    "layers": reference.layers,
}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put what is made from the code where the page asks for it.

    Raises:
        KeyError: the page asks for something that nothing makes.
    """
    # A link that leaves docs/ leads to a file that the site does not have: its words stay.
    depth = page.file.src_uri.count("/") + 1
    outside = re.compile(rf"(?<!!)\[([^\]]+)\]\((?:\.\./){{{depth}}}[^)]*\)")
    return PLACE.sub(lambda place: MAKERS[place[1]](), outside.sub(r"\1", markdown))
