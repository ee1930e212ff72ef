"""Code samples for a row: JSON, curl, and Python's requests."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from tablecast.schema.schema import Row, Schema

Question = Mapping[str, Any]


def question_of(schema: Schema, row: Row) -> dict[str, Any]:
    """A valid row as the API takes it; missing values are null."""
    return {
        field.name: field.json_value(value)
        for field, value in zip(schema.fields, row.values, strict=True)
    }


def curl_of(address: str, row: Question) -> str:
    """A command for a POSIX shell that posts a row."""
    body = shlex.quote(json.dumps(row, indent=2, ensure_ascii=False))
    return f"curl {shlex.quote(address)} \\\n  -H 'Content-Type: application/json' \\\n  -d {body}"


def python_of(address: str, row: Question) -> str:
    """A program for Python with requests, which posts a row and prints the full answer."""
    lines = "".join(f"    {name!r}: {value!r},\n" for name, value in row.items())
    return (
        f"import requests\n\nurl = {address!r}\nrow = {{\n{lines}}}\n"
        "answer = requests.post(url, json=row, timeout=10)\n"
        "answer.raise_for_status()\nprint(answer.json())"
    )
