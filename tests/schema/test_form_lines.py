"""The line of a key in a form file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from deployments import ROOT

from tablecast.errors import FormFileError
from tablecast.schema.form_lines import FormText

EXAMPLES = sorted((ROOT / "examples").glob("*/form.toml"))


def paths(data: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of a table and of those within it."""
    for key, value in data.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, (*above, key))


@pytest.mark.thorough
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_every_key_of_the_examples_has_its_line(path: Path) -> None:
    """The line names the key, and no line above names it as part of the same path."""
    source = FormText(path, path.read_text(encoding="utf-8"))
    lines = source.text.split("\n")
    found = [key for key in paths(tomllib.loads(source.text)) if len(key) < 5][::40]
    assert found
    for key in found:
        assert key[-1] in lines[source.line_of(key) - 1], key
        assert source.says(*key)


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("a = 1", ("a",), 1),
        ("\n# a = 2\n\na = 1\n", ("a",), 4),
        ('b = """\na = 1\n"""\na = 1\n', ("a",), 4),
        ("b = [\n  1,\n  # a = 1\n]\na = [\n1,\n]\n", ("a",), 5),
        ("[x]\nb = 1\n[y]\nb = 1\n", ("y", "b"), 4),
        ('["x.y"]\nb = 1\n[x]\ny.b = 1\n', ("x", "y", "b"), 4),
        ('["x.y"]\nb = 1\n', ("x.y", "b"), 2),
        ("x = { b = 1, c = 2 }\n", ("x", "c"), 1),
        ("[x]\nb = 1\n\n[x.c]\nd = 1\n", ("x", "c", "none"), 4),
        ("a = 1\r\nb = 1\r\n", ("b",), 2),
    ],
)
def test_a_key_is_found_where_it_begins(text: str, key: tuple[str, ...], line: int) -> None:
    """Not in comments or texts; of a path that goes on, the part that there is."""
    assert FormText(Path("form.toml"), text).line_of(key) == line


def test_an_error_without_a_key_names_no_line() -> None:
    """What concerns the whole file stays as it is said."""
    source = FormText(Path("form.toml"), "a = 1")
    with pytest.raises(FormFileError, match=r"^All of it\.$"), source.naming_lines():
        raise FormFileError("All of it.")
    with pytest.raises(FormFileError, match=r"^Line 1 of 'form.toml': That\.$"):  # noqa: SIM117
        with source.naming_lines():
            raise FormFileError("That.", ("a",))
