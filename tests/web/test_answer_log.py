"""Every answer is kept before it is given, where there is a prediction log."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tablecast.log.entries import OF_THE_FILE
from tests.logged import ROW, insurance, logged, rows_of, soon
from tests.stand_ins import NearestPetalEngine, deploy, iris_schema

V1, BARE = "/api/v1/predict", "/predict_api"


def test_without_a_log_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No id, no packages: an Idempotency-Key has no meaning."""
    from tests.started import started

    monkeypatch.delenv("TABLECAST_LOG", raising=False)
    client = started(insurance()).test_client()
    response = client.post(V1, json=ROW, headers={"Idempotency-Key": "1"})
    assert "X-Prediction-Id" not in response.headers
    assert "id" not in response.json["predictions"][0]


def test_every_answer_has_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row or a list, bare or full, JSON, NDJSON or a page: what the header names is kept."""
    client = logged(tmp_path, monkeypatch).test_client()
    ndjson = "\n".join([json.dumps(ROW)] * 2)
    responses = [
        client.post(BARE, json=ROW),
        client.post(BARE, json=[ROW, ROW]),
        client.post(V1, json=[ROW, ROW, ROW]),
        client.post(V1, data=ndjson, content_type="application/x-ndjson"),
        client.post("/predict", data=ROW),
        client.get("/", query_string=ROW),
        client.get("/compare?1.age=40&1.smoker=yes&2.smoker=no"),
    ]
    assert [response.status_code for response in responses] == [200] * 7
    named = [response.headers["X-Prediction-Id"].split(", ") for response in responses]
    assert list(map(len, named)) == [1, 2, 3, 2, 1, 1, 2]
    kept = [one for (one,) in rows_of(tmp_path, "prediction", "id")]
    assert kept == sorted(one for ids in named for one in ids)
    assert [one["id"] for one in responses[2].json["predictions"]] == named[2]


def test_what_nobody_asked_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typical values on a form, an empty list, and what a server tries at its start."""
    client = logged(tmp_path, monkeypatch).test_client()
    for response in (client.get("/"), client.get("/compare"), client.get("/openapi.json"),
                     client.post(BARE, json=[])):  # fmt: skip
        assert response.status_code == 200
        assert "X-Prediction-Id" not in response.headers
    assert not rows_of(tmp_path, "prediction")


def test_a_request_past_flask_is_kept_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quick way keeps the same entry as the long one, and says the same id."""
    client = logged(tmp_path, monkeypatch).test_client()
    quick = client.post(V1, json=ROW)
    long = client.post(f"{V1}?explain=0", json=ROW)
    columns = "id, deployment, sha256, key, engine, given, prediction, low, high, warnings, shadow"
    first, second = rows_of(tmp_path, "prediction", columns)
    assert first[1:] == second[1:]
    for response, row in ((quick, first), (long, second)):
        assert response.headers["X-Prediction-Id"] == row[0]
        assert response.json["predictions"][0]["id"] == row[0]


def test_a_long_list_is_named_by_its_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header has no room for all ids; they count up."""
    client = logged(tmp_path, monkeypatch).test_client()
    response = client.post(BARE, json=[ROW] * 101)
    kept = [one for (one,) in rows_of(tmp_path, "prediction", "id")]
    assert response.headers["X-Prediction-Id"] == kept[0]
    assert len(kept) == 101


def test_a_refusal_is_kept_without_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was wrong, of which field: in the API, in the form, and where it is not JSON at all."""
    client = logged(tmp_path, monkeypatch).test_client()
    for path, sent in ((V1, {"json": ROW | {"smoker": "perhaps"}}),
                       ("/predict", {"data": ROW | {"smoker": "perhaps"}}),
                       (BARE, {"data": "{", "content_type": "application/json"})):  # fmt: skip
        assert client.post(path, **sent).status_code in (400, 422)
    reasons = [json.loads(one) for _, one in rows_of(tmp_path, "refusal", "id, reasons")]
    choice = "{value} is not a choice for {field}. Choose one of: {levels}."
    assert reasons == [
        [{"field": "smoker", "kind": choice}], [{"field": "smoker", "kind": choice}],
        [{"field": None, "kind": "Bad Request"}],
    ]  # fmt: skip
    assert not rows_of(tmp_path, "prediction")


@pytest.mark.parametrize("way", ["csv", "lines", "file"])
def test_why_a_file_is_refused_is_kept_whichever_way_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The reason and its field as of a single row; of wrong columns that it is the whole file."""
    client = logged(tmp_path, monkeypatch).test_client()
    choice = "{value} is not a choice for {field}. Choose one of: {levels}."
    bad, nameless = csv_of(2, smoker="perhaps"), "Ann Example,44\n1,2\n"
    for content in (bad, nameless):
        if way == "csv":
            sent: dict[str, Any] = {"data": content, "content_type": "text/csv"}
        elif way == "file":
            sent = {"data": {"file": (io.BytesIO(content.encode()), "new.csv")}}
        else:
            lines = "\n".join(json.dumps(row) for row in (ROW, ROW | {"smoker": "perhaps"}))
            sent = {"data": lines, "content_type": "application/x-ndjson"}
        assert client.post("/batch" if way == "file" else V1, **sent).status_code == 422
    first, second = (json.loads(one) for _, one in rows_of(tmp_path, "refusal", "id, reasons"))
    assert first == [{"field": "smoker", "kind": choice}]
    assert second == (first if way == "lines" else [{"field": None, "kind": OF_THE_FILE}])


def test_the_same_key_gets_the_same_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept once, and answered as before to the last byte; another body is refused."""
    client = logged(tmp_path, monkeypatch).test_client()
    same = {"headers": {"Idempotency-Key": "order 7"}}
    first, again = (client.post(V1, json=ROW, **same) for _ in range(2))
    assert first.data == again.data
    assert first.headers["X-Prediction-Id"] == again.headers["X-Prediction-Id"]
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (
        None, "true",
    )  # fmt: skip
    for path, body in ((V1, ROW | {"age": 40}), (V1, [ROW]), (BARE, ROW), (f"{V1}?explain=1", ROW)):
        refused = client.post(path, json=body, **same)
        assert refused.status_code == 422
        assert refused.mimetype == "application/problem+json"
        assert "Idempotency-Key" in refused.json["detail"]
    ((kept_at,),) = rows_of(tmp_path, "repeated", "at")
    assert 0 < time.time() - kept_at / 1e6 < 600
    assert len(rows_of(tmp_path, "prediction")) == 1


@pytest.mark.parametrize("mode", ["strict", "relaxed"])
def test_the_same_key_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Of eight requests at once one is kept, and all get its answer."""
    app = logged(tmp_path, monkeypatch, TABLECAST_LOG_MODE=mode)
    told: list[bytes] = []

    def ask() -> None:
        response = app.test_client().post(V1, json=ROW, headers={"Idempotency-Key": "x"})
        told.append(response.data)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 8
    assert len(set(told)) == 1
    assert len(rows_of(tmp_path, "prediction")) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_a_key_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """Nothing is kept under it."""
    client = logged(tmp_path, monkeypatch).test_client()
    response = client.post(V1, json=ROW, headers={"Idempotency-Key": key})
    assert response.status_code == 400
    assert "Idempotency-Key" in response.json["detail"]
    assert not rows_of(tmp_path, "prediction")


def gone(folder: Path) -> None:
    """Somebody deletes the log, with its folder."""
    shutil.rmtree(folder)


def back(folder: Path) -> None:
    """The folder is there again, and empty."""
    folder.mkdir()


def locked(folder: Path) -> None:
    """Somebody writes and does not end."""
    holder = sqlite3.connect(folder / "log.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    HELD.append(holder)


def released(_folder: Path) -> None:
    """And ends at last."""
    HELD.pop().close()


def changed(folder: Path) -> None:
    """A later version changes the tables, and takes one away."""
    with sqlite3.connect(folder / "log.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = version_num || '9'")
        connection.execute("ALTER TABLE prediction RENAME TO predictions")


def changed_back(folder: Path) -> None:
    """The version that this one knows is there again."""
    with sqlite3.connect(folder / "log.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = substr(version_num, 1, 4)")
        connection.execute("ALTER TABLE predictions RENAME TO prediction")


def replaced(folder: Path) -> None:
    """Something that is no database stands in its place."""
    for file in folder.iterdir():
        file.unlink()
    (folder / "log.db").write_bytes(b"no database" * 1000)


def restored(folder: Path) -> None:
    """It is taken away."""
    (folder / "log.db").unlink()


def emptied(folder: Path) -> None:
    """Somebody writes nothing over it."""
    (folder / "log.db").write_bytes(b"")


HELD: list[sqlite3.Connection] = []
FAULTS = [(gone, back), (locked, released), (changed, changed_back), (replaced, restored),
          (emptied, restored)]  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize(("break_it", "mend_it"), FAULTS, ids=lambda one: one.__name__)
def test_what_is_not_kept_is_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, break_it: object, mend_it: object
) -> None:
    """In strict mode 503 with Retry-After, on every way; and by itself it goes on afterwards."""
    assert callable(break_it)
    assert callable(mend_it)
    folder = tmp_path / "log"
    folder.mkdir()
    client = logged(folder, monkeypatch).test_client()
    assert client.post(BARE, json=ROW).status_code == 200
    break_it(folder)
    for _ in range(2):
        for response in (
            client.post(BARE, json=ROW),
            client.post(V1, json=[ROW], headers={"Idempotency-Key": "1"}),
            client.post("/predict", data=ROW, headers={"Accept": "text/html"}),
            client.post(V1, json={}),
        ):
            assert response.status_code == 503
            assert int(response.headers["Retry-After"]) > 0
            assert "X-Prediction-Id" not in response.headers
    mend_it(folder)
    after = soon(lambda: ok(client.post(BARE, json=ROW)), 5)
    assert after.headers["X-Prediction-Id"] in str(rows_of(folder, "prediction", "id"))


@pytest.mark.parametrize("mode", ["strict", "relaxed"])
def test_a_server_starts_without_its_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """It says so, and keeps answers as soon as there is one."""
    folder = tmp_path / "later"
    client = logged(folder, monkeypatch, TABLECAST_LOG_MODE=mode).test_client()
    assert client.post(BARE, json=ROW).status_code == (503 if mode == "strict" else 200)
    folder.mkdir()
    after = soon(lambda: ok(client.post(BARE, json=ROW)), 5)
    soon(lambda: after.headers["X-Prediction-Id"] in kept_so_far(folder))


def test_what_is_not_given_is_counted_as_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request counts once, with the status that it was answered with."""
    folder = tmp_path / "later"
    client = logged(folder, monkeypatch).test_client()

    def counted() -> list[float]:
        text = client.get("/metrics").get_data(as_text=True)
        of_route = re.compile(r'tablecast_requests_total\{.*"/predict_api",status="(\d+)"\} (.+)')
        counts = {status: float(count) for status, count in of_route.findall(text)}
        return [counts.get(status, 0.0) for status in ("200", "503")]

    before = counted()
    for _ in range(3):
        assert client.post(BARE, json=ROW).status_code == 503
    assert counted() == [before[0], before[1] + 3]
    folder.mkdir()
    soon(lambda: ok(client.post(BARE, json=ROW)), 5)
    assert counted()[0] == before[0] + 1


def kept_so_far(folder: Path) -> str:
    """The ids that are kept, where there are tables."""
    with contextlib.suppress(sqlite3.OperationalError):
        return str(rows_of(folder, "prediction", "id"))
    return ""


def ok(response: object) -> object:
    """A response, if it is one of 200."""
    return response if getattr(response, "status_code", 0) == 200 else None


def test_a_relaxed_log_keeps_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are given while the database is locked, and kept once it is free."""
    app = logged(tmp_path, monkeypatch, TABLECAST_LOG_MODE="relaxed")
    client = app.test_client()
    locked(tmp_path)
    named = [client.post(BARE, json=ROW).headers["X-Prediction-Id"] for _ in range(20)]
    assert not rows_of(tmp_path, "prediction")
    released(tmp_path)
    soon(lambda: rows_of(tmp_path, "prediction", "id") == [(one,) for one in named])


def test_a_relaxed_log_counts_what_it_drops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What finds no room is answered, counted, and not kept."""
    monkeypatch.setattr("tablecast.log.writer.MOST_WAITING", 3)
    client = logged(tmp_path, monkeypatch, TABLECAST_LOG_MODE="relaxed").test_client()

    def dropped() -> float:
        lines = client.get("/metrics").text.splitlines()
        (line,) = [one for one in lines if one.startswith("tablecast_log_dropped_total")]
        return float(line.split()[1])

    before = dropped()
    locked(tmp_path)
    assert [client.post(BARE, json=ROW).status_code for _ in range(10)] == [200] * 10
    assert dropped() - before == 7
    released(tmp_path)
    soon(lambda: len(rows_of(tmp_path, "prediction")) == 3)


def test_a_start_without_the_packages_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, in place of a traceback."""
    import sys

    for name in [one for one in sys.modules if one.startswith("tablecast.log.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(SystemExit, match=r"sqlalchemy.*pip install 'tablecast\[log\]'"):
        logged(tmp_path, monkeypatch)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to make a file system")
@pytest.mark.server
def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing more fits, 503, until somebody makes room."""
    import subprocess

    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a file system")
    try:
        client = logged(folder, monkeypatch).test_client()
        named = []
        while (response := client.post(BARE, json=[ROW] * 50)).status_code == 200:
            named += response.headers["X-Prediction-Id"].split(", ")
            assert len(named) < 5000
        assert response.status_code == 503
        kept = [one for (one,) in rows_of(folder, "prediction", "id")]
        assert set(named) <= set(kept)
        subprocess.run(["mount", "-o", "remount,size=9m", str(folder)], check=True)
        soon(lambda: ok(client.post(BARE, json=[ROW] * 50)), 5)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def csv_of(rows: int, **last: object) -> str:
    """A CSV file; the last row may have other values."""
    lines = [ROW] * (rows - 1) + [ROW | last]
    return "\n".join([",".join(ROW), *(",".join(map(str, row.values())) for row in lines)]) + "\n"


def table_of(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.mark.parametrize("sent", ["csv", "json"])
def test_csv_answers_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    """A column has their ids; what is kept is what JSON's answers would be."""
    client = logged(tmp_path, monkeypatch).test_client()
    rows = [ROW, ROW | {"age": 70, "smoker": "yes"}]
    body = {"json": rows} if sent == "json" else {
        "data": csv_of(2, age=70, smoker="yes"), "content_type": "text/csv"
    }  # fmt: skip
    response = client.post(V1, **body, headers={"Accept": "text/csv"})
    assert response.status_code == 200
    named = [row["prediction_id"] for row in table_of(response.data)]
    assert response.headers["X-Prediction-Id"] == ", ".join(named)
    client.post(V1, json=rows)
    kept = rows_of(
        tmp_path, "prediction", "id, engine, given, prediction, low, high, warnings, probabilities"
    )
    assert [row[0] for row in kept[:2]] == named
    assert [json.loads(row[2]) for row in kept[:2]] == rows
    assert [row[3:] for row in kept[:2]] == [row[3:] for row in kept[2:]]
    assert json.loads(kept[1][6])[0]["field"] == "age"


def test_a_csv_answer_is_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Idempotency-Key works for CSV too."""
    client = logged(tmp_path, monkeypatch).test_client()
    sent = {
        "data": csv_of(3), "content_type": "text/csv",
        "headers": {"Accept": "text/csv", "Idempotency-Key": "1"},
    }  # fmt: skip
    assert client.post(V1, **sent).data == client.post(V1, **sent).data
    assert len(rows_of(tmp_path, "prediction")) == 3


@pytest.mark.parametrize("errors", ["fail", "skip", "column"])
def test_a_file_s_answers_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: str
) -> None:
    """In parts; refused rows as refusals. Of a file that is refused as a whole, only these."""
    monkeypatch.setattr("tablecast.web.file_answers.MOST_HELD", 1000)
    client = logged(tmp_path, monkeypatch).test_client()
    file = io.BytesIO(csv_of(3500, smoker="perhaps").encode())
    with client.post("/batch", data={"file": (file, "new.csv"), "errors": errors}) as response:
        content = response.data
    assert response.status_code == (422 if errors == "fail" else 200)
    kept = [one for (one,) in rows_of(tmp_path, "prediction", "id")]
    ((reasons,),) = rows_of(tmp_path, "refusal", "reasons")
    assert json.loads(reasons)[0]["field"] == "smoker"
    if errors == "fail":
        assert kept == []
        return
    named = [row["prediction_id"] for row in table_of(content)]
    assert sorted(filter(None, named)) == kept
    assert len(kept) == 3499
    assert len(named) == (3499 if errors == "skip" else 3500)


@pytest.mark.thorough
def test_a_file_that_cannot_be_kept_is_not_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After, as for any other answer."""
    client = logged(tmp_path, monkeypatch).test_client()
    locked(tmp_path)
    try:
        file = io.BytesIO(csv_of(10).encode())
        response = client.post("/batch", data={"file": (file, "new.csv")})
    finally:
        released(tmp_path)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0


def test_classes_are_kept_with_their_probabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the API, and from a file."""
    iris = deploy("iris", iris_schema(), NearestPetalEngine())
    client = logged(tmp_path, monkeypatch, iris).test_client()
    answer = client.post(V1, json={"sepal_length": 5.0, "petal_length": 1.4}).json
    file = io.BytesIO(b"sepal_length,petal_length\n5.0,1.4\n")
    with client.post("/batch", data={"file": (file, "new.csv")}) as response:
        assert response.status_code == 200
    first, second = rows_of(tmp_path, "prediction", "id, prediction, probabilities, low, given")
    assert first[1:] == second[1:]
    assert json.loads(first[1]) == "Iris-setosa"
    assert json.loads(first[2]) == pytest.approx(answer["predictions"][0]["probabilities"])
