"""Pipelines measured on the same rows and folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tablecast.training.experiment.scores import DECIDES
from tablecast.training.experiment.trained import Trained

if TYPE_CHECKING:
    import pandas as pd


#: What a table of pipelines shows, of PyCaret's metrics.
SHOWN = {"regression": ("R2", "MAE"), "classification": ("Accuracy", "F1")}


@dataclass(frozen=True, eq=False)
class Measured:
    """One pipeline, on rows that it was not fitted on.

    Attributes:
        pipeline: as it was given.
        model: PyCaret's id of its estimator; ids joined by "+" for a blend.
        estimator: PyCaret's name of it.
        features: what the estimator sees.
        folds: PyCaret's metrics, a row for each fold.
        holdout: PyCaret's metrics of a clone that was fitted on the whole training part.
        answers: "actual", "predicted" and "held_out", for the training part's rows by the fold
            that has not seen them, then for the holdout's.
        seconds: of all folds together.
        microseconds: of a row in its graph; None where it has none.
        trained: what `tablecast.training.train.train` gave, where it made the pipeline.
    """

    pipeline: Any
    model: str
    estimator: str
    features: tuple[str, ...]
    folds: pd.DataFrame
    holdout: dict[str, float]
    answers: pd.DataFrame
    seconds: float
    microseconds: float | None
    trained: Trained | None


@dataclass(frozen=True, eq=False)
class Measurements:
    """Pipelines by name, measured on the same rows.

    Attributes:
        task: "regression" or "classification".
        measured: each by its name, in the order given.
    """

    task: str
    measured: Mapping[str, Measured]

    @property
    def decides(self) -> str:
        """The metric that PyCaret sorts by; more of it is better."""
        return DECIDES[self.task]

    @property
    def folds(self) -> pd.DataFrame:
        """The metric that decides: a row for each fold, a column for each pipeline."""
        import pandas as pd

        return pd.DataFrame(
            {name: measured.folds[self.decides] for name, measured in self.measured.items()}
        )

    def standard_error(self, name: str) -> float:
        """Of a pipeline's mean over the folds, in the metric that decides."""
        figures = self.folds[name]
        return float(figures.std(ddof=1) / len(figures) ** 0.5)
