"""The package of a deployment: built, put on an index of one's own, installed, asked and served."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from deployments import ROOT, SHIPPED

from tablecast.deployment.opening import load
from tablecast.export.ship.ship import ship

#: The environment that make test-world makes, of tests/index.txt.
TOOLS = ROOT / "build/index/bin"
USER, PASSWORD = "ann", "s3cret-0f-ann"
ROW = {"age": 39, "sex": "male", "bmi": 30, "children": 1, "smoker": "no", "region": "northwest"}

HTPASSWD = """
import sys
from passlib.apache import HtpasswdFile
users = HtpasswdFile(sys.argv[1], new=True)
users.set_password(sys.argv[2], sys.argv[3])
users.save()
"""
PREDICT = """
import json, sys
from house_prices import predict_model
print(json.dumps(predict_model([json.loads(sys.argv[1])])[0]["prediction_label"]))
"""

pytestmark = [
    pytest.mark.world,
    pytest.mark.skipif(not TOOLS.exists(), reason="make test-world makes the index's environment"),
]


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """What a command prints."""
    done = tried(*command, cwd=cwd, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tried(
    *command: str | Path, cwd: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A command that ran, in an environment without anything of the repository."""
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False,
        env={**outside, **variables},
    )  # fmt: skip


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def served(command: list[str | Path], address: str, cwd: Path) -> Iterator[None]:
    """A server, from when it answers."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (
        (cwd / "server.log").open("w") as log,
        subprocess.Popen(
            [str(part) for part in command], cwd=cwd, env=environment, stdout=log, stderr=log
        ) as process,
    ):  # fmt: skip
        try:
            while not _answers(address):
                assert process.poll() is None, (cwd / "server.log").read_text()
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def index(folder: Path) -> Iterator[str]:
    """An index that one user may write to, and everybody reads; it passes nothing on."""
    packages, users = folder / "packages", folder / "users"
    packages.mkdir(parents=True, exist_ok=True)
    run(TOOLS / "python", "-c", HTPASSWD, users, USER, PASSWORD, cwd=folder)
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [TOOLS / "pypi-server", "run", "-i", "127.0.0.1", "-p", str(port), "-P", users]
    with served([*command, "--disable-fallback", packages], address, folder):
        yield address


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped deployment as a project, with its wheel built."""
    folder = tmp_path_factory.mktemp("project")
    ship(SHIPPED, "wheel", folder, app="house-prices")
    run(TOOLS / "uv", "build", "-q", "--wheel", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with index(tmp_path_factory.mktemp("private")) as address:
        yield address


def publish(
    project: Path, address: str, password: str = PASSWORD
) -> subprocess.CompletedProcess[str]:
    """The README's own command, as `INDEX` and an account have it."""
    assert "\npython publish.py\n" in (project / "README.md").read_text(encoding="utf-8")
    return tried(
        TOOLS / "python", "publish.py", cwd=project, INDEX=address, UV_PUBLISH_USERNAME=USER,
        UV_PUBLISH_PASSWORD=password, PATH=f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
    )  # fmt: skip


@pytest.fixture(scope="module")
def installed(project: Path, private: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that has the package from the index."""
    assert "127.0.0.1 has house-prices" in publish(project, private).stdout
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv/bin/python"
    uv = (TOOLS / "uv", "pip", "install", "-q", "--python", python)
    run(*uv, "--require-hashes", "-r", "requirements.txt", cwd=project)
    run(python, "-m", "pip", "install", "-q", "--index-url", f"{private}/simple/", "house-prices",
        cwd=folder)  # fmt: skip
    return python.parent


def expected() -> float:
    deployment = load(SHIPPED)
    return float(deployment.predictor.predict([deployment.schema.parse(ROW)])[0].prediction)


def test_the_package_predicts(installed: Path, project: Path, tmp_path: Path) -> None:
    """Installed from the index, it predicts what the deployment does, and says its version."""
    said = run(installed / "python", "-c", PREDICT, json.dumps(ROW), cwd=tmp_path)
    assert json.loads(said) == pytest.approx(expected(), rel=1e-12)
    version = "from importlib.metadata import version; print(version('house-prices'))"
    told = run(installed / "python", "-c", version, cwd=tmp_path).strip()
    own = run(installed / "python", "-c", "print(__import__('house_prices').__version__)",
              cwd=tmp_path).strip()  # fmt: skip
    assert told == own
    assert "It works" in run(installed / "python", project / "smoke_test.py", cwd=tmp_path)


def test_the_package_is_served_by_its_name(installed: Path, tmp_path: Path) -> None:
    """`tablecast serve house_prices` answers from any folder, and a file is predicted by it."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [installed / "tablecast", "serve", "house_prices", "--port", str(port)]
    with served([*command, "--workers", "1"], f"{address}/healthz", tmp_path):
        asked = Request(f"{address}/predict_api", json.dumps(ROW).encode(),
                        {"Content-Type": "application/json"})  # fmt: skip
        with urlopen(asked, timeout=60) as response:
            assert json.load(response) == pytest.approx(expected(), rel=1e-12)
    rows = ",".join(ROW) + "\n" + ",".join(map(str, ROW.values())) + "\n"
    (tmp_path / "rows.csv").write_text(rows)
    predict = ("predict", "house-prices", "rows.csv", "-o", "out.csv")
    run(installed / "tablecast", *predict, cwd=tmp_path)
    assert "prediction_label" in (tmp_path / "out.csv").read_text()


def test_an_index_that_refuses(project: Path, tmp_path: Path) -> None:
    """A wrong password puts nothing on the index, is told in a line, and is written nowhere."""
    with index(tmp_path) as address:
        done = publish(project, address, "wr0ng-0ne")
    gone = publish(project, address, "wr0ng-0ne")
    assert "127.0.0.1 did not take the package: " in done.stderr
    assert "403" in done.stderr
    for one in (done, gone):
        assert one.returncode == 1
        assert (one.stdout, one.stderr.count("\n")) == ("", 1)
        assert "wr0ng-0ne" not in one.stderr
    assert list((tmp_path / "packages").iterdir()) == []
    assert not [one for one in project.rglob("*") if one.is_file() and b"wr0ng" in one.read_bytes()]


def test_a_later_model_goes_beside_the_first(project: Path, tmp_path: Path) -> None:
    """The tablecast that the index has already is not sent again, and keeps nothing from it."""
    later = tmp_path / "later"
    shutil.copytree(project, later, ignore=shutil.ignore_patterns("dist"))
    first = next((project / "dist").glob("*.whl")).name.split("-")[1]
    for name in ("pyproject.toml", "house_prices/__init__.py", "publish.py"):
        text = (later / name).read_text(encoding="utf-8")
        assert first in text
        (later / name).write_text(text.replace(first, "9999.1"), encoding="utf-8")
    run(TOOLS / "uv", "build", "-q", "--wheel", cwd=later)
    with index(tmp_path) as address:
        for one, version in ((project, first), (later, "9999.1"), (later, "9999.1")):
            done = publish(one, address)
            assert done.stdout == f"127.0.0.1 has house-prices {version} now.\n", done.stderr
    names = sorted(one.name.split("-")[0] for one in (tmp_path / "packages").iterdir())
    assert names == ["house_prices", "house_prices", "tablecast"]


def test_another_package_of_that_name_is_not_installed(
    project: Path, private: str, installed: Path, tmp_path: Path
) -> None:
    """With a higher version on another index, an extra index gets theirs; an explicit one, ours."""
    stranger = tmp_path / "stranger"
    ship(SHIPPED, "wheel", stranger, app="house-prices")
    about = stranger / "pyproject.toml"
    about.write_text(re.sub(r'^version = .*', 'version = "9999"', about.read_text(), flags=re.M))
    run(TOOLS / "uv", "build", "-q", "--wheel", "-o", tmp_path / "packages", cwd=stranger)
    with index(tmp_path) as public:
        download = (installed / "python", "-m", "pip", "download", "-q", "--no-deps", "-d", ".")
        extra = ("--index-url", f"{public}/simple/", "--extra-index-url", f"{private}/simple/")
        for folder, options in {"extra": extra, "own": ("-i", f"{private}/simple/")}.items():
            (tmp_path / folder).mkdir()
            run(*download, *options, "house-prices", cwd=tmp_path / folder)
    (theirs,), (ours,) = (list((tmp_path / one).iterdir()) for one in ("extra", "own"))
    assert theirs.name == "house_prices-9999-py3-none-any.whl"
    assert ours.name in {one.name for one in (project / "dist").iterdir()}


def test_tox_goes_the_whole_way(
    real_table: Callable[[str], Path], tmp_path: Path
) -> None:
    """Train, install and publish the house prices as the tutorial does, in three tasks."""
    (tmp_path / "packages").mkdir()
    with index(tmp_path) as address:
        tasks = ("-c", "examples/house", "-e", "train,install_locally,publish")
        said = run(
            TOOLS / "tox", *tasks, "--workdir", tmp_path / "tox", cwd=ROOT,
            TABLE=str(real_table("house")), MODEL="lightgbm", OUT=str(tmp_path),
            PROJECT=str(tmp_path / "project"), INDEX=address,
            UV_PUBLISH_USERNAME=USER, UV_PUBLISH_PASSWORD=PASSWORD,
        )  # fmt: skip
    assert "rows agree" in said
    assert "It works" in said
    assert PASSWORD not in said
    names = sorted(one.name.partition("-")[0] for one in (tmp_path / "packages").iterdir())
    assert names == ["house_prices", "tablecast"]
