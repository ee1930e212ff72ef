"""How the numbers of a prediction are written, so that people can compare them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from tablecast.i18n.formats import MINUS, currency_sign, percent, rounded, with_unit
from tablecast.i18n.language import _
from tablecast.inference.engine import Label
from tablecast.inference.marginals import Background
from tablecast.inference.predictor import Prediction
from tablecast.schema.schema import Schema

#: Digits of an amount that a person compares.
DIGITS = 4

#: Digits of a range's width: the answer in a thousandth of it says no more than in a hundredth.
DIGITS_OF_RANGE = 3

#: Decimals of money, where it has any.
CENTS = 2

#: Training rows from which a tenth of a per cent says something: the standard error of a share of
#: them is then at most half a point.
ROWS_FOR_TENTHS = 10_000


#: How near a share is to a whole per cent that is one: far below a digit, and above an error.
ROUND = 1e-9


@dataclass(frozen=True)
class Wording:
    """How the explained numbers are written: amounts of one size alike, probabilities in per cent.

    Attributes:
        unit: the target's; "" for a probability.
        decimals: of every amount; at -1 all are rounded to tens, at -2 to hundreds. Of a
            probability, those of its per cent.
        is_probability: whether the numbers are probabilities.
    """

    unit: str
    decimals: int
    is_probability: bool = False

    @property
    def step(self) -> float:
        """What one more in the last digit is worth."""
        return 10.0 ** -(self.decimals + 2 * self.is_probability)

    def of(self, value: float) -> str:
        """``$12,840``, ``5.63 points`` or ``29%``."""
        if self.is_probability:
            return likelihood(value, self.decimals)
        return with_unit(rounded(value, self.decimals), self.unit)

    def tick(self, value: float) -> str:
        """A number on an axis, whose ends may be certain: a round probability without decimals."""
        if not self.is_probability:
            return self.of(value)
        is_round = abs(value - round(value, 2)) < ROUND
        return percent(value, 0 if is_round else self.decimals)

    def change(self, value: float) -> str:
        """The same with its sign, or as it is if that rounds to nothing.

        A probability changes by percentage points.
        """
        text = self._size(value) if self.is_probability else self.of(abs(value))
        if not round(100 * value if self.is_probability else value, self.decimals):
            return text
        return (MINUS if value < 0 else "+") + text

    def error(self, value: float) -> str:
        """A standard error, without its unit."""
        return f"± {self._size(value)}"

    def _size(self, value: float) -> str:
        """How large a change is, without its sign and unit."""
        return rounded(abs(100 * value if self.is_probability else value), self.decimals)


def likelihood(fraction: float, decimals: int = 0) -> str:
    """A probability in words that never claim certainty: ``91%``, ``under 1%``, ``over 99%``."""
    text, least = percent(fraction, decimals), 10.0 ** -(decimals + 2)
    if text == percent(0, decimals):
        return _("under {share}").format(share=percent(least, decimals))
    if text == percent(1, decimals):
        return _("over {share}").format(share=percent(1 - least, decimals))
    return text


def wording_of(
    schema: Schema, largest: float, interval: tuple[float, float] | None = None,
    background: Background | None = None,
) -> Wording:
    """How answers are written: all with the same decimals.

    Args:
        schema: says what is answered.
        largest: the size of the largest of them, which has four digits.
        interval: where one is known, three digits of its width are written, as more are noise.
        background: what training had, which says how many digits a probability has.
    """
    if schema.task == "classification":
        is_fine = background is not None and background.rows >= ROWS_FOR_TENTHS
        return Wording("", int(is_fine), is_probability=True)
    width = interval[1] - interval[0] if interval else 0.0
    if width > 0:
        # An answer that is small beside its range keeps its first digit, down to whole units.
        decimals = max(DIGITS_OF_RANGE - 1 - _power(width), min(0, -_power(largest)))
    else:
        decimals = max(0, DIGITS - 1 - _power(largest))
    if decimals > 0 and largest >= 1 and currency_sign(schema.target_unit):
        decimals = CENTS
    return Wording(schema.target_unit, decimals)


def answer_in_words(schema: Schema, label: Label, wording: Wording) -> str:
    """An answer as the page shows it: an amount with its unit, or what its class is called."""
    if schema.task == "classification" or not isinstance(label, float):
        return schema.show_class(label)
    return wording.of(label)


def prediction_in_words(schema: Schema, prediction: Prediction, wording: Wording) -> str:
    """The same where it stands alone: a class with how likely it is, ``No (91%)``."""
    text = answer_in_words(schema, prediction.prediction, wording)
    if prediction.probabilities is None:
        return text
    share = wording.of(prediction.probabilities[str(prediction.prediction)])
    return _("{label} ({share})").format(label=text, share=share)


def wording_of_all(
    schema: Schema, predictions: Iterable[Prediction], background: Background | None
) -> Wording:
    """How several answers are written, beside one another: as the surest of them is."""
    predictions = list(predictions)
    labels = [one.prediction for one in predictions]
    ranges = [one.interval for one in predictions if one.interval]
    amounts = [abs(amount) for amount in (*labels, *chain(*ranges)) if isinstance(amount, float)]
    narrowest = min(ranges, key=lambda ends: ends[1] - ends[0], default=None)
    return wording_of(schema, max(amounts, default=0.0), narrowest, background)


def _power(size: float) -> int:
    """The power of ten of a size's first digit; 0 of nothing."""
    return math.floor(math.log10(size)) if size else 0
