"""PyCaret's scores of the folds and of the test rows, for the model card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablecast.training.experiment.out_of_fold import refitted

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.row_metadata import RowMetadata

# PyCaret rounds its figures to four decimals if it is not told otherwise.
DECIMALS = 12


def weighted_scores(experiment: Any, pipeline: Any, about: RowMetadata) -> pd.DataFrame:
    """PyCaret's metrics of each fold with weights, in a table such as ``pull()`` gives.

    Args:
        experiment: set up, with metrics that weigh rows.
        pipeline: its steps and an estimator.
        about: of the training part's rows.
    """
    import pandas as pd

    features, target = experiment.X_train, experiment.y_train
    split = experiment.fold_generator.split(features, target)
    scores = pd.DataFrame([
        answers_of(experiment, fitted, experiment.train.iloc[unseen])[1]
        for _, unseen, fitted in refitted(pipeline, features, target, split, about)
    ])
    ends = {"Mean": scores.mean(), "Std": scores.std(ddof=0)}
    return pd.concat([scores, pd.DataFrame(ends).T])


def answers_of(
    experiment: Any, fitted: Any, unseen: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, float]]:
    """A fitted pipeline's answers to unseen rows, as PyCaret's table, and its figures of them."""
    made = experiment.predict_model(fitted, data=unseen, round=DECIMALS, verbose=False)
    figures = experiment.pull().drop(columns="Model").iloc[0]
    return made, {str(metric): float(value) for metric, value in figures.items()}


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
