"""What each of granian's processes loads: the application, on a core of its own.

granian reads and writes in one thread and calls the application in another, so that a request
changes threads four times. Left alone, the kernel moves those threads between the cores, and lets
each one that is woken interrupt the one that woke it. A process that keeps its threads together,
and lets each finish what it has, answers the same requests with two thirds of the CPU time
(docs/performance.md).
"""

import argparse
import gc
import logging
import os
import sys
from contextlib import suppress
from multiprocessing.util import Finalize
from pathlib import Path

from flask import Flask

from tablecast.web import answer_log, warmup
from tablecast.web.app import create_app_or_exit, settings_or_exit
from tablecast.web.http.access import open_to_all

#: The files by which this process holds its place; open until it ends.
_held: list[int] = []


def create_app() -> Flask:
    """The application, ready for the first person; threads started from now on share a core.

    gunicorn loads the application once for all of its processes, and rehearses in each: see
    ``gunicorn.conf.py``.
    """
    settings = settings_or_exit()
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder and hasattr(os, "sched_setaffinity"):
        keep_together(Path(folder), settings["workers"])
    app = create_app_or_exit()
    _warn(open_to_all(_host(sys.argv), settings), Path(folder) if folder else None)
    warmup.rehearse(app)
    access_log = app.extensions["access_log"]
    if access_log:  # granian's processes end without what atexit was told
        Finalize(None, access_log.finish, exitpriority=0)
    answers = app.extensions[answer_log.EXTENSION]
    if answers:
        Finalize(None, answers.log.finish, exitpriority=0)
    # What exists now stays: the collector, for which requests wait, need not look at it again.
    gc.collect()
    gc.freeze()
    return app


def _warn(sentence: str, folder: Path | None) -> None:
    """Say a sentence, if there is one, once for all processes that share a folder."""
    with suppress(FileExistsError):
        if sentence and folder:
            (folder / "warned").touch(exist_ok=False)
        if sentence:
            logging.getLogger("tablecast").warning(sentence)


def _host(arguments: list[str]) -> str:
    """Where granian listens: it tells the application by what it was started with, if at all."""
    told = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    told.add_argument("--host", default=os.environ.get("GRANIAN_HOST") or "127.0.0.1")
    return str(told.parse_known_args(arguments)[0].host)


def keep_together(folder: Path, workers: int) -> None:
    """Keep this process's later threads on one core, one after the other.

    Only where there is a worker for each core: fewer of them may move to whatever core is free,
    which matters on a large machine that many programs share.

    Args:
        folder: exists, and is shared by the processes of one server and by no other.
        workers: processes of the server.
    """
    cores = sorted(os.sched_getaffinity(0))
    if workers < len(cores):
        return
    os.sched_setaffinity(0, {cores[_place(folder, workers) % len(cores)]})
    # A thread of this kind does not interrupt another by being woken.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _place(folder: Path, workers: int) -> int:
    """The first place that no living process holds; the kernel frees those of dead ones."""
    import fcntl

    for index in range(workers):
        held = os.open(folder / f"place-{index}", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
        else:
            _held.append(held)
            return index
    return os.getpid() % workers
