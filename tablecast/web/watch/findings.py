"""What the watch has found, and what to do about it."""

from dataclasses import dataclass

from tablecast.i18n.formats import day, percent, sentences
from tablecast.i18n.language import N_, _
from tablecast.log.outcome_quality import Figure
from tablecast.log.watch_report import Drift, Report
from tablecast.schema.schema import Schema
from tablecast.web.watch.values import Values, figure_of, values_of

#: The share of missing values, beyond training's, from which they are what has changed.
MORE_MISSING = 0.05

TRAIN_AGAIN = N_(
    "Train again with recent rows (tablecast log export), and see whether that is better "
    "(tablecast compare)."
)

#: What is said of an error that is worse than the card's.
WORSE = {
    "MAE": N_(
        "Since {day}, predictions are off by {value} on average; the model card says {card}."
    ),
    "accuracy": N_(
        "Since {day}, {value} of the predictions were right; the model card says {card}."
    ),
    "log_loss": N_("Since {day}, the log loss is {value}; the model card says {card}."),
}


@dataclass(frozen=True)
class Finding:
    """Something to look into: what it is, and what to do."""

    text: str
    advice: str


def findings_of(schema: Schema, report: Report) -> list[Finding]:
    """What has changed or become worse: the quality first, then the worst field first."""
    found = []
    if report.coverage and report.coverage.below:
        found.append(Finding(
            _("Since {day}, only {value} of the outcomes were in the predicted range; it should be "
              "{promised}.")
            .format(day=day(report.day(report.coverage.start)),
                    value=percent(report.coverage.late, 1),
                    promised=percent(report.coverage.promised)),
            sentences([_("Do not rely on the ranges for now."), _(TRAIN_AGAIN)]),
        ))
    found += [_worse(schema, report, figure) for figure in report.figures if figure.worse]
    found += [_changed(schema, drift) for drift in report.drifts if drift.drifted]
    if report.answers and report.answers.drifted:
        found.append(_answers(schema, report.answers))
    return found


def _worse(schema: Schema, report: Report, figure: Figure) -> Finding:
    text, card = WORSE[figure.name], figure.card or 0.0
    value, promised = (
        figure_of(schema, figure.name, amount) for amount in (figure.late, card)
    )
    since = day(report.day(figure.start))
    return Finding(_(text).format(day=since, value=value, card=promised), _(TRAIN_AGAIN))


def _changed(schema: Schema, drift: Drift) -> Finding:
    values = values_of(schema, drift)
    missing = drift.shares[-1] - drift.bins.expected.shares[-1]
    if missing > MORE_MISSING:
        return Finding(
            _("{field} is missing in {now} of the rows since {day}; in training it was {trained}.")
            .format(field=values.label, now=percent(drift.shares[-1], 1), day=_since(drift),
                    trained=percent(drift.bins.expected.shares[-1], 1)),
            _("Ask whoever brings these rows why it is left out."),
        )
    ask = _("Ask whoever brings these rows whether {field} is measured or entered differently now.")
    again = _(
        "If the values are right, train again with recent rows (tablecast log export), and see "
        "whether that is better (tablecast compare)."
    )
    advice = sentences([ask.format(field=values.label), again])
    return Finding(_moved(drift, values), advice)


def _answers(schema: Schema, drift: Drift) -> Finding:
    return Finding(
        _moved(drift, values_of(schema, drift)),
        _("See which fields have changed: predictions change with them."),
    )


def _moved(drift: Drift, values: Values) -> str:
    """Since when, and how it was and is."""
    words = _("{field}: changed since {day}. {what}: {trained} in training, {now} now.")
    return words.format(
        field=values.label, day=_since(drift), what=values.what,
        trained=values.of(drift.trained), now=values.of(drift.now),
    )


def _since(drift: Drift) -> str:
    return day(drift.since) if drift.since else ""
