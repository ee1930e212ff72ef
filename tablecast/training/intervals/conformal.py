"""Prediction ranges learnt from out-of-fold residuals, by conformal prediction.

What a pipeline gets wrong on rows that it was not fitted on is what it will get wrong on new ones
(Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World*, 2005; out of folds as in
Barber, Candès, Ramdas and Tibshirani, *Predictive inference with the jackknife+*, 2021). The 5%
and 95% quantiles of those residuals are the two ends of a 90% interval. They are learnt apart,
because residuals are skewed (``tablecast.training.intervals.bounds``).
"""

from __future__ import annotations

from copy import copy
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tablecast.data.row_metadata import RowMetadata
from tablecast.errors import Remark
from tablecast.features import PossibleTarget
from tablecast.inference.interval import LARGEST_WHOLE, Limits
from tablecast.training.experiment import splits
from tablecast.training.experiment.out_of_fold import refitted
from tablecast.training.experiment.splits import folds_of
from tablecast.training.intervals.bounds import (
    SHAPE_FOLDS,
    Learnt,
    Rows,
    learn_end,
    middle_of,
)
from tablecast.training.intervals.offset_shapes import Floats, encode

if TYPE_CHECKING:
    import pandas as pd

#: True values that a range holds. 90% is the usual level of prediction intervals.
LEVEL = 0.9
#: Columns that refits are moved by, where they see more than a linear model can hold.
ALIGNED_COLUMNS = 12
#: Rows for each of these columns: ten to twenty are the usual rule of thumb for a regression.
ROWS_PER_ALIGNED_COLUMN = 15
#: The share of the rows with answers that ranges are learnt from where they are measured by time.
EARLIER = 0.5
#: Errors below this fraction of the target's size are rounding.
TINY = 1e-12


def refit_predictions(
    pipeline: Any,
    features: pd.DataFrame,
    target: Floats,
    seed: int = 123,
    folds: int | None = None,
    about: RowMetadata | None = None,
) -> tuple[Floats, Floats]:
    """Each row's answer from a clone of the pipeline that was fitted without it, shape (rows,).

    On few rows the refits of a pipeline stand apart by more than what they get wrong, where most
    rows are nearly certain. So for intervals each one's answers are moved to where the pipeline
    itself stands, by that part of the difference on the clone's own rows that is linear in the
    features.

    Returns:
        The answers as they are, which errors are counted by, and as they are moved; NaN for the
        earliest rows by time, which no clone answers.
    """
    import pandas as pd

    about = about or RowMetadata()
    final = _predictions_of(pipeline, features)
    design = _alignment(pipeline, features, final, target)
    if about.times is not None:
        design = np.zeros_like(design)  # the pipeline itself knows what comes later
    wanted = pd.Series(target, index=features.index, name="target")
    plain, moved = np.full(len(features), np.nan), np.full(len(features), np.nan)
    most = folds or folds_of(len(features))
    divided = splits.refits(wanted, about, "regression", most, seed)
    for learnt, unseen, fitted in refitted(pipeline, features, wanted, divided, about):
        own = _predictions_of(fitted, features)
        apart = np.linalg.lstsq(design[learnt], (final - own)[learnt], rcond=None)[0]
        plain[unseen] = own[unseen]
        moved[unseen] = own[unseen] + design[unseen] @ apart
    return plain, moved


def learn(
    features: pd.DataFrame,
    target: Floats,
    predictions: Floats,
    seed: int,
    about: RowMetadata | None = None,
) -> dict[str, Any]:
    """The intervals of a pipeline that is fitted on all rows of a table.

    By time they are measured as they will be used: on the later half of the rows, by offsets that
    were learnt from the earlier half.

    Args:
        features, target: the table.
        predictions: each row's answer from a clone that was fitted without it, as
            ``refit_predictions`` moves it.
        seed: decides the folds in which shapes are compared.
        about: of the rows.

    Returns:
        Plain data that ``Interval.from_json`` reads, with "method", "coverage",
        "width" and "score" (Gneiting and Raftery, 2007; smaller is better), and "by_answer" with
        the first two for each third of the answers, all measured on rows that the offsets were not
        fitted on.
    """
    about = about or RowMetadata()
    if about.weights is not None:
        places = splits.drawn_by_weight(about.weights, seed)
        drawn = features.iloc[places].reset_index(drop=True)
        about = _of_drawn(about, places)
        return learn(drawn, target[places], predictions[places], seed, about)
    encoded = encode(features)
    groups = None if about.groups is None else about.groups.factorize()[0]
    rows = Rows(
        predictions, encoded, target - predictions,
        splits.parts(len(target), about, SHAPE_FOLDS, seed), groups,
    )
    lower, upper = _ends(rows)
    offsets, measured = (lower.unseen, upper.unseen), np.ones(len(target), dtype=bool)
    if about.times is not None:
        measured = splits.is_later(about.times, EARLIER, splits.MEASURED).to_numpy()
        offsets = _offsets_of_later(rows, about, measured, seed)
    limits = limits_of(target)
    low, high = limits.of_rows(predictions, predictions + offsets[0], predictions + offsets[1])
    of_rows = (low[measured], high[measured], target[measured])
    return {
        "level": LEVEL,
        "method": Remark(
            "Conformal prediction from out-of-fold errors. Low end: {lower}. High end: {upper}.",
            values={"lower": Remark(lower.shape), "upper": Remark(upper.shape)},
        ),
        "rows": len(target),
        **_hold(*of_rows),
        "score": float(interval_score(*of_rows).mean()),
        "by_answer": _by_prediction(predictions[measured], *of_rows),
        **asdict(limits),
        "lower": lower.fitted.to_json(encoded.columns),
        "upper": upper.fitted.to_json(encoded.columns),
    }


def limits_of(target: Floats) -> Limits:
    """What the ends of a target's ranges are held to: what our pipelines' answers are."""
    possible = PossibleTarget().fit(target)
    whole = bool((target == np.round(target)).all() and possible.high_ <= LARGEST_WHOLE)
    return Limits(possible.low_, possible.high_, whole)


def _of_drawn(about: RowMetadata, places: NDArray[np.intp]) -> RowMetadata:
    """The metadata of rows that were drawn by weight: the draws of one row stay together."""
    import pandas as pd

    drawn = about.taken(places)
    same = drawn.groups if drawn.groups is not None else pd.Series(places)
    return RowMetadata(same, drawn.times)


def _ends(rows: Rows) -> tuple[Learnt, Learnt]:
    middle = middle_of(rows)
    lower = learn_end(rows, middle, (1 - LEVEL) / 2)
    return lower, learn_end(rows, middle, (1 + LEVEL) / 2)


def _offsets_of_later(
    rows: Rows, about: RowMetadata, later: NDArray[np.bool_], seed: int
) -> tuple[Floats, Floats]:
    """What ends that were learnt from the earlier rows alone add to all answers, (rows,) each."""
    parts = splits.parts(int((~later).sum()), about.taken(~later), SHAPE_FOLDS, seed)
    groups = None if rows.groups is None else rows.groups[~later]
    earlier = Rows(
        rows.predictions[~later], rows.encoded.rows(~later), rows.residuals[~later], parts, groups
    )
    lower, upper = (
        end.fitted.offsets(rows.predictions, rows.encoded) for end in _ends(earlier)
    )
    return lower, upper


def interval_score(low: Floats, high: Floats, target: Floats) -> Floats:
    """Of each row: the width, and 20 times how far outside it is (Gneiting and Raftery, 2007)."""
    outside = np.maximum(low - target, 0) + np.maximum(target - high, 0)
    return np.asarray((high - low) + 2 / (1 - LEVEL) * outside)


def _hold(low: Floats, high: Floats, target: Floats) -> dict[str, float]:
    return {
        "coverage": float(((low <= target) & (target <= high)).mean()),
        "width": float((high - low).mean()),
    }


def _by_prediction(
    predictions: Floats, low: Floats, high: Floats, target: Floats
) -> list[dict[str, Any]]:
    """Coverage and width of small, middling and large answers; each third by its ends."""
    cuts = np.unique(np.quantile(predictions, [1 / 3, 2 / 3]))
    third = np.searchsorted(cuts, predictions)
    parts = [np.flatnonzero(third == part) for part in np.unique(third)]
    return [
        {
            "from": float(predictions[rows].min()),
            "to": float(predictions[rows].max()),
            "rows": len(rows),
            **_hold(low[rows], high[rows], target[rows]),
        }
        for rows in parts
    ]


def _alignment(pipeline: Any, features: pd.DataFrame, final: Floats, target: Floats) -> Floats:
    """A constant, the answers, and what a linear model sees, or else the fields that tell most.

    Returns:
        Shape (rows, columns), of few columns: more would follow what the refits know by heart.
    """
    most = len(target) // ROWS_PER_ALIGNED_COLUMN
    seen = _seen_by_linear(pipeline, features)
    if seen is None or seen.shape[1] > most:
        seen = encode(features).values
        scaled = (seen - seen.mean(axis=0)) / np.maximum(seen.std(axis=0), TINY)
        relation = np.abs(scaled.T @ (target - target.mean()))
        seen = seen[:, np.argsort(-relation, kind="stable")[: min(ALIGNED_COLUMNS, most)]]
    columns = np.column_stack([final, seen])
    scaled = (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), TINY)
    return np.column_stack([np.ones(len(target)), scaled])


def _seen_by_linear(pipeline: Any, features: pd.DataFrame) -> Floats | None:
    """What the estimator is given; None of others, and where a row's own answer is in it, as in
    means by category: refits would be moved towards answers that they must not know."""
    if not hasattr(pipeline.steps[-1][1], "coef_") or any(map(_knows_answers, pipeline.steps)):
        return None
    before = copy(pipeline)
    before.steps = pipeline.steps[:-1]
    return np.asarray(before.transform(features), dtype=np.float64)


def _knows_answers(step: tuple[str, Any]) -> bool:
    """Whether a step encodes categories by the target."""
    from sklearn.preprocessing import TargetEncoder

    outer = getattr(step[1], "transformer", step[1])
    every = [outer, *getattr(outer, "get_params", dict)().values()]  # with those of columns
    return any(
        isinstance(one, TargetEncoder) or "supervised_encoder" in _tags(one)
        for one in every
        if not isinstance(one, type)
    )


def _tags(step: Any) -> set[str]:
    """The names of what a step says of itself and is so."""
    tags: dict[str, Any] = getattr(step, "_get_tags", dict)()
    return {name for name, value in tags.items() if value is True}


def _predictions_of(pipeline: Any, features: pd.DataFrame) -> Floats:
    return np.asarray(pipeline.predict(features), dtype=np.float64).reshape(-1)
