"""How long threads that answer files keep the interpreter to themselves, on however busy a machine.

    python -m benchmarks.turns [--seconds 10] [--threads 2] [--turn 0.0002]

A worker's loop needs the interpreter for each request, and so does a thread that answers a file.
Threads here answer files of 5 MB in which every cell is wrong, as ``benchmarks.attack`` sends them;
another one sleeps a millisecond, again and again, at a priority before all others (which only root
may have). Printed is how much CPU time the others used meanwhile: a millisecond, and what they made
it wait. That counts neither other programs nor the time in which the system lets a thread rest.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import threading
import time

from flask import Flask

from benchmarks.attacks import MULTIPART, wrong_file
from tablecast.web.app import create_app
from tablecast.web.warmup import TURN, rehearse

#: Seconds of a sleep.
SLEEP = 0.001


def send_on(app: Flask, content: bytes, stop: threading.Event) -> None:
    """Send the same file again and again."""
    client = app.test_client()
    while not stop.is_set():
        client.post("/batch", data=content, content_type=MULTIPART).close()


def used_meanwhile(threads: list[threading.Thread], seconds: float) -> list[float]:
    """CPU time of the threads in each sleep and in the wait behind it, in ascending order."""
    os.sched_setscheduler(threading.get_native_id(), os.SCHED_FIFO, os.sched_param(1))
    clocks = [time.pthread_getcpuclockid(thread.ident) for thread in threads if thread.ident]
    used = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = sum(map(time.clock_gettime, clocks))
        time.sleep(SLEEP)
        used.append(sum(map(time.clock_gettime, clocks)) - before)
    return sorted(used)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turn", type=float, default=TURN, help="seconds; Python's own is 0.005")
    told = parser.parse_args()
    os.environ["TABLECAST_ACCESS_LOG"] = "off"
    app, content, stop = create_app(), wrong_file(), threading.Event()
    rehearse(app)
    gc.collect()
    gc.freeze()  # as in a worker
    sys.setswitchinterval(told.turn)
    threads = [
        threading.Thread(target=send_on, args=(app, content, stop)) for _ in range(told.threads)
    ]
    for thread in threads:
        thread.start()
    used = used_meanwhile(threads, told.seconds)
    stop.set()
    for name, share in (("median", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("most", 1.0)):
        print(f"{name}: {1000 * used[min(int(share * len(used)), len(used) - 1)]:.1f} ms")


if __name__ == "__main__":
    main()
