"""Tables of Kaggle, by Kaggle's own client from a small stand-in for Kaggle."""

from __future__ import annotations

import base64
import io
import json
import logging
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("kagglesdk", reason="Kaggle's client is not installed")

from kagglesdk import kaggle_env

from tablecast.data import kaggle
from tablecast.data.sources import read_table
from tablecast.deployment.staging import name_after
from tablecast.errors import TableError

USERNAME, KEY = "ann", "s3cret-key-0f-ann"
TABLE = "rooms,price\n2,100\n3,140\n"
SIGNED = "Basic " + base64.b64encode(f"{USERNAME}:{KEY}".encode()).decode()
DOWNLOAD = "/api/v1/datasets.DatasetApiService/DownloadDataset"


@dataclass
class StandIn:
    """What the stand-in holds, by owner, dataset and file, and what it was asked."""

    files: dict[tuple[str, str, str | None], bytes] = field(default_factory=dict)
    status: int | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments: Any) -> None:
                pass

            def do_POST(self) -> None:
                stand_in.asked.append((self.path, self.headers["Authorization"]))
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                wanted = (said["ownerSlug"], said["datasetSlug"], said.get("fileName"))
                status = stand_in.status or (404 if wanted not in stand_in.files else 302)
                if self.headers["Authorization"] != SIGNED:
                    status = 401
                if status == 302:
                    self.send_on([*stand_in.files].index(wanted))
                else:
                    self.answer(status, json.dumps({"code": status, "message": "No"}).encode())

            def send_on(self, number: int) -> None:
                """To another host, as Kaggle does, where the files lie."""
                port = self.server.server_address[1]
                self.send_response(302)
                self.send_header("Location", f"http://127.0.0.1:{port}/{number}")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                stand_in.asked.append((self.path, self.headers["Authorization"]))
                self.answer(200, [*stand_in.files.values()][int(self.path[1:])], "text/csv")

            def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    """Kaggle on loopback, an account with it, and none in anybody's home."""
    held = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), held.handler())
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = f"http://localhost:{server.server_address[1]}"
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.TEST, address)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KAGGLE_API_TOKEN", raising=False)
    monkeypatch.setenv("KAGGLE_USERNAME", USERNAME)
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    yield held
    server.shutdown()
    server.server_close()


def zipped(**files: str) -> bytes:
    """An archive of files, by their names with _ for a dot."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return held.getvalue()


def refused(name: str) -> str:
    """The one line that a refusal is."""
    with pytest.raises(TableError) as raised:
        read_table(name)
    message = str(raised.value)
    assert "\n" not in message
    assert KEY not in message
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return message


def is_the_table(table: pd.DataFrame) -> bool:
    return bool(table.to_dict("list") == {"rooms": [2, 3], "price": [100, 140]})


def test_the_only_table_of_a_dataset(stand_in: StandIn) -> None:
    """A dataset comes as an archive; its only table is read, whatever else is in it."""
    stand_in.files["ann", "houses", None] = zipped(houses_csv=TABLE, README_md="# Houses")
    assert is_the_table(read_table("kaggle:ann/houses"))


def test_a_file_of_a_dataset(stand_in: StandIn) -> None:
    """One of several tables is named, and may come packed or as it is, from a folder too."""
    stand_in.files["ann", "houses", "train.csv"] = TABLE.encode()
    stand_in.files["ann", "houses", "new/train.csv"] = zipped(train_csv=TABLE)
    assert is_the_table(read_table("kaggle:ann/houses/train.csv"))
    assert is_the_table(read_table("Kaggle:ann/houses/new/train.csv"))


def test_the_account_is_told_to_kaggle_alone(stand_in: StandIn) -> None:
    """Name and key go to Kaggle, and not to the store that it sends on to."""
    stand_in.files["ann", "houses", "train.csv"] = TABLE.encode()
    read_table("kaggle:ann/houses/train.csv")
    (asked, signed), (stored, nothing) = stand_in.asked
    assert (asked, stored) == (DOWNLOAD, "/0")
    assert signed == SIGNED
    assert nothing is None


def test_several_tables_are_named(stand_in: StandIn) -> None:
    """Nothing is guessed: the message has the tables' names, and how one is asked for."""
    stand_in.files["ann", "houses", None] = zipped(train_csv=TABLE, test_csv=TABLE, LICENSE="MIT")
    said = refused("kaggle:ann/houses")
    assert "'train.csv', 'test.csv'. Name one: kaggle:ann/houses/FILE." in said
    assert "LICENSE" not in said


@pytest.mark.parametrize(
    ("files", "said"),
    [({}, "nothing"), ({"photo_jpg": "x"}, "only 'photo.jpg'")], ids=["empty", "pictures"],
)
def test_a_dataset_without_a_table(stand_in: StandIn, files: dict[str, str], said: str) -> None:
    """What is there instead is named."""
    stand_in.files["ann", "photos", None] = zipped(**files)
    assert said in refused("kaggle:ann/photos")


def test_an_archive_that_was_uploaded(stand_in: StandIn) -> None:
    """A dataset's file may be an archive itself; its only table is read."""
    stand_in.files["ann", "houses", "all.zip"] = zipped(houses_csv=TABLE)
    stand_in.files["ann", "houses", "two.zip"] = zipped(a_csv=TABLE, b_csv=TABLE)
    assert is_the_table(read_table("kaggle:ann/houses/all.zip"))
    assert "Unpack it, and name one." in refused("kaggle:ann/houses/two.zip")


def test_the_address_of_a_dataset_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pasted from a browser, it is told what to write instead."""
    page = io.BytesIO(b"<!DOCTYPE html>")
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: page)
    said = refused("https://www.kaggle.com/datasets/ann/houses?select=train.csv")
    assert "Write kaggle:ann/houses." in said


@pytest.mark.parametrize("missing", ["KAGGLE_USERNAME", "KAGGLE_KEY", "both"])
def test_missing_credentials(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """What is not set is named, and nobody is asked; a value of spaces is none."""
    for name in kaggle.CREDENTIALS if missing == "both" else [missing]:
        monkeypatch.setenv(name, " ")
    wanted = "KAGGLE_USERNAME and KAGGLE_KEY" if missing == "both" else missing
    assert f"set {wanted}. Both are in the kaggle.json" in refused("kaggle:ann/houses")
    assert stand_in.asked == []


def test_credentials_in_the_file_that_kaggle_makes(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """~/.kaggle/kaggle.json does as well as the environment."""
    for name in kaggle.CREDENTIALS:
        monkeypatch.delenv(name)
    (tmp_path / ".kaggle").mkdir()
    account = {"username": USERNAME, "key": KEY}
    (tmp_path / ".kaggle/kaggle.json").write_text(json.dumps(account))
    stand_in.files["ann", "houses", "train.csv"] = TABLE.encode()
    assert is_the_table(read_table("kaggle:ann/houses/train.csv"))


def test_a_line_break_behind_a_key_is_left_out(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As secrets are that were written to a file first."""
    monkeypatch.setenv("KAGGLE_KEY", KEY + "\n")
    stand_in.files["ann", "houses", "train.csv"] = TABLE.encode()
    assert is_the_table(read_table("kaggle:ann/houses/train.csv"))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "does not accept the credentials"), (403, "may not read it"),
        (404, "no such dataset or file"), (429, "Try again later"), (503, "status 503"),
    ],
)
def test_refusals_are_said_in_a_line(
    stand_in: StandIn, caplog: pytest.LogCaptureFixture, status: int, said: str
) -> None:
    """What Kaggle refuses is told with what to do, and no log has the key."""
    caplog.set_level(logging.DEBUG)
    stand_in.status = status
    assert said in refused("kaggle:ann/houses/train.csv")
    assert KEY not in caplog.text
    assert SIGNED.removeprefix("Basic ") not in caplog.text


@pytest.mark.usefixtures("stand_in")
def test_a_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that Kaggle does not know is not written anywhere."""
    monkeypatch.setenv("KAGGLE_KEY", "not" + KEY)
    assert "KAGGLE_KEY" in refused("kaggle:ann/houses")


@pytest.mark.usefixtures("stand_in")
def test_a_server_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the key nor a proxy's password is in what is said."""
    nowhere = {kaggle_env.KaggleEnv.TEST: f"http://ann:{KEY}@127.0.0.1:9"}
    monkeypatch.setattr("kagglesdk.kaggle_http_client.get_endpoint", nowhere.get)
    assert "cannot be reached" in refused("kaggle:ann/houses")


@pytest.mark.parametrize("name", ["kaggle:", "kaggle:houses", "kaggle:ann/", "kaggle:a b/houses"])
def test_what_is_no_dataset(stand_in: StandIn, name: str) -> None:
    """A name of another form is refused with the form that it should have."""
    assert "Write kaggle:OWNER/DATASET" in refused(name)
    assert stand_in.asked == []


@pytest.mark.parametrize("kept", [slice(4), slice(-40)], ids=["begun", "cut"])
def test_a_damaged_archive(stand_in: StandIn, kept: slice) -> None:
    """It is refused like any file that is no table."""
    stand_in.files["ann", "houses", None] = zipped(a_csv=TABLE)[kept]
    assert "houses" in refused("kaggle:ann/houses")


def test_an_archive_that_expands_too_far(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before it is unpacked."""
    monkeypatch.setattr("tablecast.data.archive.LEAST_LIMIT", 1_000_000)
    monkeypatch.setattr("tablecast.data.archive.MOST_GROWTH", 100)
    stand_in.files["ann", "houses", None] = zipped(a_csv="0\n" * 1_000_000)
    assert "expands to 2 MB" in refused("kaggle:ann/houses")


def test_without_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "kagglesdk", None)
    assert "install tablecast[kaggle]" in refused("kaggle:ann/houses")


@pytest.mark.parametrize(
    ("source", "name"),
    [("kaggle:ann/houses", "houses"), ("kaggle:ann/houses/new/train.csv", "train")],
)
def test_a_deployment_is_named_after_it(source: str, name: str) -> None:
    """After the file, or the dataset."""
    assert name_after(source) == name
