"""The site of docs/: built without a warning, loading nothing from elsewhere, up to date."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from deployments import ROOT

import tablecast
from tablecast.cli.main import command_parser
from tablecast.errors import SettingError
from tablecast.schema import form_keys
from tablecast.settings import SETTINGS, Setting, named, read_settings
from tests.documentation import Page

sys.path.insert(0, str(ROOT / "docs" / "site"))
import architecture
import reference

#: What a browser fetches by itself: scripts, styles, icons, pictures, fonts.
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*?\b(?:src|srcset)=["']?([^"'\s>]+)"""
    r"""|<link\b[^>]*?\bhref=["']?([^"'\s>]+)|url\(["']?([^"')]+)|@import\s+["']([^"']+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a dead link or a page without a place in the menu is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_site_loads_nothing_from_another_host(site: Path) -> None:
    """No page and no style of the site names a script, style, picture or font of another host."""
    loaded = {
        address
        for file in site.rglob("*")
        if file.suffix in (".html", ".css")
        for found in LOADED.findall(file.read_text(encoding="utf-8"))
        for address in found
        if address
    }
    assert any(address.endswith(".css") for address in loaded)
    assert [one for one in loaded if re.match(r"(https?:)?//", one)] == []


@pytest.mark.slow
def test_the_pages_show_what_the_code_has(site: Path) -> None:
    """Settings, commands, routes and functions are on their pages."""
    pages = {file.stem: file.read_text(encoding="utf-8") for file in (site / "reference").iterdir()}
    for setting in SETTINGS.values():
        assert setting.variable in pages["settings"]
    for command, _ in reference.subcommands(command_parser()):
        assert f'id="{command.replace(" ", "-")}"' in pages["command-line"]
    for path in reference.openapi()["paths"]:
        assert path in pages["http-api"]
    for name in tablecast.__all__:
        assert f".{name}" in pages["python"]
    assert "<!-- made" not in "".join(pages.values())


def test_every_setting_has_a_row() -> None:
    """Name, default and help of each setting, as the code has them."""
    rows = reference.settings().splitlines()[2:]
    for row, setting in zip(rows, SETTINGS.values(), strict=True):
        assert f"`{setting.variable}`" in row
        assert setting.help in row
        assert str(setting.default) in row


def test_a_new_setting_is_read_refused_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry is enough: the recipe of docs/contributing.md."""
    new = Setting("teal", "Colour of the buttons.", ("teal", "plum"))
    monkeypatch.setitem(SETTINGS, "colour", named({"colour": new})["colour"])
    assert read_settings({})["colour"] == "teal"
    assert read_settings({"TABLECAST_COLOUR": "plum"})["colour"] == "plum"
    with pytest.raises(SettingError, match=r"TABLECAST_COLOUR.*teal, plum"):
        read_settings({"TABLECAST_COLOUR": "red"})
    assert "| `TABLECAST_COLOUR` | `teal` | Colour of the buttons. |" in reference.settings()


KEYS = {
    "At the top": form_keys.TOP_KEYS,
    "`[organisation]`": form_keys.ORGANISATION_KEYS,
    "`[target]`": form_keys.TARGET_KEYS,
    "`[fields.NAME]`": form_keys.FIELD_KEYS,
    "`[card]`": form_keys.CARD_KEYS,
    "`[table]`": form_keys.TABLE_KEYS,
}


@pytest.mark.parametrize("heading", KEYS)
def test_the_form_keyss_page_has_every_key(heading: str) -> None:
    """The tables of the page are the keys that the reader knows, with their types and purposes."""
    text = Page("docs/reference/form-file.md").text
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    lines = [f"| `{name}` | {key.type} | {key.purpose} |" for name, key in KEYS[heading].items()]
    assert re.findall(r"^\| `.*$", section, re.M) == lines


def test_the_picture_of_the_layers_is_that_of_the_contract() -> None:
    """docs/architecture.svg is what docs/site/architecture.py draws; `make docs` draws it."""
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.drawn()


def test_the_picture_names_every_folder() -> None:
    """A folder or module of the package is a box of the picture."""
    package = ROOT / "tablecast"
    there = {
        path.stem
        for path in package.iterdir()
        if (path / "__init__.py").exists() or path.suffix == ".py"
    }
    shown = {name for line in architecture.layers() for name, _ in line}
    assert there - {"__init__", "__main__"} == shown
