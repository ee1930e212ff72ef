"""Whether a switch of versions fails or mixes any answer: many switches while many clients ask.

    python -m benchmarks.switching [--switches 100] [--clients 16] [--server gunicorn|granian]

Two versions answer with predictions, titles and version numbers of their own. Each answer must be
one version's, whole; and a second after a switch, all of them must be the new one's.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from benchmarks import servers
from benchmarks.copies import APART, write_copy
from benchmarks.fleet import ask, fleet_server
from tablecast.deployment import versions

VERSIONS = ("1", "2")

#: By how much the page rounds a prediction, in dollars.
ROUNDED = 51.0

#: Seconds after a switch from which every answer is the new version's.
NOTICED = 1.0


@dataclass
class Seen:
    """What the clients were answered.

    Attributes:
        answers: how often each version answered.
        wrong: answers that failed, or were of no version alone; at most some are kept.
        late: answers of the old version more than a second after the switch.
    """

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    late: int = 0


class Client(Thread):
    """Asks for the API and the form in turn, over one connection."""

    def __init__(
        self, port: int, path: str, base: float, stop: Event, now: list[tuple[str, float]]
    ) -> None:
        super().__init__(daemon=True)
        self._path, self._base, self._stop_at, self._now = path, base, stop, now
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.seen = Seen()

    def run(self) -> None:
        """Ask until it is told to stop."""
        try:
            self._ask()
        finally:
            self._connection.close()

    def _ask(self) -> None:
        kinds = (self._api, self._form)
        number = 0
        while not self._stop_at.is_set():
            version, since = now = self._now[0]
            settled = time.perf_counter() - since > NOTICED
            try:
                answered = kinds[number % 2]()
            except (OSError, ValueError, http.client.HTTPException) as error:
                answered = ""
                self.seen.wrong.append(repr(error))
                self._connection.close()
            number += 1
            if answered:
                self.seen.answers[answered] += 1
                self.seen.late += settled and answered != version and self._now[0] is now

    def _get(self, method: str, path: str, body: str | None, kind: str) -> str:
        headers = {"Content-Type": kind, "Accept": "text/html, application/json"}
        self._connection.request(method, self._path + path, body, headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        if response.status != 200:
            raise ValueError(f"{response.status}: {text[:100]}")
        return text

    def _api(self) -> str:
        """The version that answered the full API, by its number and its prediction."""
        text = self._get("POST", "/api/v1/predict", json.dumps(servers.ROW), "application/json")
        answer = json.loads(text)
        version = str(answer["model"]["version"])
        expected = self._base + APART * int(version)
        if abs(answer["predictions"][0]["prediction"] - expected) > 1e-6:
            raise ValueError(f"version {version} with another's prediction: {text[:200]}")
        return version

    def _form(self) -> str:
        """The version that answered the form, by its footer, its title and its prediction."""
        sent = "&".join(f"{name}={value}" for name, value in servers.ROW.items())
        page = self._get("POST", "/predict", sent, "application/x-www-form-urlencoded")
        named = re.search(r'version <span class="figure">(\d+)</span>', page)
        title = re.search(r"<title>\$([\d,]+) [^<]*Title (\d+)</title>", page)
        if not named or not title:
            raise ValueError(f"no page: {page[:200]}")
        version, amount = named[1], float(title[1].replace(",", ""))
        expected = self._base + APART * int(version)
        if title[2] != version or abs(amount - expected) > ROUNDED:
            raise ValueError(f"version {version} with the title {title[0]}")
        return version


@contextmanager
def clients(port: int, path: str, base: float, count: int, now: list[tuple[str, float]]
            ) -> Iterator[list[Client]]:  # fmt: skip
    """So many clients that ask until the block ends."""
    stop = Event()
    asking = [Client(port, path, base, stop, now) for _ in range(count)]
    for client in asking:
        client.start()
    try:
        yield asking
    finally:
        stop.set()
        for client in asking:
            client.join()


def switched(folder: Path, server: str, switches: int, count: int, path: str = "") -> Seen:
    """Switch a deployment to and fro while clients ask for it.

    Args:
        folder: what is served: the deployment's versions, or (with a path) a folder of deployments.
        server: gunicorn or granian.
        switches: how often.
        count: clients.
        path: under which the deployment is served.
    """
    versioned = folder / path.strip("/") if path else folder
    versions.switch(versioned, VERSIONS[0])
    with servers.started(fleet_server(folder, server), first=f"{path}/predict_api") as running:
        base = float(ask(running.port, "POST", f"{path}/predict_api")[1]) - APART
        now = [(VERSIONS[0], time.perf_counter())]
        with clients(running.port, path, base, count, now) as asking:
            for number in range(1, switches + 1):
                version = VERSIONS[number % 2]
                now[0] = "", time.perf_counter()  # either may answer from now on
                versions.switch(versioned, version)
                now[0] = version, time.perf_counter()
                # Now and then long enough for all to have noticed; else in quick succession.
                time.sleep(1.5 * NOTICED if number % 10 == 0 else 0.3)
    every = [client.seen for client in asking]
    return Seen(
        sum((seen.answers for seen in every), Counter()),
        [wrong for seen in every for wrong in seen.wrong],
        sum(seen.late for seen in every),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=100)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--server", choices=("gunicorn", "granian"), default="gunicorn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for version in VERSIONS:
            write_copy(Path(folder) / "model" / version / "model", int(version))
        seen = switched(Path(folder) / "model", options.server, options.switches, options.clients)
    print(f"{options.switches} switches, answers of each version: {dict(seen.answers)}; "
          f"failed or mixed: {len(seen.wrong)}; old after a second: {seen.late}")
    if seen.wrong or seen.late:
        raise SystemExit("\n".join(seen.wrong[:5]))


if __name__ == "__main__":
    main()
