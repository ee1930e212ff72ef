"""The model card as words and pictures: what ``templates/model.html`` shows.

Its parts follow Mitchell et al., *Model cards for model reporting* (2019), and Pushkarna et al.,
*Data cards* (2022). A part whose facts a deployment does not have, as one from before they were
kept, is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.model_card import facts_of
from tablecast.errors import Remark, is_remark
from tablecast.i18n.formats import number, percent
from tablecast.i18n.language import N_, _
from tablecast.schema.schema import Schema
from tablecast.web.card import regression_figures as card_figures
from tablecast.web.card.card_remarks import Sentence, sentence_of
from tablecast.web.card.class_figures import class_figures, class_table, confusion_of
from tablecast.web.card.comparisons import comparisons_of
from tablecast.web.card.effects import effects_of, importance_of
from tablecast.web.card.group_tables import Groups, groups_of
from tablecast.web.card.quality import METRICS, measure, metrics_of, overall_of
from tablecast.web.card.regression_figures import Figure, Table
from tablecast.web.card.translate import in_words, stated_in_words
from tablecast.web.display.amounts import wording_of

#: Figures of groups that the page shows, of all fields together: a quarter of its 150 KB, and less
#: where classes need the room for their curves.
MOST_FIGURES = {"regression": 1_000, "classification": 600}

#: What the template writes values with.
IN_WORDS: Mapping[str, Any] = {
    "measure": measure, "percent": percent,
}

#: What a proof found, by its name in the card as JSON.
PROOF: Mapping[str, str] = {
    "rows": N_("Training rows compared"),
    "perturbed_rows": N_("Random rows compared, with missing, unknown and extreme values"),
    "refused_rows": N_("Random rows that the pipeline itself refuses"),
    "worst_relative": N_("Largest relative difference"),
    "worst_absolute": N_("Largest absolute difference"),
    "label_mismatches": N_("Predicted classes that differ"),
    "worst_probability": N_("Largest difference of a probability"),
    "ties": N_("Of these, with equal probabilities"),
    "seconds": N_("Duration (seconds)"),
    "onnxruntime": N_("onnxruntime version"),
    "scalar_rows": N_("Rows also compared with the single-row evaluator"),
    "scalar_worst": N_("Largest relative difference of the single-row evaluator"),
    "tolerance": N_("Largest difference allowed"),
    "precision": N_("Precision of the pipeline"),
    "least": N_("Lowest prediction"),
}


#: Measures of a model that a person compares; the card as JSON has all.
MOST_MEASURES = 3


@dataclass(frozen=True)
class Entry:
    """One line of the leaderboard: a model, what it was fitted on, and its figures."""

    name: str
    features: Sentence
    cells: tuple[Sentence, ...]
    error: Sentence | None


def page_of(loaded: Deployment) -> dict[str, Any]:
    """Everything that the card's template shows."""
    loaded = in_words(loaded)
    card, schema = facts_of(loaded), loaded.schema
    card["stated"] = stated_in_words(loaded, card["stated"])
    evaluation = card["evaluation"] or {}
    sensitive = card["stated"].get("sensitive", ())
    groups = groups_of(schema, evaluation.get("groups", ()), sensitive)
    shown = _shown(groups, MOST_FIGURES[schema.task])
    values: dict[str, Any] = {
        "card": card,
        "limits": [sentence_of(limit) for limit in card["limits"]],
        **_findings(card),
        "tiles": _tiles(card, schema),
        "metrics": metrics_of(card["metrics"]),
        "overall": overall_of(evaluation, schema),
        **_pictures(card, schema),
        "importance": importance_of(schema, card["importance"]),
        "effects": effects_of(loaded, card["importance"]),
        "groups": shown,
        "more_groups": [entry.name for entry in groups[len(shown) :]],
        "target": _target(loaded),
        "classes": _classes(loaded),
        "leaderboard": _leaderboard(card["leaderboard"]),
        "comparisons": comparisons_of(card["comparisons"], schema),
        "interval": _interval(card["interval"], schema),
        "by_answer": _by_answer(card["interval"], schema),
        "proof": {_(PROOF.get(name, name)): entry for name, entry in (card["proof"] or {}).items()},
        **IN_WORDS,
    }
    return values | {"sections": _sections(values, evaluation)}


def _findings(card: Mapping[str, Any]) -> dict[str, Any]:
    """What training noticed, left out and warns of; a warning is not among the notes once more."""
    leaks = [remark["message"] for remark in card["leaks"]]
    return {
        "leaks": [sentence_of(remark) for remark in leaks],
        "split": [sentence_of(remark) for remark in card["split"]],
        "notes": [sentence_of(remark) for remark in card["notes"] if remark not in leaks],
        "dropped": [(remark["name"], sentence_of(remark["reason"])) for remark in card["dropped"]],
    }


def _pictures(card: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """Where answers are wrong; nothing where a deployment does not know it."""
    pictures: dict[str, Any] = {
        "figures": [], "rocs": [], "calibrations": [], "confusion": None, "class_table": None,
    }
    facts = card["evaluation"]
    if not facts:
        return pictures
    if schema.task == "regression":
        level = (card["interval"] or {}).get("level")
        return pictures | {"figures": card_figures.regression_figures(schema, facts, level)}
    rocs, calibrations = class_figures(schema, facts)
    return pictures | {
        "rocs": rocs, "calibrations": calibrations, "confusion": confusion_of(schema, facts),
        "class_table": class_table(schema, facts),
    }


def _shown(groups: Sequence[Groups], most: int) -> list[Groups]:
    """As many fields' groups as a page has room for, the first ones."""
    shown, figures = [], 0
    for group in groups:
        figures += len(group.table.rows) * len(group.table.head)
        if figures > most:
            break
        shown.append(group)
    return shown


def _sections(values: Mapping[str, Any], evaluation: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parts that there are: the address of each, and its heading."""
    wrong = values["figures"] or values["confusion"]
    parts = [
        ("summary", _("Summary"), True),
        ("use", _("Intended use"), values["card"]["stated"] or values["limits"]),
        ("quality", _("Performance"), values["metrics"] or values["interval"]),
        ("errors", _("Errors"), wrong),
        ("effects", _("What the prediction depends on"), values["importance"] or values["effects"]),
        ("groups", _("Performance by group"), evaluation.get("groups")),
        ("data", _("Data"), True),
        ("training", _("Training"), True),
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
            source = _("on test rows")
        elif isinstance(crossed.get(name), Mapping):
            source = _("cross-validated")
        else:
            continue
        value = holdout[name] if name in holdout else crossed[name]["mean"]
        tiles.append((_amount(name, value, schema), _(METRICS[name][0]), source))
    if card["interval"]:
        level = percent(card["interval"]["level"])
        covered = percent(card["interval"]["coverage"], 1)
        tiles.append((covered, _("Coverage"), _("of {level} ranges").format(level=level)))
    if card["rows"]:
        words = _("training rows, {count} fields").format(count=number(len(schema.fields)))
        tiles.append((number(card["rows"]), words, ""))
    return tiles[:4]


def _amount(name: str, value: float, schema: Schema) -> str:
    if name in ("MAE", "RMSE"):
        return wording_of(schema, abs(value)).of(value)
    return percent(value, 1) if name == "Accuracy" else measure(round(value, 4))


def _interval(interval: Mapping[str, Any] | None, schema: Schema) -> dict[str, str]:
    if not interval:
        return {}
    wording = wording_of(schema, interval["width"])
    return {
        _("Target coverage"): percent(interval["level"]),
        _("Measured coverage on unseen rows"): percent(interval["coverage"], 1),
        _("Mean width"): wording.of(interval["width"]),
        _("Mean interval score"): wording.of(interval["score"]),
        _("Method"): sentence_of(interval["method"]).text,
    }


def _by_answer(interval: Mapping[str, Any] | None, schema: Schema) -> Table | None:
    """How ranges hold for small, middling and large answers, where a deployment knows it."""
    groups = (interval or {}).get("by_answer")
    if not groups:
        return None
    ends = [end for group in groups for end in (group["from"], group["to"])]
    wording = wording_of(schema, max(map(abs, ends)))
    words = _("{low} to {high}")
    rows = (
        (
            words.format(low=wording.of(group["from"]), high=wording.of(group["to"])),
            number(group["rows"]), percent(group["coverage"], 1), wording.of(group["width"]),
        )
        for group in groups
    )
    return Table((_("Predicted"), _("Rows"), _("In the range"), _("Mean width")), tuple(rows))


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
        (loaded.schema.show_class(name), percent(fraction, 1), 100 * fraction)
        for name, fraction in loaded.background.class_fractions.items()
    ]


def _leaderboard(entries: Sequence[Mapping[str, Any]]) -> tuple[Table, list[Entry]] | None:
    """What was tried: the columns, and an entry for each."""
    if not entries:
        return None
    fitted = [entry for entry in entries if not entry.get("error")]
    measures = [
        name for name in METRICS if 2 * sum(name in entry for entry in fitted) > len(fitted)
    ]
    wanted = (*measures[:MOST_MEASURES], "seconds", "microseconds", "why")
    columns = [name for name in wanted if name in entries[0]]
    rows = [
        Entry(
            str(entry.get("name") or entry["model"]),
            _cell(entry.get("features", entry.get("recipe"))),
            tuple(_cell(entry.get(name)) for name in columns),
            sentence_of(entry["error"]) if entry.get("error") else None,
        )
        for entry in entries
    ]
    names = {"seconds": _("Seconds"), "microseconds": _("µs per row"), "why": _("Why")}
    head = tuple(names.get(name) or _(METRICS[name][0]) for name in columns)
    return Table((_("Model"), *head), ()), rows


def _cell(value: Any) -> Sentence:
    is_sentence = isinstance(value, str | Remark) or is_remark(value)
    return sentence_of(value) if is_sentence else Sentence(measure(_in_short(value)))


def _in_short(value: Any) -> Any:
    """A figure in four digits: models differ by more, or do not differ."""
    if not isinstance(value, float):
        return value
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() and abs(short) >= 1000 else short
