"""The counts in /metrics: noted at once, counted together a moment later."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest
from flask.testing import FlaskClient

from tablecast.web.http import metrics

PATIENT = {"age": 19, "sex": "female", "bmi": 27.9, "children": 0, "smoker": "yes",
           "region": "southwest"}


def series(text: str, name: str) -> float:
    """The value of one series; 0 where there is none."""
    found = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(found[0].split()[-1]) if found else 0.0


def test_metrics_hold_what_was_answered_just_before(client: FlaskClient) -> None:
    """A worker that is asked for its counts counts what it has noted first."""
    name = 'tablecast_requests_total{route="/predict_api",status="200"}'
    before = series(client.get("/metrics").text, name)
    for _ in range(3):
        client.post("/predict_api", json=PATIENT)
    assert series(client.get("/metrics").text, name) == before + 3


def test_a_histogram_takes_many_observations_at_once() -> None:
    """Counting together fills the buckets and the sum as one observation at a time does."""
    together, one_by_one = metrics.RouteMetrics("/together"), metrics.RouteMetrics("/one")
    times = [0.0001, 0.001, 0.0011, 0.3, 20.0, 0.3]
    for seconds in times:
        together.observe(200, seconds, rows=2)
        one_by_one._seconds.observe(seconds)
    together.count()
    counted = [
        [bucket.get() for bucket in route._seconds._buckets] + [route._seconds._sum.get()]
        for route in (together, one_by_one)
    ]
    assert counted[0] == counted[1]
    assert together._rows._value.get() == 12


def test_what_was_noted_is_counted_soon() -> None:
    """Another worker's counts are there after the delay, without a further request."""
    route = metrics.of_route("/soon")
    route.observe(200, 0.001)
    end = time.monotonic() + 10
    while not route._seconds._sum.get() and time.monotonic() < end:
        time.sleep(0.02)
    assert route._seconds._sum.get() == 0.001


def test_many_requests_are_counted_before_the_delay() -> None:
    """A busy worker counts a few at a time, so that nobody waits while it counts thousands."""
    route = metrics.RouteMetrics("/busy")
    for _ in range(10 * metrics.MOST_NOTED):
        route.observe(200, 0.0005)
        assert len(route._noted) < metrics.MOST_NOTED
    assert route._seconds._buckets[0].get() == 10 * metrics.MOST_NOTED


def test_threads_count_each_request_once() -> None:
    """However many threads note and count at the same moment, none is lost and none is twice."""
    route = metrics.of_route("/threads")

    def work() -> None:
        for _ in range(3000):
            route.observe(200, 0.0005, 1)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metrics._pending.count()
    assert route._rows._value.get() == 12_000


@pytest.mark.thorough
def test_a_worker_that_ends_loses_no_counts(tmp_path: Path) -> None:
    """What was noted is counted when the process ends, in a forked worker as well."""
    script = (
        "import os, sys\n"
        "from tablecast.web.http import metrics\n"
        "metrics.of_route('/before').observe(200, 1.0)\n"
        "if (child := os.fork()) == 0:\n"
        "    metrics.of_route('/after').observe(200, 2.0)\n"
        "    sys.exit(0)\n"
        "os.waitpid(child, 0)\n"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)
    collect = (
        "from prometheus_client import CollectorRegistry, generate_latest, multiprocess\n"
        "registry = CollectorRegistry()\n"
        "multiprocess.MultiProcessCollector(registry)\n"
        "print(generate_latest(registry).decode())\n"
    )
    text = subprocess.run(
        [sys.executable, "-c", collect], env=environment, check=True, timeout=60,
        capture_output=True, text=True,
    ).stdout
    assert series(text, 'tablecast_request_seconds_sum{route="/before"}') == 1.0
    assert series(text, 'tablecast_request_seconds_sum{route="/after"}') == 2.0
