"""The differences between two predictions for the same rows."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tablecast.errors import ProofFailed

# float64 carries about 16 digits; a pipeline's sums in another order cost a few of them.
TOLERANCE = 1e-9
# The same for a pipeline that computes in float32, which carries 7 digits: its sums and logarithms
# depend on the processor, and are right to a few of their last digits.
SINGLE_TOLERANCE = 1e-5
# Two classes this near to each other are a tie, which rounding decides.
TIE = 1e-12


class Worst:
    """The largest differences so far.

    Attributes:
        absolute, relative: between two numeric answers; relative to at least 1.
        probability: between two probabilities.
        mismatches, ties: rows with another class, and those of them that are ties.
        least: PyCaret's lowest number; None of classes.
    """

    def __init__(self, task: str) -> None:
        self.task = task
        self.absolute = self.relative = self.probability = 0.0
        self.mismatches = self.ties = 0
        self.least: float | None = None
        self._row: dict[str, Any] = {}
        self._compared: tuple[Any, Any] = (None, None)

    def compare(
        self, graph: dict[str, NDArray[Any]], reference: pd.DataFrame, table: pd.DataFrame
    ) -> None:
        """Compare the answers to the rows of one table."""
        if len(reference) != len(table):
            raise ProofFailed(
                f"PyCaret predicted {len(reference)} of {len(table)} rows: some are dropped. "
                "Train with an imputation that keeps them, or serve with TABLECAST_ENGINE=pycaret."
            )
        label = graph["prediction_label"].reshape(-1)
        expected = reference["prediction_label"].to_numpy()
        if self.task == "regression":
            self._compare_numbers(label, expected.astype(np.float64), table)
            return
        scores = [c for c in reference.columns if str(c).startswith("prediction_score_")]
        probabilities = graph.get("probabilities")
        if bool(scores) != (probabilities is not None):
            raise ProofFailed("Either the graph or PyCaret gives probabilities, but not both.")
        wrong = label.astype(str) != expected.astype(str)
        if wrong.any():
            self._note(wrong.astype(np.float64), label, expected, table)
        self.mismatches += int(wrong.sum())
        if probabilities is not None:
            exact = reference[scores].to_numpy(np.float64)
            differences = np.abs(probabilities - exact).max(axis=1)
            differences = np.where(np.isnan(differences), np.inf, differences)
            top = np.sort(exact, axis=1)[:, -2:]
            self.ties += int((wrong & (top[:, 1] - top[:, 0] < TIE)).sum())
            if differences.max() > self.probability:
                self.probability = float(differences.max())
                if not self.mismatches:
                    self._note(differences, probabilities, exact, table)

    def _compare_numbers(
        self, predicted: NDArray[Any], expected: NDArray[np.float64], table: pd.DataFrame
    ) -> None:
        equal = (predicted == expected) | (np.isnan(predicted) & np.isnan(expected))
        difference = np.where(equal, 0.0, np.abs(predicted - expected))
        difference = np.where(np.isnan(difference), np.inf, difference)
        relative = difference / np.maximum(1.0, np.nan_to_num(np.abs(expected), nan=1.0))
        if relative.max() > self.relative:
            self._note(relative, predicted, expected, table)
        self.absolute = max(self.absolute, float(difference.max()))
        self.relative = max(self.relative, float(relative.max()))
        known = expected[np.isfinite(expected)].tolist()
        self.least = min(known if self.least is None else [self.least, *known], default=None)

    def _note(
        self, size: NDArray[np.float64], predicted: Any, expected: Any, table: pd.DataFrame
    ) -> None:
        """Remember the row with the largest difference, for the error's message."""
        row = int(np.argmax(size))
        self._row = table.iloc[row].to_dict()
        self._compared = predicted[row], expected[row]

    def within(self, tolerance: float) -> bool:
        """Whether all answers are as near to each other as that, and all labels the same."""
        return max(self.relative, self.probability) <= tolerance and not self.mismatches

    def check(self, tolerance: float = TOLERANCE) -> None:
        """Raise ProofFailed where a difference is larger than the tolerance."""
        if self.within(tolerance):
            return
        faults = []
        if self.relative > tolerance:
            faults.append(
                f"a prediction differs by {self.relative:.2g} of its size ({self.absolute:.2g})"
            )
        if self.mismatches:
            faults.append(f"{self.mismatches} labels differ, {self.ties} of them ties")
        if self.probability > tolerance:
            faults.append(f"a probability differs by {self.probability:.2g}")
        graph, expected = self._compared
        raise ProofFailed(
            f"The graph and PyCaret give different predictions: {'; '.join(faults)}. The worst row "
            f"is {self._row}: the graph predicts {graph}, PyCaret {expected}. A pipeline that "
            "computes in float32 cannot be reproduced exactly (those of `tablecast train` compute "
            "in float64), nor can nearest neighbours where many rows are equally near. Train "
            "another model, or serve with TABLECAST_ENGINE=pycaret."
        )
