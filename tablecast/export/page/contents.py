"""What a page knows of a deployment beside its JavaScript: the data for ``predictor.js``."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isinf
from typing import Any

import onnx

from tablecast.deployment.deployment import Deployment
from tablecast.errors import PageError
from tablecast.export.page.graph_json import graph_json
from tablecast.export.page.packing import packed
from tablecast.inference import difference, shapley
from tablecast.inference.interval import Interval
from tablecast.inference.shapley import Explainer
from tablecast.inference.whatif import MOST_LEVELS, POINTS
from tablecast.schema.field import DAY, Field, Value

#: Characters. A phone opens that much in a second or two; a larger graph stores training rows.
LARGEST = 20_000_000


def contents_of(loaded: Deployment, graph: bytes) -> dict[str, Any]:
    """A deployment as plain data, from which ``openPredictor`` makes what answers.

    Args:
        loaded: the deployment.
        graph: its graph, the bytes of NAME.onnx.

    Raises:
        PageError: the graph has something that no JavaScript is there for, or it is too large.
    """
    schema = loaded.schema
    interval = loaded.predictor.interval
    frequent = loaded.background.frequent if loaded.background else {}
    contents = {
        "task": schema.task,
        "unit": schema.target_unit,
        "classes": list(schema.classes),
        "fields": [_field(field, frequent.get(field.name, {})) for field in schema.fields],
        "interval": _ranges(interval) if interval else None,
        "background": _background(loaded.explainer),
        "differences": _differences(len(schema.fields)),
        "graph": graph_json(onnx.load_from_string(graph)),
    }
    _check_size(contents)
    return contents


def _check_size(contents: Mapping[str, Any]) -> None:
    size = len(json.dumps(contents, ensure_ascii=False, separators=(",", ":")))
    if size > LARGEST:
        raise PageError(
            f"A page of this deployment would have {size / 1e6:.0f} MB, more than the "
            f"{LARGEST / 1e6:.0f} MB that open on a phone. Train a smaller model, or serve the "
            "deployment instead."
        )


def _ranges(interval: Interval) -> dict[str, Any]:
    """JSON has no infinity: a limit that does not limit is null."""
    limits = {
        name: None if isinf(limit) else limit for name, limit in asdict(interval.limits).items()
    }
    return asdict(interval) | {"limits": limits}


def _field(field: Field, frequency: Mapping[Value, float]) -> dict[str, Any]:
    grid = field.grid(POINTS, MOST_LEVELS, frequency)
    about: dict[str, Any] = {"name": field.name, "text": field.is_text, "grid": grid}
    if field.is_text:
        # Of equally rare ones the last: the field's own grid would leave that one out.
        rarest = min(reversed(grid), key=lambda level: frequency.get(level, 0.0), default=None)
        about |= {"levels": list(field.levels), "most": MOST_LEVELS, "rarest": rarest}
    truths = {level: field.json_value(level) for level in field.levels}
    if set(map(type, truths.values())) == {bool}:
        about["truths"] = truths
    if field.graph_input == "moment":
        usual = (field.minimum, field.maximum, field.default)
        about["moment"] = True
        about["days"] = all(float(x) % DAY == 0 for x in usual if x is not None)
    return about


def _differences(fields: int) -> dict[str, Any]:
    """How two cases are compared: more fields than ``most`` join in drawn orders."""
    most = shapley.MOST_EXACT
    return {"most": most, "orders": packed(difference.orders_of(fields) if fields > most else [])}


def _background(explainer: Explainer | None) -> dict[str, Any] | None:
    if explainer is None:
        return None
    draws = {
        name: {"text": column.tolist()} if column.dtype == object else {"numbers": packed(column)}
        for name, column in explainer.draws.items()
    }
    if explainer.exact:
        return {"draws": draws}
    return {
        "draws": draws,
        "orders": packed(explainer.orders),
        "strata": packed(explainer.strata),
    }
