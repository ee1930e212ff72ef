"""Metrics of a classifier and its probabilities, in aggregates only.

The confusion matrix, the ROC curve of each class against all others (Fawcett, *An introduction to
ROC analysis*, 2006) and the calibration of its probability (Niculescu-Mizil and Caruana,
*Predicting good probabilities with supervised learning*, 2005). Between two points of a curve lie
at least ``FEWEST`` rows, and behind each point of a calibration as many.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.marginals import FEWEST
from tablecast.training.evaluation.rounding import fraction, rounded
from tablecast.training.experiment.out_of_fold import UnseenClasses

Floats = npt.NDArray[np.float64]
#: Classes that have a row and a column of the confusion matrix; the rarest others share one.
MOST_IN_MATRIX = 12
#: Classes that have curves, the most frequent; more small pictures are not compared.
MOST_CURVES = 6
#: Points of a ROC curve: 30 steps of 200 px cannot be told from more.
MOST_POINTS = 30
#: Groups of a calibration, of equally many rows; fewer than 20 say little about a share.
BINS, ROWS_A_BIN = 10, 20
#: A probability of 0 for what happens costs without end; one in a million costs enough.
LEAST_PROBABILITY = 1e-6


def classification_facts(unseen: UnseenClasses) -> dict[str, Any]:
    """What the pictures of classes are drawn from.

    Returns:
        ``figures`` of all rows together; ``confusion``, with its ``classes`` and ``counts``, a row
        for each actual class and a column for each answer; ``by_class``, one entry for each class,
        of which the most frequent have ``roc`` (points of false and true positive rate) and
        ``calibration``; ``confidence``, the calibration of the answered class's probability.
    """
    from sklearn.metrics import precision_recall_fscore_support

    counts = np.bincount(unseen.actual, minlength=len(unseen.classes))
    drawn = set(np.argsort(-counts, kind="stable")[:MOST_CURVES].tolist())
    scores = precision_recall_fscore_support(
        unseen.actual, unseen.answered, labels=range(len(counts)), zero_division=np.nan
    )
    return {
        "figures": _figures(unseen),
        "confusion": _confusion(unseen, counts),
        "by_class": [
            _of_class(unseen, index, of_class, index in drawn)
            for index, of_class in enumerate(np.transpose(scores[:3]))
        ],
        "confidence": _confidence(unseen),
    }


def auc_of(
    scores: Floats, positive: npt.NDArray[np.bool_], weights: Floats | None = None
) -> float | None:
    """The area under the ROC curve; None for one class alone."""
    from sklearn.metrics import roc_auc_score

    if positive.all() or not positive.any():
        return None
    return float(roc_auc_score(positive, scores, sample_weight=weights))


def roc_of(scores: Floats, positive: npt.NDArray[np.bool_]) -> list[list[float]]:
    """Points (false positive rate, true positive rate) from (0, 0) to (1, 1).

    Only scores' own thresholds are points, so that ties stay together; with at least ``FEWEST``
    rows from each to the next.
    """
    order = np.argsort(-scores, kind="stable")
    sorted_scores, hits = scores[order], positive[order]
    ends = np.flatnonzero(np.append(np.diff(sorted_scores) != 0, True)) + 1
    step = max(FEWEST, len(scores) // MOST_POINTS)
    kept, last = [], 0
    for end in ends.tolist():
        if end - last >= step and (len(scores) - end >= FEWEST or end == len(scores)):
            kept.append(end)
            last = end
    ones, zeros = max(1, int(positive.sum())), max(1, int((~positive).sum()))
    trues = np.cumsum(hits)
    points = [[fraction((end - trues[end - 1]) / zeros), fraction(trues[end - 1] / ones)]
              for end in kept if end < len(scores)]
    return [[0.0, 0.0], *points, [1.0, 1.0]]


def calibration_of(
    probabilities: Floats, happened: npt.NDArray[np.bool_]
) -> list[dict[str, float]]:
    """Groups of equally many rows by probability: its mean, and how often it came true."""
    rows = len(probabilities)
    if rows < ROWS_A_BIN:
        return []
    order = np.argsort(probabilities, kind="stable")
    bins = np.array_split(order, min(BINS, rows // ROWS_A_BIN))
    return [
        {
            "rows": len(group),
            "predicted": fraction(probabilities[group].mean()),
            "actual": fraction(happened[group].mean()),
        }
        for group in bins
    ]


def _figures(unseen: UnseenClasses) -> dict[str, float]:
    from sklearn.metrics import balanced_accuracy_score

    weights = unseen.weights
    right = unseen.answered == unseen.actual
    balanced = balanced_accuracy_score(unseen.actual, unseen.answered, sample_weight=weights)
    figures = {
        "accuracy": fraction(np.average(right, weights=weights)),
        "balanced_accuracy": fraction(balanced),
    }
    probabilities = unseen.probabilities
    if probabilities is None:
        return figures
    own = probabilities[np.arange(len(probabilities)), unseen.actual]
    truth = np.eye(len(unseen.classes))[unseen.actual]
    bins = _confidence(unseen)
    total = sum(group["rows"] for group in bins)
    apart = sum(group["rows"] * abs(group["predicted"] - group["actual"]) for group in bins)
    rarest = int(np.argmin(truth.sum(axis=0)))
    areas = [
        auc_of(scores, wanted == 1, weights)
        for scores, wanted in zip(probabilities.T, truth.T, strict=True)
    ]
    known = [area for area in areas if area is not None]
    return {
        **figures,
        "AUC": rounded(float(np.mean(known)) if known else 0.5),
        "average_precision": _average_precision(
            probabilities[:, rarest], truth[:, rarest] == 1, weights
        ),
        "log_loss": rounded(
            -np.average(np.log(np.clip(own, LEAST_PROBABILITY, 1)), weights=weights)
        ),
        "brier": rounded(
            np.average(np.square(probabilities - truth).sum(axis=1), weights=weights)
        ),
        "calibration_error": fraction(apart / total if total else 0.0),
    }


def _average_precision(
    scores: Floats, positive: npt.NDArray[np.bool_], weights: Floats | None
) -> float:
    """The area under the precision-recall curve; guessing has the class's share of the rows."""
    from sklearn.metrics import average_precision_score

    return rounded(average_precision_score(positive, scores, sample_weight=weights))


def _confusion(unseen: UnseenClasses, counts: npt.NDArray[Any]) -> dict[str, Any]:
    """Counts of the most frequent classes, in the schema's order, and of all others together."""
    from sklearn.metrics import confusion_matrix

    kept = sorted(np.argsort(-counts, kind="stable")[:MOST_IN_MATRIX].tolist())
    others = len(unseen.classes) - len(kept)
    index_of = np.full(len(unseen.classes), len(kept), dtype=np.intp)
    index_of[kept] = np.arange(len(kept))
    size = len(kept) + bool(others)
    matrix = confusion_matrix(
        index_of[unseen.actual], index_of[unseen.answered], labels=range(size)
    )
    return {
        "classes": [unseen.classes[index] for index in kept],
        "others": others,
        "counts": matrix.tolist(),
    }


def _of_class(
    unseen: UnseenClasses, index: int, of_class: Floats, drawn: bool
) -> dict[str, Any]:
    """One class's rows; precision, recall and F1, None where there is nothing to divide by."""
    actual, answered = unseen.actual == index, unseen.answered == index
    precision, recall, f1 = (None if np.isnan(value) else fraction(value) for value in of_class)
    figures: dict[str, Any] = {
        "class": unseen.classes[index],
        "rows": int(actual.sum()),
        "answered": int(answered.sum()),
        "precision": precision,
        "recall": recall,
        "f1": f1 or 0.0,
    }
    if unseen.probabilities is None:
        return figures
    scores = unseen.probabilities[:, index]
    area = auc_of(scores, actual)
    figures["auc"] = None if area is None else rounded(area)
    figures["brier"] = rounded(np.square(scores - actual).mean())
    if drawn and area is not None:
        figures["roc"] = roc_of(scores, actual)
        figures["calibration"] = calibration_of(scores, actual)
    return figures


def _confidence(unseen: UnseenClasses) -> list[dict[str, float]]:
    """The calibration of the answered class's probability."""
    if unseen.probabilities is None:
        return []
    confidence = unseen.probabilities[np.arange(len(unseen.answered)), unseen.answered]
    return calibration_of(confidence, unseen.answered == unseen.actual)
