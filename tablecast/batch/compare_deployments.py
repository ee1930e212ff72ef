"""Two deployments on the same rows whose truth is known: is the new one better by more than chance?

Each row has a loss under either: the absolute error of a number, which has the target's unit and is
not decided by a single row; of a class the log loss, or where one of the two has no probabilities,
whether it is wrong. The differences, row by row, are tested by flipping their signs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tablecast.batch.below_table import rows_of_table
from tablecast.batch.column_reader import RowsReader
from tablecast.batch.match_columns import column_of, match_columns
from tablecast.batch.parquet import ParquetSource
from tablecast.batch.paths import file_errors, is_parquet, refuse_sheet
from tablecast.batch.predict_file import Source
from tablecast.batch.row_source import row_source
from tablecast.batch.sign_flips import sign_flip_p
from tablecast.batch.truths import classes_of, text_of, truth_of
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError
from tablecast.inference.engine import Answer
from tablecast.schema.schema import Schema

Floats = npt.NDArray[np.float64]

#: A difference that chance alone makes less often than this is more than chance.
ALPHA = 0.05

#: The least probability of the truth, as the card's log loss has it.
LEAST_PROBABILITY = 1e-6

#: Standard errors of a mean to either side that hold it in 95 of 100 cases.
STANDARD_ERRORS = 1.96

Verdict = Literal["better", "worse", "no difference"]


@dataclass(frozen=True)
class Comparison:
    """Two deployments on the same rows.

    Attributes:
        loss: what was compared: "absolute error", "log loss" or "share of wrong classes".
        rows: how many were compared.
        rows_without_target: rows without a value of the target.
        rows_refused: rows that one of the two refuses.
        old, new: the mean losses.
        low, high: where new minus old is, in 95 of 100 cases; not known of a single row.
        p: of a difference of the means by chance alone.
    """

    loss: str
    rows: int
    rows_without_target: int
    rows_refused: int
    old: float
    new: float
    low: float | None
    high: float | None
    p: float

    @property
    def verdict(self) -> Verdict:
        """What holds of the new one, by more than chance."""
        if self.p > ALPHA or self.new == self.old:
            return "no difference"
        return "better" if self.new < self.old else "worse"

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {"verdict": self.verdict, **asdict(self), "difference": self.new - self.old}


def compare_deployments(
    old: Deployment, new: Deployment, table: str | PathLike[str], sheet: str | None = None
) -> Comparison:
    """Compare two deployments on the rows of a CSV, Excel or Parquet file.

    Args:
        old, new: what predict the same target.
        table: it has the columns of both, and the target's; rows without a target are left out.
        sheet: which sheet of a workbook.

    Raises:
        BatchError: they predict different things, the file cannot be read, has not the right
            columns, has a target that is no value of it, or no row that can be compared.
    """
    _check_alike(old, new)
    judges = (_Judge(old), _Judge(new))
    loss = _loss_of(judges)
    losses: list[tuple[Floats, Floats]] = []
    without = refused = 0
    with file_errors(), _opened(Path(table), new.schema, sheet) as source:
        place = column_of(new.schema.target, source.names)
        if place is None:
            raise BatchError(
                f"{source.name} has no column {new.schema.target!r}, which the deployments "
                "predict. Compare them on rows whose outcome is known, such as those of tablecast "
                "log export."
            )
        for judge in judges:
            judge.find_columns(source)
        truth = truth_of([judge.schema for judge in judges], source.name)
        for chunk in rows_of_table(source, new.schema, judges[1].places):
            known, values = truth.read(chunk, place)
            answered = [judge.losses(chunk, values, loss) for judge in judges]
            valid = known & ~np.isnan(answered[0]) & ~np.isnan(answered[1])
            without += int((~known).sum())
            refused += int((known & ~valid).sum())
            losses.append((answered[0][valid], answered[1][valid]))
    if not sum(len(one) for one, _ in losses):
        raise BatchError(
            f"{Path(table).name} has no row to compare on: {without:,} have no "
            f"{new.schema.target!r}, and {refused:,} are refused.{_first_refusal(judges)}"
        )
    each = np.hstack([np.array(pair) for pair in losses])
    return _comparison(loss, each[0], each[1], without, refused)


def _first_refusal(judges: Sequence[_Judge]) -> str:
    first = next((judge for judge in judges if judge.refusal), None)
    return f" The first by {first.name}: {first.refusal}" if first else ""


def _comparison(loss: str, old: Floats, new: Floats, without: int, refused: int) -> Comparison:
    apart = new - old
    mean, low, high = float(apart.mean()), None, None
    if len(apart) > 1:
        reach = STANDARD_ERRORS * float(apart.std(ddof=1)) / math.sqrt(len(apart))
        low, high = mean - reach, mean + reach
    return Comparison(
        loss, len(apart), without, refused, float(old.mean()), float(new.mean()), low, high,
        sign_flip_p(apart),
    )


def _check_alike(old: Deployment, new: Deployment) -> None:
    for what, of in (("predicts {!r}", "target"), ("is a {}", "task")):
        first, second = getattr(old.schema, of), getattr(new.schema, of)
        if first != second:
            raise BatchError(
                f"{old.name} {what.format(first)}, and {new.name} {what.format(second)}. Compare "
                "two deployments that predict the same."
            )


def _loss_of(judges: Sequence[_Judge]) -> str:
    if judges[0].schema.task == "regression":
        return "absolute error"
    return "log loss" if all(judge.knows_chances for judge in judges) else (
        "share of wrong classes"
    )


class _Judge:
    """A deployment that answers rows, and what each answer costs."""

    def __init__(self, deployment: Deployment) -> None:
        self.name = deployment.name
        self.schema = deployment.schema
        #: What is wrong with the first row that it refuses.
        self.refusal = ""
        self.places: dict[str, int] = {}
        self._engine = deployment.predictor.engine
        self._reader = RowsReader(self.schema)
        typical = self.schema.columns_of_rows([self.schema.typical])
        self.knows_chances = self._engine.answer(typical).probabilities is not None
        self.classes = classes_of(self.schema)

    def find_columns(self, source: Source) -> None:
        """Which columns hold its fields. Raises BatchError where one is missing."""
        self.places = match_columns(
            self.schema, source.names, source.name, in_lines=source.in_lines
        )

    def losses(self, chunk: Any, truth: npt.NDArray[Any], loss: str) -> Floats:
        """(rows,): what each row's answer costs; NaN where the row is refused."""
        cells = {name: chunk.column(place) for name, place in self.places.items()}
        reading = self._reader.read(cells, len(chunk))
        if reading.refused and not self.refusal:
            self.refusal = next(iter(reading.refused.values()))[0].say()
        accepted = np.array([row not in reading.refused for row in range(len(chunk))])
        found = np.full(len(chunk), np.nan)
        if accepted.any():
            columns = {name: values[accepted] for name, values in reading.columns.items()}
            found[accepted] = self._cost(self._engine.answer(columns), truth[accepted], loss)
        return found

    def _cost(self, answer: Answer, truth: npt.NDArray[Any], loss: str) -> Floats:
        if loss == "absolute error":
            return np.asarray(np.abs(answer.labels - truth), dtype=np.float64)
        places = np.array([self.classes.get(text, -1) for text in truth.tolist()])
        if answer.probabilities is not None and loss == "log loss":
            # A class that it does not know is the last one, without any probability.
            chances = np.pad(answer.probabilities, ((0, 0), (0, 1)))[np.arange(len(truth)), places]
            return np.asarray(-np.log(np.maximum(chances, LEAST_PROBABILITY)), dtype=np.float64)
        answered = [self.classes[text_of(label)] for label in answer.labels.tolist()]
        return np.asarray(np.array(answered) != places, dtype=np.float64)


@contextmanager
def _opened(path: Path, schema: Schema, sheet: str | None) -> Iterator[Any]:
    if is_parquet(path):
        refuse_sheet(sheet, path.name)
        with closing(ParquetSource(path)) as source:
            yield source
        return
    with (
        path.open("rb") as stream,
        closing(row_source(stream, path.name, schema, [schema.target], sheet)) as source,
    ):
        yield source
