"""The watch for Prometheus: gauges of what ``/api/v1/watch`` says."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from werkzeug.exceptions import ServiceUnavailable

from tablecast.errors import ArtifactError, LogError
from tablecast.log.prediction_log import PredictionLog
from tablecast.log.watch_report import RECENT, Drift, Report
from tablecast.web.watch.reading import DAY, is_logged, read_report, report
from tablecast.web.watch.report_json import PERCENTILES

#: What the names of all gauges begin with.
PREFIX = "tablecast_watch_"

#: Seconds for which a folder's gauges of one deployment are given again.
FRESHNESS = 30.0

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
    try:
        return _written(_Collector({(): _gauges_of(report())}))
    except ServiceUnavailable:
        return _written(_Collector({}))


class FolderGauges:
    """The gauges of a folder's deployments that were asked of late, each labelled with its name."""

    def __init__(self, log: PredictionLog, describe: Callable[[str], Mapping[str, Any] | None]):
        """Prepare to read.

        Args:
            log: where they are logged.
            describe: gives the description of a deployment by its name; None where there is none.
        """
        self._log, self._describe = log, describe
        self._read: dict[str, tuple[float, list[Gauge]]] = {}

    def __call__(self) -> bytes:
        """In Prometheus' format, as ``gauges``."""
        try:
            known = self._log.known(int(time.time() // DAY) - RECENT)
            found: dict[tuple[str, ...], list[Gauge]] = {(name,): self._of(name) for name in known}
        except LogError:
            return _written(_Collector({}))
        return _written(_Collector(found, ("deployment",)))

    def _of(self, name: str) -> list[Gauge]:
        """Read at most once in a while: each takes some hundredth of a second of the processor."""
        until, found = self._read.get(name, (-math.inf, []))
        if time.monotonic() >= until:
            try:
                description = self._describe(name)
            except (ArtifactError, OSError):  # the list of deployments says why
                description = None
            found = _gauges_of(read_report(self._log, name, description)) if description else []
            self._read[name] = time.monotonic() + FRESHNESS, found
        return found


class Gauge(NamedTuple):
    """A gauge of one deployment.

    Attributes:
        name: without what all begin with.
        help: what it is.
        labels: the names of its labels.
        values: the labels' values to its own.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]


def _written(collector: _Collector) -> bytes:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


class _Collector:
    def __init__(
        self, found: Mapping[tuple[str, ...], Sequence[Gauge]], labels: tuple[str, ...] = ()
    ) -> None:
        """Prepare: the values of labels that tell deployments apart, to their gauges."""
        self._found, self._labels = found, labels

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every gauge, with all deployments' values."""
        is_up = bool(self._found or self._labels)
        yield GaugeMetricFamily(f"{PREFIX}up", "1 where the log can be read, else 0", int(is_up))
        families: dict[str, GaugeMetricFamily] = {}
        for whose, found in self._found.items():
            for one in found:
                labels = [*self._labels, *one.labels]
                family = families.setdefault(
                    one.name, GaugeMetricFamily(PREFIX + one.name, one.help, labels=labels)
                )
                for values, value in one.values.items():
                    family.add_metric([*whose, *values], value)
        yield from families.values()


def _gauges_of(found: Report) -> list[Gauge]:
    return [*_totals(found), *_drifts(found), *_quality(found)]


def _totals(found: Report) -> Iterator[Gauge]:
    for name, (help_, value) in TOTALS.items():
        yield _one(name, help_, value(found))
    yield Gauge("refusals", "Refused values by reason and field", ("reason", "field"), {
        (kind, field): times for kind, field, times in found.reasons("refusals")
    })
    yield Gauge("milliseconds", "Time of a prediction", ("quantile",), {
        (str(share),): time for share in PERCENTILES.values()
        if (time := found.milliseconds(share)) is not None
    })


def _drifts(found: Report) -> Iterator[Gauge]:
    values: Mapping[str, tuple[str, Callable[[Drift], float]]] = {
        "drifted": ("1 where values differ from training's", lambda it: int(it.drifted)),
        "drift_p": ("Anytime-valid p-value, for all tests together", lambda it: it.p),
        "drift_distance": ("Share of values that would have to change", lambda it: it.distance),
    }
    for name, (help_, value) in values.items():
        yield Gauge(f"field_{name}", help_, ("field",), {
            (drift.field,): value(drift) for drift in found.drifts if _has(name, drift)
        })
        if found.answers and _has(name, found.answers):
            yield _one(f"prediction_{name}", help_, value(found.answers))


def _has(name: str, drift: Drift) -> bool:
    """A distance needs rows."""
    return bool(drift.rows) or name != "drift_distance"


def _quality(found: Report) -> Iterator[Gauge]:
    if found.coverage:
        covered = found.coverage
        yield _one("coverage", "Share of outcomes in the predicted range", covered.value)
        yield _one("coverage_promised", "The share that is meant to be", covered.promised)
    yield Gauge("error", "Errors, where outcomes are known", ("figure",), {
        (figure.name,): figure.value for figure in found.figures
    })
    yield Gauge("error_card", "The same on the model card", ("figure",), {
        (figure.name,): figure.card for figure in found.figures if figure.card is not None
    })


def _one(name: str, help_: str, value: float) -> Gauge:
    return Gauge(name, help_, (), {(): value})
