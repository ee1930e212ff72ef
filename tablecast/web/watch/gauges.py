"""The watch for Prometheus: gauges of what ``/api/v1/watch`` says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from werkzeug.exceptions import ServiceUnavailable

from tablecast.log.watch_report import Drift, Report
from tablecast.web.watch.reading import is_logged, report
from tablecast.web.watch.report_json import PERCENTILES

#: Name to what a gauge of a report says, and its value.
TOTALS: Mapping[str, tuple[str, Callable[[Report], float]]] = {
    "predictions": ("Predictions in the log", lambda it: it.sums.get("rows", 0)),
    "refused": ("Refused requests in the log", lambda it: it.sums.get("refused", 0)),
    "warned": ("Predictions with a warning", lambda it: it.sums.get("warned", 0)),
    "outcomes": ("Outcomes that are known", lambda it: it.sums.get("outcomes", {}).get("rows", 0)),
    "alarm": ("1 where something has changed, else 0", lambda it: int(not it.is_quiet)),
}


def gauges() -> bytes:
    """In Prometheus' format; empty without a log. ``tablecast_watch_up`` is 0 where it is away."""
    if not is_logged():
        return b""
    registry = CollectorRegistry()
    try:
        registry.register(_Collector(report()))
    except ServiceUnavailable:
        registry.register(_Collector(None))
    return generate_latest(registry)


class _Collector:
    def __init__(self, found: Report | None) -> None:
        self._found = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every gauge."""
        up = int(self._found is not None)
        yield _gauge("up", "1 where the log can be read, else 0", up)
        if self._found is None:
            return
        for name, (help_, value) in TOTALS.items():
            yield _gauge(name, help_, value(self._found))
        yield _labelled("refusals", "Refused values by reason and field", ["reason", "field"], {
            (kind, field): times for kind, field, times in self._found.reasons("refusals")
        })
        yield _labelled("milliseconds", "Time of a prediction", ["quantile"], {
            (str(share),): time for share in PERCENTILES.values()
            if (time := self._found.milliseconds(share)) is not None
        })
        yield from _drifts(self._found)
        yield from _quality(self._found)


def _drifts(found: Report) -> Iterator[GaugeMetricFamily]:
    values: Mapping[str, tuple[str, Callable[[Drift], float]]] = {
        "drifted": ("1 where values differ from training's", lambda it: int(it.drifted)),
        "drift_p": ("Anytime-valid p-value, for all tests together", lambda it: it.p),
        "drift_distance": ("Share of values that would have to change", lambda it: it.distance),
    }
    for name, (help_, value) in values.items():
        known = {(drift.field,): value(drift) for drift in found.drifts if _has(name, drift)}
        yield _labelled(f"field_{name}", help_, ["field"], known)
        if found.answers and _has(name, found.answers):
            yield _gauge(f"prediction_{name}", help_, value(found.answers))


def _has(name: str, drift: Drift) -> bool:
    """A distance needs rows."""
    return bool(drift.rows) or name != "drift_distance"


def _quality(found: Report) -> Iterator[GaugeMetricFamily]:
    if found.coverage:
        covered = found.coverage
        yield _gauge("coverage", "Share of outcomes in the predicted range", covered.value)
        yield _gauge("coverage_promised", "The share that is meant to be", covered.promised)
    yield _labelled("error", "Errors, where outcomes are known", ["figure"], {
        (figure.name,): figure.value for figure in found.figures
    })
    yield _labelled("error_card", "The same on the model card", ["figure"], {
        (figure.name,): figure.card for figure in found.figures if figure.card is not None
    })


def _gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"tablecast_watch_{name}", help_, value)


def _labelled(
    name: str, help_: str, labels: list[str], values: Mapping[Any, float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"tablecast_watch_{name}", help_, labels=labels)
    for label, value in values.items():
        family.add_metric(label, value)
    return family
