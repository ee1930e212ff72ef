"""Keys: made, kept as hashes, listed and revoked on the command line; counts that workers share."""

from __future__ import annotations

import json
import multiprocessing
import stat
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablecast.cli.main import main
from tablecast.errors import KeysError, SettingError
from tablecast.web.access.key_file import (
    Key,
    digest_of,
    new_key,
    read_file,
    read_keys,
    write_file,
)
from tablecast.web.access.keyring import Keyring
from tablecast.web.access.mapped_counts import NEIGHBOURS, SLOTS, SharedCounts
from tablecast.web.access.rates import Rates, parsed
from tablecast.web.http.access import access_of


def test_a_key_is_shown_once_and_kept_as_its_hash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What add prints opens the server; the file, its owner's alone, does not tell it."""
    path = tmp_path / "keys.jsonl"
    options = ["--role", "batch", "--rate", "100/m", "--until", "2999-12-31", "--file", str(path)]
    assert main(["keys", "add", "night-job", *options]) == 0
    secret = capsys.readouterr().out.splitlines()[0]
    assert len(secret) == 46
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = Keyring(str(path)).find(secret)
    assert found == Key("night-job", "batch", digest_of(secret), "100/m", date(2999, 12, 31))
    assert Keyring(path.read_text()).find(secret) == found


def test_keys_are_listed_without_the_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """list names each key with its role, rate and last day; none is named where there are none."""
    monkeypatch.setenv("TABLECAST_KEYS", str(tmp_path / "k"))
    assert main(["keys", "list"]) == 0
    assert "no keys" in capsys.readouterr().out
    write_file(tmp_path / "k", [new_key("a", "ask", until=date(2001, 1, 1))[1]])
    main(["keys", "add", "b", "--role", "watch"])
    capsys.readouterr()
    main(["keys", "list"])
    printed = capsys.readouterr().out
    assert "2001-01-01 (expired)" in printed
    assert "sha256" not in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "a", "--role", "ask"], "already"),
        (["add", "b c", "--role", "ask"], "name"),
        (["add", "b", "--role", "ask", "--rate", "0/m"], "revoke"),
        (["add", "b", "--role", "ask", "--rate", "fast"], "100/m"),
        (["add", "b", "--role", "ask", "--until", "2001-01-01"], "is past"),
        (["revoke", "c"], "Its keys: a"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """A refusal says what would be right, and changes nothing."""
    path = tmp_path / "keys"
    main(["keys", "add", "a", "--role", "ask", "--file", str(path)])
    before = path.read_text()
    capsys.readouterr()
    assert main(["keys", *arguments, "--file", str(path)]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert path.read_text() == before


@pytest.mark.parametrize(
    "line",
    [
        "{}", "[]", "null", "x", '{"name": "a", "role": "boss", "sha256": ""}',
        '{"name": "a", "role": "ask", "sha256": "00"}', '{"name": 1, "role": "ask", "sha256": ""}',
        json.dumps({"name": "a", "role": "ask", "sha256": "0" * 64, "until": "soon"}),
        json.dumps({"name": "a", "role": "ask", "sha256": "0" * 64, "rate": "0/m"}),
        json.dumps({"name": "a", "role": "ask", "sha256": "0" * 64, "extra": 1}),
    ],
)
def test_a_line_that_is_no_key_is_named(line: str) -> None:
    """The error names the text and the line."""
    with pytest.raises(KeysError, match=r"^keys, line 2"):
        read_keys(f"# ours\n{line}\n", "keys")


def test_a_name_that_is_there_twice_is_refused() -> None:
    """Two keys of one name could not be told apart in a log."""
    lines = [new_key("a", "ask")[1].to_line() for _ in range(2)]
    with pytest.raises(KeysError, match="twice"):
        read_keys("\n".join(lines), "keys")


def test_a_file_that_is_not_there_stops_the_start() -> None:
    """Keys that are asked for and missing are not taken for no keys."""
    for path in ("/nonexistent/keys", "two\nlines"):
        with pytest.raises(KeysError, match="does not exist") as caught:
            Keyring(path)
        assert "\n" not in str(caught.value)


def test_a_key_in_place_of_the_file_is_not_told() -> None:
    """Who puts the key itself into the setting reads what is wrong, and the log has no key."""
    secret, _ = new_key("a", "ask")
    with pytest.raises(KeysError, match="holds a key") as caught:
        Keyring(secret)
    assert secret not in str(caught.value)


@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_key(text: str) -> None:
    """Whatever is sent, only the key itself is found."""
    secret, key = new_key("a", "ask")
    assert Keyring(key.to_line()).find(text) is None
    assert Keyring(key.to_line()).find(secret) == key


def test_keys_survive_writing_and_reading(tmp_path: Path) -> None:
    """What is written is read back equal."""
    keys = [new_key("a", "ask")[1], new_key("b", "admin", "5/s", date(2030, 1, 2))[1]]
    (tmp_path / "keys").write_text("\n".join(key.to_line() for key in keys))
    assert read_file(tmp_path / "keys") == keys


# Rates


def _count(path: Path, times: int) -> None:
    counts = SharedCounts(path)
    for _ in range(times):
        counts.incr("a", 60)


@pytest.mark.thorough
def test_processes_count_together(tmp_path: Path) -> None:
    """Four processes that count a thousand times each have counted four thousand."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_count, args=(tmp_path / "c", 1000)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert SharedCounts(tmp_path / "c").get("a") == 4000


def test_counts_end_and_make_way(tmp_path: Path) -> None:
    """A count starts anew when its time is over; of full neighbours, the first to end makes way."""
    counts = SharedCounts(tmp_path / "c")
    assert counts.incr("a", 0) == 1
    assert counts.incr("a", 60) == 1
    assert counts.incr("a", 60) == 2
    for number in range(SLOTS * 2):
        counts.incr(f"other {number}", 30)
    assert counts.incr("new", 60) == 1
    assert counts.incr("new", 60) == 2
    assert NEIGHBOURS < SLOTS
    counts.clear("new")
    assert counts.get("new") == 0
    counts.reset()
    assert counts.get("a") == 0


def test_two_workers_keep_one_rate(tmp_path: Path) -> None:
    """Five a minute are five a minute, however many workers count."""
    workers = [Rates(shared=tmp_path), Rates(shared=tmp_path)]
    waits = [workers[number % 2].wait("5/m", "a") for number in range(7)]
    assert [bool(wait) for wait in waits] == [False] * 5 + [True] * 2


def test_a_high_rate_is_kept_to_the_request(tmp_path: Path) -> None:
    """What a worker takes at once is part of the rate: 1,000 an hour are 1,000."""
    workers = [Rates(shared=tmp_path), Rates(shared=tmp_path)]
    through = sum(not workers[number % 2].wait("1000/h", "a") for number in range(1500))
    assert through == 1000


@pytest.mark.parametrize("rate", ["0/m", "-1/s", "5", "5/w", "5/m ", "a/b", "1e3/s", ""])
def test_what_is_no_rate_is_refused(rate: str) -> None:
    """The error shows what a rate looks like."""
    with pytest.raises(SettingError, match="100/m"):
        parsed(rate)


def test_a_storage_that_fails_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go on without a limit; only one in ten seconds waits for it to fail again."""
    rates, asked = Rates(), []

    def fail(*_: object, **__: object) -> bool:
        asked.append(True)
        raise OSError("timed out")

    with monkeypatch.context() as patched:
        patched.setattr(rates._limiter, "test", fail)
        assert [rates.wait("1/m", "a") for _ in range(5)] == [0] * 5
        assert len(asked) == 1
        rates._resting_until = 0
        assert rates.wait("1/m", "a") == 0
        assert len(asked) == 2
    rates._resting_until = 0
    assert [bool(rates.wait("1/m", "a")) for _ in range(2)] == [False, True]


def test_a_storage_beside_no_rate_and_no_keys_is_checked_too() -> None:
    """A wrong value stops the start, though nothing is to be counted yet."""
    settings = {"keys": "", "rate": "", "at_once": 0, "limits": "nonsense://x", "form": "key"}
    with pytest.raises(SettingError, match="TABLECAST_LIMITS"):
        access_of(settings)


def test_an_unknown_storage_is_refused() -> None:
    """A storage that limits does not know is one line."""
    with pytest.raises(SettingError, match="TABLECAST_LIMITS"):
        Rates("nonsense://x")
