"""From valid rows to predictions: which engine answers, and with what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tablecast.inference.engine import Answer, Columns
from tablecast.inference.predictor import Prediction, Predictor
from tablecast.schema.field import Field
from tablecast.schema.schema import Row, Schema

SIZE = Field("size", "number", "float64", minimum=0.0, maximum=9.0, default=3.0)
KIND = Field("kind", "category", "object", levels=("a", "b"), closed=True, default="b")
SCHEMA = Schema((SIZE, KIND), "y", "regression")


class Doubling:
    """Doubles the size, and keeps what it was asked."""

    def __init__(self, row_program: Any = None) -> None:
        self.asked: list[list[float]] = []
        self.row_program = row_program

    def answer(self, columns: Columns) -> Answer:
        self.asked.append(columns["size"].tolist())
        return Answer(2 * columns["size"])


def tripling(values: Any) -> Any:
    if values[0] == 0:
        raise ZeroDivisionError
    return 3 * values[0], None


def labels(predictor: Predictor, *sizes: float) -> list[Any]:
    return [one.prediction for one in predictor.predict([Row((size, "a")) for size in sizes])]


def test_one_row_is_answered_by_its_program() -> None:
    """Several are the engine's, and so is one that the program cannot answer; none ask nobody."""
    engine = Doubling(tripling)
    predictor = Predictor(SCHEMA, engine)
    assert predictor.predict([]) == []
    assert labels(predictor, 5.0) == [15]
    assert engine.asked == []
    assert labels(predictor, 5.0, 6.0) == [10, 12]
    assert labels(predictor, 0.0) == [0]
    assert engine.asked == [[5, 6], [0]]
    assert labels(Predictor(SCHEMA, Doubling()), 4.0) == [8]


def test_a_programs_probabilities_are_named() -> None:
    """By the classes' texts; without any there are none."""
    schema = Schema((SIZE, KIND), "y", "classification", classes=(7, 8))
    for shares, named in (([0.25, 0.75], {"7": 0.25, "8": 0.75}), (None, None)):
        engine = Doubling(lambda _, shares=shares: (8, shares))
        (found,) = Predictor(schema, engine).predict([Row((1.0, "a"))])
        assert found == Prediction(8, named, (), (1.0, "a"))


def test_typical_rows_warm_an_engine_up() -> None:
    """Two of them, which no program of one row answers."""
    engine = Doubling(tripling)
    Predictor(SCHEMA, engine).warm_up()
    assert engine.asked == [[3, 3]]


def test_columns_of_known_levels_are_made_once() -> None:
    """So that nobody may write into them; those of other values are each row's own."""
    predictor = Predictor(SCHEMA, Doubling())
    columns = [predictor._columns([Row((1.0, level))]) for level in ("a", "a", "new", "new")]
    known, again, new, other = (one["kind"] for one in columns)
    assert known is again
    assert new is not other
    assert [one.tolist() for one in (known, new)] == [["a"], ["new"]]
    with pytest.raises(ValueError, match="read-only"):
        known[0] = "b"
    assert columns[0]["size"].dtype == np.float64
