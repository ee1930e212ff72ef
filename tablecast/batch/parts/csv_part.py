"""Some lines of a CSV file whose header was read elsewhere."""

import io
from collections.abc import Iterator
from typing import Any

from tablecast.batch.csv_source import CsvForm, CsvSource
from tablecast.batch.parts.part import Part
from tablecast.errors import BatchError


class WrongCut(BatchError):  # noqa: N818 - reads as a sentence where it is raised
    """The file cannot be cut where it was: more than its bytes must be looked at."""


class CsvPart(CsvSource):
    """Reads the lines of a part, as the whole file's reader would.

    Args:
        content: the part's bytes.
        part: where they stand in which file.
    """

    def __init__(self, content: bytes, part: Part) -> None:
        assert part.table is not None
        self.name, self.size = part.name, len(content)
        self.notes: tuple[str, ...] = ()
        self.begins, self.ends = part.begins, part.ends
        self._wanted, self._cut = part.rows, part.name
        self._stream = io.BytesIO(content)
        # not "utf-8-sig": a mark is what the file begins with, and is not in its rows
        encoding = part.table.encoding.removesuffix("-sig")
        text = io.TextIOWrapper(self._stream, encoding, "replace", newline="")
        self._begin(text, CsvForm(**part.table.form))
        self.names, self.header = list(part.table.names), list(part.table.header)
        self._plain_lines = part.line - 1

    def fraction_read(self) -> float:
        """How much of the part is read, from 0 to 1."""
        return self._stream.tell() / max(self.size, 1)

    def chunks(self) -> Iterator[Any]:
        """The rows in their order.

        Raises:
            WrongCut: they are not as many as were counted, or end with what is none.
        """
        count = 0
        for chunk in super().chunks():
            count += len(chunk)
            yield chunk
        if self._wanted is not None and (count != self._wanted or self._below or self._repeated):
            raise WrongCut(f"{self._cut} cannot be cut into parts.")
