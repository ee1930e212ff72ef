"""The days' sums in the log's database."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from watched import TODAY, rows_of, shipped

from tablecast.log import daily
from tablecast.log.daily import Daily
from tablecast.log.database import engine_of, upgrade, writing
from tablecast.log.sums import Counting

SHIPPED = shipped()
SHA = SHIPPED["sha256"]


def opened(folder: Path) -> sa.Engine:
    """A new database."""
    engine = engine_of(f"sqlite:///{folder / 'log.db'}")
    upgrade(engine)
    return engine


def test_sums_of_some_transactions_are_those_of_all_rows(tmp_path: Path) -> None:
    """Rows that were counted part by part, around midnight too, are counted once each."""
    engine, counted = opened(tmp_path), Daily()
    counted.learn(SHIPPED)
    before, after = rows_of(SHIPPED, TODAY - 1, 30), rows_of(SHIPPED, TODAY, 50)
    for part in (before[:20], [*before[20:], *after[:1]], after[1:]):
        with writing(engine) as connection:
            counted.note(connection, part, [])
    with engine.connect() as connection:
        days = daily.read(connection, SHA)
        late = daily.read(connection, SHA, TODAY)
        assert daily.read(connection, "another") == {}
    counting = Counting.of(SHIPPED)
    assert days == {TODAY - 1: counting.answers(before), TODAY: counting.answers(after)}
    assert list(late) == [TODAY]


def test_what_is_not_committed_is_not_counted(tmp_path: Path) -> None:
    """The sums are part of the transaction that keeps the rows."""
    engine, counted = opened(tmp_path), Daily()
    counted.learn(SHIPPED)
    with engine.connect() as connection:
        with connection.begin() as transaction:
            counted.note(connection, rows_of(SHIPPED, TODAY, 5), [])
            transaction.rollback()
        assert daily.read(connection, SHA) == {}


def test_refusals_are_counted_with_the_answers_of_their_day(tmp_path: Path) -> None:
    """Whichever comes first."""
    engine, counted = opened(tmp_path), Daily()
    counted.learn(SHIPPED)
    refusal = {
        "sha256": SHA, "at": TODAY * daily.DAY,
        "reasons": [{"field": "age", "kind": "Enter a value for {field}."}],
    }
    with writing(engine) as connection:
        counted.note(connection, [], [refusal])
        counted.note(connection, rows_of(SHIPPED, TODAY, 5), [refusal])
    with engine.connect() as connection:
        sums = daily.read(connection, SHA)[TODAY]
    assert (sums["rows"], sums["refused"]) == (5, 2)
    assert sums["refusals"] == {"Enter a value for {field}.": {"age": 2}}


def test_another_deployments_rows_are_left_to_whoever_serves_it(tmp_path: Path) -> None:
    """A process cannot count what it does not know the bins of."""
    engine = opened(tmp_path)
    with writing(engine) as connection:
        Daily().note(connection, rows_of(SHIPPED, TODAY, 5), [])
    with engine.connect() as connection:
        assert daily.read(connection, SHA) == {}


def test_an_outcome_counts_on_the_day_of_its_answer(tmp_path: Path) -> None:
    """However late it comes."""
    engine = opened(tmp_path)
    rows = [*rows_of(SHIPPED, TODAY - 9, 2), *rows_of(SHIPPED, TODAY, 1)]
    with writing(engine) as connection:
        pairs = [(row, row["prediction"] + 5000) for row in rows]
        daily.note_outcomes(connection, Counting.of(SHIPPED), pairs)
    with engine.connect() as connection:
        days = daily.read(connection, SHA)
    assert {day: sums["outcomes"]["rows"] for day, sums in days.items()} == {
        TODAY - 9: 2, TODAY: 1,
    }
    assert days[TODAY]["outcomes"]["inside"] == 0
    assert days[TODAY]["outcomes"]["absolute"] == 5000
