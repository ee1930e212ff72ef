"""Answers of many days, as the prediction log has them, without a server and without a wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tablecast.deployment.relabelled_files import description_of
from tablecast.log.daily import DAY
from tablecast.log.entries import first_id
from tablecast.log.sums import Counting, Sums, added, of_outcome
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
            "deployment": "shipped", "sha256": description["sha256"], "key": None, "request": "r",
            "engine": "onnx", "ms": 0.3,
            "given": {name: values[at] for name, values in drawn.items()},
            "prediction": answer, "low": answer - 4000, "high": answer + 4000,
            "probabilities": None, "warnings": [], "shadow": False,
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
