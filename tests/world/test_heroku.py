"""Heroku by ``git push``, as far as it goes without Heroku: the buildpack's steps, then a dyno."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from deployments import ROOT, SHIPPED
from real_servers import free_port

from tablecast.export.ship.hosts.heroku import check
from tablecast.export.ship.lock import LOCKS
from tablecast.export.ship.ship import ship

pytestmark = pytest.mark.world

#: Seconds until a dyno must answer, and bytes of a slug, of which Heroku takes 500 million.
MOST_BOOT, MOST_SLUG = 60, 300e6

ROW = {"age": 39, "sex": "male", "bmi": 30, "children": 1, "smoker": "no", "region": "northwest"}


@dataclass(frozen=True)
class Slug:
    """What the build made.

    Attributes:
        app: the pushed files.
        python: where the buildpack's Python and packages are.
    """

    app: Path
    python: Path

    def size(self) -> int:
        """Bytes of both, packed as Heroku packs a slug, with the interpreter itself."""
        runtime = Path(sys.base_prefix)
        packed = subprocess.run(
            ["sh", "-c", 'tar -c --dereference "$@" 2>/dev/null | gzip -1 | wc -c', "sh", self.app,
             self.python / "lib", runtime / "bin", f"--exclude={runtime}/lib/*/site-packages",
             f"--exclude={runtime}/lib/*/test", runtime / "lib"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return int(packed.stdout)


def run(*command: object, folder: Path) -> str:
    """Run a program in a folder, with nothing of this environment but its paths."""
    kept = {key: os.environ[key] for key in os.environ if not key.startswith(("PYTHON", "GIT"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False,
        env=kept,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def git(*command: object, folder: Path) -> str:
    """git, as somebody."""
    somebody = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    return run("git", *somebody, *command, folder=folder)


def pushed(source: Path, folder: Path) -> Path:
    """A folder pushed to an empty repository, and checked out there, as Heroku's build does."""
    remote = folder / "remote.git"
    git("init", "--quiet", "--bare", "--initial-branch", "main", remote, folder=folder)
    git("push", "--quiet", remote, "HEAD:refs/heads/main", folder=source)
    git("clone", "--quiet", "--depth", "1", remote.as_uri(), folder / "app", folder=folder)
    return folder / "app"


def built(app: Path, folder: Path) -> Slug:
    """The steps of Heroku's buildpack for Python, in their order."""
    assert [lock for lock in LOCKS if (app / lock).is_file()] == ["requirements.txt"]
    assert not (app / "runtime.txt").exists()
    version = (app / ".python-version").read_text().strip()
    assert version == f"{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / "python"
    run(sys.executable, "-m", "venv", python, folder=app)
    run(python / "bin/pip", "install", "--disable-pip-version-check", "--no-input", "--quiet",
        "--requirement", "requirements.txt", folder=app)  # fmt: skip
    return Slug(app, python)


@contextmanager
def dyno(slug: Slug, log: Path) -> Iterator[tuple[float, str]]:
    """Start the Procfile's web process as a dyno does; gives its seconds to boot, and its URL."""
    web = re.search(r"^web: *(.+)$", (slug.app / "Procfile").read_text(), re.MULTILINE)
    assert web
    port = free_port()
    environment = {
        "PATH": f"{slug.python}/bin:/usr/bin:/bin", "HOME": str(slug.app), "PORT": str(port),
        "PYTHONUNBUFFERED": "true", "WEB_CONCURRENCY": "2", "FORWARDED_ALLOW_IPS": "*",
        "DYNO": "web.1",
    }  # fmt: skip
    began = time.monotonic()
    with log.open("wb") as output:
        server = subprocess.Popen(
            ["sh", "-c", f"exec {web[1]}"], cwd=slug.app, env=environment, stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        while time.monotonic() - began < MOST_BOOT:
            assert server.poll() is None, log.read_text()
            with suppress(requests.ConnectionError):
                assert requests.get(url, timeout=30).ok
                break
            time.sleep(0.05)
        yield time.monotonic() - began, url
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


@pytest.fixture(scope="module", params=["folder", "repository"])
def slug(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Slug:
    """A shipped folder, and this repository itself, each pushed and built."""
    folder = tmp_path_factory.mktemp("heroku")
    source = ROOT
    if request.param == "folder":
        source = folder / "source"
        ship(SHIPPED, "heroku", source, app="insurance")
        assert not list(check(source))
        git("init", "--quiet", "--initial-branch", "main", folder=source)
        git("add", "--all", folder=source)
        git("commit", "--quiet", "--message", "Ship insurance", folder=source)
    return built(pushed(source, folder), folder)


def test_a_push_boots_and_answers(slug: Slug, tmp_path: Path) -> None:
    """The dyno answers within 60 seconds, behind TLS that ends at the router, and stops gently."""
    with dyno(slug, tmp_path / "log") as (seconds, url):
        assert seconds < MOST_BOOT
        router = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        page = requests.get(url, headers=router, timeout=30)
        assert "<form" in page.text
        answer = requests.post(f"{url}/predict_api", json=ROW, headers=router, timeout=30)
        assert answer.status_code == 200
        assert 1000 < answer.json() < 60_000
        if (slug.app / "smoke_test.py").is_file():
            done = run(sys.executable, "smoke_test.py", url, folder=slug.app)
            assert done.startswith("It works")
            assert "Strict-Transport-Security" in page.headers
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_slug_is_small(slug: Slug) -> None:
    """Packed, with the interpreter, it is under 300 MB."""
    assert 50e6 < slug.size() < MOST_SLUG
