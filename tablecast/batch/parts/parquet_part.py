"""Some rows of a Parquet file."""

from collections.abc import Iterator
from typing import BinaryIO

from tablecast.batch.parquet import CHUNK_ROWS, ParquetChunk, ParquetSource
from tablecast.batch.parts.part import Part


class ParquetPart(ParquetSource):
    """Reads the rows of a part, of no more row groups than hold them."""

    def __init__(self, where: BinaryIO, part: Part) -> None:
        super().__init__(where, part.name)
        self._first, self._end = part.start, part.end

    def _chunks(self) -> Iterator[ParquetChunk]:
        groups, first, at = [], 0, 0
        for group, rows in enumerate(self.group_rows()):
            if at + rows <= self._first:
                first = at + rows
            elif at < self._end:
                groups.append(group)
            at += rows
        with self.reading():
            for batch in self._file.iter_batches(CHUNK_ROWS, row_groups=groups):
                begin, end = max(self._first - first, 0), min(self._end - first, batch.num_rows)
                if begin < end:
                    yield ParquetChunk(batch.slice(begin, end - begin), first + begin)
                first += batch.num_rows
                if first >= self._end:
                    return
