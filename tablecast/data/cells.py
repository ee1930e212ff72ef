"""One column while it is read: its distinct texts, what they may mean, and the notes about it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tablecast.data.dates import Dates, dates_in
from tablecast.data.numbers import Numbers, numbers_in
from tablecast.errors import Remark
from tablecast.schema.missing import is_placeholder
from tablecast.schema.options import ReadingOptions
from tablecast.schema.readings import ColumnReading
from tablecast.schema.table_notes import INFINITE, OPEN_END, PLACEHOLDERS, READ_AS
from tablecast.schema.texts import tidy_text, without_formula

if TYPE_CHECKING:
    import pandas as pd

#: What pandas calls columns of Python's numbers.
NUMERIC = ("integer", "floating", "mixed-integer-float", "decimal")


class Column:
    """A column as it came, and what is found out about it.

    Attributes:
        name, cells, options, lines: as ``columns.tidy`` has them.
        notes: what to say about it.
        reading: how it was read, once it is.
        file_sign, file_separator, file_day_first: what the other columns say.
    """

    def __init__(
        self,
        name: str,
        cells: pd.Series,
        missing: frozenset[str],
        options: ReadingOptions,
        lines: Sequence[int] = (),
    ) -> None:
        self.name, self.cells, self.options, self.lines = name, cells, options, lines
        self.missing = missing | frozenset(map(tidy_text, options.missing))
        self.levels = frozenset(map(tidy_text, options.level.get(name, ())))
        self.notes: list[Remark] = []
        self.reading = ColumnReading(placeholders=tuple(options.missing))
        self.file_sign, self.file_separator = "", ""
        self.file_day_first: bool | None = None

    @property
    def requested(self) -> str:
        """What a person says that it is: category, number, date, or nothing."""
        kinds = ("category", "number", "date")
        return next((kind for kind in kinds if self.name in getattr(self.options, kind)), "")

    @cached_property
    def counts(self) -> Counter[Any]:
        """How often each distinct cell is there, missing ones aside."""
        return Counter(self.cells.dropna().tolist())

    @cached_property
    def distinct(self) -> list[Any] | None:
        """The distinct cells; None where they cannot be compared."""
        try:
            return list(self.counts)
        except TypeError:
            return None

    @cached_property
    def texts(self) -> dict[Any, str]:
        """Each distinct cell's text."""
        return {value: text_of(value) for value in self.counts}

    @cached_property
    def all_texts(self) -> list[str]:
        """The distinct texts; none where its cells cannot be compared."""
        return [] if self.distinct is None else list(dict.fromkeys(self.texts.values()))

    @cached_property
    def present(self) -> list[str]:
        """The distinct texts that say something."""
        distinct = dict.fromkeys(self.texts.values())
        return [text for text in distinct if text not in self.missing]

    @cached_property
    def candidates(self) -> list[str]:
        """Those of them that may be numbers or dates, where all of them are."""
        kept = [t for t in self.present if t in self.levels or not is_placeholder(t)]
        return sorted(kept)

    @cached_property
    def is_numeric(self) -> bool:
        """Whether its cells are numbers already, as a workbook has them: none needs a count."""
        from pandas.api.types import infer_dtype

        return infer_dtype(self.cells, skipna=True) in NUMERIC

    @cached_property
    def is_text(self) -> bool:
        """Whether its cells are texts, which may be read as something else."""
        from pandas.api import types

        kind = self.cells.dtype
        if not (types.is_object_dtype(kind) or types.is_string_dtype(kind)):
            return False
        if isinstance(kind, types.CategoricalDtype) or self.is_numeric or not self.distinct:
            return False
        return any(isinstance(value, str) for value in self.distinct) and not any(
            isinstance(value, bytes) for value in self.distinct
        )

    @cached_property
    def numbers(self) -> Numbers | None:
        """What its texts are as numbers; None where it is said to be something else."""
        if self.requested in ("category", "date") or not self.is_text or not self.candidates:
            return None
        return numbers_in(self.candidates, wanted=self.requested == "number")

    @cached_property
    def dates(self) -> Dates | None:
        """The dates that its texts are, where they are no numbers."""
        if self.requested in ("category", "number") or not self.is_text or not self.candidates:
            return None
        if self.requested != "date" and (self.numbers is None or not self.numbers.fault):
            return None
        form = self.options.date.get(self.name) or None
        return dates_in(self.candidates, form, wanted=self.requested == "date")

    def first_of(self, texts: Collection[str]) -> tuple[str, int]:
        """Of some texts the one that stands first, and its line."""
        wanted = {cell for cell, text in self.texts.items() if text in set(texts)}
        cells = enumerate(self.cells.tolist())
        index, cell = next((index, cell) for index, cell in cells if cell in wanted)
        return self.texts[cell], int(self.lines[index]) if self.lines else index + 1

    def count(self, texts: Sequence[str]) -> int:
        """How many cells say one of some texts."""
        wanted = set(texts)
        return sum(times for cell, times in self.counts.items() if self.texts[cell] in wanted)

    def note(self, sentence: Remark, **values: Any) -> None:
        """Say something about the column."""
        self.notes.append(sentence.filled(name=self.name, **values))

    def mapped(self, values: Mapping[str, Any]) -> pd.Series:
        """The cells as what their texts stand for; missing where a text is not among them."""
        import pandas as pd

        by_cell = {cell: values.get(text) for cell, text in self.texts.items()}
        kept = {cell: value for cell, value in by_cell.items() if value is not None}
        mapped = [kept.get(cell, math.nan) for cell in self.cells.tolist()]
        return pd.Series(mapped, index=self.cells.index, dtype=object)

    def whole_or_float(self, column: pd.Series) -> pd.Series:
        """``int64`` where nothing is missing and every value fits, ``float64`` otherwise."""
        if column.dtype.kind in "iu" and not column.isna().any() and column.max() <= 2**63 - 1:
            return column.astype("int64")
        return column.astype("float64")

    def finite(self, column: pd.Series) -> pd.Series:
        """Infinite numbers as missing: no estimator takes them; most stand for a division by 0."""
        if column.dtype != "float64":
            return column
        infinite = column.isin([float("inf"), float("-inf")])
        if infinite.any():
            self.note(INFINITE, count=int(infinite.sum()))
            texts = map(text_of, self.cells[infinite].unique())
            known = dict.fromkeys((*self.reading.placeholders, *texts))
            self.set_reading(placeholders=tuple(known))
        return column.mask(infinite)

    def name_missing(self, texts: Sequence[str], sentence: Remark = PLACEHOLDERS) -> None:
        """Say which texts are taken as missing, and keep them for later rows."""
        texts = [text for text in texts if self.count([text])]
        if texts:
            shown = [f"“{text}”" for text in texts[:5]]
            self.note(sentence, count=self.count(texts), texts=shown)
            known = dict.fromkeys((*self.reading.placeholders, *texts))
            self.set_reading(placeholders=tuple(known))

    def name_formulas(self) -> None:
        """Say that texts were written as Excel's formulas for them."""
        texts = self.texts.items() if self.is_text else ()
        for cell, text in texts:
            if str(cell).strip() != without_formula(str(cell).strip()):
                self.note(READ_AS, example=str(cell).strip(), level=text)
                return

    def name_asked(self) -> None:
        """Say which of the texts that a person says to be missing are."""
        self.name_missing([tidy_text(text) for text in self.options.missing])

    def name_placeholders(self, far: Sequence[str] = ()) -> None:
        """Say what is missing of a column of numbers or dates."""
        kept = {*self.candidates, *far}
        self.name_missing([text for text in self.all_texts if text and text not in kept])
        self.name_missing(far, OPEN_END)
        self.name_asked()

    def set_reading(self, **changes: Any) -> None:
        """Add to how the column was read."""
        self.reading = replace(self.reading, **changes)


def text_of(value: object) -> str:
    """A cell's text; a whole float loses its point, so that 60 and 60.0 are one level."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return tidy_text(without_formula(str(value).strip()))
