"""What numbers, whole numbers and dates share: a range, and a float64 input of the graph."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.errors import Remark
from tablecast.schema.field import Array, Field, Value
from tablecast.schema.texts import show_number

Floats = npt.NDArray[np.float64]


class AmountField(Field):
    """A field whose values lie between two others."""

    is_short = True

    def read_known(self, value: Any, *, text: bool) -> tuple[Value, Remark | None]:
        number = self.amount_of(value, text=text)
        low, high = self.hard_minimum, self.hard_maximum
        if (low is not None and number < low) or (high is not None and number > high):
            raise self.refuse("Enter {field} between {low} and {high}.",
                              low=self.show(low), high=self.show(high))
        if not self.unusual(number):
            return number, None
        low, high = self.minimum, self.maximum
        return number, Remark(
            "{field}: {value} is outside the training range ({low} to {high}).",
            self.name, {"value": self.show(number), "low": self.show(low), "high": self.show(high)},
        )

    def amount_of(self, value: Any, *, text: bool) -> float:
        """The number that a value stands for, which may lie outside the range.

        Raises:
            Refusal: it stands for none.
        """
        raise NotImplementedError

    def rules(self) -> dict[str, Any]:
        ends = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "hardMinimum": self.hard_minimum,
            "hardMaximum": self.hard_maximum,
        }
        shown = {name: self.show(end) for name, end in ends.items()}
        return super().rules() | ends | {"shown": {**shown, "example": self.example}}

    @property
    def example(self) -> str:
        """A typical value, for sentences."""
        return self.show(self.default if self.default is not None else self.minimum)

    def show_known(self, value: Value) -> str:
        return value if isinstance(value, str) else show_number(value)

    def json_schema(self) -> dict[str, Any]:
        if self.minimum is None or self.maximum is None:
            return self.json_limits()
        ends = [self.json_value(self.minimum), self.json_value(self.maximum)]
        return self.json_limits() | {"x-training-range": ends}

    def json_limits(self) -> dict[str, Any]:
        """The type, and the limits beyond which a value is refused."""
        raise NotImplementedError

    def json_edge(self) -> Any:
        return self.json_value(0.0 if self.minimum is None else self.minimum)

    def array_of_table(self, column: Any) -> Array:
        if hasattr(column, "to_numpy"):  # of pandas, whose nullable numbers have no NaN
            return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        return np.asarray(column, dtype=np.float64)

    def grid(
        self, points: int, most_levels: int, frequency: Mapping[Value, float],
        present: Value | None = None,
    ) -> list[Value]:
        known = [] if present is None or present != present else [float(present)]
        if self.minimum is None or self.maximum is None:
            return [*known]
        return sorted({*self.points(self.minimum, self.maximum, points).tolist(), *known})

    def points(self, low: float, high: float, count: int) -> Floats:
        """Values that spread evenly over the range, both ends among them."""
        return self.nearest(np.linspace(low, high, count))

    def accepted(self, numbers: Floats) -> npt.NDArray[np.bool_]:
        accepted = np.isfinite(numbers)
        if self.is_whole:
            accepted &= numbers == np.floor(numbers)
        if self.hard_minimum is not None:
            accepted &= numbers >= self.hard_minimum
        if self.hard_maximum is not None:
            accepted &= numbers <= self.hard_maximum
        return accepted

    def unusual(self, amounts: Any) -> Any:
        known = self.minimum is not None and self.maximum is not None
        low, high = (self.minimum, self.maximum) if known else (-np.inf, np.inf)
        return (amounts < low) | (amounts > high)
