"""Reference pages from the code itself, as Markdown: they cannot say what the code does not."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import architecture

import tablecast
from tablecast.cli.main import command_parser
from tablecast.settings import SETTINGS

#: Columns of a terminal that the help of a command is written for.
COLUMNS = 88

#: What the functions of the front door give and take, in the order in which one meets them.
CLASSES = (
    "tablecast.deployment.deployment.Deployment",
    "tablecast.inference.predictor.Predictor",
    "tablecast.inference.predictor.Prediction",
    "tablecast.schema.schema.Schema",
    "tablecast.schema.field.Field",
    "tablecast.training.experiment.trained.Trained",
    "tablecast.training.comparison.compare.Comparison",
    "tablecast.training.comparison.compare.Choice",
)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(_in_cell(cell) for cell in line)} |" for line in lines)


def _in_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def settings() -> str:
    """Every environment variable with its default and its help."""
    return table(
        ("variable", "default", "what it is for"),
        (
            (f"`{one.variable}`", f"`{one.default}`" if str(one.default) else "", one.help)
            for one in SETTINGS.values()
        ),
    )


def commands() -> str:
    """The help of every command, as a terminal shows it."""
    os.environ["COLUMNS"] = str(COLUMNS)
    return "\n\n".join(
        f"## {name}\n\n```text\n{parser.format_help().rstrip()}\n```"
        for name, parser in subcommands(command_parser())
    )


def subcommands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The commands of a parser by name, each followed by its own commands, if it has any."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield name, command
                yield from ((f"{name} {inner}", below) for inner, below in subcommands(command))


def python_interface() -> str:
    """An instruction to mkdocstrings for each function of the front door, and for each class."""
    functions = [f"{tablecast._MODULES[name]}.{name}" for name in tablecast.__all__]
    parts = ["## Functions", *map(_documented, functions)]
    return "\n\n".join([*parts, "## Classes", *map(_documented, CLASSES)])


def _documented(name: str) -> str:
    return f"::: {name}"


def layers() -> str:
    """The folders of the package with the sentence that each opens with."""
    return table(
        ("folder", "what it does"),
        ((f"`{one}`", purpose) for line in architecture.layers() for one, purpose in line),
    )


def http_api() -> str:
    """The OpenAPI document of the shipped deployment, route by route."""
    document = openapi()
    parts = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(document, f"{method.upper()} {path}", operation))
    return "\n\n".join(parts)


def openapi() -> dict[str, Any]:
    """The document that ``/openapi.json`` answers for the shipped deployment."""
    from tablecast.deployment.opening import load
    from tablecast.web.app import create_app

    app = create_app(load(architecture.ROOT / "deployment_28042020", "onnx"))
    with app.test_request_context("/openapi.json"):  # dispatched by hand, so that none is logged
        return dict(app.make_response(app.dispatch_request()).get_json())


def _operation(document: Mapping[str, Any], title: str, operation: Mapping[str, Any]) -> str:
    parts = [f"## `{title}`", f"{operation['summary']}.", operation.get("description", "")]
    asked = [_resolved(document, one) for one in operation.get("parameters", ())]
    if asked:
        heads = ("parameter", "in", "what it does")
        rows = ((f"`{one['name']}`", one["in"], one.get("description", "")) for one in asked)
        parts.append(table(heads, rows))
    taken = _resolved(document, operation.get("requestBody", {})).get("content", {})
    if taken:
        parts.append(f"Body: {', '.join(f'`{kind}`' for kind in taken)}.")
    parts.append(table(("status", "answer", "type"), _answers(document, operation)))
    return "\n\n".join(part for part in parts if part)


def _answers(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterable[list[str]]:
    for status, answer in operation["responses"].items():
        answer = _resolved(document, answer)
        kinds = ", ".join(f"`{kind}`" for kind in answer.get("content", {}))
        yield [str(status), answer["description"], kinds]


def _resolved(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the document, or what its ``$ref`` names."""
    if "$ref" not in part:
        return part
    found: Any = document
    for key in part["$ref"].removeprefix("#/").split("/"):
        found = found[key.replace("~1", "/").replace("~0", "~")]
    return dict(found)
