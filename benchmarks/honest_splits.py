"""Whether reported scores and ranges hold for new persons, and for later rows.

    python -m benchmarks.honest_splits [--seeds 6] [--trials 6]

Each table is simulated. Persons have twenty rows each, and an effect of their own that no field
tells but that their age and height give away, for these are theirs alone. Days follow a yearly
wave, some with a slow trend, or with errors that grow. Customers come each month, for one to two
years each.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tablecast.data.prepare import prepare
from tablecast.inference.interval import Interval
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.schema.options import ReadingOptions
from tablecast.schema.schema import Schema
from tablecast.training.card_facts import card_of
from tablecast.training.evaluation.report import look_at_unseen
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.train import train

ROWS_A_PERSON = 20


def persons(seed: int, count: int = 150) -> pd.DataFrame:
    """``count`` persons, with columns person, age, height, dose and y."""
    random = np.random.default_rng(seed)
    age, height = random.integers(18, 80, count), random.normal(170, 10, count).round(1)
    own = random.normal(size=count)
    who = np.repeat(np.arange(count), ROWS_A_PERSON)
    dose = random.normal(size=len(who)).round(4)
    y = 20 + 0.05 * age[who] + 1.5 * dose + own[who] + random.normal(0, 0.7, len(who))
    return pd.DataFrame({
        "person": [f"P{seed}-{one:04d}" for one in who], "age": age[who], "height": height[who],
        "dose": dose, "y": y.round(4),
    })


def days(seed: int, rows: int = 3_000, trend: float = 0.0, growing: float = 0.0) -> pd.DataFrame:
    """So many rows in the order of time, with columns day, load and y."""
    random = np.random.default_rng(seed)
    # From July: no part of the rows begins or ends with a year, beyond which a model cannot see.
    day = pd.date_range("2018-07-01", periods=rows, freq="12h").normalize()
    load, far = random.normal(size=rows).round(4), np.arange(rows) / rows
    wave = 3 * np.sin(2 * np.pi * day.dayofyear / 365.25)
    error = random.normal(size=rows) * (1 + growing * far)
    return pd.DataFrame(
        {"day": day, "load": load, "y": (50 + 2 * load + wave + trend * far + error).round(4)}
    )


def customers(seed: int, count: int = 200, months: int = 36, first: int = 0) -> pd.DataFrame:
    """So many customers, each with a row a month for one to two years: who, month, size, use, y."""
    random = np.random.default_rng(seed)
    start = first + random.integers(0, months - 12, count)
    stay = np.minimum(random.integers(12, 25, count), first + months - start)
    size, own = random.lognormal(3, 0.5, count).round(2), random.normal(size=count)
    who = np.repeat(np.arange(count), stay)
    month = np.concatenate([np.arange(a, a + n) for a, n in zip(start, stay, strict=True)])
    use = random.normal(size=len(who)).round(4)
    y = 30 + 2 * np.log(size[who]) + 1.5 * use + own[who] + 0.05 * month
    return pd.DataFrame({
        "who": [f"C{seed}-{one:04d}" for one in who], "month": month, "size": size[who], "use": use,
        "y": (y + random.normal(0, 0.7, len(who))).round(4),
    })


def reported_and_true(
    table: pd.DataFrame, new: pd.DataFrame, options: ReadingOptions, how: dict[str, Any]
) -> dict[str, float]:
    """R2 and coverage as the card has them, and on new rows."""
    prepared = prepare(table, "y", options=options)
    trained = train(prepared, progress=lambda _: None, **how)
    with quiet_and_single():
        card = card_of(trained, prepared)
        schema = Schema.from_table(prepared.table, "y", prepared.task)
        learnt = look_at_unseen(trained.pipeline, prepared, schema, card, 123, lambda _: None)
        given = new[list(trained.columns)]
        made = predict_with_pycaret(trained.pipeline, given, "regression")
    answers, wanted = made["prediction_label"].to_numpy(float), new["y"].to_numpy(float)
    low, high = Interval.from_json(learnt or {}, schema.fields).of_columns(
        answers, schema.columns_of(given)
    )
    spread = np.square(wanted - wanted.mean()).sum()
    return {
        "R2, test rows": trained.metrics["holdout"]["R2"],
        "R2, all rows by refits": card["evaluation"]["figures"]["R2"],
        "R2, new": 1 - float(np.square(wanted - answers).sum() / spread),
        "coverage, reported": learnt["coverage"] if learnt else float("nan"),
        "coverage, new": float(((low <= wanted) & (wanted <= high)).mean()),
        "said": float(any("Ranges learnt" in str(note) for note in card["notes"])),
    }


def of_persons(seed: int, options: ReadingOptions, how: dict[str, Any]) -> dict[str, float]:
    """One table of persons, and many others who are new."""
    return reported_and_true(persons(seed), persons(1_000 + seed, 2_000), options, how)


def of_days(
    seed: int, options: ReadingOptions, how: dict[str, Any], **more: float
) -> dict[str, float]:
    """The first 70% of the days, and the others."""
    whole = days(seed, **more)  # type: ignore[arg-type]
    cut = int(0.7 * len(whole))
    return reported_and_true(whole[:cut], whole[cut:].reset_index(drop=True), options, how)


def of_customers(seed: int, options: ReadingOptions, how: dict[str, Any]) -> dict[str, float]:
    """Three years of some customers, and the eleven months that follow of many others."""
    new = customers(1_000 + seed, 2_000, first=24)
    new = new[new["month"].between(36, 46)].reset_index(drop=True)
    return reported_and_true(customers(seed), new, options, how)


CASES: dict[str, tuple[Callable[..., dict[str, float]], ReadingOptions, dict[str, float]]] = {
    "persons, at random": (of_persons, ReadingOptions(drop=["person"]), {}),
    "persons, --group person": (of_persons, ReadingOptions(group="person"), {}),
    "days, --time day": (of_days, ReadingOptions(time="day"), {}),
    "days with a trend, at random": (of_days, ReadingOptions(), {"trend": 5.0}),
    "days with a trend, --time day": (of_days, ReadingOptions(time="day"), {"trend": 5.0}),
    "days with growing errors, --time day": (
        of_days, ReadingOptions(time="day"), {"growing": 2.0}
    ),
    "customers, at random": (of_customers, ReadingOptions(drop=["who"]), {}),
    "customers, --time month": (of_customers, ReadingOptions(time="month", drop=["who"]), {}),
    "customers, --group who --time month": (
        of_customers, ReadingOptions(group="who", time="month"), {}
    ),
}


def main() -> None:
    """Print a line for each kind of table: means over the seeds, ± their standard error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    how: dict[str, Any] = {"model": options.model}
    if options.model == "auto":
        how["trials"] = options.trials
    for name, (measure, reading, more) in CASES.items():
        if options.only in name:
            found = pd.DataFrame(
                [measure(seed, reading, how, **more) for seed in range(options.seeds)]
            )
            error = found.std() / len(found) ** 0.5
            words = [f"{one} {found[one].mean():.3f} ± {error[one]:.3f}" for one in found]
            print(f"{name}: {', '.join(words)}", flush=True)


if __name__ == "__main__":
    main()
