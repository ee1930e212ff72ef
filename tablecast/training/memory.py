"""A check before training that there is enough free memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tablecast.data.free_memory import available
from tablecast.errors import TrainingError

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

# Measured with PyCaret 3.3.2 (docs/training.md): what its import and a small table's search take,
# and how many times the prepared table (float64) is held at most: views, folds, steps' own copies.
FIXED_BYTES = 0.7e9
COPIES = 45
#: Levels of a text column beyond these become one column, not one each (PyCaret's default).
MOST_ENCODED = 25


def check_memory(prepared: Prepared) -> None:
    """Raises TrainingError where training would need more memory than is free."""
    width = _width(prepared)
    needed = FIXED_BYTES + COPIES * len(prepared.table) * width * 8
    free = available()
    if needed <= free:
        return
    fit = (free - FIXED_BYTES) / (COPIES * width * 8)
    mend = "Close other programs, or use a machine with more memory"
    if fit >= 1_000:
        rows = 10 ** int(math.log10(fit))
        mend += f"; a sample of {int(fit // rows * rows):,} rows would fit"
    raise TrainingError(
        f"Training on {len(prepared.table):,} rows needs about {needed / 1e9:.1f} GB of memory, "
        f"and {free / 1e9:.1f} GB are free. {mend}."
    )


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


def _width(prepared: Prepared) -> int:
    """Columns once text is encoded, the target included."""
    text = prepared.table.select_dtypes("object")
    encoded = sum(min(int(text[name].nunique()), MOST_ENCODED) for name in text)
    return len(prepared.table.columns) - len(text.columns) + encoded
