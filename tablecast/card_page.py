"""The model card as words and pictures: what ``templates/model.html`` shows.

Its parts follow Mitchell et al., *Model cards for model reporting* (2019), and Pushkarna et al.,
*Data cards* (2022). A part whose facts a deployment does not have, as one from before they were
kept, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tablecast import card_figures
from tablecast.artifact import Deployment
from tablecast.card_effects import effects_of, importance_of
from tablecast.card_figures import Figure, Table
from tablecast.card_groups import groups_of
from tablecast.card_json import card_of
from tablecast.card_words import in_words, limit_in_words, method_in_words, stated_in_words
from tablecast.charts import Scale
from tablecast.figures import number, percent
from tablecast.language import N_, _
from tablecast.schema import Schema
from tablecast.wording import wording_of

#: A metric as PyCaret names it: what the card calls it, and what it says.
METRICS: Mapping[str, tuple[str, str]] = {
    "R2": ("R²", N_("share of the target's variance that is explained")),
    "MAE": ("MAE", N_("mean absolute error, in the target's unit")),
    "RMSE": ("RMSE", N_("root of the mean squared error, in the target's unit")),
    "MSE": ("MSE", N_("mean squared error")),
    "RMSLE": ("RMSLE", N_("root of the mean squared error of logarithms")),
    "MAPE": ("MAPE", N_("mean absolute error as a share of the true value")),
    "Accuracy": (N_("Accuracy"), N_("share of rows whose class is right")),
    "AUC": ("AUC", N_("area under the ROC curve; 0.5 is guessing")),
    "Recall": (N_("Recall"), N_("share of a class's rows that are found")),
    "Prec.": (N_("Precision"), N_("share of a class's answers that are right")),
    "F1": ("F1", N_("harmonic mean of precision and recall")),
    "Kappa": ("Kappa", N_("agreement beyond chance")),
    "MCC": ("MCC", N_("Matthews' correlation of answers and classes")),
    "LogLoss": (N_("Log loss"), N_("surprise at the true class; smaller is better")),
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

#: What a proof found, by its name in the card as JSON.
PROOF: Mapping[str, str] = {
    "rows": N_("Training rows compared"),
    "perturbed_rows": N_("Random rows compared, with missing, unknown and extreme values"),
    "scalar_rows": N_("Rows compared one by one, without onnxruntime"),
    "worst_relative": N_("Largest relative difference"),
    "worst_absolute": N_("Largest absolute difference"),
    "label_mismatches": N_("Classes that differ"),
    "worst_probability": N_("Largest difference of a probability"),
    "tolerance": N_("Allowed relative difference"),
    "seconds": N_("Seconds that it took"),
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


@dataclass(frozen=True)
class Entry:
    """One line of the leaderboard."""

    name: str
    cells: tuple[str, ...]
    error: str


def page_of(loaded: Deployment) -> dict[str, Any]:
    """Everything that the card's template shows."""
    loaded = in_words(loaded)
    card, schema = card_of(loaded), loaded.schema
    card["stated"] = stated_in_words(loaded, card["stated"])
    evaluation = card["evaluation"] or {}
    values: dict[str, Any] = {
        "card": card,
        "limits": [limit_in_words(one) for one in card["limits"]],
        "tiles": _tiles(card, schema),
        "metrics": _metrics(card["metrics"]),
        "overall": _overall(evaluation, schema),
        "figures": [], "rocs": [], "calibrations": [], "confusion": None, "class_table": None,
        "importance": importance_of(schema, card["importance"]),
        "effects": effects_of(loaded, card["importance"]),
        "groups": groups_of(
            schema, evaluation.get("groups", ()), card["stated"].get("sensitive", ())
        ),
        "target": _target(loaded),
        "classes": _classes(loaded),
        "leaderboard": _leaderboard(card["leaderboard"]),
        "interval": _interval(card["interval"], schema),
        "proof": {_(PROOF.get(name, name)): one for name, one in (card["proof"] or {}).items()},
        "measure": measure,
        "percent": percent,
    }
    if evaluation and schema.task == "regression":
        level = (card["interval"] or {}).get("level")
        values["figures"] = card_figures.regression_figures(schema, evaluation, level)
    elif evaluation:
        values["rocs"], values["calibrations"] = card_figures.class_figures(schema, evaluation)
        values["confusion"] = card_figures.confusion_of(schema, evaluation)
        values["class_table"] = card_figures.class_table(schema, evaluation)
    return values | {"sections": _sections(values, evaluation)}


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


def _sections(values: Mapping[str, Any], evaluation: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parts that there are: the address of each, and its heading."""
    wrong = values["figures"] or values["confusion"]
    parts = [
        ("summary", _("In short"), True),
        ("use", _("What it is for"), values["card"]["stated"] or values["limits"]),
        ("quality", _("How good it is"), values["metrics"] or values["interval"]),
        ("errors", _("Where it is wrong"), wrong),
        ("effects", _("What the answer depends on"), values["importance"] or values["effects"]),
        ("groups", _("How groups fare"), evaluation.get("groups")),
        ("data", _("The data"), True),
        ("training", _("How it was trained"), True),
        ("proof", _("Proof, versions and hashes"), True),
        ("about", _("About this card"), True),
    ]
    return [(address, heading) for address, heading, is_there in parts if is_there]


def _tiles(card: Mapping[str, Any], schema: Schema) -> list[tuple[str, str, str]]:
    """The three or four figures that a reader wants first: figure, name, and of what."""
    tiles = []
    holdout, crossed = card["metrics"].get("holdout", {}), card["metrics"].get(
        "cross_validation", {}
    )
    first = ("R2", "MAE") if schema.task == "regression" else ("Accuracy", "AUC", "LogLoss")
    for name in first:
        if name in holdout:
            said = _("on rows held back")
        elif isinstance(crossed.get(name), Mapping):
            said = _("cross-validated")
        else:
            continue
        value = holdout[name] if name in holdout else crossed[name]["mean"]
        tiles.append((_amount(name, value, schema), _(METRICS[name][0]), said))
    if card["interval"]:
        level = percent(card["interval"]["level"])
        covered = percent(card["interval"]["coverage"], 1)
        tiles.append((covered, _("Coverage"), _("of {level} ranges").format(level=level)))
    if card["rows"]:
        said = _("{count} fields").format(count=number(len(schema.fields)))
        tiles.append((number(card["rows"]), _("Rows learnt from"), said))
    return tiles[:4]


def _amount(name: str, value: float, schema: Schema) -> str:
    if name in ("MAE", "RMSE"):
        return wording_of(schema, abs(value)).of(value)
    return percent(value, 1) if name == "Accuracy" else measure(round(value, 4))


def _metrics(found: Mapping[str, Any]) -> list[Metric]:
    """Each metric of the folds and of the holdout, the usual ones first."""
    crossed = found.get("cross_validation", {})
    holdout = found.get("holdout", {})
    names = [name for name in METRICS if name in crossed or name in holdout]
    names += [name for name in crossed if name not in names and isinstance(crossed[name], Mapping)]
    return [_metric(name, crossed.get(name), holdout.get(name)) for name in names]


def _metric(name: str, crossed: Mapping[str, Any] | None, holdout: float | None) -> Metric:
    label, meaning = METRICS.get(name, (name, ""))
    folds = [] if crossed is None else list(crossed.get("folds", ()))
    said = ""
    if folds:
        said = _("{low} to {high}").format(low=measure(min(folds)), high=measure(max(folds)))
    return Metric(
        _(label), _(meaning) if meaning else "",
        "" if crossed is None else measure(crossed["mean"]),
        "" if crossed is None or "std" not in crossed else f"± {measure(crossed['std'])}",
        said, _strip(folds, holdout),
        "" if holdout is None else measure(holdout),
    )


def _strip(folds: Sequence[float], holdout: float | None) -> Strip | None:
    if len(folds) < 2:
        return None
    shown = [*folds, *([] if holdout is None else [holdout])]
    scale = Scale(min(shown), max(shown))
    return Strip(
        tuple(scale.at(one) for one in folds),
        scale.at(sum(folds) / len(folds)),
        None if holdout is None else scale.at(holdout),
    )


def _overall(evaluation: Mapping[str, Any], schema: Schema) -> dict[str, str]:
    """The figures of all unseen rows together, by what they are called."""
    found = evaluation.get("figures", {})
    amounts = ("MAE", "RMSE", "mean_residual", "median_absolute_error")
    shares = ("accuracy", "balanced_accuracy", "calibration_error")
    wording = wording_of(schema, found.get("median_absolute_error", 1.0))
    said = {}
    for name, label in OVERALL.items():
        if name not in found:
            continue
        value = found[name]
        if name in amounts:
            said[_(label)] = wording.of(value)
        else:
            said[_(label)] = percent(value, 1) if name in shares else measure(value)
    return said


def _interval(found: Mapping[str, Any] | None, schema: Schema) -> dict[str, str]:
    if not found:
        return {}
    wording = wording_of(schema, found["width"])
    return {
        _("Meant to hold"): percent(found["level"]),
        _("Rows inside, of those that the range had not seen"): percent(found["coverage"], 1),
        _("Mean width"): wording.of(found["width"]),
        _("Mean interval score"): wording.of(found["score"]),
        _("Method"): method_in_words(found["method"]),
    }


def _target(loaded: Deployment) -> Figure | None:
    background = loaded.background
    if background is None or background.histogram is None:
        return None
    return card_figures.target_figure(background.histogram, loaded.schema)


def _classes(loaded: Deployment) -> list[tuple[str, str, float]]:
    """Each class, its share of the training rows in words, and in per cent."""
    if loaded.background is None:
        return []
    return [
        (loaded.schema.show_class(name), percent(share, 1), 100 * share)
        for name, share in loaded.background.class_shares.items()
    ]


def _leaderboard(entries: Sequence[Mapping[str, Any]]) -> tuple[Table, list[Entry]] | None:
    """What was tried: the columns, and an entry for each."""
    if not entries:
        return None
    hidden = ("model", "name", "error")
    columns = [name for name in entries[0] if name not in hidden]
    made = [
        Entry(
            str(entry.get("name") or entry["model"]),
            tuple(measure(entry.get(name)) for name in columns),
            str(entry.get("error", "")),
        )
        for entry in entries
    ]
    names = {
        "recipe": _("Made features"), "features": _("Features"), "folds": _("Folds"),
        "seconds": _("Seconds"), "microseconds": _("µs a row"), "why": _("Why"),
    }
    head = tuple(
        names.get(name) or _(METRICS[name][0] if name in METRICS else name) for name in columns
    )
    return Table((_("Model"), *head), ()), made
