"""How many rows training can take in the memory that is free."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tablecast.data.free_memory import available
from tablecast.errors import TrainingError

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

# Measured with PyCaret 3.3.2 (docs/training.md): what its import and a small table's search take,
# and how many times the prepared table (float64) is held at most: views, folds, steps' own copies.
FIXED_BYTES = 0.8e9
COPIES = 45
#: And where one pipeline is fitted: 8 times for 300,000 rows and boosted trees. A line with
#: searched terms has more columns: 15 times were too few for one of 320,000 rows.
FIT_COPIES = 30
#: Levels of a text column beyond these become one column, not one each (PyCaret's default).
MOST_ENCODED = 25
#: A search on fewer rows of a longer table would choose by chance.
FEWEST_ROWS = 1_000
#: glibc's M_MMAP_MAX, M_TRIM_THRESHOLD and M_TOP_PAD: what keeps freed memory, and the defaults.
KEEPING: Mapping[int, int] = {-4: 0, -1: 2**31 - 1, -2: 2**26}
USUAL: Mapping[int, int] = {-4: 65_536, -1: 131_072, -2: 131_072}


def most_rows(width: int, copies: int, free: float | None = None) -> float:
    """How many rows of so many encoded columns fit; below 0 where nothing does.

    Args:
        width: columns once text is encoded, the target included.
        copies: how many times the table is held.
        free: bytes that may be taken; None for what is free now.
    """
    return ((available() if free is None else free) - FIXED_BYTES) / (copies * width * 8)


def rows_that_fit(prepared: Prepared, copies: int, free: float | None = None) -> int:
    """How many of a table's rows fit, all of them at most.

    Raises:
        TrainingError: next to nothing of it does.
    """
    rows, width = len(prepared.table), _width(prepared)
    fit = min(most_rows(width, copies, free), rows)
    least = min(rows, FEWEST_ROWS)
    if fit < least:
        needed = FIXED_BYTES + copies * least * width * 8
        raise TrainingError(
            f"Training on {least:,} of the {rows:,} rows needs about {needed / 1e9:.2f} GB of "
            f"memory, and {(available() if free is None else free) / 1e9:.2f} GB are free for each "
            "process. Close other programs, or use machines with more memory."
        )
    return int(fit)


@contextmanager
def enough_memory() -> Iterator[None]:
    """Says what to do where memory runs out all the same."""
    try:
        yield
    except MemoryError:
        raise TrainingError(
            "Memory ran out during training, and nothing was saved. Close other programs, use a "
            "machine with more memory, or train on a sample of the rows."
        ) from None


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep what is freed for what is allocated next, where glibc allocates; elsewhere nothing.

    It gives each large array back to the system, which hands out other pages, filled with zeros:
    8 of 26 processor seconds of a fit on 200,000 rows, most of whose steps copy the table.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    mallopt = getattr(library, "mallopt", lambda *_: 0)
    for option, value in KEEPING.items():
        mallopt(option, value)
    try:
        yield
    finally:
        for option, value in USUAL.items():
            mallopt(option, value)
        getattr(library, "malloc_trim", lambda _: 0)(0)


def _width(prepared: Prepared) -> int:
    """Columns once text is encoded, the target included."""
    text = prepared.table.select_dtypes("object")
    encoded = sum(min(int(text[name].nunique()), MOST_ENCODED) for name in text)
    return len(prepared.table.columns) - len(text.columns) + encoded
