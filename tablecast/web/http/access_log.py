"""The access log: a JSON line for each request on standard output, without any value of a row.

To write a line for each request takes as long as a good part of its answer. So a request is only
noted, and a thread writes what was noted at most ``DELAY`` later. If nobody reads the log, that
thread waits and no request does; what no longer fits is left out, and its number is said.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import time
from collections import deque
from threading import Lock, Timer
from typing import NamedTuple

#: Seconds until a request is in the log.
DELAY = 0.2

#: Requests that wait for the thread: some seconds of the most that a worker answers, in 10 MB.
MOST_WAITING = 50_000

#: Bytes that POSIX promises to write to a pipe in one piece, so that the lines of several processes
#: stay whole.
ONE_PIECE = 4096


class Entry(NamedTuple):
    """One request as the log has it.

    Attributes:
        at: seconds since 1970.
        id: the request's.
        method, route, status: of the request and its answer; the route, not the address.
        seconds: until it was answered.
        rows: that were predicted.
        key: the name of the key that asked; empty for none.
        trace: the W3C trace id that was sent along; empty for none.
    """

    at: float
    id: str
    method: str
    route: str
    status: int
    seconds: float
    rows: int = 0
    key: str = ""
    trace: str = ""


class AccessLog:
    """Writes what it is told, soon.

    Args:
        engine: what answers: "onnx" or "pycaret".
        file: the descriptor to write to.
    """

    def __init__(self, engine: str, file: int = 1) -> None:
        self._engine = engine
        self._file = file
        self._start()
        atexit.register(self.write)
        os.register_at_fork(after_in_child=self._start)

    def _start(self) -> None:
        # What was noted before a fork is the other process's to write, and so is its thread.
        self._waiting: deque[Entry] = deque()
        self._left_out = 0
        self._due = False
        self._writing = Lock()

    def note(self, entry: Entry) -> None:
        """Write this entry soon."""
        if len(self._waiting) >= MOST_WAITING:
            self._left_out += 1
            return
        self._waiting.append(entry)
        if not self._due:
            self._due = True
            timer = Timer(DELAY, self.write)
            timer.daemon = True
            timer.start()

    def write(self) -> None:
        """Write what was noted."""
        if not self._writing.acquire(blocking=False):
            return
        try:
            self._due = False
            entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
            left_out, self._left_out = self._left_out, 0
            lines = [self._line(entry) for entry in entries]
            if left_out:
                lines.append(f'{{"time":"{_moment(time.time())}","left_out":{left_out}}}\n')
            for piece in _pieces(lines):
                os.write(self._file, piece)
        except OSError:  # whoever read the log is gone
            pass
        finally:
            self._writing.release()

    def _line(self, entry: Entry) -> str:
        at, identifier, method, route, status, seconds, rows, key, trace = entry
        more = f',"trace":"{trace}"' if trace else ""
        return (
            f'{{"time":"{_moment(at)}","id":"{identifier}","method":"{method}",'
            f'"route":{json.dumps(route)},"status":{status},"ms":{1000 * seconds:.3f},'
            f'"rows":{rows},"key":{json.dumps(key) if key else "null"},'
            f'"engine":"{self._engine}"{more}}}\n'
        )


def access_log_of(settings: dict[str, object]) -> AccessLog | None:
    """The log that the settings ask for; None for none, or where there is no standard output."""
    if settings["access_log"] == "off" or sys.stdout is None:
        return None
    return AccessLog(str(settings["engine"]))


def _moment(at: float) -> str:
    """RFC 3339, in UTC, to the millisecond."""
    whole = int(at)
    clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{clock}.{int(1000 * (at - whole)):03d}Z"


def _pieces(lines: list[str]) -> list[bytes]:
    """Whole lines in as few pieces as a pipe takes in one go."""
    pieces, size = [[]] if lines else [], 0  # type: list[list[bytes]], int
    for line in lines:
        encoded = line.encode()
        if size + len(encoded) > ONE_PIECE and pieces[-1]:
            pieces.append([])
            size = 0
        pieces[-1].append(encoded)
        size += len(encoded)
    return [b"".join(piece) for piece in pieces]
