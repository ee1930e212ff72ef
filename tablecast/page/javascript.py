"""V8, from a wheel: runs the page's own JavaScript where the page is made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tablecast.errors import PageError
from tablecast.page.contents import as_json
from tablecast.page.script import predictor_script
from tablecast.schema.field import Value

#: How JavaScript writes the numbers that JSON has no word for.
_WRITE = """
const written = (value) => JSON.stringify(value, (_key, x) =>
  typeof x === "number" && !Number.isFinite(x) ? {number: String(x)}
    : x instanceof Float64Array ? Array.from(x) : x);
const read = (text) => JSON.parse(text, (_key, x) => x === null ? NaN : x);
"""


class JavaScript:
    """A page's predictor in V8."""

    def __init__(self, contents: Mapping[str, Any]) -> None:
        self._engine = _engine()
        self._engine.eval(predictor_script() + _WRITE)
        self._engine.eval(f"const predictor = openPredictor({as_json(contents)}); 0")

    def predict_all(self, rows: Sequence[Mapping[str, Value]]) -> list[dict[str, Any]]:
        """Each row's prediction, interval and probabilities; numbers may be NaN."""
        answers: list[dict[str, Any]] = self._ask(f"predictor.predictAll(read({_text(rows)}))")
        return answers

    def predict(self, row: Mapping[str, Value], **options: bool) -> dict[str, Any]:
        """One row's answer, with ``explain`` and ``whatif`` where they are asked for."""
        answer: dict[str, Any] = self._ask(
            f"predictor.predict(read({_text(row)}), {json.dumps(options)})"
        )
        return answer

    def _ask(self, expression: str) -> Any:
        return json.loads(self._engine.eval(f"written({expression})"), object_hook=_number)


def _engine() -> Any:
    try:
        from py_mini_racer import MiniRacer
    except ImportError:
        raise PageError(
            "A page is proven in V8, which is not installed: pip install mini-racer, or install "
            "tablecast[train]."
        ) from None
    return MiniRacer()


def _text(value: Any) -> str:
    """JSON as a JavaScript string; NaN is null."""
    return json.dumps(json.dumps(_without_nan(value)))


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nan(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_nan(part) for part in value]
    return None if value != value else value


def _number(found: dict[str, Any]) -> Any:
    if found.keys() == {"number"} and found["number"] in ("NaN", "Infinity", "-Infinity"):
        return float(np.float64(found["number"].replace("Infinity", "inf")))
    return found
