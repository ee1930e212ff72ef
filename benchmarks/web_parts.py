"""What the web's caches and its batched counting buy: ``python -m benchmarks.web_parts``.

Run by the serving environment's Python. Each figure is the least of several tries, in CPU time of
this process; see docs/decisions.md.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask import Flask

from tablecast.deployment.opening import load
from tablecast.web.app import create_app
from tablecast.web.http import metrics
from tablecast.web.http.template_cache import KeptTemplates

TRIES = 10
REQUESTS = 20_000


def main() -> None:
    app = create_app(load())
    with tempfile.TemporaryDirectory() as folder:
        cache = KeptTemplates(Path(folder))
        _compile(app, cache)
        print(f"templates, kept      {_least(lambda: _compile(app, cache)) * 1e3:8.2f} ms a start")
    print(f"templates, compiled  {_least(lambda: _compile(app, None)) * 1e3:8.2f} ms a start")
    for path in ("/", "/model"):
        _ask(app, path)
        print(f"{path:6} kept          {_least(partial(_ask, app, path)) * 1e3:8.2f} ms")
        print(f"{path:6} rendered      {_least(partial(_ask_anew, app, path)) * 1e3:8.2f} ms")
    for name, count in (("noted", _note), ("counted at once", _count_at_once)):
        print(f"{name:20} {_least(count) / REQUESTS * 1e6:8.2f} µs a request")


def _least(call: Callable[[], object]) -> float:
    """The least CPU seconds of a call."""
    seconds = []
    for _ in range(TRIES):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return min(seconds)


def _compile(app: Flask, cache: KeptTemplates | None) -> None:
    environment = app.jinja_env
    environment.bytecode_cache = cache
    if environment.cache is not None:
        environment.cache.clear()
    for name in environment.list_templates():
        environment.get_template(name)


def _ask(app: Flask, path: str) -> None:
    with app.test_request_context(path):
        app.dispatch_request()


def _ask_anew(app: Flask, path: str) -> None:
    app.extensions["tablecast"].current().kept.clear()
    _ask(app, path)


def _note() -> None:
    route = metrics.of_route("/noted")
    for _ in range(REQUESTS):
        route.observe(200, 0.0004, 1)
    metrics._pending.count()


def _count_at_once() -> None:
    seconds, rows = metrics._seconds.labels("/counted"), metrics._rows.labels("/counted")
    for _ in range(REQUESTS):
        metrics._requests.labels("/counted", "200").inc()
        seconds.observe(0.0004)
        rows.inc(1)


if __name__ == "__main__":
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        raise SystemExit("Set PROMETHEUS_MULTIPROC_DIR to an empty folder, as a server does.")
    main()
