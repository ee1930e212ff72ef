"""How much memory is free, and whether a table fits into it before it is read."""

import math
from contextlib import suppress
from pathlib import Path

from tablecast.errors import TableError

#: Bytes that reading takes at its peak, measured on tables of 20 MB: for a character of the file,
#: and for a row and a cell of it, however short they are.
A_CHARACTER, A_ROW, A_CELL = 30, 250, 100

#: And the least for a byte of a file whose rows are not known yet.
A_BYTE = 10

MEMINFO = Path("/proc/meminfo")
CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


def check_bytes(size: int, name: str) -> None:
    """Raises TableError where a file of so many bytes cannot be read into memory."""
    _check(A_BYTE * size, name, f"{size / 1e6:,.0f} MB")


def check_text(text: str, separator: str, name: str) -> None:
    """Raises TableError where the cells of a text cannot be held in memory."""
    rows = text.count("\n")
    cells = rows + text.count(separator)
    needed = A_CHARACTER * len(text) + A_ROW * rows + A_CELL * cells
    _check(needed, name, f"{len(text) / 1e6:,.0f} MB and {rows:,} lines")


def check_cells(cells: int, name: str) -> None:
    """Raises TableError where so many cells cannot be held in memory."""
    _check(2 * A_CELL * cells, name, f"{cells:,} cells")


def most_bytes() -> int:
    """How many bytes of a file may be read into memory."""
    return int(min(available() / A_BYTE, 1e15))


def _check(needed: float, name: str, size: str) -> None:
    free = available()
    if needed > free:
        raise TableError(
            f"'{name}' has {size}, which takes about {needed / 1e9:,.1f} GB of memory to read, and "
            f"{free / 1e9:,.1f} GB are free. Name a file with fewer rows, such as a sample of "
            "them, or use a machine with more memory."
        )


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
            return float(most - _pages(0) * resource.getpagesize())
    return math.inf


def taken() -> float:
    """Bytes of memory that this process holds; 0 where the system does not tell."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        return float(_pages(1) * resource.getpagesize())
    return 0.0


def _pages(place: int) -> int:
    """Pages of this process: 0 for those that it has asked for, 1 for those that it holds."""
    return int(Path("/proc/self/statm").read_text().split()[place])
