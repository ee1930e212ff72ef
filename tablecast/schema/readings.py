"""How a table was read, kept beside the table in its ``attrs``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tablecast.errors import Remark
from tablecast.schema.number_formats import DECIMAL_COMMA

if TYPE_CHECKING:
    import pandas as pd

_KEY = "tablecast_reading"


@dataclass(frozen=True)
class ColumnReading:
    """How a column's texts were read, so that others are read alike.

    Attributes:
        dtype: what the column became.
        spelling: how its numbers are written, where not as programs do.
        date_format: how its dates are written, where not as ISO 8601 says.
        unit: what is written beside its numbers.
        placeholders: what it says where it says nothing, beyond the usual.
    """

    dtype: str = ""
    spelling: str = ""
    date_format: str = ""
    unit: str = ""
    placeholders: tuple[str, ...] = ()

    @property
    def for_field(self) -> dict[str, Any]:
        """What a ``Field`` keeps of it."""
        return {
            "spelling": self.spelling,
            "date_format": self.date_format,
            "unit": self.unit,
            "written_unit": self.unit,
            "placeholders": self.placeholders,
        }


@dataclass(frozen=True)
class TableReading:
    """How a table was read.

    Attributes:
        encoding, separator: the file's; empty where it has none.
        decimal: the decimal sign of its numbers; empty where no cell tells it.
        columns: by name.
        notes: what to know about it, the table's own first.
    """

    encoding: str = ""
    separator: str = ""
    decimal: str = ""
    columns: Mapping[str, ColumnReading] = field(default_factory=dict)
    notes: tuple[Remark, ...] = ()

    @property
    def decimal_comma(self) -> bool:
        """Whether any of its numbers has a decimal comma."""
        return any(column.spelling == DECIMAL_COMMA for column in self.columns.values())

    @property
    def for_files(self) -> dict[str, str]:
        """What a ``Schema`` keeps of it."""
        known = {"encoding": self.encoding, "decimal": self.decimal}
        return {name: value for name, value in known.items() if value}

    def of(self, name: str) -> ColumnReading:
        """A column's; nothing special where it was never text."""
        return self.columns.get(name, ColumnReading())


def reading_of(table: pd.DataFrame) -> TableReading:
    """What is known of how a table was read; nothing special where it was not."""
    reading = table.attrs.get(_KEY)
    return reading if isinstance(reading, TableReading) else TableReading()


def with_reading(table: pd.DataFrame, reading: TableReading) -> pd.DataFrame:
    """The same table, which knows how it was read."""
    table.attrs = {**table.attrs, _KEY: reading}
    return table
