"""A whole number; one that is only 0 or 1 in training is asked as yes or no."""

import math
from typing import Any

import numpy as np

from tablecast.i18n.formats import grouped, with_unit
from tablecast.i18n.language import N_
from tablecast.schema.field import RADIO_LEVELS, Choice, Value
from tablecast.schema.kinds.amount import Floats
from tablecast.schema.kinds.number import LARGE, NumberField
from tablecast.schema.kinds.yes_no import choices_of, label_of

#: Yes and no, where training wrote them as numbers.
_FLAG = ("1", "0")


class IntegerField(NumberField):
    """A whole number."""

    kind_words = N_("Whole number")
    is_whole = True
    is_counted = True
    json_types = (int,)

    def amount_of(self, value: Any, *, text: bool) -> float:
        amount = super().amount_of(value, text=text)
        if not amount.is_integer():
            raise self.refuse("Enter {field} as a whole number, for example {example}.",
                              example=self.example)
        return amount

    def json_limits(self) -> dict[str, Any]:
        """Whole limits, since JSON Schema's clients may make a value of them."""
        limits: dict[str, Any] = {"type": "integer"}
        if self.hard_minimum is not None:
            limits["minimum"] = math.ceil(self.hard_minimum)
        if self.hard_maximum is not None:
            limits["maximum"] = math.floor(self.hard_maximum)
        return limits

    def in_words(self, value: Value) -> str:
        text = self.show(value)
        if self._is_flag:
            return label_of(text, _FLAG, self.level_labels)
        if text in self.level_labels:
            return self.level_labels[text]
        large = abs(float(value)) >= LARGE
        return with_unit(grouped(text) if large else self.in_figures(text), self.unit)

    def control_for(self, text: str) -> str:
        offered = self.codes or (_FLAG if self._is_flag else ())
        if not offered or text not in ("", *offered):
            return "text"
        return "radios" if len(offered) <= RADIO_LEVELS else "select"

    @property
    def choices(self) -> tuple[Choice, ...]:
        if self.codes:
            return tuple(Choice(code, self.show_level(code)) for code in self.codes)
        return choices_of(_FLAG, self.level_labels) if self._is_flag else ()

    @property
    def keypad(self) -> str:
        """Digits alone where nothing else is typed; on some phones no keypad has a minus sign."""
        return "numeric" if (self.hard_minimum or 0) >= 0 else ""

    @property
    def _is_flag(self) -> bool:
        return (self.minimum, self.maximum) == (0, 1) and not self.codes

    def nearest(self, numbers: Floats) -> Floats:
        return np.round(numbers)

    def mean_of(self, group: Floats, known: Floats) -> float:
        return float(round(float(group.mean())))
