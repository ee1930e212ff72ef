"""Each kind of field as a pandas column: the training side of ``schema.kinds``."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tablecast.schema.field import CLOSED_LEVELS, DAY, Array, Field, Value
from tablecast.schema.texts import canonical_text

if TYPE_CHECKING:
    import pandas as pd


#: Whole numbers between these are years.
YEARS = (1800, 2100)
#: Up to these a year and a date are answered, with a warning; pandas ends in 2262.
LAST_YEAR, LAST_DAY = 2199.0, 7_258_032_000.0


class ColumnKind:
    """What a kind of field is among a table's columns."""

    def claims(self, column: pd.Series, known: pd.Series) -> bool:
        """Whether a training column is of this kind; ``known`` is it without missing values."""
        raise NotImplementedError

    def described(self, field: Field, known: pd.Series, missing: int) -> Field:
        """The field with its range or levels, and a typical value.

        Args:
            field: what is known of it already.
            known: the column's values.
            missing: how many rows have none.
        """
        raise NotImplementedError

    def series(self, field: Field, values: Array) -> pd.Series:
        """An engine's column as the training table has it."""
        raise NotImplementedError

    def cell(self, field: Field, value: float) -> Any:
        """One number of the field's range as the training table has it."""
        return int(value) if field.dtype.startswith(("int", "uint")) else value


class CategoryColumn(ColumnKind):
    """Texts, and whatever else is no number and no date."""

    def claims(self, column: pd.Series, known: pd.Series) -> bool:
        return True

    def described(self, field: Field, known: pd.Series, missing: int) -> Field:
        # As objects: a categorical column counts the levels that it lacks as well.
        counts = canonical_texts(known.astype(object)).value_counts()
        closed = len(counts) <= CLOSED_LEVELS
        order = float if known.dtype.kind in "iuf" else str
        # Of an open field's levels the form suggests as many as fit: the commonest ones.
        levels = sorted(
            counts.index, key=lambda level: (0 if closed else -counts[level], order(level))
        )
        return replace(
            field,
            levels=tuple(levels),
            closed=closed,
            default=None if missing > counts.max() or counts.empty else str(counts.index[0]),
        )

    def series(self, field: Field, values: Array) -> pd.Series:
        import pandas as pd

        if field.dtype == "bool":
            return pd.Series(values == "True")
        texts = pd.Series(values, dtype=object).replace("", math.nan)
        if field.dtype == "object":
            return texts
        numbers = pd.to_numeric(texts, errors="coerce")
        # A text that is no number is a level that training never had: as one above all of them.
        new = max(map(float, field.levels), default=0.0) + 1
        numbers = numbers.mask(numbers.isna() & texts.notna(), new)
        return numbers if numbers.isna().any() else numbers.astype(field.dtype)


class BooleanColumn(CategoryColumn):
    """Booleans, and the texts that stand for them; see ``tablecast.data.columns``."""

    def claims(self, column: pd.Series, known: pd.Series) -> bool:
        if column.dtype.kind == "b":
            return True
        is_text = column.dtype.kind not in "fiuM"
        return is_text and {str(level) for level in known.unique()} == {"True", "False"}


class NumberColumn(ColumnKind):
    """Floats, of which any has a fraction."""

    def claims(self, column: pd.Series, known: pd.Series) -> bool:
        return bool(column.dtype.kind == "f")

    def described(self, field: Field, known: pd.Series, missing: int) -> Field:
        if known.empty:
            return field
        known = self.amounts(known)
        low, high = float(known.min()), float(known.max())
        wide, positive = low - (high - low), low >= 0 and self.stays_positive
        return replace(
            field,
            minimum=low,
            maximum=high,
            hard_minimum=min(low, _tidy(max(wide, 0.0) if positive else wide)),
            hard_maximum=max(high, self.latest(low, high) or _tidy(high + (high - low))),
            default=None if missing > len(known) else self.typical(float(known.median())),
        )

    #: Whether a column without a negative value can have none.
    stays_positive = True

    def latest(self, _low: float, _high: float) -> float | None:
        """The limit of what goes on after training, as time does; None of all else."""
        return None

    def amounts(self, known: pd.Series) -> pd.Series:
        """The values as numbers."""
        return known

    def typical(self, middle: float) -> Value:
        """The median as a person would write it."""
        return float(f"{middle:.4g}")

    def series(self, field: Field, values: Array) -> pd.Series:
        import pandas as pd

        series = pd.Series(values)
        return series if series.isna().any() else series.astype(field.dtype)


class IntegerColumn(NumberColumn):
    """Whole numbers, whatever their type."""

    def claims(self, column: pd.Series, known: pd.Series) -> bool:
        code = column.dtype.kind
        return code in "iu" or (code == "f" and bool((known == known.round()).all()))

    def typical(self, middle: float) -> Value:
        return math.floor(middle)

    def latest(self, low: float, high: float) -> float | None:
        return LAST_YEAR if YEARS[0] <= low and high <= YEARS[1] else None


class DateColumn(NumberColumn):
    """Days and moments."""

    stays_positive = False

    def claims(self, column: pd.Series, known: pd.Series) -> bool:
        return bool(column.dtype.kind == "M")

    def latest(self, _low: float, _high: float) -> float | None:
        return LAST_DAY

    def amounts(self, known: pd.Series) -> pd.Series:
        return known.astype("datetime64[ns]").astype("int64") / 1e9

    def typical(self, middle: float) -> Value:
        return math.floor(middle / DAY) * DAY

    def series(self, field: Field, values: Array) -> pd.Series:
        import pandas as pd

        return pd.to_datetime(pd.Series(values), unit="s")

    def cell(self, field: Field, value: float) -> Any:
        import pandas as pd

        return pd.Timestamp(round(value * 1e9))


def canonical_texts(column: pd.Series) -> pd.Series:
    """A column of categories with each one's canonical text; texts alone are theirs already."""
    from pandas.api.types import infer_dtype

    return column if infer_dtype(column, skipna=False) == "string" else column.map(canonical_text)


#: By the name of the kind. A column is of the last kind that claims it.
COLUMN_KINDS: dict[str, ColumnKind] = {
    "category": CategoryColumn(),
    "number": NumberColumn(),
    "integer": IntegerColumn(),
    "boolean": BooleanColumn(),
    "date": DateColumn(),
}


def kind_of_column(column: pd.Series, known: pd.Series) -> str:
    """The name of a training column's kind."""
    kinds = reversed(COLUMN_KINDS.items())
    return next(name for name, kind in kinds if kind.claims(column, known))


def column_kind(field: Field) -> ColumnKind:
    """What a field is among a table's columns."""
    return COLUMN_KINDS[field.kind]


def _tidy(limit: float) -> float:
    """A limit without the noise of its own subtraction, as in 90.30000000000001."""
    return float(f"{limit:.12g}")
