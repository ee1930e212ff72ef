"""How a field's values, or the predictions, are written on the watch's page."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from tablecast.i18n.formats import number, percent, with_unit
from tablecast.i18n.language import _
from tablecast.log.bins import ANSWERS, Bins
from tablecast.log.watch_report import Drift
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.web.display.amounts import wording_of


@dataclass(frozen=True)
class Values:
    """The words of one field.

    Attributes:
        label: what it is called.
        what: what is compared over time: the mean, or a level.
        of: writes such a value: an amount, or a share.
        level: writes a level.
        edge: writes an amount between two bins.
    """

    label: str
    what: str
    of: Callable[[float], str]
    level: Callable[[str], str]
    edge: Callable[[float], str]
    _bins: Bins

    def bins(self) -> list[str]:
        """What falls into each bin."""
        bins = self._bins
        if bins.expected.places is None:
            return [*map(self.level, bins.levels), _("other values"), _("missing")]
        edges = list(map(self.edge, bins.edges))
        between = _("{low} to {high}")
        middle = [between.format(low=low, high=high) for low, high in pairwise(edges)]
        ends = [_("below {high}").format(high=edges[0]), *middle]
        return [*ends, _("{low} or more").format(low=edges[-1]), _("missing")]


def figure_of(schema: Schema, name: str, value: float, size: float | None = None) -> str:
    """An error, by the card's name of it, as people write it.

    Args:
        size: the largest of those that it is written beside; None for the value itself.
    """
    if not math.isfinite(value):
        return "–"
    if name in ("MAE", "RMSE"):
        return wording_of(schema, abs(value) if size is None else size).of(value)
    return percent(value, 1) if name == "accuracy" else number(value, ",.3f")


def values_of(schema: Schema, drift: Drift) -> Values:
    """The words of a field, or of the predictions, in the schema's language."""
    if drift.field == ANSWERS:
        return _of_answers(schema, drift)
    field = schema.field(drift.field)
    what = _("Estimated mean") if drift.level is None else _level(drift.level, field.show_level)
    return Values(
        field.label, what, _percent if drift.level is not None else _amount(field),
        field.show_level, _amount(field), drift.bins,
    )


def _of_answers(schema: Schema, drift: Drift) -> Values:
    def amount(value: float) -> str:
        return wording_of(schema, max(map(abs, drift.bins.middles))).of(value)

    def shown(level: str) -> str:
        names = {str(label): schema.show_class(label) for label in schema.classes}
        return names.get(level, level)

    what = _("Estimated mean") if drift.level is None else _level(drift.level, shown)
    return Values(
        _("The predictions"), what, amount if drift.level is None else _percent, shown, amount,
        drift.bins,
    )


def _level(level: str, shown: Callable[[str], str]) -> str:
    return shown(level) if level else _("other or missing values")


def _percent(share: float) -> str:
    return percent(share, 1)


def _amount(field: Field) -> Callable[[float], str]:
    return lambda value: with_unit(number(float(f"{value:.4g}"), ",.10g"), field.unit)
