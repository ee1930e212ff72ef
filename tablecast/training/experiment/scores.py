"""PyCaret's scores of the folds and of the test rows, for the model card."""

from __future__ import annotations

from typing import Any


def metrics_of_folds(scores: Any) -> dict[str, dict[str, Any]]:
    """Each metric's mean, deviation and folds from PyCaret's table of them."""
    return {
        str(metric): {
            "mean": float(column["Mean"]),
            "std": float(column["Std"]),
            "folds": [float(value) for value in column.drop(["Mean", "Std"])],
        }
        for metric, column in scores.items()
        if not _unknown(str(metric), column)
    }


def _unknown(metric: str, column: Any) -> bool:
    """Whether PyCaret could not work a metric out: of more than two classes it says AUC is 0."""
    return metric == "AUC" and not column["Mean"]


def telling(scores: Any, task: str) -> str:
    """The metric of a table of folds that tells most of how much was learnt.

    Of two classes it is the AUC, where it is known: always answering that a row is no fraud is
    accurate where few rows are.
    """
    if task == "classification" and "AUC" in scores and not _unknown("AUC", scores["AUC"]):
        return "AUC"
    return DECIDES[task]


def gains(folds: dict[str, dict[str, Any]]) -> list[float]:
    """By how much each fold beats what can be said without any field, in ``folds_of``'s metrics."""
    if "AUC" in folds:
        return [fold - GUESSED for fold in folds["AUC"]["folds"]]
    return list(folds["R2" if "R2" in folds else "Kappa"]["folds"])


#: The AUC of answers that do not depend on the row.
GUESSED = 0.5
# What "best" means, as PyCaret's compare_models sorts.
DECIDES = {"regression": "R2", "classification": "Accuracy"}
