"""The days' sums in the log's database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from deployments import SHIPPED as SHIPPED_PATH
from watched import TODAY, keep, rows_of, shipped

from tablecast.deployment.opening import load
from tablecast.errors import Remark
from tablecast.log import daily
from tablecast.log.daily import Daily
from tablecast.log.daily_sums import Counting, Sums
from tablecast.log.database import engine_of, upgrade, writing
from tablecast.log.entries import Asked, Parcel, first_id, new_ids
from tablecast.log.prediction_log import PredictionLog
from tablecast.log.retention import delete_old, erase, withdraw
from tablecast.log.tables import PREDICTION
from tablecast.schema.form_keys import HASHED
from tablecast.settings import SETTINGS

SHIPPED = shipped()
NAME, SHA = SHIPPED["name"], SHIPPED["sha256"]


def opened(folder: Path) -> sa.Engine:
    """A new database."""
    engine = engine_of(f"sqlite:///{folder / 'log.db'}")
    upgrade(engine)
    return engine


def counting() -> Daily:
    """What counts the shipped deployment's rows."""
    counted = Daily()
    counted.learn(NAME, SHIPPED)
    return counted


def sums_of(engine: sa.Engine, since: int = 0) -> dict[int, Sums]:
    """What is counted of the shipped deployment."""
    with engine.connect() as connection:
        return daily.read(connection, NAME, SHA, since)


def near(sums: Sums) -> Any:
    """Sums that may have been added in another order."""
    return {name: near(value) if isinstance(value, dict) else pytest.approx(value)
            for name, value in sums.items()}  # fmt: skip


def refusal_of(number: int) -> dict[str, Any]:
    """A refusal of the last day."""
    return {
        "id": f"{first_id(TODAY * daily.DAY)}-{number}", "at": TODAY * daily.DAY,
        "deployment": NAME, "sha256": SHA, "request": "r",
        "reasons": [{"field": "age", "kind": "Enter a value for {field}."}],
    }  # fmt: skip


def test_sums_of_some_transactions_are_those_of_all_rows(tmp_path: Path) -> None:
    """Rows that were kept part by part, around midnight too, are counted once each."""
    engine, counted = opened(tmp_path), counting()
    before, after = rows_of(SHIPPED, TODAY - 1, 30), rows_of(SHIPPED, TODAY, 50)
    rows = [*before[20:], *after[:1]]
    for part in (before[:20], rows, after[1:]):
        keep(engine, part)
    every = Counting.of(SHIPPED)
    expected = {TODAY - 1: near(every.answers(before)), TODAY: near(every.answers(after))}
    with engine.connect() as connection:
        assert counted.read(connection, NAME, SHA) == expected
        assert counted.read(connection, "a copy", SHA) == {}
    assert sums_of(engine) == {}
    assert not counted.fold(engine)
    assert sums_of(engine) == expected
    assert list(sums_of(engine, TODAY)) == [TODAY]
    assert not counted.fold(engine)
    with engine.connect() as connection:
        assert counted.read(connection, NAME, SHA) == expected
        assert daily.read(connection, "a copy", SHA) == {}


def test_many_rows_are_counted_a_part_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits long for the database meanwhile."""
    monkeypatch.setattr(daily, "MOST_ROWS", 10)
    engine, counted = opened(tmp_path), counting()
    for begin in range(0, 40, 4):
        keep(engine, rows_of(SHIPPED, TODAY, 40)[begin : begin + 4])
    times = 1
    while counted.fold(engine):
        times += 1
    assert times == 4
    assert sums_of(engine)[TODAY]["rows"] == 40


def test_rows_that_two_count_at_once_count_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second leaves all as it is."""
    engine, first, second = opened(tmp_path), counting(), counting()
    keep(engine, rows_of(SHIPPED, TODAY, 5))
    computing = first._sums
    monkeypatch.setattr(first, "_sums", lambda rows: (second.fold(engine), computing(rows))[1])
    first.fold(engine)
    assert sums_of(engine)[TODAY]["rows"] == 5


def test_a_row_that_is_erased_while_it_is_counted_is_not_in_the_sums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of it is forgotten; the others count the next time."""
    engine, counted = opened(tmp_path), counting()
    rows = rows_of(SHIPPED, TODAY, 5)
    keep(engine, rows)
    computing = counted._sums
    monkeypatch.setattr(
        counted, "_sums", lambda read: (erase(engine, rows[0]["id"]), computing(read))[1]
    )
    counted.fold(engine)
    assert sums_of(engine) == {}
    counted.fold(engine)
    assert sums_of(engine)[TODAY] == near(Counting.of(SHIPPED).answers(rows[1:]))


def test_previews_do_not_count(tmp_path: Path) -> None:
    """Somebody is typing: what they ask for comes last."""
    engine, counted = opened(tmp_path), counting()
    rows = rows_of(SHIPPED, TODAY, 5)
    keep(engine, [*({**row, "preview": True} for row in rows[:4]), rows[4]])
    counted.fold(engine)
    assert sums_of(engine)[TODAY]["rows"] == 1


def test_refusals_are_counted_with_the_answers_of_their_day(tmp_path: Path) -> None:
    """Whichever comes first."""
    engine, counted = opened(tmp_path), counting()
    keep(engine, [], [refusal_of(1)])
    keep(engine, rows_of(SHIPPED, TODAY, 5), [refusal_of(2)])
    counted.fold(engine)
    sums = sums_of(engine)[TODAY]
    assert (sums["rows"], sums["refused"]) == (5, 2)
    assert sums["refusals"] == {"Enter a value for {field}.": {"age": 2}}


def test_another_deployments_rows_are_left_to_whoever_serves_it(tmp_path: Path) -> None:
    """A process cannot count what it does not know the bins of; one that does comes later."""
    engine = opened(tmp_path)
    keep(engine, rows_of(SHIPPED, TODAY, 5))
    assert not Daily().fold(engine)
    assert sums_of(engine) == {}
    counting().fold(engine)
    assert sums_of(engine)[TODAY]["rows"] == 5


def told(engine: sa.Engine, outcomes: dict[str, float], before: dict[str, float]) -> None:
    """Count outcomes."""
    with writing(engine) as connection:
        daily.add(connection, daily.sums_of_outcomes(connection, outcomes, before))


def test_an_outcome_counts_on_the_day_of_its_answer(tmp_path: Path) -> None:
    """However late it comes; one that replaces another counts instead of it."""
    engine = opened(tmp_path)
    rows = [*rows_of(SHIPPED, TODAY - 9, 2), *rows_of(SHIPPED, TODAY, 1)]
    with writing(engine) as connection:
        connection.execute(sa.insert(PREDICTION), rows)
    first = {row["id"]: row["prediction"] + 5000 for row in rows}
    told(engine, first, {})
    with engine.connect() as connection:
        days = daily.read(connection, NAME, SHA)
    assert {day: sums["outcomes"]["rows"] for day, sums in days.items()} == {
        TODAY - 9: 2, TODAY: 1,
    }
    assert days[TODAY]["outcomes"]["inside"] == 0
    assert days[TODAY]["outcomes"]["absolute"] == 5000
    last = rows[-1]
    told(engine, {last["id"]: last["prediction"] + 1000.0}, first)
    with engine.connect() as connection:
        sums = daily.read(connection, NAME, SHA, TODAY)[TODAY]["outcomes"]
    assert (sums["rows"], sums["inside"], sums["absolute"]) == (1, 1, 1000)


def test_deleted_rows_stay_in_the_sums(tmp_path: Path) -> None:
    """What was pruned or erased did happen; nothing in the sums says to whom, or what it was."""
    engine, counted = opened(tmp_path), counting()
    rows = rows_of(SHIPPED, TODAY, 2)
    keep(engine, rows)
    counted.fold(engine)
    assert erase(engine, rows[0]["id"])
    sums = sums_of(engine)[TODAY]
    assert sums["rows"] == 2
    assert sums["totals"]["bmi"] == {"rows": 1, "sum": pytest.approx(rows[1]["given"]["bmi"])}
    delete_old(engine, 1, (TODAY + 9) * daily.DAY)
    with engine.connect() as connection:
        assert connection.execute(sa.select(PREDICTION)).all() == []
    sums = sums_of(engine)[TODAY]
    assert sums["rows"] == 2
    assert "totals" not in sums


def test_a_shadow_s_copy_is_erased_with_an_answer(tmp_path: Path) -> None:
    """It has the same values; those of the list's other rows, and of other requests, stay."""
    engine = opened(tmp_path)
    rows = [row | {"request": "one"} for row in rows_of(SHIPPED, TODAY, 3)]
    rows.append(rows[0] | {"id": f"{rows[0]['id']}-other", "request": "two"})
    shadows = [row | {"id": f"{row['id']}-shadow", "shadow": True, "deployment": "next"}
               for row in rows]  # fmt: skip
    shadows[0] = shadows[0] | {"given": rows[0]["given"] | {"age": f"{HASHED}0"}}
    keep(engine, [*rows, *shadows])
    assert erase(engine, rows[0]["id"])
    assert not erase(engine, shadows[0]["id"])
    with engine.connect() as connection:
        left = set(connection.execute(sa.select(PREDICTION.c.id)).scalars())
    assert left == {row["id"] for row in (*rows[1:], *shadows[1:])}


def test_an_erased_row_that_was_not_counted_takes_nothing_away(tmp_path: Path) -> None:
    """Its numbers were never part of the sums."""
    engine, counted = opened(tmp_path), counting()
    first, second = rows_of(SHIPPED, TODAY, 2)
    keep(engine, [first])
    counted.fold(engine)
    keep(engine, [second])
    assert erase(engine, second["id"])
    counted.fold(engine)
    assert sums_of(engine)[TODAY] == near(Counting.of(SHIPPED).answers([first]))


@pytest.mark.parametrize("is_counted", [True, False])
def test_answers_that_nobody_was_given_do_not_count(tmp_path: Path, is_counted: bool) -> None:
    """A file that was refused half-way leaves no row and no count."""
    engine, counted = opened(tmp_path), counting()
    lost = [row | {"request": "refused"} for row in rows_of(SHIPPED, TODAY, 7)]
    given = [row | {"id": row["id"] + "-"} for row in rows_of(SHIPPED, TODAY, 3)]
    keep(engine, [*lost, *given])
    if is_counted:
        counted.fold(engine)
    withdraw(engine, counted, lost[0]["id"], lost[-1]["id"], "refused")
    counted.fold(engine)
    with engine.connect() as connection:
        kept = connection.execute(sa.select(PREDICTION.c.id)).scalars().all()
    sums = sums_of(engine)[TODAY]
    assert sorted(kept) == sorted(row["id"] for row in given)
    assert (sums["rows"], sum(sums["bins"]["smoker"].values())) == (3, 3)


def test_a_log_counts_what_it_keeps(tmp_path: Path) -> None:
    """Answers and refusals that a process hands to its log are in the sums when they are kept."""
    loaded = load(SHIPPED_PATH)
    settings = {name: one.default for name, one in SETTINGS.items()}
    kept = PredictionLog(settings | {"log": f"sqlite:///{tmp_path / 'log.db'}"})
    notes, asked = kept.notes(loaded, NAME), Asked("r", None, 0.2)
    predictions = loaded.predictor.predict([loaded.schema.typical])
    refused = notes.refused([Remark("Enter a value for {field}.", "age")], asked)
    assert kept.keep(Parcel(notes.answered(new_ids(1), predictions, asked), [refused]))
    kept.finish()
    with kept.engine.connect() as connection:
        (sums,) = daily.read(connection, NAME, SHA).values()
    assert (sums["rows"], sums["refused"]) == (1, 1)
    assert sums["bins"]["smoker"] == {"0": 1}
    assert sums["refusals"] == {"Enter a value for {field}.": {"age": 1}}
