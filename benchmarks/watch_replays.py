"""False alarms and missed changes of the watch: ``python -m benchmarks.watch_replays``.

Fifty times thirty days are asked of a deployment as its own table was, drawn row by row with
replacement, and the whole watch (every field and the answers) is looked at each hour. Then each
number field in turn is shifted by half a standard deviation, from the first row on, up and down;
its alarm has to come within 500 rows. The same after twenty usual days, and after one, of which
it is the second half.

    python -m benchmarks.watch_replays --table insurance.csv --name deployment_28042020
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.environments import ROOT, insurance_table
from tablecast.data.sources import prepare, read_table
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tablecast.deployment.predict_model import predict_model
from tablecast.log import evidence
from tablecast.log.bins import ANSWERS, Bins, bins_of
from tablecast.log.evidence import ALPHA, BLOCK, BLOCKS, Late
from tablecast.log.watch_report import QUALITY_TESTS

HOURS, DAYS = 24, 30

#: Rows that the watch looks at one by one.
LAST = BLOCK * BLOCKS

#: Rows within which a change has to be found, how often it is looked at, and by how many standard
#: deviations the values move.
WITHIN, STEP, SHIFT = 500, 25, 0.5


class Replay:
    """The rows of a table as the watch counts them."""

    def __init__(self, deployment: Deployment, table: pd.DataFrame, seed: int) -> None:
        schema = deployment.schema
        self.bins = bins_of(deployment.description)
        self.tests = len(self.bins) + QUALITY_TESTS
        self.generator = np.random.default_rng(seed)
        self.rows = len(table)
        fields = {field.name: field for field in schema.fields}
        columns = {
            name: [fields[name].json_value(value) for value in
                   fields[name].array_of_table(table[name]).tolist()]
            for name in self.bins if name != ANSWERS
        }
        columns[ANSWERS] = predict_model(deployment, table)["prediction_label"].tolist()
        self.values = {name: columns[name] for name in self.bins}
        self.places = {name: _places(self.bins[name], self.values[name]) for name in self.bins}

    def false_alarm(self, rows_an_hour: int) -> str | None:
        """The first field that alarms in thirty days without a change; None where none does."""
        drawn = self.generator.integers(0, self.rows, (DAYS, HOURS, rows_an_hour))
        for name, bins in self.bins.items():
            hours = np.array([
                [np.bincount(self.places[name][hour], minlength=bins.size) for hour in day]
                for day in drawn
            ])
            rows = self.places[name][drawn].reshape(-1)
            for day in range(DAYS):
                before = hours[:day].sum(axis=1)
                for hour, seen in enumerate(np.cumsum(hours[day], axis=0)):
                    asked = (day * HOURS + hour + 1) * rows_an_hour
                    late = Late.of(rows[max(asked - LAST, 0) : asked], asked, bins.size)
                    found = evidence.drift(bins.expected, np.vstack([before, seen]), late)
                    if found.p(self.tests) <= ALPHA:
                        return name or "the answers"
        return None

    def found_after(
        self, name: str, up: float, usual_days: int, rows_a_day: int, same_day: bool
    ) -> int:
        """Rows of shifted values until the alarm; more than ``WITHIN`` where it does not come."""
        bins = self.bins[name]
        known = np.array([value for value in self.values[name] if value is not None], dtype=float)
        moved = self.generator.choice(known, WITHIN) + up * SHIFT * known.std()
        if (known == np.round(known)).all():
            moved = np.round(moved)
        places = _places(bins, moved.tolist())
        drawn = self.generator.integers(0, self.rows, (usual_days, rows_a_day))
        before = self.places[name][drawn]
        days = np.array([
            np.bincount(day, minlength=bins.size) for day in before
        ]).reshape(usual_days, bins.size)
        every = np.concatenate([before.reshape(-1), places])
        for seen in range(STEP, WITHIN + 1, STEP):
            today = np.bincount(places[:seen], minlength=bins.size)
            counts = np.vstack([days, today])
            if same_day and usual_days:  # the change comes within the last of the usual days
                counts = np.vstack([days[:-1], days[-1] + today])
            asked = usual_days * rows_a_day + seen
            late = Late.of(every[max(asked - LAST, 0) : asked], asked, bins.size)
            if evidence.drift(bins.expected, counts, late).p(self.tests) <= ALPHA:
                return seen
        return WITHIN + 1


def _places(bins: Bins, values: list[Any]) -> np.ndarray:
    return np.array([bins.of(value) for value in values])


def main() -> None:
    """Print the alarms without a change, and the rows until a change was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--name", default=str(ROOT / "deployment_28042020"))
    parser.add_argument("--table", help="the table it was trained on (default: insurance)")
    parser.add_argument("--replays", type=int, default=50)
    parser.add_argument("--rows", type=int, default=40, help="rows an hour")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    deployment = load(options.name)
    table = read_table(options.table or insurance_table())
    schema = deployment.schema
    prepared = prepare(table, schema.target, schema.task).table
    replay = Replay(deployment, prepared, options.seed)
    began = time.process_time()
    alarms = [replay.false_alarm(options.rows) for _ in range(options.replays)]
    names = [name for name in alarms if name]
    print(f"{options.replays} replays of {DAYS} days without drift, {options.rows} rows an hour, "
          f"{replay.tests} tests looked at each hour: {len(names)} false alarms "
          f"{names or ''} ({time.process_time() - began:.0f} s)", flush=True)
    for name, bins in replay.bins.items():
        if bins.expected.places is None:
            continue
        for days, same_day in ((0, False), (20, False), (1, True)):
            found = [
                replay.found_after(name, up, days, HOURS * options.rows, same_day)
                for up in (1.0, -1.0) for _ in range(10)
            ]
            late = sum(rows > WITHIN for rows in found)
            when = f"after {days} usual days{', on the same day' if same_day else ''}"
            print(f"{name or 'the answers'} shifted by {SHIFT} standard deviations {when}: found "
                  f"after {int(np.median(found))} rows (median), {max(found)} at most, "
                  f"{late} of {len(found)} not within {WITHIN}", flush=True)


if __name__ == "__main__":
    main()
