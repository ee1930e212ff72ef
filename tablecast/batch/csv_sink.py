"""CSV output: the rows as they were read, with columns added and formulas made harmless."""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from types import NoneType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import orjson

from tablecast.batch.csv_chunk import Chunk, PlainChunk
from tablecast.batch.csv_source import CsvSource
from tablecast.batch.formula_guard import guarded, lines_are_safe, safe_column

#: Rows that are written with quotation marks where one of them needs some.
GROUP_ROWS = 16

#: An added column.
Values = Sequence[Any] | npt.NDArray[Any]


@dataclass(frozen=True)
class PlainTable:
    """How a table is written that nobody sent: what ``CsvSink`` asks of a source."""

    names: list[str]
    separator: str
    line_end: str = "\r\n"
    marked: bool = False
    has_returns: bool = False


class CsvSink:
    """Writes the rows of a source back, with columns added.

    Args:
        stream: where the bytes go; it is left open.
        source: the file that the rows come from, whose way of writing is kept.
        added: names of the added columns.
        replaced: columns of the source with such a name are left out.
        decimal_comma: whether added numbers are written so.
        header: whether the columns' names are written; not where rows go on behind others.
    """

    def __init__(
        self,
        stream: BinaryIO,
        source: CsvSource | PlainTable,
        added: Iterable[str],
        replaced: Collection[str] = (),
        *,
        decimal_comma: bool = False,
        header: bool = True,
    ) -> None:
        kept = [index for index, name in enumerate(source.names) if name.strip() not in replaced]
        self._source = source
        self._kept = None if len(kept) == len(source.names) else kept
        self._point = "," if decimal_comma else "."
        encoding = "utf-8-sig" if source.marked and header else "utf-8"
        self._text = io.TextIOWrapper(stream, encoding, newline="")
        if header:
            names = self._without_replaced([list(source.names)])[0] + list(added)
            self._write_rows(guarded([names]))

    def write(self, chunk: Chunk, rows: Sequence[int] | None, added: Mapping[str, Values]) -> None:
        """Write rows of a chunk (None: all), beside the added columns' values for those rows."""
        if rows is not None and not rows:
            return
        columns = [self._cells_of(values) for values in added.values()]
        if not columns or not len(columns[0]):
            return
        if self._write_beside(chunk, rows, columns):
            return
        records = chunk.records
        if rows is not None:
            records = [records[row] for row in rows]
        records = guarded(self._without_replaced(records))
        for record, cells_added in zip(records, zip(*columns, strict=True), strict=True):
            record += cells_added
        self._write_rows(records)

    def _write_beside(
        self, chunk: Chunk, rows: Sequence[int] | None, columns: list[Sequence[str]]
    ) -> bool:
        """Write plain lines as they are, and answers behind each; False where that is not safe."""
        if self._kept is not None or not isinstance(chunk, PlainChunk):
            return False
        texts = chunk.texts if rows is None else [chunk.texts[row] for row in rows]
        separator, end = self._source.separator, self._source.line_end
        added = list(map(separator.join, zip(*columns, strict=True)))
        if _need_quotes(added, separator, len(columns)) or not lines_are_safe(texts, separator):
            return False
        lines = chain.from_iterable(zip(texts, repeat(separator), added, repeat(end)))
        self._text.write("".join(lines))
        return True

    def close(self) -> None:
        """Hand everything to the stream."""
        self._text.flush()
        self._text.detach()

    def _cells_of(self, values: Values) -> Sequence[str]:
        """An added column as text; where there is no value, nothing."""
        if isinstance(values, np.ndarray) and values.dtype != np.float64:
            values = values.tolist()
        if isinstance(values, np.ndarray) or set(map(type, values)) <= {float, NoneType}:
            # orjson writes the digits that repr writes, in a tenth of its time.
            array = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode()
            numbers = array[1:-1].replace("null", "")
            return numbers.replace(",", "\n").replace(".", self._point).split("\n")
        return ["" if value is None else str(value) for value in safe_column(values)]

    def _write_rows(self, records: list[list[str]]) -> None:
        text = self._as_they_are(records)
        if text is not None:
            self._text.write(text)
            return
        for first in range(0, len(records), GROUP_ROWS):
            group = records[first : first + GROUP_ROWS]
            text = self._as_they_are(group)
            if text is None:
                self._write_quoted(group)
            else:
                self._text.write(text)

    def _as_they_are(self, records: list[list[str]]) -> str | None:
        """The lines of rows in which no cell needs quotation marks; None for others.

        Four times as fast as the csv module, which looks at each character by itself.
        """
        separator, end = self._source.separator, self._source.line_end
        text = end.join([*map(separator.join, records), ""])
        cuts = sum(map(len, records)) - len(records)
        ends = len(records)
        if (
            cuts > 0  # a row's only cell may be empty, and a line without anything is no row
            and text.count(separator) == cuts
            and text.count("\n") == ends
            and text.count("\r") == (ends if end == "\r\n" else 0)
            and '"' not in text
        ):
            return text
        return None

    def _write_quoted(self, records: list[list[str]]) -> None:
        # Before Python 3.13 a writer leaves a lone carriage return without quotation marks, and
        # what it then writes is read as two rows.
        lone = self._source.has_returns and self._source.line_end == "\n"
        csv.writer(
            self._text,
            delimiter=self._source.separator,
            lineterminator=self._source.line_end,
            quoting=csv.QUOTE_ALL if lone else csv.QUOTE_MINIMAL,
        ).writerows(records)

    def _without_replaced(self, records: list[list[str]]) -> list[list[str]]:
        if self._kept is None:
            return records
        return [[record[index] for index in self._kept] for record in records]


def _need_quotes(lines: Sequence[str], separator: str, width: int) -> bool:
    """Whether a cell of these lines holds what cuts cells or rows, or a quotation mark."""
    text = "".join(lines)
    cuts = len(lines) * (width - 1)
    return text.count(separator) != cuts or any(sign in text for sign in '"\r\n')
