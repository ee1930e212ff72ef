"""Liveness, readiness and Prometheus metrics.

To count one request in the files that worker processes share takes as long as to answer it. So a
request is only noted, and what was noted is counted together, at most ``DELAY`` later.
"""

import atexit
import os
from bisect import bisect_left
from collections import Counter as Tally
from collections import deque
from functools import cache
from threading import Lock, Timer

from flask import Blueprint, Response, current_app, g

from tablecast.web.http import shared_counts

shared_counts.take_room_or_count_alone()

from prometheus_client import (  # noqa: E402 - it looks for the folder when it is imported
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

blueprint = Blueprint("metrics", __name__)

#: Where an application keeps what writes more metrics, in Prometheus' format.
MORE = "more_metrics"

#: Seconds; from a row through a graph (under 1 ms) to a large list through PyCaret.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

#: Seconds until a worker's counts are in /metrics, whichever worker is asked.
DELAY = 0.2

#: Requests that are counted together at most: counting 6,000, as many as a worker may answer in the
#: delay, would let one in a hundred requests wait for it.
MOST_NOTED = 250

_requests = Counter("tablecast_requests", "Requests answered", ["route", "status"])
_seconds = Histogram("tablecast_request_seconds", "Time to answer", ["route"], buckets=BUCKETS)
_rows = Counter("tablecast_rows", "Rows predicted", ["route"])


_dropped = Counter(
    "tablecast_log_dropped", "Answers and refusals that the relaxed log had no room for"
)


def count_dropped(rows: int) -> None:
    """Count rows that the prediction log did not keep."""
    if not _without_room:
        _dropped.inc(rows)


class RouteMetrics:
    """The series of one route."""

    def __init__(self, route: str) -> None:
        self._route = route
        self._noted: deque[tuple[int, float, int]] = deque()
        self._seconds = _seconds.labels(route)
        self._rows = _rows.labels(route)

    def observe(self, status: int, seconds: float, rows: int = 0) -> None:
        """Note one request, and how many rows it predicted."""
        if _without_room:
            return
        self._noted.append((status, seconds, rows))
        if len(self._noted) >= MOST_NOTED:
            _pending.count_one(self)
        elif not _pending.due:
            _pending.schedule()

    def count_rows(self, rows: int) -> None:
        """Count rows that the request at hand predicted."""
        g.rows = rows
        if not _without_room:
            self._rows.inc(rows)

    def count(self) -> None:
        """Count what was noted.

        A histogram takes one observation at a time; its buckets and its sum, which
        ``tests/web/test_metrics.py`` names, take many.
        """
        noted = [self._noted.popleft() for _ in range(len(self._noted))]
        if not noted:
            return
        statuses, seconds, rows = zip(*noted, strict=True)
        for status, times in Tally(statuses).items():
            _requests.labels(self._route, str(status)).inc(times)
        slow = [taken for taken in seconds if taken > BUCKETS[0]]
        self._seconds._buckets[0].inc(len(seconds) - len(slow))
        for index, times in Tally(bisect_left(BUCKETS, taken) for taken in slow).items():
            self._seconds._buckets[index].inc(times)
        self._seconds._sum.inc(sum(seconds))
        self._rows.inc(sum(rows))

    def forget(self) -> None:
        """Count nothing of what was noted."""
        self._noted.clear()


class _Pending:
    """Whether somebody is about to count what was noted."""

    def __init__(self) -> None:
        self.due = False
        self._counting = Lock()

    def schedule(self) -> None:
        """Count soon, in a thread of its own, so that the request at hand goes on."""
        self.due = True
        timer = Timer(DELAY, self.count)
        timer.daemon = True
        timer.start()

    def count(self) -> None:
        """Count all that was noted in this process."""
        self.due = False
        with self._counting:
            for route in list(_routes):
                route.count()

    def count_one(self, route: RouteMetrics) -> None:
        """Count what a route noted, unless somebody is counting."""
        if self._counting.acquire(blocking=False):
            try:
                route.count()
            finally:
                self._counting.release()


#: Whether this process has no room for its counts: to write them would end it.
_without_room = False

_pending = _Pending()
_routes: list[RouteMetrics] = []
atexit.register(lambda: _pending.count())


def _start_anew() -> None:
    """What was noted before a fork is the other process's to count, and so is its thread."""
    global _pending, _without_room
    folder = os.environ.get(shared_counts.VARIABLE)
    _without_room = bool(folder and not shared_counts.take_room(folder, os.getpid()))
    _pending = _Pending()
    for route in _routes:
        route.forget()


os.register_at_fork(after_in_child=_start_anew)


@cache
def of_route(route: str) -> RouteMetrics:
    """The metrics of a route, named by its pattern so that the number of series stays small."""
    if _without_room and _routes:
        return _routes[0]
    metrics = RouteMetrics(route)
    _routes.append(metrics)
    return metrics


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
    _pending.count()
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    more = [write() for write in current_app.extensions.get(MORE, ())]
    body = generate_latest(registry) + b"".join(more)
    return Response(body, content_type=CONTENT_TYPE_LATEST)
