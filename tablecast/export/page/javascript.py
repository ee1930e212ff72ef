"""V8, from a wheel: runs the page's own JavaScript where the page is made."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tablecast.errors import PageError
from tablecast.export.page.script import parsing_script, predictor_script, rules_script
from tablecast.schema.field import Value

#: How JavaScript writes the numbers that JSON has no word for.
_WRITE = """
const written = (value) => JSON.stringify(value, (_key, x) =>
  typeof x === "number" && !Number.isFinite(x) ? {number: String(x)}
    : x instanceof Float64Array ? Array.from(x) : x);
const read = (text) => JSON.parse(text, (_key, x) => x === null ? NaN : x);
"""


class JavaScript:
    """V8 with the script of a page."""

    def __init__(self) -> None:
        self._engine = _engine()
        self._engine.eval(predictor_script() + rules_script() + parsing_script() + _WRITE)

    def define(self, name: str, expression: str) -> None:
        """Give what an expression makes a name."""
        self._engine.eval(f"globalThis.{name} = {expression}; 0")

    def open(self, name: str, opening: str, data: Mapping[str, Any]) -> None:
        """Give what a function makes of plain data a name, as a page does.

        Args:
            name: of what is made.
            opening: the function, such as ``openPredictor``.
            data: what it is given.
        """
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        self.define(name, f"{opening}(parsed({json.dumps(text)}))")

    def ask(self, expression: str, **values: Any) -> Any:
        """What an expression makes, as plain data.

        Args:
            expression: JavaScript that uses the values by their names.
            values: plain data; NaN stands for a missing number, there and back.
        """
        for name, value in values.items():
            self.define(name, f"read({json.dumps(json.dumps(_without_nan(value)))})")
        return json.loads(self._engine.eval(f"written({expression})"), object_hook=_number)


class PagePredictor:
    """A page's predictor in V8."""

    def __init__(self, contents: Mapping[str, Any]) -> None:
        self._script = JavaScript()
        self._script.open("predictor", "openPredictor", contents)

    def predict_all(self, rows: Sequence[Mapping[str, Value]]) -> list[dict[str, Any]]:
        """Each row's prediction, interval and probabilities; numbers may be NaN."""
        answers: list[dict[str, Any]] = self._script.ask("predictor.predictAll(rows)", rows=rows)
        return answers

    def predict(self, row: Mapping[str, Value], **options: bool) -> dict[str, Any]:
        """One row's answer, with ``explain`` and ``whatif`` where they are asked for."""
        answer: dict[str, Any] = self._script.ask(
            "predictor.predict(row, options)", row=row, options=options
        )
        return answer


def _engine() -> Any:
    try:
        from py_mini_racer import MiniRacer
    except ImportError:
        raise PageError(
            "A page is proven in V8, which is not installed: pip install mini-racer, or install "
            "tablecast[train]."
        ) from None
    return MiniRacer()


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nan(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if value != value else value


def _number(found: dict[str, Any]) -> Any:
    if found.keys() == {"number"} and found["number"] in ("NaN", "Infinity", "-Infinity"):
        return float(np.float64(found["number"].replace("Infinity", "inf")))
    return found
