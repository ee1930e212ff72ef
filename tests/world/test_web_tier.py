"""Two servers behind HAProxy, with one log in PostgreSQL and one count of requests in Redis."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import onnx
import pytest
import requests
from deployments import ROOT
from postgresql import postgresql
from real_servers import GUNICORN, STOP_TIMEOUT, free_port, wait_until_ready

from tablecast.deployment import graph_file
from tablecast.web.access.key_file import new_key, write_file

pytestmark = [pytest.mark.world, pytest.mark.server]

SHIPPED = "deployment_28042020"
ROW = {
    "age": 19, "sex": "female", "bmi": 27.9, "children": 0, "smoker": "yes", "region": "southwest",
}
#: Requests a day of the key that is limited: no day ends often enough in the middle of a test.
ALLOWED = 20


@contextmanager
def program(*command: str, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until the end."""
    with log.open("wb") as out:
        running = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, **environment}
        )
        try:
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(STOP_TIMEOUT)


class Web:
    """A server of the web tier, which can be replaced at its address.

    Args:
        folder: for its log.
        environment: its settings.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._log = folder / self.address
        self._environment = environment
        self.running: subprocess.Popen[bytes] | None = None

    def start(self, deployment: str) -> None:
        """Serve a deployment, and wait until it is ready."""
        port = self.address.partition(":")[2]
        own = {"TABLECAST_DEPLOYMENT": deployment, "PORT": port, "WEB_CONCURRENCY": "1"}
        with self._log.open("ab") as out:
            self.running = subprocess.Popen(
                GUNICORN, cwd=ROOT, stdout=out, stderr=out,
                env={**os.environ, **self._environment, **own},
            )
        wait_until_ready(f"http://{self.address}", self.running, seconds=60)

    def stop(self) -> None:
        """Ask it to end, as a container's supervisor does, and wait."""
        if self.running:
            self.running.send_signal(signal.SIGTERM)
            self.running.wait(STOP_TIMEOUT)


class Tier:
    """The address of all, the two servers, the database, and the keys of who asks."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self.database = running.enter_context(postgresql())
        redis = str(free_port())
        self.counts = running.enter_context(program(
            "redis-server", "--port", redis, "--bind", "127.0.0.1", "--save", "",
            log=folder / "redis",
        ))
        made = {"all": new_key("all", "ask"), "few": new_key("few", "ask", f"{ALLOWED}/d")}
        write_file(folder / "keys", [key for _, key in made.values()])
        self.keys = {name: secret for name, (secret, _) in made.items()}
        environment = {
            "TABLECAST_KEYS": str(folder / "keys"), "TABLECAST_PROXIES": "127.0.0.1",
            "TABLECAST_LIMITS": f"redis://127.0.0.1:{redis}",
            "TABLECAST_LOG": self.database.address,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'build' / 'redis'}",
        }
        self.webs = [Web(folder, environment) for _ in range(2)]
        for web in self.webs:
            running.callback(web.stop)
            web.start(SHIPPED)
        listen, self._admin = f"127.0.0.1:{free_port()}", free_port()
        self.url = f"http://{listen}"
        self.front = running.enter_context(program(
            "haproxy", "-db", "-f", str(ROOT / "examples" / "cluster" / "haproxy.cfg"),
            log=folder / "haproxy", LISTEN=listen, ADMIN=f"127.0.0.1:{self._admin}",
            WEB1=self.webs[0].address, WEB2=self.webs[1].address,
        ))
        wait_until_ready(self.url, self.front)

    def tell_front(self, command: str) -> str:
        """What HAProxy answers to a command."""
        with socket.create_connection(("127.0.0.1", self._admin)) as talk:
            talk.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: talk.recv(65536), b"")).decode()

    def replace(self, place: int, deployment: str, meanwhile: Callable[[], None]) -> None:
        """Have a server get no more requests, end it, and start it anew, as roll.sh does."""
        name = f"tablecast/web{place + 1}"
        self.tell_front(f"set server {name} state drain")
        while int(self.standing(place)["scur"]):
            time.sleep(0.02)
        self.webs[place].stop()
        meanwhile()
        self.webs[place].start(deployment)
        self.tell_front(f"set server {name} state ready")
        while self.standing(place)["status"] != "UP":
            time.sleep(0.02)

    def standing(self, place: int) -> dict[str, str]:
        """What HAProxy knows of a server: its status, and how many requests it is at (scur)."""
        rows = csv.DictReader(self.tell_front("show stat").lstrip("# ").splitlines())
        return next(row for row in rows if row["svname"] == f"web{place + 1}")

    def ask(self, session: requests.Session, key: str = "all") -> requests.Response:
        """Ask for a prediction as a program does."""
        return session.post(
            f"{self.url}/api/v1/predict", json=ROW, timeout=20,
            headers={"Authorization": f"Bearer {self.keys[key]}"},
        )

    def logged(self, where: str = "TRUE") -> int:
        """How many answers the log has."""
        return int(self.database.ask(f"SELECT count(*) FROM prediction WHERE {where}")[0])


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tier]:
    with ExitStack() as running:
        yield Tier(tmp_path_factory.mktemp("tier"), running)


def test_two_servers_count_one_limit(tier: Tier) -> None:
    """A key's twenty requests are twenty, whichever server answers them; both do."""
    session = requests.Session()
    answers = [tier.ask(session, "few") for _ in range(2 * ALLOWED)]
    assert Counter(answer.status_code for answer in answers) == {200: ALLOWED, 429: ALLOWED}
    assert {answer.headers["X-Served-By"] for answer in answers[:ALLOWED]} == {"web1", "web2"}
    assert tier.logged("key = 'few'") == ALLOWED


class Load:
    """Clients that ask without a pause, each on a connection that it keeps."""

    def __init__(self, tier: Tier, clients: int = 4) -> None:
        self.statuses: Counter[str] = Counter()
        self.servers: Counter[str] = Counter()
        self.models: list[str] = []
        self._tier = tier
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def _run(self) -> None:
        session = requests.Session()
        while not self._over.is_set():
            try:
                answer = self._tier.ask(session)
            except requests.RequestException as error:
                self.statuses[type(error).__name__] += 1
                continue
            self.statuses[str(answer.status_code)] += 1
            self.servers[answer.headers.get("X-Served-By", "")] += 1
            if answer.ok:
                self.models.append(answer.json()["model"]["name"])

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, answers: int, model: str = "") -> None:
        """Wait until so many more answers have come, of a model if one is named."""
        def count() -> int:
            return self.models.count(model) if model else len(self.models)

        wanted = count() + answers
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if count() >= wanted:
                return
            self._over.wait(0.05)
        raise AssertionError(f"the answers did not come: {self.statuses}, {set(self.models)}")


def processor(*processes: subprocess.Popen[bytes] | None) -> float:
    """Seconds of the processor that programs have used, and the workers that they started."""
    used = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            number, _, rest = status.read_text().partition(" ")
            figures = rest.rpartition(")")[2].split()
            if {int(number), int(figures[1])} & {one.pid for one in processes if one}:
                used += int(figures[11]) + int(figures[12])
    return used / os.sysconf("SC_CLK_TCK")


def test_what_stands_before_the_servers_costs_less_than_they_do(tier: Tier) -> None:
    """HAProxy and Redis together take a part of what answering takes."""
    parts = {"servers": [web.running for web in tier.webs], "HAProxy": [tier.front],
             "Redis": [tier.counts]}  # fmt: skip
    before = {name: processor(*those) for name, those in parts.items()}
    with Load(tier) as load:
        load.wait_for(1_500)
    each = {
        name: 1e3 * (processor(*those) - before[name]) / len(load.models)
        for name, those in parts.items()
    }
    print({name: f"{ms:.2f} ms" for name, ms in each.items()}, file=sys.stderr)
    assert each["HAProxy"] + each["Redis"] < each["servers"]


def renamed(base: Path) -> None:
    """The shipped deployment under another name, as another version is."""
    content, _ = graph_file.read_graph(ROOT / SHIPPED)
    graph = onnx.load_model_from_string(content)
    for entry in graph.metadata_props:
        if entry.key == graph_file.METADATA_KEY:
            entry.value = json.dumps({**json.loads(entry.value), "name": base.name})
    graph_file.write_graph(graph.SerializeToString(), base)


def test_a_version_is_changed_under_load_without_a_failed_answer(
    tier: Tier, tmp_path: Path
) -> None:
    """One server after the other gets the new one; every answer is in the one log, once."""
    renamed(tmp_path / "charges_v2")
    before = tier.logged()
    with Load(tier) as load:
        load.wait_for(200)
        for place in range(2):  # the other one answers alone meanwhile
            tier.replace(place, str(tmp_path / "charges_v2"), lambda: load.wait_for(50))
        load.wait_for(100, "charges_v2")
    assert set(load.statuses) == {"200"}
    assert set(load.models) == {SHIPPED, "charges_v2"}
    assert load.models[-20:] == ["charges_v2"] * 20
    assert set(load.servers) == {"web1", "web2"}
    assert tier.logged() - before == load.statuses["200"]
    assert tier.logged("deployment = 'charges_v2'") == load.models.count("charges_v2")
    print(f"{load.statuses['200']} answers", file=sys.stderr)


def test_a_server_that_is_killed_costs_at_most_what_it_was_at(tier: Tier) -> None:
    """Nothing fails once HAProxy has seen that it is gone."""
    with Load(tier) as load:
        load.wait_for(100)
        web = tier.webs[0]
        assert web.running is not None
        web.running.send_signal(signal.SIGKILL)
        load.wait_for(200)
        lost = sum(load.statuses.values()) - load.statuses["200"]
        load.wait_for(200)
    assert lost <= 4  # one for each client
    assert sum(load.statuses.values()) - load.statuses["200"] == lost
