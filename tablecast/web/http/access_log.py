"""The access log: a JSON line for each request on standard output, without any value of a row.

A request is only noted; lines are worded and written many at once, which takes a third of the time
of one after the other. If nobody reads the log, no request waits; what no longer fits is left out,
and the log says how many lines that were.
"""

import atexit
import json
import os
import select
import stat
import sys
import time
from collections import deque
from contextlib import suppress
from functools import lru_cache
from threading import Lock, Timer

#: Seconds until a request is in the log.
DELAY = 0.2

#: Requests that wait to be written: some seconds of the most that a worker answers, in 20 MB.
MOST_WAITING = 50_000

#: Bytes that POSIX promises to write to a pipe in one piece, so that the lines of several processes
#: stay whole.
ONE_PIECE = 4096

#: Lines that are written together, as soon as there are so many: in 0.2 ms, which others may wait.
TOGETHER = 200

#: Seconds that a process waits at its end for whoever reads the log to take some of it.
LAST_WAIT = 1.0

#: Parts of lines that are kept: some hundred routes and keys.
KEPT = 1024

#: A request: when it was answered, and what ``AccessLog.note`` is told of it.
Noted = tuple[float, str, str, int, float, str, int, str, str]


class AccessLog:
    """Writes what it is told, soon.

    Args:
        engine: what answers: "onnx" or "pycaret".
        file: the descriptor to write to.
    """

    def __init__(self, engine: str, file: int = 1) -> None:
        self._engine = engine
        self._file = _without_waiting(file)
        #: Whether to write takes no waiting; elsewhere only a thread of its own writes.
        self._at_once = self._file != file or stat.S_ISREG(os.fstat(file).st_mode)
        self._start()
        atexit.register(self.finish)
        os.register_at_fork(after_in_child=self._start)

    def _start(self) -> None:
        # What was noted before a fork is the other process's to write, and so is its thread.
        self._waiting: deque[Noted] = deque()
        self._left_out = 0
        self._due = self._full = False
        self._writing, self._counting = Lock(), Lock()

    def note(
        self, method: str, route: str, status: int, seconds: float, request_id: str,
        rows: int = 0, key: str = "", trace: str = "",
    ) -> None:  # fmt: skip
        """Write a line about a request soon.

        Args:
            method, route, status: of the request and its answer; the route, not the address.
            seconds: until it was answered.
            request_id: as ``tracing.request_id_of`` gives it.
            rows: that were predicted.
            key: the name of the key that asked; empty for none.
            trace: the W3C trace id that was sent along; empty for none.
        """
        waiting = self._waiting
        if len(waiting) >= TOGETHER and not self._makes_room():
            return
        waiting.append(
            (time.time(), method, route, status, seconds, request_id, rows, key, trace)
        )
        if not self._due:
            self._write_soon()

    def write(self) -> None:
        """Write what was noted, as far as somebody reads it."""
        with self._writing:
            self._due = self._full = False  # what is noted from now on is written next time
            left = len(self._waiting)
            while left > 0 and not self._full:  # else thousands would be worded that nobody takes
                self._write(min(left, TOGETHER), to_the_end=left <= TOGETHER)
                left -= TOGETHER
        if self._waiting and not self._due:
            self._write_soon()

    def _write_soon(self) -> None:
        self._due = True
        timer = Timer(DELAY, self.write)
        timer.daemon = True
        timer.start()

    def _makes_room(self) -> bool:
        """Whether one more line may wait, after some were written where that takes no waiting."""
        if self._at_once and not self._full and self._writing.acquire(blocking=False):
            try:
                self._write(TOGETHER)
            finally:
                self._writing.release()
        if len(self._waiting) < MOST_WAITING:
            return True
        with self._counting:
            self._left_out += 1
        return False

    def _write(self, most: int, *, to_the_end: bool = True) -> None:
        """Write at most so many lines, and how many are missing behind them, unless more follow.

        What nobody takes now waits on.
        """
        noted = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        left_out = 0
        if to_the_end:
            with self._counting:
                left_out, self._left_out = self._left_out, 0
        text = (_lines(noted, self._engine) + (_gap(left_out) if left_out else "")).encode()
        begin = 0
        try:
            while begin < len(text):
                begin += os.write(self._file, text[begin : _end_of_piece(text, begin)])
        except BlockingIOError:
            self._full = True
            self._waiting.extendleft(reversed(noted[text.count(b"\n", 0, begin) :]))
            with self._counting:
                self._left_out += left_out
        except OSError:  # whoever read the log is gone
            pass

    def finish(self) -> None:
        """At the process's end: write the last lines, unless nobody reads them."""
        until = time.monotonic() + LAST_WAIT
        while (waiting := len(self._waiting)) and (left := until - time.monotonic()) > 0:
            taken = select.select([], [self._file], [], left)[1]
            if taken and self._writing.acquire(timeout=left):
                self._write(TOGETHER)
                self._writing.release()
            if len(self._waiting) < waiting:
                until = time.monotonic() + LAST_WAIT


def access_log_of(settings: dict[str, object]) -> AccessLog | None:
    """The log that the settings ask for; None for none, or where there is no standard output."""
    if settings["access_log"] == "off" or sys.stdout is None:
        return None
    return AccessLog(str(settings["engine"]))


def _without_waiting(file: int) -> int:
    """A pipe's end of our own, to which a write never waits; the file itself where it is no pipe.

    A flag of the one that was inherited would be everybody's who writes to the same pipe.
    """
    if stat.S_ISFIFO(os.fstat(file).st_mode):
        with suppress(OSError):  # the system has no such way, or does not let us
            return os.open(f"/proc/self/fd/{file}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return file


def _end_of_piece(text: bytes, begin: int) -> int:
    """Where a piece of whole lines ends that a pipe takes in one go; one line has no more."""
    most = begin + ONE_PIECE
    return len(text) if len(text) <= most else text.rfind(b"\n", begin, most) + 1 or most


def _lines(noted: list[Noted], engine: str) -> str:
    """The lines of requests; the parts that several share are worded once."""
    lines = []
    last, clock = 0, ""
    for when, method, route, status, seconds, request_id, rows, key, trace in noted:
        moment = int(when * 1000)
        if moment != last:
            last, clock = moment, _clock(moment)
        shared = _shared(method, route, status, rows, key, engine)
        if trace:
            shared = f'{shared[:-2]},"trace":"{trace}"}}\n'
        lines.append(f'{clock},"id":"{request_id}","ms":{1000 * seconds:.3f}{shared}')
    return "".join(lines)


def _clock(moment: int) -> str:
    """A line's beginning: RFC 3339, in UTC, of milliseconds since 1970."""
    clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1000))
    return f'{{"time":"{clock}.{moment % 1000:03d}Z"'


@lru_cache(KEPT)
def _shared(method: str, route: str, status: int, rows: int, key: str, engine: str) -> str:
    """A line's end, which many lines have."""
    said = {"method": method, "route": route, "status": status, "rows": rows, "key": key or None,
            "engine": engine}  # fmt: skip
    return f",{json.dumps(said, separators=(',', ':'))[1:]}\n"


def _gap(left_out: int) -> str:
    return f'{_clock(int(time.time() * 1000))},"left_out":{left_out}}}\n'
