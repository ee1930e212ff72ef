"""Whose pages they are: name, logo, colour and contact from the form file."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deployments import ROOT, SHIPPED

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tablecast.errors import FormFileError
from tablecast.schema.accent import DARK, LIGHT, contrast, is_readable, readable
from tablecast.schema.form_file import read_form
from tablecast.schema.logo import MOST_BYTES
from tablecast.schema.relabel import relabelled
from tablecast.web.app import create_app
from tablecast.web.card_export import card_html
from tablecast.web.display.organisation import contact_of
from tests.markup import Page

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'
DOT = SVG.format('<circle cx="4" cy="4" r="3" fill="#0b645f"/>')
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0dIHDR" + b"\0\0\0\x09\0\0\0\x09" + b"\x08\x02\0\0\0"

LAKESIDE = """
[organisation]
name = { en = "Lakeside <Hospital>", zh = "湖畔医院" }
logo = "logo.svg"
accent = "#8a1c5a"
[card]
contact = "care@example.org"
"""


def written(folder: Path, text: str, logo: str | bytes = DOT) -> Path:
    """A form file with a logo beside it."""
    content = logo if isinstance(logo, bytes) else logo.encode()
    (folder / "logo.svg").write_bytes(content)
    (folder / "form.toml").write_text(text, encoding="utf-8")
    return folder / "form.toml"


def deployment_with(path: Path) -> Deployment:
    """The shipped deployment with a form file."""
    shipped, form = load(SHIPPED, "onnx"), read_form(path)
    card = {**shipped.description["card"], "stated": dict(form.card)}
    schema = relabelled(shipped.schema, form).to_json()
    return replace(shipped, description={**shipped.description, "schema": schema, "card": card})


def test_the_pages_are_the_organisations(tmp_path: Path) -> None:
    """Name and logo stand in the head of each page, the contact in its foot, in both languages."""
    client = create_app(deployment_with(written(tmp_path, LAKESIDE))).test_client()
    logo = base64.b64encode(DOT.encode()).decode()
    for address in ("/", "/model", "/batch", "/docs"):
        page = client.get(address, headers={"Accept": "text/html"}).text
        head = page.partition("</header>")[0]
        assert f'src="data:image/svg+xml;base64,{logo}" alt=""' in head
        assert "Lakeside &lt;Hospital&gt;" in head
        assert "tablecast</a>" not in head
        assert 'Contact: <a href="mailto:care@example.org">' in page.partition("<footer")[2]
    assert "湖畔医院" in client.get("/?lang=zh").text.partition("</header>")[0]


def test_the_colour_is_a_style_sheet_of_its_own(tmp_path: Path) -> None:
    """The page names it by its content; it has both colours, and is kept for good."""
    client = create_app(deployment_with(written(tmp_path, LAKESIDE))).test_client()
    (address,) = re.findall(r'href="(/accent\.css\?v=\w+)"', client.get("/").text)
    sheet = client.get(address)
    assert sheet.mimetype == "text/css"
    assert "immutable" in sheet.headers["Cache-Control"]
    assert "immutable" not in client.get("/accent.css?v=0").headers["Cache-Control"]
    assert "--accent: #8a1c5a;" in sheet.text
    assert f"--accent: {readable('#8a1c5a', DARK)};" in sheet.text


def test_without_an_organisation_the_pages_are_as_before() -> None:
    """The mark and the name are tablecast's, and there is no style sheet more."""
    page = create_app(load(SHIPPED, "onnx")).test_client().get("/").text
    assert "tablecast</a>" in page
    assert "accent.css" not in page
    assert "Contact:" not in page


def test_the_exported_card_is_the_organisations_too(tmp_path: Path) -> None:
    """One file, with the colour and the logo in it."""
    page = card_html(deployment_with(written(tmp_path, LAKESIDE)))
    assert "--accent: #8a1c5a;" in page
    assert "Lakeside &lt;Hospital&gt;" in page
    assert Page(page)


@pytest.mark.parametrize(
    ("colour", "ground", "ratio"),
    [
        ("#000", "#ffffff", 21), ("#fff", "#fff", 1), ("#777777", "#ffffff", 4.478),
        ("#ff0000", "#ffffff", 3.998), ("#00ff00", "#000000", 15.304), ("#00f", "#fff", 8.592),
        ("#0a0a0a", "#000000", 1.061), ("#0b0b0b", "#000000", 1.067),
    ],
)
def test_contrast_is_as_wcag_has_it(colour: str, ground: str, ratio: float) -> None:
    """Each part of a colour counts as the standard weighs it, whichever of both is on top."""
    assert contrast(colour, ground) == contrast(ground, colour) == pytest.approx(ratio, abs=6e-4)


def test_text_is_readable_from_a_contrast_of_4_5() -> None:
    """#767676 has 4.54 on white, and #777777 has 4.48; both stand on a tint of their own, too."""
    assert contrast("#767676", "#fff") > 4.5 > contrast("#777777", "#fff")
    assert not is_readable("#777777", ("#ffffff",))
    assert readable("#777777", ("#ffffff",)) == "#6b6b6b"
    assert readable("#000", ("#fff",)) == "#000000"


@pytest.mark.parametrize("colour", ["#0b645f", "#8a1c5a", "#000", "#06C"])
def test_a_colour_that_can_be_read_is_taken(tmp_path: Path, colour: str) -> None:
    """Its shade for dark pages can be read there."""
    said = read_form(written(tmp_path, f'[organisation]\naccent = "{colour}"')).texts
    assert said["accent"] == colour
    assert is_readable(said["accent_dark"], DARK)


@pytest.mark.parametrize(
    ("key", "colour", "grounds"),
    [("accent", "#ff8800", LIGHT), ("accent", "#fff", LIGHT), ("accent_dark", "#0b645f", DARK),
     ("accent", "#5ccabf", LIGHT), ("accent_dark", "#000000", DARK)],
)  # fmt: skip
def test_a_colour_that_is_hard_to_read_is_refused(
    tmp_path: Path, key: str, colour: str, grounds: tuple[str, ...]
) -> None:
    """The error names the line, and a shade that is then taken."""
    path = written(tmp_path, f'[organisation]\n{key} = "{colour}"\n')
    with pytest.raises(FormFileError, match=r"Line 2 of 'form.toml': .*hard to read") as refused:
        read_form(path)
    shade = str(refused.value).rpartition(" ")[2].rstrip(".")
    assert is_readable(shade, grounds)
    assert not is_readable(colour, grounds)
    path.write_text(f'[organisation]\n{key} = "{shade}"\n')
    assert read_form(path).texts[key] == shade


def test_nothing_but_a_colour_gets_into_the_style_sheet() -> None:
    """Whoever made the deployment."""
    shipped = load(SHIPPED, "onnx")
    schema = {**shipped.schema.to_json(), "accent": "red}</style>", "accent_dark": "#fff"}
    changed = replace(shipped, description={**shipped.description, "schema": schema})
    assert create_app(changed).test_client().get("/accent.css").text == ""
    assert "red}" not in card_html(changed)


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    """A colour is checked on the grounds that pages have."""
    style = (ROOT / "static" / "tablecast.css").read_text(encoding="utf-8")
    screen = style.partition("@media print")[0]
    for index in (0, 1):
        found = [re.findall(rf"--{name}: (#\w+);", screen) for name in ("ground", "raised")]
        assert tuple(colours[index] for colours in found) == (LIGHT, DARK)[index]


@pytest.mark.parametrize(
    ("text", "words"),
    [('accent = "teal"', "write a colour as"), ('logo = "none.svg"', "no file"),
     ("accent = 5", "wrong type"), ('colour = "#000"', "unknown key 'colour'"),
     ('accent = "red; } body { display: none"', "write a colour as")],
)  # fmt: skip
def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    """With its line."""
    with pytest.raises(FormFileError, match=rf"Line 2 of 'form.toml': .*{words}"):
        read_form(written(tmp_path, f"[organisation]\n{text}"))


@pytest.mark.parametrize(
    "logo",
    [
        SVG.format("<script>alert(1)</script>"),
        SVG.format('<g onclick="alert(1)"/>'),
        SVG.format('<use href="https://example.org/a.svg#b"/>'),
        SVG.format('<use xmlns:x="http://www.w3.org/1999/xlink" x:href="java\nscript:alert(1)"/>'),
        SVG.format('<path fill="url(https://example.org/a.svg#b)"/>'),
        SVG.format('<path style="fill: url( //example.org/a )"/>'),
        SVG.format("<style>@import url(a.css);</style>"),
        SVG.format('<image href="data:image/png;base64,AAAA"/>'),
        SVG.format("<foreignObject/>"),
        SVG.format('<set attributeName="href" to="javascript:alert(1)"/>'),
        SVG.format('<svg:script xmlns:svg="http://www.w3.org/2000/svg"/>'),
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + DOT,
        '<?xml-stylesheet href="https://example.org/a.css"?>' + DOT,
        DOT.encode("utf-16"), "<html></html>", "no picture", b"", b"GIF89a", PNG[:20],
        PNG[:16] + b"\0\0\xff\xff\0\0\0\x09", SVG.format("<g/>" * MOST_BYTES),
    ],
)  # fmt: skip
def test_a_logo_that_does_more_than_draw_is_refused(tmp_path: Path, logo: str | bytes) -> None:
    """Scripts, handlers, addresses, styles that load, other files, and what is too large."""
    path = written(tmp_path, '[organisation]\nname = "L"\nlogo = "logo.svg"', logo)
    with pytest.raises(FormFileError, match=r"Line 3 of 'form.toml': \[organisation\]: logo: "):
        read_form(path)


@pytest.mark.parametrize(
    ("logo", "kind"),
    [(DOT, "svg+xml"), (PNG, "png"), (SVG.format('<use href="#a"/><g id="a"/>'), "svg+xml"),
     (SVG.format('<path fill="url(#a)"/>'), "svg+xml")],
)  # fmt: skip
def test_a_drawing_is_taken(tmp_path: Path, logo: str | bytes, kind: str) -> None:
    """SVG and PNG, with what a drawing refers to in itself."""
    said = read_form(written(tmp_path, '[organisation]\nlogo = "logo.svg"', logo)).texts
    assert said["logo"].startswith(f"data:image/{kind};base64,")


@pytest.mark.parametrize(
    ("text", "words"),
    [('logo = "logo.svg"', "needs a name"), ('accent_dark = "#fff"', "needs accent too")],
)
def test_half_of_a_pair_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """A logo has a name for those who do not see it; a dark page's colour, a light one's."""
    with pytest.raises(FormFileError, match=rf"Line 2 of 'form.toml': .*{words}"):
        deployment_with(written(tmp_path, f"[organisation]\n{text}"))


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("care@example.org", '<a href="mailto:care@example.org">care@example.org</a>'),
        ("https://example.org/a?b=1&c", '<a href="https://example.org/a?b=1&amp;c">'
         "https://example.org/a?b=1&amp;c</a>"),
        ("Ann <ann@example.org>", "Ann &lt;ann@example.org&gt;"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (None, ""),
    ],
)  # fmt: skip
def test_a_contact_is_a_link_where_it_can_be_one(contact: Any, shown: str) -> None:
    """An address of mail or of the web; any other text is text."""
    assert str(contact_of({"contact": contact})) == shown
