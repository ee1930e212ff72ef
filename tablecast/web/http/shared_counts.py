"""The files in which the processes of one server count, so that /metrics shows their sums.

``prometheus_client`` maps them into memory, and a process that writes to a map for which the system
has no room is killed. So room is taken before anything is mapped, and who gets none does not count.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

#: The variable that names the folder; ``prometheus_client`` reads it when it is imported.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

#: Kinds of metrics that are counted, each in a file of its own in each process.
KINDS = ("counter", "histogram")

#: Bytes of such a file. A series needs about 150, and there are some hundred.
SIZE = 1 << 19

#: What stands for a process's number in the files of those that are gone.
GONE = "gone"


def make_folder(processes: int, parents: Iterable[str | None]) -> str | None:
    """A new folder for a server's counts, or None where no parent has room for one.

    Args:
        processes: that will count at the same time.
        parents: folders to try in turn; None is the system's own for temporary files.
    """
    for parent in parents:
        try:
            folder = tempfile.mkdtemp(prefix="tablecast-metrics-", dir=parent)
        except OSError:
            continue
        trial = Path(folder) / "room"
        if _take(trial, (processes + 1) * len(KINDS) * SIZE) and take_room(folder, GONE):
            trial.unlink()
            return folder
        shutil.rmtree(folder, ignore_errors=True)
    return None


def take_room(folder: str, process: object) -> bool:
    """Take the room that a process's counts need; False where there is none."""
    files = [_file(folder, kind, process) for kind in KINDS]
    if all(_take(file, SIZE) for file in files):
        return True
    for file in files:
        with suppress(OSError):
            file.unlink()
    return False


def take_room_or_count_alone() -> None:
    """Take this process's room before anything is counted; without it, count in it alone."""
    folder = os.environ.get(VARIABLE)
    if folder and not take_room(folder, os.getpid()):
        del os.environ[VARIABLE]


def keep_counts(folder: str, process: int) -> None:
    """Add the counts of a process that is gone to those of all that are, and drop its files."""
    from prometheus_client.mmap_dict import MmapedDict

    for kind in KINDS:
        path = _file(folder, kind, process)
        if not path.exists():
            continue
        counted = list(MmapedDict.read_all_values_from_file(str(path)))  # type: ignore[no-untyped-call]
        path.unlink()
        total: Any = MmapedDict(str(_file(folder, kind, GONE)))  # type: ignore[no-untyped-call]
        for key, value, timestamp, _index in counted:
            before, _ = total.read_value(key)
            total.write_value(key, before + value, timestamp)
        total.close()


def _file(folder: str, kind: str, process: object) -> Path:
    return Path(folder) / f"{kind}_{process}.db"


def _take(path: Path, size: int) -> bool:
    try:
        with path.open("ab") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.write(bytes(size))
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return False
    return True
