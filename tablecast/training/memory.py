"""A check before training that there is enough free memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tablecast.errors import TrainingError

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

# Measured with PyCaret 3.3.2 (docs/training.md): what its import and a small table's search take,
# and how many times the prepared table (float64) is held at most: views, folds, steps' own copies.
FIXED_BYTES = 0.7e9
COPIES = 45
#: Levels of a text column beyond these become one column, not one each (PyCaret's default).
MOST_ENCODED = 25

MEMINFO = Path("/proc/meminfo")
CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


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


def available() -> float:
    """Bytes that this process may still take: the least of what the machine has free, and what
    its control group and its own limit (``ulimit -v``) leave. Infinity where none is known."""
    return min([_machine(), *(_cgroup(*files) for files in CGROUPS), _own_limit()])


def _machine() -> float:
    with suppress(OSError, ValueError, IndexError):
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    return math.inf


def _cgroup(limit: Path, usage: Path) -> float:
    with suppress(OSError, ValueError):  # no such group, or "max"
        return float(limit.read_text()) - float(usage.read_text()) + _cached(limit.parent)
    return math.inf


def _cached(group: Path) -> float:
    """What a control group counts as used, but gives back when asked: old pages of files."""
    with suppress(OSError, ValueError):
        for line in (group / "memory.stat").read_text().splitlines():
            name, _, count = line.partition(" ")
            if name in ("inactive_file", "total_inactive_file"):
                return float(count)
    return 0.0


def _own_limit() -> float:
    with suppress(ImportError, OSError, ValueError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            return float(most - pages * resource.getpagesize())
    return math.inf


def _width(prepared: Prepared) -> int:
    """Columns once text is encoded, the target included."""
    text = prepared.table.select_dtypes("object")
    encoded = sum(min(int(text[name].nunique()), MOST_ENCODED) for name in text)
    return len(prepared.table.columns) - len(text.columns) + encoded
