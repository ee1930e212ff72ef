"""A date, with or without a time; in the graph seconds since 1970 (UTC)."""

import re
from datetime import UTC, datetime, time
from typing import Any

import numpy as np

from tablecast.i18n.formats import day, with_unit
from tablecast.i18n.language import N_
from tablecast.schema.field import DAY, Array, Refusal, Value
from tablecast.schema.kinds.amount import AmountField, Floats
from tablecast.schema.moments import days_meant, moment_of, seconds_of
from tablecast.schema.texts import quoted


class DateField(AmountField):
    """A day, or a moment where the training table has times of day."""

    kind_words = N_("Date")
    is_whole = True
    is_short = False
    goes_on = True
    graph_input = "moment"
    reading_option = "date"

    @property
    def is_days(self) -> bool:
        """Whether training's first and last moment are midnights."""
        return (self.minimum or 0) % DAY == 0 and (self.maximum or 0) % DAY == 0

    def amount_of(self, value: Any, *, text: bool) -> float:
        moment = moment_of(value, self.date_format)
        if moment is not None:
            return seconds_of(moment)
        days = days_meant(value) if isinstance(value, str) else []
        if len(days) > 1 and not self.date_format:
            raise self.refuse("{field}: {value} may be {first} or {second}; write it as {first}.",
                              value=quoted(value), first=str(days[0]), second=str(days[1]))
        if len(days) != 1 or (self.date_format and not _tells_its_order(value)):
            raise self.refuse("Enter {field} as a date, for example {example}.",
                              example=self.example)
        return seconds_of(datetime.combine(days[0], time()))

    def held(self, text: str) -> str:
        """As the three inputs hold it, where a person has written it otherwise."""
        try:
            return self.show(self.amount_of(text.strip(), text=True))
        except Refusal:
            return text

    def rules(self) -> dict[str, Any]:
        return super().rules() | {"dateFormat": self.date_format}

    def show_known(self, value: Value) -> str:
        moment = datetime.fromtimestamp(float(value), UTC)
        return moment.strftime("%Y-%m-%d" if float(value) % DAY == 0 else "%Y-%m-%d %H:%M:%S")

    def json_known(self, value: Value) -> str:
        """As RFC 3339 writes the day, or the day and the time."""
        moment = datetime.fromtimestamp(float(value), UTC)
        usual = (value, self.minimum, self.maximum, self.default)
        if all(float(seconds) % DAY == 0 for seconds in usual if seconds is not None):
            return moment.date().isoformat()
        return moment.isoformat().replace("+00:00", "Z")

    def json_limits(self) -> dict[str, Any]:
        limits = [self.json_value(limit) for limit in (self.hard_minimum, self.hard_maximum)]
        example = str(self.json_edge())
        described = {"type": "string", "format": "date-time" if "T" in example else "date"}
        # JSON Schema has no keyword for the limits of a date.
        return described if None in limits else described | {"x-limits": limits}

    def in_words(self, value: Value) -> str:
        if float(value) % DAY == 0:
            return day(datetime.fromtimestamp(float(value), UTC))
        return with_unit(self.show(value), self.unit)

    def control_for(self, _text: str) -> str:
        return "date" if self.is_days else "text"

    @property
    def pattern_example(self) -> str:
        return self.show(self.minimum)

    def array_of_table(self, column: Any) -> Array:
        moments = np.asarray(column, dtype="datetime64[ns]")
        return np.where(np.isnat(moments), np.nan, moments.astype("int64") / 1e9)

    def points(self, low: float, high: float, count: int) -> Floats:
        spread: Floats = np.linspace(low, high, count)
        if high - low < count * DAY:
            return spread
        spread = np.round(spread / DAY) * DAY
        return spread.clip(low, high)

    def nearest(self, numbers: Floats) -> Floats:
        step = DAY if self.is_days else 1.0
        return numbers // step * step

    def mean_of(self, group: Floats, known: Floats) -> float:
        step = DAY if (known % DAY == 0).all() else 1.0
        return round(float(group.mean()) / step) * step


def _tells_its_order(text: str) -> bool:
    """Whether a text can be read beside a table's own order of days and months without doubt."""
    return re.match(r"\s*\d{4}\D", text) is not None or re.search(r"[^\W\d_]", text) is not None
