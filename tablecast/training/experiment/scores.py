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


# What "best" means, as PyCaret's compare_models sorts.
DECIDES = {"regression": "R2", "classification": "Accuracy"}
