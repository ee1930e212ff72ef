"""What the card says of comparisons with earlier deployments (``tablecast compare``)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tablecast.i18n.formats import day, number, percent, sentences
from tablecast.i18n.language import N_, _
from tablecast.schema.schema import Schema
from tablecast.web.display.amounts import wording_of

VERDICTS: Mapping[str, str] = {
    "better": N_("It is better by more than chance."),
    "worse": N_("It is worse by more than chance."),
    "no difference": N_("The difference is not more than chance."),
}
LOSSES: Mapping[str, str] = {
    "absolute error": N_("Mean absolute error: {old} before, {new} now."),
    "log loss": N_("Log loss: {old} before, {new} now."),
    "share of wrong classes": N_("Wrong predictions: {old} before, {new} now."),
}


def comparisons_of(entries: Sequence[Mapping[str, Any]], schema: Schema) -> list[str]:
    """A line for each comparison that the card keeps."""
    return [_line(entry, schema) for entry in entries]


def _line(entry: Mapping[str, Any], schema: Schema) -> str:
    compared = _("Compared with {name} (version {version}) on {rows} rows with outcomes, {day}.")
    old, loss = entry["old_deployment"], entry["loss"]
    losses, verdict = LOSSES[loss], VERDICTS[entry["verdict"]]
    return sentences(
        [
            compared.format(
                name=old["name"], version=old["version"], rows=number(entry["rows"]),
                day=day(datetime.fromisoformat(entry["at"])),
            ),
            _(losses).format(
                old=_loss(loss, entry["old"], schema), new=_loss(loss, entry["new"], schema)
            ),
            _(verdict),
        ]
    )


def _loss(name: str, value: float, schema: Schema) -> str:
    if name == "absolute error":
        return wording_of(schema, abs(value)).of(value)
    return percent(value, 1) if name == "share of wrong classes" else number(value, ",.4f")
