"""No pattern that a request can reach takes longer than its text is long."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import hostile_text
import pytest
import served
from deployments import ROOT
from werkzeug.sansio.multipart import MultipartDecoder
from werkzeug.urls import uri_to_iri

#: Characters of the longest text. Time that grows with the square is seconds here, and what is
#: linear takes less than a thousandth of that.
LONGEST = 20_000

#: Seconds for it.
MOST = 0.1

#: Modules of the web process: all of the pages and batches, and what they load until they answer.
LOADED = """
import app, importlib, json, pkgutil, sys
import gunicorn.app.wsgiapp, tablecast.batch, tablecast.inference, tablecast.web
for package in (tablecast.batch, tablecast.inference, tablecast.web):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
client = app.app.test_client()
for path in ("/", "/model", "/docs", "/openapi.json", "/batch", "/api/v1/model", "/metrics"):
    assert client.get(path).status_code == 200, path
print(json.dumps(sorted(sys.modules)))
"""

#: Whose patterns are timed, and what of the standard library they read requests with.
PACKAGES = ("tablecast", "gunicorn", "werkzeug", "flask")
STANDARD = (
    "email._parseaddr", "email.utils", "http.cookies", "json.decoder", "json.scanner", "mimetypes",
    "urllib.parse",
)

#: Patterns that no request reaches, or only in part, by module and name: each with its reason.
UNREACHED = {
    **{
        ("urllib.parse", f"_split{part}"): "for urllib.request, which asks and never answers"
        for part in ("type", "host", "port", "nport", "query", "value")
    },
    ("tablecast.schema.number_formats", "__init__"): "a sign before patterns that are timed",
    ("werkzeug.routing.rules", "_converter_args_re"): "reads the routes that the views name",
    ("werkzeug.routing.matcher", "match"): "made of the routes that the views name; timed below",
    ("werkzeug.routing.matcher", "_match"): "made of the routes that the views name; timed below",
    ("werkzeug.sansio.multipart", "__init__"): "made of a boundary; timed below",
    ("werkzeug.urls", "_make_unquote_part"): "made of a few characters; timed below",
    ("werkzeug.datastructures.accept", "_mime_split_re"): "is given a short Accept; timed below",
}

METHODS = {"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}

Found = tuple[str, str, "re.Pattern[Any]", frozenset[str]]


def modules() -> list[str]:
    """The modules of the web process whose patterns are timed."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TABLECAST_ACCESS_LOG": "off"},
    )
    [names] = [line for line in done.stdout.splitlines() if line.startswith("[")]
    loaded = json.loads(names)
    return [
        name for name in loaded if name.partition(".")[0] in PACKAGES or name in STANDARD
    ]


def patterns_of(name: str) -> Iterator[Found]:
    """A module's patterns: what its names hold, and what its functions compile where they use it.

    Those that a function makes of other texts have no value here: they come with an empty pattern
    and no method, for somebody to judge.
    """
    module = importlib.import_module(name)
    source = getattr(module, "__file__", None)
    if not source or not source.endswith(".py"):
        return
    tree = ast.parse(Path(source).read_text(encoding="utf-8"))
    used = _methods_of_names(tree)
    for held, value in list(vars(module).items()):
        for pattern in _patterns_in(value):
            yield name, held, pattern, used.get(held, frozenset({"fullmatch", "match", "search"}))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _compiled_in(module, function)


def _methods_of_names(tree: ast.AST) -> dict[str, frozenset[str]]:
    used: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            for inner in ast.walk(node.value):
                if isinstance(inner, ast.Name):
                    used.setdefault(inner.id, set()).add(node.attr)
    return {name: frozenset(methods) for name, methods in used.items()}


def _patterns_in(value: Any) -> list[re.Pattern[Any]]:
    """The patterns of a module's name: itself, in what it holds, or a class's own."""
    found, seen, open_ = [], set(), [value]
    while open_:
        value = open_.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, re.Pattern):
            found.append(value)
        elif isinstance(value, dict):
            open_ += value.values()
        elif isinstance(value, list | tuple | set | frozenset):
            open_ += value
        elif isinstance(value, type):
            open_ += [inner for inner in vars(value).values() if isinstance(inner, re.Pattern)]
    return found


def _compiled_in(module: ModuleType, function: ast.AST) -> Iterator[Found]:
    name = module.__name__
    for node in ast.walk(function):
        called = node.func if isinstance(node, ast.Call) else None
        if not isinstance(called, ast.Attribute) or not isinstance(called.value, ast.Name):
            continue
        if called.value.id == "re" and called.attr in (METHODS | {"compile"}):
            assert isinstance(node, ast.Call)
            place = getattr(function, "name", "lambda")
            first = node.args[0]
            if isinstance(first, ast.Constant):
                methods = {called.attr} if called.attr in METHODS else {"search", "fullmatch"}
                yield name, place, re.compile(first.value), frozenset(methods)
            elif not isinstance(first, ast.Name) or not hasattr(module, first.id):
                yield name, place, re.compile(""), frozenset()


def seconds_of(pattern: re.Pattern[Any], method: str, length: int) -> tuple[float, str]:
    """The longest time that a method of a pattern takes for a text of a length, and the text."""
    worst = (0.0, "")
    for text in hostile_text.texts(pattern.pattern, pattern.flags, length):
        in_bytes = isinstance(pattern.pattern, bytes)
        content: Any = text.encode("latin-1", "replace") if in_bytes else text
        arguments = (b"" if in_bytes else "", content)
        began = time.thread_time()
        if method in ("sub", "subn"):
            getattr(pattern, method)(*arguments)
        else:
            found = getattr(pattern, method)(content)
            if method == "finditer":  # none is kept: the collector's time is not the pattern's
                deque(found, maxlen=0)
        took = time.thread_time() - began
        worst = max(worst, (took, text))
        if took > MOST:
            break
    return worst


@pytest.fixture(scope="module")
def every_pattern() -> list[Found]:
    """Found by a process that has served; once, and only where a test asks."""
    with patch.dict(os.environ):  # gunicorn's configuration names a folder of counts there
        return [
            found for name in modules() for found in patterns_of(name) if found[:2] not in UNREACHED
        ]


@pytest.mark.slow
def test_patterns_are_found(every_pattern: list[Found]) -> None:
    """Those of the worker, of a form's numbers, and of Werkzeug are among them."""
    found = {(name, place) for name, place, *_ in every_pattern}
    assert ("tablecast.web.server.plain_request", "HEADER") in found
    assert {name.partition(".")[0] for name, _ in found} >= set(PACKAGES) - {"flask"}


@pytest.mark.slow
def test_a_pattern_takes_time_by_the_length_of_its_text(every_pattern: list[Found]) -> None:
    """Text made to be searched again and again takes no more than a moment."""
    unknown = [found[:2] for found in every_pattern if not found[3]]
    assert unknown == [], "made of other texts: say in UNREACHED why no request reaches it"
    slow = []
    for name, place, pattern, methods in every_pattern:
        for method in sorted(methods):
            for length in (20, 200, 2000, LONGEST):
                took, text = seconds_of(pattern, method, length)
                if took >= MOST:
                    slow.append((name, place, method, pattern.pattern, text[:40], length))
                    break
    assert slow == []


def test_a_boundary_takes_time_by_the_length_of_the_body() -> None:
    """A body that nearly holds its boundary, over and over, takes no more than a moment."""
    for boundary in (b"x", b"-", b"--", b" x", b"\t"):
        decoder = MultipartDecoder(boundary)
        for unit in (b" ", b"-", b"\r\n", b"\r\n--" + boundary, b"--" + boundary + b" \t"):
            for ending in (b"", b"!", b"\r\n"):
                body = b"\r\n--" + boundary + unit * (LONGEST // len(unit)) + ending
                for pattern in (decoder.preamble_re, decoder.boundary_re):
                    began = time.thread_time()
                    pattern.search(body)
                    assert time.thread_time() - began < MOST, (boundary, unit, ending)


def test_a_path_takes_time_by_its_length() -> None:
    """No address, whatever it escapes, takes more than a moment to find its route."""
    app = served.regression_app()
    for unit in ("/", "a", "%2F", "%", "static/", "..", ".", "%25"):
        path = "/static/" + unit * (8000 // len(unit))
        began = time.thread_time()
        with app.test_request_context(path) as context:
            assert context.request.url
        uri_to_iri("http://x" + path)
        assert time.thread_time() - began < MOST, unit


@pytest.mark.parametrize("header", ["Accept", "Accept-Language", "Content-Type", "Cookie"])
def test_a_header_takes_time_by_its_length(header: str) -> None:
    """No header, as long as servers take them, takes more than a moment to be understood."""
    client = served.regression_app().test_client()
    units = [" ", "\t", ";", ",", "a;", "a,", "/", "\t;", "a/b;", "q=", '"', "\\", "-", "a=1;"]
    for first, second in product(("a", "a/b;", "a/b; c="), units):
        value = first + second * (8000 // len(second))
        began = time.thread_time()
        client.post("/none", headers={header: value})
        client.post("/predict", headers={header: value})
        assert time.thread_time() - began < 2 * MOST, value[:40]
