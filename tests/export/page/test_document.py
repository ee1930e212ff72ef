"""The file that predicts without a server: what is in it, and when none is written."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto

from tablecast.compiler.graph import Builder
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.graph_file import read_graph
from tablecast.errors import PageError
from tablecast.export.page import html_file
from tablecast.export.page.check import check_page
from tablecast.export.page.contents import contents_of
from tablecast.export.page.smaller import folded, small_html, small_styles, unfolded
from tablecast.i18n.language import LANGUAGES, speaking
from tablecast.inference.onnx_engine import GraphEngine
from tablecast.schema.schema import Schema
from tests.deployments import SHIPPED, shipped_deployment

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


@cache
def shipped_contents() -> dict[str, Any]:
    graph, _ = read_graph(SHIPPED)
    return contents_of(shipped_deployment("onnx"), graph)


def html_of(loaded: Deployment, **options: bool) -> str:
    return html_file.page_html(loaded, shipped_contents(), "0" * 64, **options)


def parts_of(html: str) -> dict[str, Any]:
    """What is folded in a page: its script, its contents and the form in each language."""
    parts: dict[str, Any] = json.loads(
        re.search(r'id="folded">(.*?)</script>', unfolded(html), re.DOTALL)[1]  # type: ignore[index]
    )
    return parts


def _hash(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_policy_forbids_every_connection_and_names_the_only_script() -> None:
    """Nothing may be loaded, and only the file's own script and styles are run and applied."""
    html = html_of(shipped_deployment("onnx"))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert (len(scripts), len(styles)) == (1, 1)
    allowed = [f"'sha256-{_hash(text)}'" for text in (scripts[0], parts_of(html)["script"])]
    assert f"script-src {' '.join(allowed)}" in policy[1]
    allowed = [f"'sha256-{_hash(text)}'" for text in (styles[0], parts_of(html)["styles"])]
    assert f"style-src {' '.join(allowed)}" in policy[1]


def test_nothing_in_the_file_is_fetched() -> None:
    """The file names no other: no address but that of its own parts and its icon."""
    html = html_of(shipped_deployment("onnx"))
    addresses = re.findall(r'(?:src|href|action)="?([^"\s>]*)', html)
    assert addresses
    assert [one for one in addresses if not one.startswith(("#", "data:"))] == []


def hostile_deployment() -> Deployment:
    """The shipped one, with markup in all that a form file says."""
    loaded = shipped_deployment("onnx")
    schema = loaded.schema
    fields = tuple(
        replace(
            field, label=HOSTILE, hint=HOSTILE, level_labels=dict.fromkeys(field.levels, HOSTILE)
        )
        for field in schema.fields
    )
    hostile = replace(
        schema, fields=fields, title=HOSTILE, target_label=HOSTILE, target_unit=HOSTILE
    )
    return Deployment({**loaded.description, "schema": hostile.to_json()}, loaded.engine)


def oddly_named_deployment() -> tuple[Deployment, bytes]:
    """One whose fields and levels are named as what every object of JavaScript has; its graph."""
    numbers = ["__proto__", "constructor", "it's \\"]
    builder = Builder()
    joined = builder.op(
        "Concat", *(builder.input(name, text=False) for name in numbers), axis=1
    )
    made = builder.op("MatMul", joined, builder.constant(np.array([[1.0], [10.0], [100.0]])))
    builder.input("toString", text=True)
    graph = builder.finish([(made, "prediction_label", TensorProto.DOUBLE, ["rows", 1])])
    table = pd.DataFrame({name: [1.5, 2.5, 4.5] for name in numbers})
    table["toString"] = ["valueOf", "__proto__", "x"]
    schema = Schema.from_table(table.assign(y=[1.5, 2.5, 3.5]), "y", "regression")
    description = shipped_deployment("onnx").description
    kept = {name: description[name] for name in ("version", "created", "card")}
    content = graph.SerializeToString()
    described = {**kept, "name": "odd", "schema": schema.to_json()}
    return Deployment(described, GraphEngine(content)), content


def test_markup_in_titles_labels_and_levels_stays_text() -> None:
    """What the form file and the table say is shown, and never becomes a part of the page."""
    html = html_of(hostile_deployment())
    assert HOSTILE not in html
    assert "<script>alert" not in html
    assert "<img" not in html
    assert len(re.findall(r"<script\b", html)) == 2


@pytest.mark.thorough
def test_the_card_can_be_left_out() -> None:
    """Without its model card a page is smaller; the shipped one is below 150 KB with it."""
    loaded = shipped_deployment("onnx")
    whole, without = html_of(loaded), html_of(loaded, card=False)
    assert " id=summary " in whole
    assert " id=summary " not in without
    assert len(without.encode()) < len(whole.encode()) < 150_000


@pytest.mark.thorough
def test_a_reader_without_scripts_is_told_so_in_each_language() -> None:
    """The page opens in the language of the moment, and holds the form in each language."""
    for language in LANGUAGES:
        with speaking(language):
            html = html_of(shipped_deployment("onnx"))
        assert f'<html lang="{language.tag}">' in html
        assert html.count("<noscript>") == 1
        shells = parts_of(html)["shells"]
        assert set(shells) == {x.tag for x in LANGUAGES}


def test_a_page_that_differs_from_the_server_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No proof, no page: an older file of that name stays as it was."""

    def fail(*_: object) -> None:
        raise PageError("The page and the server give different predictions.")

    monkeypatch.setattr(html_file, "prove_page", fail)
    path = tmp_path / "page.html"
    path.write_text("older")
    with pytest.raises(PageError, match="different predictions"):
        html_file.write_page(SHIPPED, path)
    assert [one.name for one in tmp_path.iterdir()] == ["page.html"]
    assert path.read_text() == "older"


def test_an_interrupted_command_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+C during the proof, or while the file is written, leaves nothing, and no half of one."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "page.html"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(html_file, "prove_page", interrupted)
        html_file.write_page(SHIPPED, path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(html_file, "prove_page", lambda *_: None)
        patch.setattr(Path, "write_bytes", interrupted)
        html_file.write_page(SHIPPED, path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_page_is_checked_against_its_deployment(tmp_path: Path) -> None:
    """A page verifies as it was written; one that was changed, or is of another graph, does not."""
    path = tmp_path / "page.html"
    with speaking(LANGUAGES[1]):
        html_file.write_page(SHIPPED, path, card=False)
    assert check_page(path, SHIPPED, rows=50, seed=1).rows == 50
    text = path.read_text(encoding="utf-8")
    script = re.search(r'id="folded">(.*?)</script>', text)
    assert script is not None
    changed = folded(json.dumps(parts_of(text)).replace("rangeOf", "rangeOff", 1))
    for wrong in (changed, "H4sI", "H4sIAAAA", folded("{}"), "&"):
        path.write_text(text.replace(script[1], wrong), encoding="utf-8")
        with pytest.raises(PageError, match="was changed"):
            check_page(path, SHIPPED, rows=50, seed=1)
    _, graph_hash = text.split('hash">')[:2]
    path.write_text(text.replace(graph_hash[:64], "0" * 64), encoding="utf-8")
    with pytest.raises(PageError, match="was not made from"):
        check_page(path, SHIPPED, rows=50, seed=1)
    path.write_text("<p>Hello", encoding="utf-8")
    with pytest.raises(PageError, match="is not a page"):
        check_page(path, SHIPPED, rows=50, seed=1)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    """A page that would not open in a browser is not made."""
    with pytest.raises(PageError, match=r"Rename 'page\.txt' to end in \.html"):
        html_file.write_page(SHIPPED, tmp_path / "page.txt")


def test_styles_of_nothing_in_the_page_are_left_out() -> None:
    """Rules for other pages' classes go; of a list of selectors their part."""
    styles = """
    /* a comment { } */
    .used, .unused:hover { color: red; font: 1rem/1.5 serif }
    .unused, .gone { color: blue }
    @media (max-width: 30rem) {
      .used:not(.gone, .used) , p:has(.used, b) { margin: 0 -.5rem } .gone { top: 0 } }
    """
    assert small_styles(styles, '<p class="used">gone') == (
        ".used{color:red;font:1rem/1.5 serif}.gone{color:blue}"
        "@media (max-width:30rem){"
        ".used:not(.gone,.used),p:has(.used,b){margin:0 -.5rem}.gone{top:0}}"
    )


def test_elements_keep_their_meaning_with_fewer_signs() -> None:
    """Implied end tags, needless quotation marks and the space at a line's start go."""
    html = "<ul>\n   <li>a </li>\n  <li><b>b</b></li>\n</ul><pre>x</pre>"
    assert small_html(html) == "<ul>\n<li>a \n<li><b>b</b>\n</ul><pre>x</pre>"
    tags = '<a class="b" href="#c" title="d e">x="y" z</a><rect x="1" y="2"/><i lang="">'
    assert (
        small_html(tags) == '<a class=b href=#c title="d e">x="y" z</a><rect x=1 y="2"/><i lang="">'
    )


def test_what_is_folded_is_unfolded() -> None:
    """A page's folded part is text again, whatever library compressed it."""
    assert unfolded(f'<script id="folded">{folded("é</x>")}</script>') == (
        '<script id="folded">é</x></script>'
    )
