"""Real servers with a prediction log."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from real_servers import GRANIAN, GUNICORN, served

from tests.logged import ROW, rows_of

pytestmark = pytest.mark.server


@pytest.mark.parametrize("command", [GUNICORN, GRANIAN], ids=["gunicorn", "granian"])
def test_answers_are_kept_when_a_server_stops(tmp_path: Path, command: list[str]) -> None:
    """A relaxed log writes what waits, by the quick way and by the long one, before it ends."""
    address = f"sqlite:///{tmp_path / 'log.db'}"
    settings = {"TABLECAST_LOG": address, "TABLECAST_LOG_MODE": "relaxed"}
    named = []
    with served(command, tmp_path, **settings) as url, requests.Session() as session:
        for number in range(30):
            sent = ROW if number % 2 else [ROW]
            response = session.post(f"{url}/predict_api", json=sent, timeout=20)
            assert response.status_code == 200
            named.append(response.headers["X-Prediction-Id"])
    assert sorted(named) == [one for (one,) in rows_of(tmp_path, "prediction", "id")]
