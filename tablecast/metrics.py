"""Liveness, readiness and Prometheus metrics."""

from __future__ import annotations

import os
from functools import cache

from flask import Blueprint, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

blueprint = Blueprint("metrics", __name__)

#: Seconds; from a row through a graph (under 1 ms) to a large list through PyCaret.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_requests = Counter("tablecast_requests", "Requests answered", ["route", "status"])
_seconds = Histogram("tablecast_request_seconds", "Time to answer", ["route"], buckets=BUCKETS)
_rows = Counter("tablecast_rows", "Rows predicted", ["route"])


class RouteMetrics:
    """The series of one route, looked up once: looking up costs as much as counting."""

    def __init__(self, route: str) -> None:
        self._route = route
        self._statuses: dict[int, Counter] = {}
        self._seconds = _seconds.labels(route)
        self._rows = _rows.labels(route)

    def observe(self, status: int, seconds: float) -> None:
        """Count one request."""
        if status not in self._statuses:
            self._statuses[status] = _requests.labels(self._route, str(status))
        self._statuses[status].inc()
        self._seconds.observe(seconds)

    def count_rows(self, rows: int) -> None:
        """Count rows that were predicted."""
        self._rows.inc(rows)


@cache
def of_route(route: str) -> RouteMetrics:
    """The metrics of a route, named by its pattern so that the number of series stays small."""
    return RouteMetrics(route)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """A deployment is loaded: the application is not made without one."""
    return Response("ready\n", mimetype="text/plain")


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counts of every worker process where the server shares a folder for them, else of this."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
