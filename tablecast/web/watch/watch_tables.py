"""The watch's tables: how good the predictions were, and what was refused and warned of."""

import math
import re
from collections.abc import Mapping

from tablecast.i18n.formats import number, percent
from tablecast.i18n.language import N_, _
from tablecast.log.watch_report import Report
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.web.card.regression_figures import Table
from tablecast.web.watch.values import figure_of

#: Reasons that are listed.
MOST_REASONS = 15

#: What an error is called.
FIGURES: Mapping[str, str] = {
    "MAE": N_("Mean absolute error"),
    "RMSE": N_("Root mean squared error"),
    "accuracy": N_("Accuracy"),
    "log_loss": N_("Log loss"),
}


def quality_table(schema: Schema, report: Report) -> Table | None:
    """How good the predictions were, beside what was promised."""
    rows = []
    if report.coverage:
        it = report.coverage
        rows.append((
            _("Outcomes in the range"), percent(it.value, 1), percent(it.promised),
            _between(percent(it.low, 1), percent(it.high, 1)), number(it.rows),
        ))
    for figure in report.figures:
        known = math.isfinite(figure.high)
        ends = (figure_of(schema, figure.name, end) for end in (figure.low, figure.high))
        title = FIGURES[figure.name]
        rows.append((
            _(title), figure_of(schema, figure.name, figure.value),
            "–" if figure.card is None else figure_of(schema, figure.name, figure.card),
            _between(*ends) if known else _("too few yet"), number(figure.rows),
        ))
    if not rows:
        return None
    head = (
        _("Figure"), _("Measured"), _("Promised"), _("True value, with 95% confidence"),
        _("Outcomes"),
    )
    return Table(head, tuple(rows))


def _between(low: str, high: str) -> str:
    return _("{low} to {high}").format(low=low, high=high)


def reasons_table(schema: Schema, report: Report, name: str) -> Table | None:
    found = report.reasons(name)[:MOST_REASONS]
    if not found:
        return None
    fields: dict[str, Field] = {field.name: field for field in schema.fields}
    return Table(
        (_("Reason"), _("Field"), _("Times")),
        tuple(
            (_worded(kind, fields.get(field)), fields[field].label if field in fields else "–",
             number(times))
            for kind, field, times in found
        ),
    )


def _worded(kind: str, field: Field | None) -> str:
    """A refusal's or warning's sentence without the values of whoever asked, which are not kept."""
    label = field.label if field else "…"
    return _GAP.sub(lambda gap: label if gap[1] == "field" else "…", _(kind))


_GAP = re.compile(r"\{(\w+)\b[^{}]*\}")
