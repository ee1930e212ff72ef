"""Rows that are none, though they have as many cells: units or labels below the names of the
columns, and a sum or a padded footer below the table.

Training leaves them out. A file that is read some rows at a time holds the last of them back until
its end is known.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from tablecast.data.surroundings import (
    MOST_FOOTERS,
    MOST_LABELS,
    are_labels,
    bare,
    is_footer,
    is_total,
    shortened,
)
from tablecast.schema.field import Field, Refusal
from tablecast.schema.schema import Schema
from tablecast.schema.table_notes import LABELS, LINES_BELOW, TOTAL_BELOW


class Chunk(Protocol):
    """Some rows of a file."""

    @property
    def records(self) -> Sequence[Sequence[Any]]:
        """The rows' cells."""

    def __len__(self) -> int: ...
    def column(self, index: int) -> Sequence[Any]: ...
    def location_of(self, row: int) -> tuple[str, int]: ...
    def part(self, rows: slice) -> Any: ...


class Source(Protocol):
    """A file of rows, or a part of one.

    Attributes:
        notes: what to know about the file as a whole.
        begins, ends: whether it has the first, and the last, of the file's rows.
    """

    notes: tuple[str, ...]
    begins: bool
    ends: bool

    def chunks(self) -> Iterator[Any]: ...


C = TypeVar("C", bound=Chunk)


def rows_of_table(source: Source, schema: Schema, places: Mapping[str, int]) -> Iterator[Any]:
    """The chunks of a file without what stands below its table, which its notes then tell.

    Args:
        source: the file.
        schema: what a cell may mean; one that it takes without a remark is a row's.
        places: field name to its column.
    """
    fields = {place: schema.field(name) for name, place in places.items()}
    chunks = _without_labels(source, fields) if source.begins else source.chunks()
    yield from _without_last_lines(source, chunks, fields) if source.ends else chunks


def _without_last_lines(
    source: Source, chunks: Iterator[Any], fields: Mapping[int, Field]
) -> Iterator[Any]:
    may_name = 0 not in fields or fields[0].is_text  # among numbers no row is called a sum
    held: Any = None
    sums: set[str] = set()
    for chunk in chunks:
        if held is not None:
            if may_name:
                sums.update(filter(is_total, map(bare, set(held.column(0)))))
            yield held
        held = chunk
    if held is not None and len(held):
        kept = _without_footer(source, held, fields)
        held = _without_sum(source, kept, fields, sums)
        if len(held):
            yield held


def _without_labels(source: Source, fields: Mapping[int, Field]) -> Iterator[Any]:
    """The chunks without first rows of units or labels, no cell of which its field would take."""
    chunks = source.chunks()
    chunk = next(chunks, None)
    if chunk is None:
        return
    amounts = [at for at, field in fields.items() if not field.is_text]
    labels: list[tuple[int, str]] = []
    for index, record in enumerate(chunk.records[:MOST_LABELS]):
        filled = [at for at in range(len(record)) if bare(record[at])]
        if not are_labels(record, [at for at in amounts if at in filled]) or any(
            _is_value(record, at, fields) for at in filled
        ):
            break
        labels.append((chunk.location_of(index)[1], shortened(record)))
    if len(labels) == len(chunk):  # with no row below them, they are rows that are wrong
        labels = []
    source.notes += tuple(str(LABELS.filled(line=line, text=text)) for line, text in labels)
    yield chunk.part(slice(len(labels), None)) if labels else chunk
    yield from chunks


def _without_footer(source: Source, chunk: C, fields: Mapping[int, Field]) -> C:
    records = chunk.records
    end = len(records)
    while end > 1 and len(records) - end < MOST_FOOTERS and _is_padded(records[end - 1], fields):
        end -= 1
    if end < len(records):
        line = chunk.location_of(end)[1]
        source.notes += (str(LINES_BELOW.filled(count=len(records) - end, line=line)),)
        return chunk.part(slice(end))  # type: ignore[no-any-return]
    return chunk


def _is_padded(record: Sequence[Any], fields: Mapping[int, Field]) -> bool:
    """Whether a row holds nothing but words that are no value of its column."""
    filled = [place for place, cell in enumerate(record) if bare(cell)]
    if len(record) < 2 or len(filled) != 1 or not is_footer(record, False):
        return False
    return not _is_value(record, filled[0], fields)


def _without_sum(source: Source, chunk: C, fields: Mapping[int, Field], before: set[str]) -> C:
    last = chunk.records[-1]
    place = next((at for at, cell in enumerate(last) if bare(cell)), 0)
    name = bare(last[place])
    above = map(bare, chunk.column(place)[:-1])
    is_sum = is_total(name) and name not in before and name not in above
    if not is_sum or _is_value(last, place, fields) or (len(chunk) < 2 and not before):
        return chunk
    source.notes += (str(TOTAL_BELOW.filled(line=chunk.location_of(len(chunk) - 1)[1])),)
    return chunk.part(slice(-1))  # type: ignore[no-any-return]


def _is_value(record: Sequence[Any], place: int, fields: Mapping[int, Field]) -> bool:
    """Whether the field of a cell's column takes it without a remark."""
    if place not in fields:
        return False
    try:
        return fields[place].read(record[place], text=True)[1] is None
    except Refusal:
        return False
