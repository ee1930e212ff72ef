"""The watch in words and pictures: what ``templates/watch.html`` shows."""

import math
from dataclasses import dataclass
from typing import Any

from tablecast.i18n.formats import day, number, percent, with_unit
from tablecast.i18n.language import _
from tablecast.log.evidence import ALPHA
from tablecast.log.watch_report import FEWEST, Drift, Report
from tablecast.schema.schema import Schema
from tablecast.web.card.card_charts import Plot
from tablecast.web.card.regression_figures import Table
from tablecast.web.watch import pictures
from tablecast.web.watch.findings import findings_of
from tablecast.web.watch.values import Values, figure_of, values_of
from tablecast.web.watch.watch_tables import FIGURES, quality_table, reasons_table

#: Fields that are drawn; the others are in a table.
MOST_DRAWN = 12

#: Levels of a field that are listed.
MOST_LEVELS = 6


@dataclass(frozen=True)
class Picture:
    """A small picture: what it shows, its words, and its numbers."""

    title: str
    plot: Plot
    ticks: tuple[str, ...]
    ends: tuple[str, str]
    table: Table


@dataclass(frozen=True)
class Level:
    """A level's share in training and now, in words and in per cent."""

    name: str
    trained: str
    now: str
    widths: tuple[float, float]


@dataclass(frozen=True)
class Shown:
    """A field, or the predictions, beside training.

    Attributes:
        name: what people call it.
        status: whether it has changed, and since when.
        summary: its mean, or a level's share, then and now.
        drifted: whether it has changed.
        spread: a number's bins; None of a text and without rows.
        levels: a text's, those that have changed most first.
        course: over the weeks; None of a single one.
        table: all bins.
    """

    name: str
    status: str
    summary: str
    drifted: bool
    spread: Picture | None
    levels: tuple[Level, ...]
    course: Picture | None
    table: Table


def page_of(schema: Schema, report: Report) -> dict[str, Any]:
    """Everything that the page shows.

    Args:
        schema: in the reader's language.
        report: of the deployment.
    """
    drifts = [_shown(drift, values_of(schema, drift), report) for drift in report.drifts]
    answers = report.answers
    compared = {field.name: field.label for field in schema.fields}
    return {
        "report": report,
        "since": day(report.first),
        "findings": findings_of(schema, report),
        "fewest": FEWEST,
        "rate": round(1 / ALPHA),
        "tiles": _tiles(report),
        "answers": _shown(answers, values_of(schema, answers), report) if answers else None,
        "drawn": drifts[:MOST_DRAWN],
        "others": drifts[MOST_DRAWN:],
        "not_compared": [compared[name] for name in report.not_compared],
        "quality": quality_table(schema, report),
        "weeks": _weeks(schema, report),
        "reasons": [
            (title, reasons_table(schema, report, name))
            for name, title in (("refusals", _("Refused values")), ("warnings", _("Warnings")))
        ],
    }


def _tiles(report: Report) -> list[tuple[str, str, str]]:
    """Figure, name, and of what."""
    sums = report.sums
    rows, refused = sums.get("rows", 0), sums.get("refused", 0)
    outcomes = sums.get("outcomes", {}).get("rows", 0)
    tiles = [
        (number(rows), _("Predictions"), ""),
        (number(refused), _("Refused requests"), _share(refused, rows + refused)),
        (number(sums.get("warned", 0)), _("With a warning"), _share(sums.get("warned", 0), rows)),
        (number(outcomes), _("Outcomes"), _share(outcomes, rows)),
    ]
    half, most = report.milliseconds(0.5), report.milliseconds(0.99)
    if half is not None and most is not None:
        slow = _("99% within {time}").format(time=with_unit(number(most, ",.2g"), "ms"))
        tiles.append((with_unit(number(half, ",.2g"), "ms"), _("Median time"), slow))
    return tiles


def _share(part: int, whole: int) -> str:
    return percent(part / whole, 1) if whole else ""


def _shown(drift: Drift, values: Values, report: Report) -> Shown:
    trained, now = drift.bins.expected.shares.tolist(), drift.shares
    names = values.bins()
    table = Table(
        (values.label, _("Training"), _("Now")),
        tuple(
            (name, percent(before, 1), percent(after, 1) if drift.rows else "")
            for name, before, after in zip(names, trained, now, strict=True)
            if before >= 0.0005 or after
        ),
    )
    known = len(drift.bins.middles)
    spread = None
    if known and drift.rows:
        plot = pictures.pairs(trained[:known], now[:known])
        spread = Picture(
            values.label, plot, tuple(percent(tick) for tick in plot.up.ticks),
            (names[0], names[known - 1]), table,
        )
    levels = () if known or not drift.rows else _levels(names, trained, now)
    return Shown(
        values.label, _status(drift), _summary(drift, values), drift.drifted, spread, levels,
        _course(drift, values, report), table,
    )


def _status(drift: Drift) -> str:
    if not drift.rows:
        return _("No values yet.")
    if drift.unknown:
        return _("Too few values to tell.")
    if drift.since is None:
        return _("No change.")
    return _("Changed since {day}.").format(day=day(drift.since))


def _summary(drift: Drift, values: Values) -> str:
    """How it was in training, and how it is."""
    if not drift.rows:
        return ""
    now = "–" if math.isnan(drift.now) else values.of(drift.now)
    words = _("{what}: {trained} in training, {now} now.")
    return words.format(what=values.what, trained=values.of(drift.trained), now=now)


def _levels(
    names: list[str], trained: list[float], now: tuple[float, ...]
) -> tuple[Level, ...]:
    apart = sorted(
        zip(names, trained, now, strict=True), key=lambda one: -max(one[1], one[2])
    )
    return tuple(
        Level(name, percent(before, 1), percent(after, 1), (100 * before, 100 * after))
        for name, before, after in apart[:MOST_LEVELS]
        if before >= 0.0005 or after
    )


def _course(drift: Drift, values: Values, report: Report) -> Picture | None:
    weeks = [None if one is None or math.isnan(one) else one for one in drift.weeks]
    if sum(one is not None for one in weeks) < 2:
        return None
    plot = pictures.course(weeks, drift.trained)
    ticks = tuple(values.of(tick) for tick in plot.up.ticks)
    return _over_weeks(values.what, plot, ticks, report, [
        "" if one is None else values.of(one) for one in weeks
    ])


def _over_weeks(
    title: str, plot: Plot, ticks: tuple[str, ...], report: Report, shown: list[str]
) -> Picture:
    days = [day(week.first) for week in report.weeks]
    table = Table((_("Week from"), title), tuple(zip(days, shown, strict=True)))
    return Picture(title, plot, ticks, (days[0], day(report.last)), table)


def _weeks(schema: Schema, report: Report) -> list[Picture]:
    """What happened in each week, where there is more than one."""
    weeks = report.weeks
    if len(weeks) < 2:
        return []
    counts = [week.rows for week in weeks]
    plot = pictures.bars(counts)
    ticks = tuple(number(tick, ",.10g") for tick in plot.up.ticks)
    drawn = [_over_weeks(_("Predictions"), plot, ticks, report, [number(one) for one in counts])]
    for title, shares in (
        (_("Refused requests"), [_ratio(one.refused, one.rows + one.refused) for one in weeks]),
        (_("With a warning"), [_ratio(one.warned, one.rows) for one in weeks]),
    ):
        plot = pictures.bars(shares)
        ticks = tuple(percent(tick, _decimals(plot.up.ticks)) for tick in plot.up.ticks)
        words = [percent(share, 1) for share in shares]
        drawn.append(_over_weeks(title, plot, ticks, report, words))
    return drawn + _outcome_weeks(schema, report)


def _outcome_weeks(schema: Schema, report: Report) -> list[Picture]:
    drawn = []
    covered = [week.covered for week in report.weeks]
    if report.coverage and any(one is not None for one in covered):
        plot = pictures.course(covered, report.coverage.promised)
        ticks = tuple(percent(tick, _decimals(plot.up.ticks)) for tick in plot.up.ticks)
        words = ["" if one is None else percent(one, 1) for one in covered]
        drawn.append(_over_weeks(_("Outcomes in the range"), plot, ticks, report, words))
    errors = [week.error for week in report.weeks]
    tested = next((one for one in report.figures if one.name in ("MAE", "log_loss")), None)
    if tested and any(one is not None for one in errors):
        plot = pictures.course(errors, tested.card)
        highest = plot.up.ticks[-1]
        ticks = tuple(figure_of(schema, tested.name, tick, highest) for tick in plot.up.ticks)
        words = ["" if one is None else figure_of(schema, tested.name, one) for one in errors]
        drawn.append(_over_weeks(_(FIGURES[tested.name]), plot, ticks, report, words))
    return drawn


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _decimals(ticks: tuple[float, ...]) -> int:
    """Decimals of a percentage that tell these ticks apart."""
    return 0 if all(abs(100 * tick - round(100 * tick)) < 1e-6 for tick in ticks) else 1
