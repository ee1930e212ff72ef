"""The package: one wheel that serves by itself."""

from __future__ import annotations

import email
import os
import re
import signal
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import requests
from deployments import ROOT, SHIPPED
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from real_servers import STOP_TIMEOUT, free_port, wait_until_ready

from tablecast import __version__
from tablecast.export.ship.own_wheel import wheel_bytes
from tablecast.export.ship.ship import ship

UV = Path(sys.executable).with_name("uv")

PATIENT = {
    "age": 39, "sex": "male", "bmi": 30, "children": 1, "smoker": "no", "region": "northwest",
}  # fmt: skip

SERVE = """
from tablecast.web.app import create_app
client = create_app().test_client()
row = dict(age=39, sex="male", bmi=30, children=1, smoker="no", region="northwest")
assert client.post("/predict_api", json=row).status_code == 200
assert b"tablecast.css" in client.post("/predict", data=row).data
assert client.get("/static/tablecast.css").status_code == 200
assert 'lang="zh-Hans"' in (chinese := client.get("/?lang=zh").text) and "重新开始" in chinese
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `make wheel` builds."""
    folder = tmp_path_factory.mktemp("wheel")
    if not UV.is_file():
        pytest.skip("uv is not installed beside this Python")
    uv("build", "-q", "--wheel", "-o", str(folder), str(ROOT))
    return folder / f"tablecast-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def python(wheel: Path) -> Path:
    """The Python of a new environment without any package."""
    uv("venv", "-q", "--python", sys.executable, str(wheel.parent / "venv"))
    return wheel.parent / "venv" / "bin" / "python"


@pytest.fixture(scope="module")
def installed(wheel: Path, python: Path) -> Path:
    """The bin folder of an environment that holds the wheel and what serving needs."""
    into = ("pip", "install", "-q", "--python", str(python))
    uv(*into, "--require-hashes", "-r", str(ROOT / "requirements.txt"))
    uv(*into, "--no-deps", str(wheel))
    return python.parent


def uv(*command: str) -> str:
    """Run uv, and give what it says."""
    return subprocess.run(
        [str(UV), *command], check=True, text=True, stderr=subprocess.PIPE
    ).stderr


def locked(name: str) -> dict[str, Version]:
    """Package to version in one of the repository's locks."""
    pinned = re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in pinned}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "lock"), [("", "requirements.txt"), ("train", "requirements-train.txt")]
)
def test_the_locks_hold_what_the_wheel_asks_for(wheel: Path, extra: str, lock: str) -> None:
    """Each requirement in the wheel's metadata is in the lock, in a version that it allows."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Version"] == __version__
    asked = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    wanted = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": extra})]
    names = {one.name for one in wanted}
    assert {"flask", "onnxruntime"} <= names
    assert ("pycaret" in names) == (extra == "train")
    pinned = locked(lock)
    for one in wanted:
        assert one.specifier.contains(pinned[canonicalize_name(one.name)]), one


@pytest.mark.slow
def test_the_wheel_holds_all_that_the_package_reads(wheel: Path) -> None:
    """Catalogues, migrations and scripts of the package, and the root's templates and styles."""
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    for folder, place in (("tablecast", ""), ("templates", "tablecast/"), ("static", "tablecast/")):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"{place}{path.relative_to(ROOT).as_posix()}" in held


@pytest.mark.slow
def test_the_train_extra_resolves_to_the_lock(wheel: Path, python: Path) -> None:
    """`pip install tablecast[train]`, held to the lock's versions, would install those and no
    others."""
    said = uv(
        "pip", "install", "--dry-run", "--python", str(python),
        f"tablecast[train] @ {wheel.as_uri()}", "-c", str(ROOT / "requirements-train.txt"),
    )  # fmt: skip
    planned = dict(re.findall(r"^ \+ ([a-z0-9._-]+)==(\S+)", said, re.MULTILINE))
    assert {"pycaret", "onnx", "scikit-learn", "flask"} <= planned.keys()
    pinned = locked("requirements-train.txt")
    assert {name: Version(version) for name, version in planned.items()} == {
        name: pinned[name] for name in planned
    }


@pytest.mark.slow
def test_a_shipped_wheel_is_the_published_one(wheel: Path) -> None:
    """What `tablecast ship` packs from a clone has the same files, and asks for the same packages.
    """
    with zipfile.ZipFile(wheel) as built, zipfile.ZipFile(BytesIO(wheel_bytes())) as packed:
        names = [name for name in built.namelist() if ".dist-info/" not in name]
        assert {name for name in packed.namelist() if ".dist-info/" not in name} == set(names)
        assert all(built.read(name) == packed.read(name) for name in names)
        info = f"tablecast-{__version__}.dist-info"
        both = (built, packed)
        described = [email.message_from_bytes(one.read(f"{info}/METADATA")) for one in both]
        for key in ("Name", "Version", "Requires-Python", "Summary", "License-Expression"):
            assert described[0][key] == described[1][key]
        asked = [{*map(Requirement, one.get_all("Requires-Dist", []))} for one in described]
        assert asked[0] == asked[1]
        extras = [{*one.get_all("Provides-Extra", [])} for one in described]
        assert extras[0] == extras[1]
        scripts = [one.read(f"{info}/entry_points.txt").split() for one in both]
        assert scripts[0] == scripts[1]


@pytest.mark.slow
def test_an_installed_package_ships_itself(installed: Path, tmp_path: Path) -> None:
    """Without a clone, `tablecast ship` packs the wheel again that it was installed from."""
    out = tmp_path / "out"
    for _ in range(2):
        done = subprocess.run(
            [str(installed / "tablecast"), "ship", str(SHIPPED), "--to", "docker", "-o", str(out)],
            cwd=tmp_path, check=True, text=True, capture_output=True,
            env={**os.environ, "PYTHONPATH": ""},
        )  # fmt: skip
    assert "is up to date for Docker" in done.stdout
    with zipfile.ZipFile(out / f"tablecast-{__version__}-py3-none-any.whl") as packed:
        assert packed.read("tablecast/templates/base.html")
        assert b"Requires-Dist: flask" in packed.read(f"tablecast-{__version__}.dist-info/METADATA")
        lock = packed.read("tablecast/export/ship/locks/with_log.txt")
    assert lock == (ROOT / "requirements.txt").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("lock", ["requirements.txt", "training/requirements.txt"])
def test_the_locks_of_a_folder_find_its_wheel(lock: str, tmp_path: Path) -> None:
    """From wherever installers are started, and although no index has it."""
    ship(SHIPPED, "docker", tmp_path / "out", ci="github", table="table.csv")
    uv("venv", "-q", "--python", sys.executable, str(tmp_path / "venv"))
    into = ("pip", "install", "--dry-run", "--python", str(tmp_path / "venv/bin/python"))
    said = uv(*into, "--require-hashes", "-r", str(tmp_path / "out" / lock))
    assert f"+ tablecast=={__version__}" in said


@pytest.mark.slow
def test_the_wheel_serves_from_anywhere(installed: Path, tmp_path: Path) -> None:
    """Installed, it has its own pages and needs nothing of the repository but a deployment."""
    subprocess.run(
        [str(installed / "python"), "-c", SERVE], cwd=tmp_path, check=True,
        env={**os.environ, "TABLECAST_DEPLOYMENT": str(SHIPPED), "PYTHONPATH": ""},
    )


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_the_wheel_serves_by_one_command(installed: Path, tmp_path: Path, server: str) -> None:
    """`tablecast serve NAME` has the form, its style and the API, in any folder."""
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(installed / "tablecast"), "serve", str(SHIPPED), f"--port={port}",
             f"--server={server}"], cwd=tmp_path, stdout=log, stderr=log,
            env={**os.environ, "PYTHONPATH": ""},
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(url, process)
            page = requests.get(f"{url}/", timeout=20).text
            (style,) = re.findall(r'href="(/static/tablecast.css[^"]*)"', page)
            assert requests.get(f"{url}{style}", timeout=20).headers["Content-Type"] == (
                "text/css; charset=utf-8"
            )
            answer = requests.post(f"{url}/predict_api", json=PATIENT, timeout=20)
            assert isinstance(answer.json(), float)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_TIMEOUT)


@pytest.mark.slow
def test_the_wheel_brings_the_command(installed: Path, tmp_path: Path) -> None:
    """`tablecast` is a command, which says its version and answers a file."""
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [str(installed / "tablecast"), "--version"], cwd=tmp_path, check=True, text=True,
        capture_output=True, env=environment,
    )
    assert done.stdout.strip() == __version__
    rows = tmp_path / "rows.csv"
    rows.write_text("age,sex,bmi,children,smoker,region\n39,male,30,1,no,northwest\n")
    subprocess.run(
        [str(installed / "tablecast"), "predict", str(SHIPPED), str(rows), "-o", "out.csv"],
        cwd=tmp_path, check=True, env=environment, capture_output=True,
    )
    header, answer = (tmp_path / "out.csv").read_text().splitlines()
    assert header.endswith("prediction_label,prediction_low,prediction_high")
    assert all(float(number) > 0 for number in answer.rsplit(",", 3)[1:])
