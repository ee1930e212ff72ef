"""Answers of many days, as the prediction log has them, without a server and without a wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from tablecast.deployment.relabelled_files import description_of
from tablecast.log.daily import DAY, Place, add, uncounted_of
from tablecast.log.daily_sums import Counting, Sums, added, of_outcome
from tablecast.log.database import engine_of, upgrade, writing
from tablecast.log.entries import first_id
from tablecast.log.tables import PREDICTION, REFUSAL, UNCOUNTED
from tests.deployments import SHIPPED

#: A day of 2026, since 1970.
TODAY = 20_600

Row = dict[str, Any]


def shipped() -> dict[str, Any]:
    """What the shipped deployment says of itself."""
    return description_of(SHIPPED)


def unchanged(_row: Row) -> None:
    """Leave a row as it is."""


def rows_of(
    description: Mapping[str, Any],
    day: int,
    count: int,
    seed: int = 0,
    change: Callable[[Row], None] = unchanged,
) -> list[Row]:
    """Rows of ``tables.PREDICTION`` of one day, whose values are spread as training's were.

    Args:
        description: the deployment's; it predicts a number.
        day: since 1970.
        count: how many.
        seed: of the values.
        change: is given each row.
    """
    generator = np.random.default_rng([seed, day])
    drawn = {
        name: generator.choice(np.array(kept["values"], dtype=object), count,
                               p=np.array(kept["counts"]) / sum(kept["counts"]))
        for name, kept in description["background"]["fields"].items()
    }
    groups = [group["predicted"] for group in description["card"]["evaluation"]["by_answer"]]
    rows = [
        {
            "id": f"{first_id(day * DAY)}-{seed:04d}-{at:08d}", "at": day * DAY + at,
            "deployment": description["name"], "sha256": description["sha256"], "key": None,
            "request": "r", "engine": "onnx", "ms": 0.3,
            "given": {name: values[at] for name, values in drawn.items()},
            "prediction": answer, "low": answer - 4000, "high": answer + 4000,
            "probabilities": None, "warnings": [], "shadow": False, "preview": False,
        }
        for at, answer in enumerate(generator.choice(groups, count).tolist())
    ]  # fmt: skip
    for row in rows:
        change(row)
    return rows


def days_of(
    description: Mapping[str, Any],
    days: int,
    count: int,
    change: Callable[[Row], None] = unchanged,
    changed_days: int = 0,
    seed: int = 0,
) -> dict[int, Sums]:
    """The sums of the days until ``TODAY``; the last ones may be changed."""
    counting = Counting.of(description)
    return {
        day: counting.answers(
            rows_of(
                description, day, count, seed,
                change if day > TODAY - changed_days else unchanged,
            )
        )
        for day in range(TODAY - days + 1, TODAY + 1)
    }


def with_outcomes(
    description: Mapping[str, Any], sums: dict[int, Sums], count: int, spread: float
) -> dict[int, Sums]:
    """The same days, on each of which so many answers turned out to be off by about ``spread``."""
    generator = np.random.default_rng(7)
    for day, of_day in sums.items():
        for row in rows_of(description, day, count, 99):
            added(of_day, of_outcome(row, row["prediction"] + spread * generator.normal()))
    return sums


def keep_days(
    address: str,
    today: int,
    days: int = 30,
    count: int = 200,
    change: Callable[[Row], None] = unchanged,
    changed_days: int = 3,
    off: Callable[[int], float] | None = None,
) -> None:
    """Keep the sums of the shipped deployment's days in a new log.

    Args:
        address: of the log.
        today: the last day, since 1970.
        days, count: how many days, and how many answers on each.
        change: is given each row of the last days.
        changed_days: how many these are.
        off: by how much answers of a day, since 1970, were wrong; None for no outcomes.
    """
    description = shipped()
    engine, counting = engine_of(address), Counting.of(description)
    upgrade(engine)
    generator = np.random.default_rng(7)
    for day in range(today - days + 1, today + 1):
        rows = rows_of(
            description, day, count, 0, change if day > today - changed_days else unchanged
        )
        sums = counting.answers(rows)
        for row in rows[::5] if off else []:
            wrong = off(day) * generator.choice([-1, 1]) if off else 0.0
            added(sums, of_outcome(row, row["prediction"] + float(wrong)))
        with writing(engine) as connection:
            add(connection, {Place(description["name"], description["sha256"], day): sums})
    engine.dispose()


def heavier(row: Row) -> None:
    """BMI rises by half a standard deviation."""
    row["given"]["bmi"] += 3.05


def keep(engine: sa.Engine, answered: Sequence[Any] = (), refused: Sequence[Any] = ()) -> None:
    """Keep rows in one transaction, as a server does."""
    with writing(engine) as connection:
        for table, rows in ((PREDICTION, answered), (REFUSAL, refused),
                            (UNCOUNTED, uncounted_of(answered, refused))):  # fmt: skip
            if rows:
                connection.execute(sa.insert(table), list(rows))
