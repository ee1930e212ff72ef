"""What the log holds is read in parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tablecast.log import reader
from tablecast.log.database import engine_of
from tablecast.log.entries import Parcel, first_id
from tablecast.log.keeping import Store
from tests.log.test_entries import entry
from tests.logged import insurance

SECOND = 1_000_000


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A log of ten answers, one a second, of two deployments in turn."""
    address = f"sqlite:///{tmp_path / 'log.db'}"
    like = entry(insurance())
    times = [1_700_000_000 * SECOND + number * SECOND for number in range(10)]
    rows = [
        {**like, "id": f"{first_id(at)}-{number}", "at": at, "deployment": "ab"[number % 2]}
        for number, at in enumerate(times)
    ]
    Store(address).keep([Parcel(rows)])  # type: ignore[arg-type]
    return address


def numbers(rows: object) -> list[int]:
    """The rows' own numbers."""
    return [int(row["id"][-1]) for row in rows]  # type: ignore[attr-defined]


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_answers_are_read_in_parts(
    address: str, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """All of a deployment in their order: the same however many at once."""
    monkeypatch.setattr(reader, "AT_ONCE", at_once)
    engine = engine_of(address)
    assert numbers(reader.answers_of(engine, "a")) == [0, 2, 4, 6, 8]
    assert numbers(reader.answers_of(engine, "b")) == [1, 3, 5, 7, 9]
    assert numbers(reader.answers_of(engine, "c")) == []


def test_one_answer_is_found_by_its_id(address: str) -> None:
    """With what was asked; an unknown id is none."""
    engine = engine_of(address)
    (first, *_) = reader.answers_of(engine, "a")
    found = reader.answer_of(engine, first["id"])
    assert found
    assert found["given"] == entry(insurance())["given"]
    assert first["outcome"] is None
    assert reader.answer_of(engine, "unknown") is None
    assert reader.outcome_of(engine, first["id"]) is None
