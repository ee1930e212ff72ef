"""The days' sums in the log's database."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from deployments import SHIPPED as SHIPPED_PATH
from watched import TODAY, rows_of, shipped

from tablecast.deployment.opening import load
from tablecast.errors import Remark
from tablecast.log import daily
from tablecast.log.daily import Daily
from tablecast.log.daily_sums import Counting
from tablecast.log.database import engine_of, upgrade, writing
from tablecast.log.entries import Asked, Parcel, new_ids
from tablecast.log.prediction_log import PredictionLog
from tablecast.log.retention import delete_old, erase, withdraw
from tablecast.log.tables import PREDICTION
from tablecast.settings import SETTINGS

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


def told(engine: sa.Engine, outcomes: dict[str, float], before: dict[str, float]) -> None:
    """Count outcomes."""
    with writing(engine) as connection:
        daily.note_outcomes(connection, outcomes, before)


def test_an_outcome_counts_on_the_day_of_its_answer(tmp_path: Path) -> None:
    """However late it comes; one that replaces another counts instead of it."""
    engine = opened(tmp_path)
    rows = [*rows_of(SHIPPED, TODAY - 9, 2), *rows_of(SHIPPED, TODAY, 1)]
    with writing(engine) as connection:
        connection.execute(sa.insert(PREDICTION), rows)
    first = {row["id"]: row["prediction"] + 5000 for row in rows}
    told(engine, first, {})
    with engine.connect() as connection:
        days = daily.read(connection, SHA)
    assert {day: sums["outcomes"]["rows"] for day, sums in days.items()} == {
        TODAY - 9: 2, TODAY: 1,
    }
    assert days[TODAY]["outcomes"]["inside"] == 0
    assert days[TODAY]["outcomes"]["absolute"] == 5000
    last = rows[-1]
    told(engine, {last["id"]: last["prediction"] + 1000.0}, first)
    with engine.connect() as connection:
        sums = daily.read(connection, SHA, TODAY)[TODAY]["outcomes"]
    assert (sums["rows"], sums["inside"], sums["absolute"]) == (1, 1, 1000)


def test_deleted_rows_stay_in_the_sums(tmp_path: Path) -> None:
    """What was pruned or erased did happen; nothing in the sums says to whom."""
    engine, counted = opened(tmp_path), Daily()
    counted.learn(SHIPPED)
    rows = rows_of(SHIPPED, TODAY, 3)
    with writing(engine) as connection:
        connection.execute(sa.insert(PREDICTION), rows)
        counted.note(connection, rows, [])
    assert erase(engine, rows[0]["id"])
    delete_old(engine, 1, (TODAY + 9) * daily.DAY)
    with engine.connect() as connection:
        assert connection.execute(sa.select(PREDICTION)).all() == []
        assert daily.read(connection, SHA)[TODAY]["rows"] == 3


def test_answers_that_nobody_was_given_do_not_count(tmp_path: Path) -> None:
    """A file that was refused half-way leaves no row and no count."""
    engine, counted = opened(tmp_path), Daily()
    counted.learn(SHIPPED)
    lost = [row | {"request": "refused"} for row in rows_of(SHIPPED, TODAY, 7)]
    given = [row | {"id": row["id"] + "-"} for row in rows_of(SHIPPED, TODAY, 3)]
    with writing(engine) as connection:
        connection.execute(sa.insert(PREDICTION), [*lost, *given])
        counted.note(connection, [*lost, *given], [])
    withdraw(engine, counted, lost[0]["id"], lost[-1]["id"], "refused")
    with engine.connect() as connection:
        kept = connection.execute(sa.select(PREDICTION.c.id)).scalars().all()
        sums = daily.read(connection, SHA)[TODAY]
    assert sorted(kept) == sorted(row["id"] for row in given)
    assert (sums["rows"], sum(sums["bins"]["smoker"].values())) == (3, 3)


def test_a_log_counts_what_it_keeps(tmp_path: Path) -> None:
    """Answers and refusals that a process hands to its log are in the sums when they are kept."""
    loaded = load(SHIPPED_PATH)
    settings = {name: one.default for name, one in SETTINGS.items()}
    kept = PredictionLog(settings | {"log": f"sqlite:///{tmp_path / 'log.db'}"})
    notes, asked = kept.notes(loaded), Asked("r", None, 0.2)
    predictions = loaded.predictor.predict([loaded.schema.typical])
    refused = notes.refused([Remark("Enter a value for {field}.", "age")], asked)
    assert kept.keep(Parcel(notes.answered(new_ids(1), predictions, asked), [refused]))
    kept.finish()
    with kept.engine.connect() as connection:
        (sums,) = daily.read(connection, SHA).values()
    assert (sums["rows"], sums["refused"]) == (1, 1)
    assert sums["bins"]["smoker"] == {"0": 1}
    assert sums["refusals"] == {"Enter a value for {field}.": {"age": 1}}
