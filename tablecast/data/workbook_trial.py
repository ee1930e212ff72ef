"""Whether a stranger's workbook can be opened at all, tried where it may fail.

A workbook of a few kilobytes can name a cell at the far corner of a sheet, repeat one long text in
every cell, or unpack to far more than it says. What reads workbooks then takes all memory, and ends
its process. So another process opens it first, with little memory and time: whatever the attack
is, what it takes shows there. Where a system has no such limits (Windows; macOS has none for
memory), only what the zip says of its size is looked at.
"""

import io
import subprocess
import sys
import zipfile

from tablecast.errors import TableError
from tablecast.i18n.language import _

#: Seconds of CPU time to open a workbook, and one more for so many bytes: one of 50 MB takes three.
MOST_SECONDS, A_SECOND = 10, 5_000_000

#: Bytes that a workbook unpacks to: XML of a table becomes a tenth to a twentieth.
MOST_TIMES, MOST_MORE = 25, 100_000_000

#: Bytes of memory that opening takes: of Python with a small sheet and the empty cells around it,
#: and for each byte that a workbook unpacks to, of which a cell has ten and more. So a file of a
#: kilobyte whose two cells stand far apart cannot take what is free.
SMALL_SHEET, A_BYTE_OPENED = 400_000_000, 20

#: What the other process runs. A fault in the file is for the one that asks to word.
OPENING = """
import io, sys
import python_calamine
try:
    book = python_calamine.load_workbook(io.BytesIO(sys.stdin.buffer.read()))
    for name in book.sheet_names:
        if book.get_sheet_by_name(name).height:
            break
except Exception:
    pass
"""


def refuse_if_harmful(content: bytes, name: str, memory: float) -> None:
    """Refuse a workbook that takes too much to open.

    Args:
        content: the file's bytes.
        name: what messages call it.
        memory: bytes that it may take at most; infinity where nobody knows.

    Raises:
        TableError: it would take more, or too long.
    """
    size = _unpacked(content)
    most = min(memory, SMALL_SHEET + A_BYTE_OPENED * max(size, len(content)))
    if size > MOST_TIMES * len(content) + MOST_MORE or not _opens(content, most):
        words = _(
            "{name} takes too much memory or time to open. Delete cells far from the table, or "
            "save the sheet as CSV."
        )
        raise TableError(words.format(name=name))


def _unpacked(content: bytes) -> int:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return 0  # an old workbook is no zip; of a damaged one is said elsewhere what is wrong


def _opens(content: bytes, memory: float) -> bool:
    try:
        import resource
    except ImportError:  # Windows
        return True
    seconds = MOST_SECONDS + len(content) // A_SECOND

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    try:
        opened = subprocess.run(
            [sys.executable, "-I", "-c", OPENING], input=content, check=False, preexec_fn=limit,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=6 * seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return opened.returncode == 0
