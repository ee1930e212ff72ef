"""The operations of an OpenAPI document as ``/docs`` shows them."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tablecast.web.display.code_samples import curl_of, python_of

#: Characters of an answer that the page shows: the card of a wide table has a hundred thousand,
#: and whoever wants them all is told where they are.
MOST_SHOWN = 8_000


@dataclass(frozen=True)
class Example:
    """One example as text, and what it shows."""

    summary: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """One documented answer: its status, what it means, and examples of its body."""

    status: str
    meaning: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Operation:
    """One operation of the document.

    Attributes:
        id, method, path, summary, description: as the document says.
        bodies: the example bodies; empty where nothing is sent.
        outcomes: the documented answers, that of success first.
        curl, python: how to call it, with the first example body.
    """

    id: str
    method: str
    path: str
    summary: str
    description: str
    bodies: tuple[Example, ...]
    outcomes: tuple[Outcome, ...]
    curl: str
    python: str


def operations_of(document: dict[str, Any], address: str) -> list[Operation]:
    """The document's operations in its order, called at the server's ``address``."""
    return [
        _operation(document, method.upper(), path, described, address + path)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


def _operation(
    document: dict[str, Any], method: str, path: str, described: dict[str, Any], url: str
) -> Operation:
    sent = _first_kind(described.get("requestBody", {}).get("content", {}))
    values = [value for _, value in _values(sent)]
    return Operation(
        id=described["operationId"],
        method=method,
        path=path,
        summary=described["summary"],
        description=described["description"],
        bodies=tuple(_shown(sent)),
        outcomes=tuple(
            _outcome(status, _resolved(document, response))
            for status, response in described["responses"].items()
        ),
        curl=curl_of(url, values[0]) if values else _curl_of_files(sent, url),
        python=python_of(url, values[0]) if values else _python_reading(url),
    )


def _outcome(status: str, response: dict[str, Any]) -> Outcome:
    shown = (
        Example(example.summary, _beginning(example.text))
        for example in _shown(_first_kind(response["content"]))
    )
    return Outcome(status, response["description"], tuple(shown))


def _beginning(text: str) -> str:
    """A text up to the last line that the page has room for, and "…" for the rest."""
    if len(text) <= MOST_SHOWN:
        return text
    beginning = text[:MOST_SHOWN]
    return (beginning.rpartition("\n")[0] or beginning) + "\n…"


def _resolved(document: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in response:
        return response
    name = response["$ref"].rpartition("/")[2]
    resolved: dict[str, Any] = document["components"]["responses"][name]
    return resolved


def _first_kind(content: dict[str, Any]) -> dict[str, Any]:
    """The media type that the page shows: what else may be sent and asked for, a text says."""
    return dict(list(content.items())[:1])


def _values(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The summary and value of every example in a body's or an answer's content."""
    for described in content.values():
        if "example" in described:
            yield "", described["example"]
        for example in described.get("examples", {}).values():
            yield example["summary"], example["value"]


def _shown(content: dict[str, Any]) -> Iterator[Example]:
    for summary, value in _values(content):
        plain = isinstance(value, str) and any(kind.startswith("text/") for kind in content)
        yield Example(summary, value if plain else json.dumps(value, indent=2, ensure_ascii=False))




def _curl_of_files(sent: dict[str, Any], url: str) -> str:
    """A command that sends a file, or that only reads."""
    send = "-F file=@in.csv -o out.csv " if "multipart/form-data" in sent else ""
    return f"curl {send}{shlex.quote(url)}"


def _python_reading(url: str) -> str:
    return f"import requests\n\nurl = {url!r}\nprint(requests.get(url, timeout=10).text)"
