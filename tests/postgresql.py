"""Debian's PostgreSQL, started for a test."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


class Server:
    """A server of its own on a socket, which can be stopped and started again.

    Attributes:
        folder: where its socket is.
        psql: the call of psql.
        address: what SQLAlchemy calls its database.
    """

    def __init__(self) -> None:
        self._programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.folder = Path(mkdtemp())
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._data = self.folder / "data"
        run(self._programs / "initdb", "-D", self._data, "-U", "tester", "-A", "trust",
            "-E", "UTF8")  # fmt: skip
        self.psql = (self._programs / "psql", "-h", self.folder, "-U", "tester", "-d", "postgres",
                     "-q", "-v", "ON_ERROR_STOP=1")  # fmt: skip
        self.address = f"postgresql://tester@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self.folder} -c listen_addresses=''"
        log = self.folder / "log"
        run(self._programs / "pg_ctl", "-D", self._data, "-o", options, "-l", log, "-w", "start")

    def stop(self) -> None:
        """End it at once, as if the machine had lost its power."""
        run(self._programs / "pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def ask(self, statement: str) -> list[str]:
        """The lines that a statement answers."""
        return run(*self.psql, "-t", "-A", text=statement).splitlines()


@contextmanager
def postgresql() -> Iterator[Server]:
    """A server with an empty database."""
    server = Server()
    try:
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(server.folder)


def run(*command: str | Path, text: str = "") -> str:
    """Run a program of PostgreSQL, which refuses to be root."""
    user = "postgres" if os.geteuid() == 0 else None
    done = subprocess.run(
        [str(part) for part in command], input=text, capture_output=True, text=True, user=user,
        cwd="/tmp", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
