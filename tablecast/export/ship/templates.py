"""The texts of a folder, filled in from the files of ``files/``."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

#: Where the texts stand, each as it looks in the folder but for what ``<< >>`` fills in and what
#: ``<% %>`` leaves out. Braces are GitHub's and the shell's own.
FILES = Path(__file__).parent / "files"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FILES), undefined=StrictUndefined, keep_trailing_newline=True,
        trim_blocks=True, lstrip_blocks=True, autoescape=False,
        variable_start_string="<<", variable_end_string=">>",
        block_start_string="<%", block_end_string="%>",
        comment_start_string="<#", comment_end_string="#>",
    )  # fmt: skip
    environment.filters |= {"quoted": quoted, "docker": docker_quoted, "markdown": markdown}
    environment.filters["python"] = repr
    return environment


def filled(name: str, **values: Any) -> bytes:
    """A text of ``files/`` with values."""
    return _environment().get_template(f"{name}.jinja").render(values).encode()


def quoted(text: str) -> str:
    """A text between quotation marks as JSON, YAML and TOML all read it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def docker_quoted(text: str) -> str:
    """The same for a Dockerfile, which would fill in what begins with a dollar sign."""
    return '"' + re.sub(r'(["\\$])', r"\\\1", text) + '"'


def markdown(text: str) -> str:
    """A text without meaning of its own in Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", text)
