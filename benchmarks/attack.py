"""Attack a started server in every way that is known, and see what others notice of it.

    python -m benchmarks.attack [--server gunicorn|granian] [--seconds 15] [--only WORDS …]
        [--write]

It starts the server of this checkout on a free port, with a limit of 1,024 open files, runs one
attack after the other while a healthy client keeps asking, and prints a table.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.attacks import ATTACKS, Attack, answer, connect, request
from benchmarks.servers import serve_command

ROOT = Path(__file__).parents[1]

PAGE = ROOT / "docs" / "security.md"

#: Seconds until an attack is under way.
BEFORE = 1.0

#: Files that the server may have open: what many systems allow by default.
FILES = 1024


@dataclass
class Healthy:
    """What a client noticed that asked for rows meanwhile, each on a new and on a kept connection.

    Attributes:
        seconds: of each answer.
        failures: what came instead of an answer.
    """

    port: int
    seconds: list[float] = field(default_factory=list)
    failures: list[bytes] = field(default_factory=list)

    def ask(self, until: float) -> None:
        """Ask fifty times a second until a time of ``time.monotonic``."""
        with ExitStack() as opened:
            kept = opened.enter_context(connect(self.port))
            while time.monotonic() < until:
                if not self._ask_on(kept):
                    with suppress(OSError):
                        kept = opened.enter_context(connect(self.port))
                with suppress(OSError), connect(self.port) as new:
                    self._ask_on(new)
                time.sleep(0.02)

    def _ask_on(self, client: socket.socket) -> bool:
        began = time.perf_counter()
        try:
            client.sendall(request())
            answered = answer(client)
        except OSError as error:
            answered = str(error).encode()
        self.seconds.append(time.perf_counter() - began)
        right = answered.startswith(b"HTTP/1.1 200 OK")
        if not right:
            self.failures.append(answered[:200])
        return right

    def ms(self, share: float) -> float:
        """The time that a share of the answers took at most, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@contextmanager
def started(server: str, files: int = FILES, **environment: str) -> Iterator[tuple[int, int]]:
    """A server of this checkout with two workers: its port, and its process's id."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as counts:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        command = serve_command(sys.executable, server)
        if server == "granian":
            environment = {"PROMETHEUS_MULTIPROC_DIR": counts, **environment}
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "PORT": str(port), "WEB_CONCURRENCY": "2", **environment},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
        )  # fmt: skip
        try:
            _wait_until_ready(port)
            _wait_for_workers(process.pid)
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as ready:
            if ready.status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("the server did not get ready")


def _wait_for_workers(process: int) -> None:
    """Wait until both workers are there, and as busy as a healthy server is."""
    while len(processes_of(process)) < 3:
        time.sleep(0.1)
    time.sleep(1)


def processes_of(parent: int) -> list[int]:
    """A process and those that it started."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *(int(child) for child in children)]


def memory_of(parent: int) -> int:
    """Most bytes that any process of a server has had in memory."""
    peaks = []
    for process in processes_of(parent):
        with suppress(OSError):
            status = Path(f"/proc/{process}/status").read_text()
            peaks.append(1024 * int(status.partition("VmHWM:")[2].split()[0]))
    return max(peaks, default=0)


def attacked(attack: Attack, port: int, seconds: float) -> Healthy:
    """What a healthy client notices during an attack."""
    # A process of its own: to send much in another thread would make the healthy client wait too.
    forked = multiprocessing.get_context("fork")
    stop = forked.Event()
    attacker = forked.Process(target=attack.run, args=(port, stop), daemon=True)
    healthy = Healthy(port)
    attacker.start()
    time.sleep(BEFORE)
    try:
        healthy.ask(time.monotonic() + seconds)
    finally:
        stop.set()
        attacker.join(30)
        attacker.kill()
    return healthy


def row(attack: Attack, healthy: Healthy, workers_kept: bool, memory: int) -> str:
    """A row of the table."""
    failed = f"{len(healthy.failures)} of {len(healthy.seconds)}"
    return (
        f"| {attack.name} | {healthy.ms(0.5):.1f} | {healthy.ms(0.99):.1f} "
        f"| {healthy.ms(1):.0f} | {failed} | {'yes' if workers_kept else '**no**'} "
        f"| {memory / 1e6:.0f} |"
    )


HEADING = (
    "| attack | median, ms | p99, ms | slowest, ms | failed | workers kept | memory, MB |\n"
    "|---|--:|--:|--:|--:|---|--:|"
)


def write(server: str, table: str) -> None:
    """Put a server's table into the page between its two marks."""
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- attacks on {server} -->\n", f"<!-- end of {server} -->"
    before, _, rest = text.partition(begin)
    PAGE.write_text(before + begin + table + "\n" + end + rest.partition(end)[2], encoding="utf-8")


def main() -> None:
    """Run the attacks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("gunicorn", "granian"), default="gunicorn")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--only", nargs="+", default=[""], help="words of the attacks' names")
    parser.add_argument("--write", action="store_true", help="put the table into docs/security.md")
    told = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    print(HEADING)
    rows = [HEADING]
    calm = Attack("none", lambda _port, stop: stop.wait() and None)
    for attack in (calm, *ATTACKS):
        if not any(words in attack.name for words in told.only):
            continue
        with started(told.server) as (port, process):
            workers = processes_of(process)
            healthy = attacked(attack, port, told.seconds)
            kept = processes_of(process) == workers
            rows.append(row(attack, healthy, kept, memory_of(process)))
            print(rows[-1], flush=True)
    if told.write:
        write(told.server, "\n".join(rows))


if __name__ == "__main__":
    main()
