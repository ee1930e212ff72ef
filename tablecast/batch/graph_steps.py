"""The rows of a file in steps of one size, wherever the reader's blocks end.

The last bits of an answer may depend on the rows that it is computed with. Steps that begin at
multiples of the graph's own 1,000 rows, counted from the file's first row, give the same bits
however the file is read: at once, or in parts.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol, Self, TypeVar

#: Characters of rows that are held back until a step is full; rows so long are no usual table's.
MOST_HELD = 16_000_000


class Stepped(Protocol):
    """Some rows that can be cut and joined."""

    def __len__(self) -> int: ...
    def part(self, rows: slice) -> Self: ...
    def joined(self, more: Self) -> Self: ...
    def characters(self) -> int: ...


C = TypeVar("C", bound=Stepped)


def in_steps(chunks: Iterable[C], rows: int) -> Iterator[C]:
    """The same rows in chunks of so many; the last one has the rest."""
    held: C | None = None
    for chunk in chunks:
        held = chunk if held is None else held.joined(chunk)
        while held is not None and len(held) >= rows:
            yield held if len(held) == rows else held.part(slice(rows))
            held = held.part(slice(rows, None)) if len(held) > rows else None
        if held is not None and len(held) and held.characters() > MOST_HELD:
            yield held
            held = None
    if held is not None and len(held):
        yield held
