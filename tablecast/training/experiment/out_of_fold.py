"""Predictions of a pipeline for rows that it was not fitted on.

Every row is answered by a clone of the pipeline that was fitted without it (Stone, *Cross-
validatory choice and assessment of statistical predictions*, 1974), so that all rows can be looked
at, and not only the holdout's: a level of ten rows has three of them there.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tablecast.data.row_metadata import RowMetadata
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.schema.texts import canonical_text
from tablecast.training.cluster.executor import Threads, threads
from tablecast.training.experiment import splits
from tablecast.training.experiment.splits import Rows, Split, folds_of
from tablecast.training.experiment.weights import fit
from tablecast.training.memory import FIT_COPIES, most_rows

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.prepared import Prepared
    from tablecast.schema.schema import Schema

Floats = npt.NDArray[np.float64]

#: Clones for classes at most; five are scikit-learn's default.
MOST_FOR_CLASSES = 5

#: Of a longer table these rows are looked at: a share counted among them is right to a third of a
#: percent, and refits that learn from fewer rows are wrong a little more often, never less.
MOST_ROWS = 20_000
#: Rows of a class that are looked at however rare it is.
ROWS_OF_A_CLASS = 50


def usual_refits(prepared: Prepared) -> int:
    """How many clones answer the rows that they have not seen, where there is time for all."""
    most = folds_of(len(prepared.table))
    if prepared.task == "classification":
        most = min(most, MOST_FOR_CLASSES)
    return splits.refits_of(prepared.about, most)


def sampled(prepared: Prepared, most: int, seed: int = 123) -> Prepared:
    """All rows, or an even sample of a longer table; see ``sample_places``."""
    places = sample_places(prepared, most, seed)
    return prepared if places is None else prepared.taken(places)


def sample_places(prepared: Prepared, most: int, seed: int = 123) -> Rows | None:
    """The places of an even sample of a table; None where it is not longer.

    Args:
        prepared: the table.
        most: how many rows at most, but for those of rare classes.
        seed: decides the sample, which has each class in its share, the rare ones a little above.
    """
    table = prepared.table
    if len(table) <= most:
        return None
    order = np.random.default_rng(seed).permutation(len(table))
    if prepared.task == "classification":
        classes = table[prepared.target].iloc[order]
        groups = classes.groupby(classes.to_numpy())
        size = groups.transform("size")
        wanted = np.maximum(size * most / len(table), ROWS_OF_A_CLASS)
        chosen = order[(groups.cumcount() < wanted).to_numpy()]
    else:
        chosen = order[:most]
    return np.sort(chosen)


def refitted(
    pipeline: Any,
    features: pd.DataFrame,
    target: pd.Series,
    splits: Iterable[Split],
    about: RowMetadata | None = None,
) -> Iterator[tuple[Rows, Rows, Any]]:
    """A clone of a pipeline for each split, fitted on the rows to learn from; some at once.

    Args:
        pipeline: as it is or was fitted.
        features, target: all rows.
        splits: the places of the rows to learn from and of the others, as scikit-learn's splitters
            give them.
        about: of all rows; their weights go to an estimator that takes any.

    Yields:
        Both places, and the clone.
    """
    divided = list(splits)
    runner = Threads().share([(pipeline, features, target, about)])
    at_once = _at_once(pipeline, features)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fold that warns does so thousands of times
        for first in range(0, len(divided), at_once):
            some = divided[first : first + at_once]
            fitted = runner.map(_refit, [(0, (learnt,)) for learnt, _ in some])
            for (learnt, unseen), one in zip(some, fitted, strict=True):
                yield learnt, unseen, one


def _refit(given: Any, learnt: Rows) -> Any:
    """A clone that is fitted on some of the rows."""
    from sklearn.base import clone

    pipeline, features, target, about = given
    weights = about.weights_at(learnt) if about else None
    return fit(clone(pipeline), features.iloc[learnt], target.iloc[learnt], weights)


def _at_once(pipeline: Any, features: pd.DataFrame) -> int:
    """How many clones are fitted at once: one on each core, as far as memory goes.

    One that draws from the process's one generator, as libsvm does for probabilities, is fitted
    alone: threads would take turns with it as they happen to run.
    """
    from sklearn.svm import SVC

    if any(isinstance(part, SVC) for part in pipeline.get_params().values()):
        return 1
    room = most_rows(features.shape[1], FIT_COPIES) // max(len(features), 1)
    return int(min(max(room, 1), threads()))


@dataclass(frozen=True)
class UnseenClasses:
    """Each row's class, and what a clone that was fitted without the row makes of it.

    Attributes:
        classes: their names, in the schema's order.
        actual, answered: (rows,) places among the classes.
        probabilities: (rows, classes), or None where the estimator has none.
        folds: how many refits there were.
        rows: (rows,) their places in the table; by time, the earliest rows are not answered.
        weights: (rows,) how much each counts, or None.
    """

    classes: tuple[str, ...]
    actual: npt.NDArray[np.intp]
    answered: npt.NDArray[np.intp]
    probabilities: Floats | None
    folds: int
    rows: Rows | None = None
    weights: Floats | None = None


def unseen_classes(
    pipeline: Any, prepared: Prepared, schema: Schema, seed: int = 123, folds: int | None = None
) -> UnseenClasses:
    """Each row's answer from a clone of a pipeline for classes that was fitted without it.

    Args:
        pipeline: the fitted pipeline.
        prepared, schema: its table, and the schema made from it.
        seed: decides the folds.
        folds: how many refits at most; None for as many as the rows ask for.
    """
    import pandas as pd

    features = prepared.table.drop(columns=prepared.target)
    target = prepared.table[prepared.target]
    names = tuple(str(name) for name in schema.classes)
    actual = _indices(target, names)
    most = min(MOST_FOR_CLASSES, folds_of(len(target)), int(np.bincount(actual).min()))
    wanted = max(2, most)
    folds = min(wanted, folds or wanted)
    about, labels = prepared.about, pd.Series(actual, name=target.name)
    divided = splits.refits(labels, about, prepared.task, folds, seed)
    answered = np.full(len(target), -1, dtype=np.intp)
    probabilities = np.full((len(target), len(names)), np.nan)
    for _, unseen, fitted in refitted(pipeline, features, target, divided, about):
        predicted = predict_with_pycaret(fitted, features.iloc[unseen], prepared.task)
        answered[unseen] = _indices(predicted["prediction_label"], names)
        probabilities[unseen] = _probabilities(predicted, names)
    rows = np.flatnonzero(answered >= 0)
    known = not np.isnan(probabilities[rows]).any()
    return UnseenClasses(
        names, actual[rows], answered[rows], probabilities[rows] if known else None,
        len(divided), rows, about.weights_at(rows),
    )


def _indices(labels: Any, names: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """Labels as places among the names, however a whole number is written."""
    known = {name: index for index, name in enumerate(names)}
    return np.array([known[canonical_text(label)] for label in labels], dtype=np.intp)


def _probabilities(predicted: Any, names: tuple[str, ...]) -> Floats:
    """The classes' probabilities of PyCaret's table, (rows, classes); NaN where it has none."""
    prefix = "prediction_score_"
    columns = {_score_name(str(column), prefix): predicted[column] for column in predicted.columns
             if str(column).startswith(prefix)}
    if set(names) - set(columns):
        return np.full((len(predicted), len(names)), np.nan)
    return np.column_stack([columns[name].to_numpy(np.float64) for name in names])


def _score_name(column: str, prefix: str) -> str:
    name = column.removeprefix(prefix)
    whole = name.removesuffix(".0")
    return whole if whole.lstrip("-").isdecimal() else name
