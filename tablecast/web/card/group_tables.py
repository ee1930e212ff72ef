"""The model card's part about groups: predictions and errors by level of a field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tablecast.i18n.formats import listed, number, percent
from tablecast.i18n.language import _
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.web.card.regression_figures import Table
from tablecast.web.display.amounts import Wording, wording_of
from tablecast.web.display.charts import Scale

#: Fields whose groups stand open; more are folded away, each with its range in a sentence.
MOST_OPEN = 6
#: Fields whose differences are drawn; with more, a page would be heavier than its pictures say.
MOST_DRAWN = 16


@dataclass(frozen=True)
class Bar:
    """A difference with two standard errors on either side, in per cent of a scale around 0."""

    low: float
    high: float
    at: float
    is_apart: bool


@dataclass(frozen=True)
class Groups:
    """The groups of one field.

    Attributes:
        name: the field.
        is_open: whether they stand open.
        is_sensitive: whether a person has marked the field as sensitive.
        summary: by how much the groups differ.
        table: what was measured, a row for each group.
        bars: a picture for each row; none where there are too many fields for pictures.
        few: sentences about groups that were not measured.
    """

    name: str
    is_open: bool
    is_sensitive: bool
    summary: str
    table: Table
    bars: tuple[Bar, ...]
    few: tuple[str, ...]


def groups_of(
    schema: Schema, measured: Sequence[Mapping[str, Any]], sensitive: Sequence[str]
) -> list[Groups]:
    """Groups of each field; sensitive fields first, then those that matter most."""
    ordered = sorted(measured, key=lambda entry: entry["field"] not in sensitive)
    is_number = schema.task == "regression"
    sizes = [abs(entry["difference"]) for each in measured for entry in each["groups"]
             if "difference" in entry]
    wording = wording_of(schema, 10 * max(sizes, default=1.0) if is_number else 1.0)
    return [
        _groups(
            schema, entry, wording,
            is_open=index < MOST_OPEN and (len(ordered) <= 2 * MOST_OPEN),
            is_sensitive=entry["field"] in sensitive, is_drawn=len(ordered) <= MOST_DRAWN,
        )
        for index, entry in enumerate(ordered)
    ]


def _groups(
    schema: Schema, entry: Mapping[str, Any], wording: Wording, *,
    is_open: bool, is_sensitive: bool,
    is_drawn: bool,
) -> Groups:
    field, groups = schema.field(entry["field"]), entry["groups"]
    names = [_group_name(field, group) for group in groups]
    if schema.task == "regression":
        head, cells = _number_cells(groups, wording)
        summary = _between(groups, "MAE", _("Mean error from {low} to {high}"), wording.of)
    else:
        head, cells = _class_cells(groups, schema)
        summary = _between(
            groups, "accuracy", _("Accuracy from {low} to {high}"), lambda rate: percent(rate, 1)
        )
    return Groups(
        field.label, is_open, is_sensitive, summary,
        Table((_("Group"), *head), tuple(
            (name, *cell) for name, cell in zip(names, cells, strict=True)
        )),
        _differences(groups) if is_drawn else (), _few(field, entry),
    )


def _between(groups: Sequence[Mapping[str, Any]], name: str, words: str, worded: Any) -> str:
    values = [group[name] for group in groups]
    ends = {"low": worded(min(values)), "high": worded(max(values))} if len(values) > 1 else {}
    return words.format(**ends) if ends else ""


def _number_cells(
    groups: Sequence[Mapping[str, Any]], wording: Wording
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    covers = any("covered" in group for group in groups)
    head = (
        _("Rows"), _("Mean actual"), _("Mean predicted"), _("Difference"), _("Mean error"),
        *((_("In the range"),) if covers else ()),
    )
    cells = [
        (
            number(group["rows"]), wording.of(group["actual"]), wording.of(group["predicted"]),
            f"{wording.change(group['difference'])} {wording.error(group['error'])}",
            wording.of(group["MAE"]),
            *((percent(group["covered"], 1),) if covers else ()),
        )
        for group in groups
    ]
    return head, cells


def _class_cells(
    groups: Sequence[Mapping[str, Any]], schema: Schema
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    shown = list(groups[0]["classes"]) if groups else []
    if len(schema.classes) == 2:
        shown = shown[-1:]
    rates = {
        "true_positive_rate": _("True positives"), "false_positive_rate": _("False positives")
    }
    rates = {name: label for name, label in rates.items() if any(name in each for each in groups)}
    head = (
        _("Rows"), _("Accuracy"), *rates.values(),
        *(_("{class_}: actual, predicted").format(class_=schema.show_class(name))
          for name in shown),
    )
    cells = []
    for group in groups:
        own = [group["classes"][name] for name in shown]
        error = number(100 * group["error"], ".1f")
        cells.append((
            number(group["rows"]), f"{percent(group['accuracy'], 1)} ± {error}",
            *(percent(group[name], 1) if name in group else "–" for name in rates),
            *(f"{percent(each['actual'])}, {percent(each['answered'])}" for each in own),
        ))
    return head, cells


def _differences(groups: Sequence[Mapping[str, Any]]) -> tuple[Bar, ...]:
    """Each group's difference with two standard errors, on one scale with 0 in its middle."""
    known = [group for group in groups if "difference" in group]
    reach = max((abs(each["difference"]) + 2 * each["error"] for each in known), default=0.0)
    scale = Scale(-(reach or 1.0), reach or 1.0)
    return tuple(
        Bar(
            scale.at(each["difference"] - 2 * each["error"]),
            scale.at(each["difference"] + 2 * each["error"]),
            scale.at(each["difference"]),
            abs(each["difference"]) > 2 * each["error"],
        )
        for each in known
    )


def _group_name(field: Field, group: Mapping[str, Any]) -> str:
    if group.get("missing"):
        return _("No value")
    if "level" in group:
        return field.in_words(group["level"])
    low, high = group["range"]
    if low is None:
        return _("Below {value}").format(value=field.in_words(high))
    if high is None:
        return _("{value} and more").format(value=field.in_words(low))
    words = _("{low} to below {high}")
    return words.format(low=field.in_words(low), high=field.in_words(high))


def _few(field: Field, entry: Mapping[str, Any]) -> tuple[str, ...]:
    sentences = []
    if entry["few"]:
        names = listed(map(field.in_words, entry["few"]))
        sentences.append(_("Too few rows to measure: {names}.").format(names=names))
    if entry["rest"]:
        words = _("{count} rows are in no group.")
        sentences.append(words.format(count=number(entry["rest"])))
    return tuple(sentences)
