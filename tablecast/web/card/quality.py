"""The model card's scores: of every fold, of the test rows, of all unseen rows."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tablecast.i18n.formats import number, percent, rounded
from tablecast.i18n.language import N_, _
from tablecast.schema.schema import Schema
from tablecast.web.display.amounts import wording_of
from tablecast.web.display.charts import Scale

#: Digits of a standard deviation between folds.
DIGITS_OF_SPREAD = 2

#: A metric as PyCaret names it: what the card calls it, and what it says.
METRICS: Mapping[str, tuple[str, str]] = {
    "R2": ("R²", N_("share of the target's variance explained")),
    "MAE": ("MAE", N_("mean absolute error, in the target's unit")),
    "RMSE": ("RMSE", N_("root of the mean squared error, in the target's unit")),
    "MSE": ("MSE", N_("mean squared error")),
    "RMSLE": ("RMSLE", N_("root of the mean squared error of logarithms")),
    "MAPE": ("MAPE", N_("mean absolute error as a share of the true value")),
    "Accuracy": (N_("Accuracy"), N_("share of rows predicted correctly")),
    "AUC": ("AUC", N_("area under the ROC curve; 0.5 is guessing")),
    "Recall": (N_("Recall"), N_("share of a class's rows that are found")),
    "Prec.": (N_("Precision"), N_("share of a class's predictions that are right")),
    "F1": ("F1", N_("harmonic mean of precision and recall")),
    "Kappa": ("Kappa", N_("agreement beyond chance")),
    "MCC": ("MCC", N_("Matthews correlation between predictions and classes")),
    "LogLoss": (N_("Log loss"), N_("penalty for a low probability of the true class; lower is "
                                   "better")),
}

#: Figures of all unseen rows together, in the order in which they are told.
OVERALL: Mapping[str, str] = {
    "MAE": "MAE", "RMSE": "RMSE", "R2": "R²",
    "mean_residual": N_("Mean residual"),
    "median_absolute_error": N_("Median absolute error"),
    "accuracy": N_("Accuracy"), "balanced_accuracy": N_("Balanced accuracy"),
    "AUC": N_("Mean AUC"), "log_loss": N_("Log loss"), "brier": N_("Brier score"),
    "calibration_error": N_("Calibration error"),
}


@dataclass(frozen=True)
class Strip:
    """Every fold's figure as a dot on a line, with their mean and the holdout's; in per cent."""

    dots: tuple[float, ...]
    mean: float
    holdout: float | None


@dataclass(frozen=True)
class Metric:
    """One figure of quality: of the folds, and of the holdout."""

    name: str
    meaning: str
    mean: str
    spread: str
    range: str
    strip: Strip | None
    holdout: str


def measure(value: Any) -> str:
    """A figure of the model card, with the digits that a person compares."""
    if isinstance(value, Mapping) and "mean" in value:
        mean = measure(value["mean"])
        if "std" not in value:
            return mean
        return _("{mean}, ± {spread} between folds").format(
            mean=mean, spread=measure(value["std"])
        )
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, int):
        return number(value)
    return number(value, ",.1f" if abs(value) >= 1000 else ".4g")


def metrics_of(measured: Mapping[str, Any]) -> list[Metric]:
    """Each metric of the folds and of the holdout, the usual ones first."""
    crossed = measured.get("cross_validation", {})
    holdout = measured.get("holdout", {})
    names = [name for name in METRICS if name in crossed or name in holdout]
    names += [name for name in crossed if name not in names and isinstance(crossed[name], Mapping)]
    return [_metric(name, crossed.get(name), holdout.get(name)) for name in names]


def overall_of(evaluation: Mapping[str, Any], schema: Schema) -> dict[str, str]:
    """The figures of all unseen rows together, by what they are called."""
    figures = evaluation.get("figures", {})
    amounts = ("MAE", "RMSE", "mean_residual", "median_absolute_error")
    fractions = ("accuracy", "balanced_accuracy", "calibration_error")
    wording = wording_of(schema, figures.get("median_absolute_error", figures.get("MAE", 1.0)))
    worded = {}
    for name, label in OVERALL.items():
        if name not in figures:
            continue
        value = figures[name]
        if name in amounts:
            worded[_(label)] = wording.of(value)
        else:
            worded[_(label)] = percent(value, 1) if name in fractions else measure(value)
    return worded


def _metric(name: str, crossed: Mapping[str, Any] | None, holdout: float | None) -> Metric:
    label, meaning = METRICS.get(name, (name, ""))
    known = crossed or {}
    worded = _with_spread(known.get("std"))
    folds = list(known.get("folds", ()))
    spread = ""
    if folds:
        spread = _("{low} to {high}").format(low=worded(min(folds)), high=worded(max(folds)))
    return Metric(
        _(label), _(meaning) if meaning else "",
        worded(known["mean"]) if known else "",
        f"± {worded(known['std'])}" if "std" in known else "",
        spread, _strip(folds, holdout),
        "" if holdout is None else worded(holdout),
    )


def _with_spread(spread: float | None) -> Callable[[float], str]:
    """Writes figures that scatter so much: with two digits of that, as more say nothing."""
    if not spread:
        return measure
    decimals = DIGITS_OF_SPREAD - 1 - math.floor(math.log10(spread))
    return lambda value: rounded(value, decimals)


def _strip(folds: Sequence[float], holdout: float | None) -> Strip | None:
    if len(folds) < 2:
        return None
    shown = [*folds, *([] if holdout is None else [holdout])]
    scale = Scale(min(shown), max(shown))
    return Strip(
        tuple(scale.at(score) for score in folds),
        scale.at(sum(folds) / len(folds)),
        None if holdout is None else scale.at(holdout),
    )
