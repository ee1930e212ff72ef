"""Real servers: gunicorn as the Procfile starts it, and granian."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from deployments import ROOT
from real_servers import GRANIAN, GUNICORN, free_port, served

from tablecast.web.http import metrics

PATIENT = {
    "age": 39, "sex": "male", "bmi": 30.4, "children": 1, "smoker": "no", "region": "northwest",
}
pytestmark = pytest.mark.server


@pytest.mark.parametrize("command", [GUNICORN, GRANIAN], ids=["gunicorn", "granian"])
def test_a_real_server_answers(tmp_path: Path, command: list[str]) -> None:
    """The form, both prediction routes and their refusals come through a real server."""
    with served(command, tmp_path) as url:
        answer = requests.post(f"{url}/predict_api", json=PATIENT, timeout=20)
        assert answer.status_code == 200
        assert isinstance(answer.json(), float)
        unknown = {**PATIENT, "smoker": "male"}
        refused = requests.post(f"{url}/predict_api", json=unknown, timeout=20)
        assert refused.status_code == 422
        page = requests.post(f"{url}/predict", data=PATIENT, timeout=20)
        assert page.status_code == 200
        assert "<form" in page.text


@pytest.mark.parametrize("command", [GUNICORN, GRANIAN], ids=["gunicorn", "granian"])
def test_a_chunked_body_is_refused(tmp_path: Path, command: list[str]) -> None:
    """A body without a length gets a 411, not an answer to a part of it."""
    with served(command, tmp_path) as url:
        answer = requests.post(
            f"{url}/predict_api", data=iter([b'{"age":', b"39}"]), timeout=20,
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 411


def test_metrics_add_up_over_the_workers(tmp_path: Path) -> None:
    """Whichever worker is asked, /metrics counts the requests of all."""
    with served(GUNICORN, tmp_path) as url:
        for _ in range(20):
            requests.post(f"{url}/predict_api", json=PATIENT, timeout=20)
        time.sleep(5 * metrics.DELAY)
        text = requests.get(f"{url}/metrics", timeout=20).text
    assert 'tablecast_requests_total{route="/predict_api",status="200"} 20.0' in text


def test_slow_clients_do_not_stop_the_form(tmp_path: Path) -> None:
    """A hundred connections that send half a request leave room for everybody else."""
    with served(GUNICORN, tmp_path) as url:
        port = int(url.rsplit(":", 1)[1])
        half = b"POST /predict_api HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        clients = []
        for place in range(100):
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(half if place % 2 else half + b"Content-Length: 100\r\n\r\n{")
            clients.append(client)
        try:
            answer = requests.post(f"{url}/predict_api", json=PATIENT, timeout=5)
        finally:
            for client in clients:
                client.close()
    assert answer.status_code == 200


def test_clients_that_do_not_close_do_not_stop_the_form(tmp_path: Path) -> None:
    """Connections whose clients asked for their end, and then stay, cost nobody else any time."""
    with served(GUNICORN, tmp_path) as url:
        clients = []
        for _ in range(6):
            client = socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(100)
            clients.append(client)
        began = time.perf_counter()
        requests.get(f"{url}/healthz", timeout=20)
        took = time.perf_counter() - began
        for client in clients:
            client.close()
    assert took < 1


def test_a_stop_is_quick_and_clean(tmp_path: Path) -> None:
    """Workers that have answered end when they are told to, and need not be aborted."""
    for _ in range(3):
        with served(GUNICORN, tmp_path) as url:
            requests.post(f"{url}/predict_api", json=PATIENT, timeout=20)
            began = time.perf_counter()
        assert time.perf_counter() - began < 5
        log = (tmp_path / "errors").read_text()
        assert "SIG" not in log
        assert "Traceback" not in log


def test_nothing_is_kept_of_who_asked(tmp_path: Path) -> None:
    """onnxruntime's own record of its use is never begun."""
    home = tmp_path / "home"
    home.mkdir()
    with served(GUNICORN, tmp_path, HOME=str(home), XDG_CACHE_HOME=str(home)) as url:
        requests.post(f"{url}/predict_api", json=PATIENT, timeout=20)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("command", [GUNICORN, [sys.executable, "app.py"]], ids=["gunicorn", "app"])
def test_a_missing_deployment_stops_the_start(tmp_path: Path, command: list[str]) -> None:
    """The server ends at once with a line that says what to do, and without a traceback."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PORT": str(free_port()), "TABLECAST_DEPLOYMENT": str(tmp_path / "no")},
    )
    assert done.returncode != 0
    assert "tablecast train" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3


@pytest.mark.parametrize("command", [GUNICORN, GRANIAN], ids=["gunicorn", "granian"])
def test_a_server_that_stops_has_logged_what_it_answered(
    tmp_path: Path, command: list[str]
) -> None:
    """Every answered request has a line in the log, which has no others; one line warns beside."""
    answered, shared = [], str(tmp_path)
    with (
        served(command, tmp_path, PROMETHEUS_MULTIPROC_DIR=shared) as url,
        requests.Session() as client,
    ):
        for number in range(200):
            name = f"request-{number}"
            answer = client.post(
                f"{url}/predict_api", json=PATIENT, headers={"X-Request-Id": name}, timeout=20
            )
            answered.append(answer.headers["X-Request-Id"])
    logged = [json.loads(line)["id"] for line in (tmp_path / "log").read_text().splitlines()]
    assert [name for name in logged if name.startswith("request-")] == answered
    assert (tmp_path / "errors").read_text().count("set TABLECAST_KEYS") == 1
