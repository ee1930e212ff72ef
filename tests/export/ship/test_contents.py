"""What is inside of a folder: the wheel, the list of what it is made of, and their texts."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from deployments import ROOT, SHIPPED, shipped_deployment

from tablecast.deployment.deployment import Deployment
from tablecast.export.ship import own_wheel
from tablecast.export.ship.front_matter import front_matter
from tablecast.export.ship.host_registry import host_of
from tablecast.export.ship.lock import lock_of, pins_of
from tablecast.export.ship.sbom import sbom_of
from tablecast.export.ship.shipment import Shipment
from tablecast.web.server import health


@pytest.fixture
def shipment() -> Shipment:
    """The shipped deployment on its way."""
    return Shipment(SHIPPED, shipped_deployment("onnx"), "charges")


def test_the_wheel_is_the_same_each_time() -> None:
    """Its bytes depend on its files alone, and it holds pages, words, locks and the command."""
    first = own_wheel.wheel_bytes()
    for cached in (own_wheel.wheel_bytes, own_wheel._package_files):
        cached.cache_clear()
    assert own_wheel.wheel_bytes() == first
    names = zipfile.ZipFile(BytesIO(first)).namelist()
    assert {
        "tablecast/templates/base.html", "tablecast/static/icon.svg",
        "tablecast/i18n/locale/es/LC_MESSAGES/tablecast.mo",
        "tablecast/export/ship/locks/serving.txt", "tablecast/export/ship/locks/with_log.txt",
        "tablecast/export/ship/files/Dockerfile.jinja", "tablecast/web/server/gunicorn_config.py",
    } <= set(names)  # fmt: skip
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert len(names) == len(set(names))


def test_the_record_of_the_wheel_lists_each_file() -> None:
    """Installers compare what they unpack with it."""
    archive = zipfile.ZipFile(BytesIO(own_wheel.wheel_bytes()))
    (record,) = (name for name in archive.namelist() if name.endswith("/RECORD"))
    lines = archive.read(record).decode().splitlines()
    assert [line.split(",")[0] for line in lines] == archive.namelist()
    assert {info.date_time for info in archive.infolist()} == {own_wheel.FIRST_MOMENT}


@pytest.mark.slow
def test_the_list_of_parts_is_cyclonedx(shipment: Shipment) -> None:
    """It is valid by the standard's own schema, and lists the lock without what is taken out."""
    lock = lock_of("serving")
    document = sbom_of(shipment, lock, "0" * 64).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None
    listed = {(one["name"], one["version"]) for one in json.loads(document)["components"]}
    assert {name for name, _ in listed} == {
        *(pin.name for pin in pins_of(lock)), "tablecast"
    } - {"granian"}  # fmt: skip
    assert ("flask", dict(listed)["flask"]) in listed


TITLES = ("Charges: what #1 says", 'He said "so"', "R&D {{ x }} ${HOME} `id`", "预测 ---", "a\\b'c")


@pytest.mark.parametrize("title", TITLES)
def test_a_title_of_strange_signs_stays_a_title(
    shipment: Shipment, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a form file calls the form is read back as it was written."""
    monkeypatch.setattr(Shipment, "title", title)
    told = yaml.safe_load(front_matter(shipment, "docker", app_port=7860))
    assert told["title"] == title
    dockerfile = host_of("docker").files(shipment)["Dockerfile"].decode()
    (line,) = (line for line in dockerfile.splitlines() if "image.title" in line)
    written = line.partition('title="')[2].rpartition('"')[0]
    assert written.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") == title
    assert "\\$" in written or "$" not in title


def test_classes_are_compared_as_they_are(iris_deployment: Deployment) -> None:
    """A smoke test of classes expects the label of the typical row."""
    shipment = Shipment(SHIPPED, iris_deployment, "iris")
    text = host_of("docker").files(shipment)["smoke_test.py"].decode()
    assert f"EXPECTED = {shipment.example_answer!r}" in text
    assert str(shipment.example_answer).startswith("Iris-")


def test_the_pickle_goes_along_where_it_is_asked_for(shipment: Shipment) -> None:
    """With its description. Serving needs neither, so they stay at home by default."""
    files = host_of("docker").files(shipment)
    more = host_of("docker").files(replace(shipment, with_pickle=True))
    for name in (f"{SHIPPED.name}.pkl", f"{SHIPPED.name}.json"):
        assert name not in files
        assert more[name] == (ROOT / name).read_bytes()


def test_compose_keeps_its_secret_out_of_every_file(shipment: Shipment) -> None:
    """The database's password comes from the environment, and both services are locked down."""
    files = host_of("compose").files(shipment)
    compose = yaml.safe_load(files["compose.yaml"])
    web, log = compose["services"]["web"], compose["services"]["log"]
    for service in (web, log):
        assert service["read_only"] is True
        assert "/tmp" in service["tmpfs"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["healthcheck"]["test"][0] == "CMD"
    assert "${LOG_PASSWORD:?" in web["environment"]["TABLECAST_LOG"]
    assert "ports" not in log
    assert log["environment"]["POSTGRES_PASSWORD"].startswith("${LOG_PASSWORD:?")
    assert "secrets" not in compose  # Compose cannot bring them to a read-only root
    assert ".env" in files[".gitignore"].decode().splitlines()
    assert b"psycopg==" in files["requirements.txt"]


@pytest.mark.parametrize(("listening", "status"), [(True, 0), (False, 1)])
def test_the_health_check_asks_the_server(
    listening: bool, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks by a name that the server accepts; it ends with 0 where that answers, else with 1."""
    asked = []

    class Connection:
        def __init__(self, host: str, port: int, timeout: float) -> None:
            asked.append((host, port))

        def request(self, method: str, path: str, headers: dict[str, str]) -> None:
            asked.append((method, path, headers["Host"]))
            if not listening:
                raise ConnectionRefusedError

        def getresponse(self) -> object:
            return type("Response", (), {"status": 200})

        def close(self) -> None:
            pass

    monkeypatch.setattr(health, "HTTPConnection", Connection)
    monkeypatch.setenv("PORT", "12345")
    monkeypatch.setenv("TRUSTED_HOSTS", ".example.com, other.org")
    assert health.main() == status
    assert asked == [("127.0.0.1", 12345), ("GET", "/healthz", "example.com")]


@pytest.mark.slow
def test_a_static_folder_is_the_page(tmp_path: Path) -> None:
    """The page, its icon and what a Space reads: shipped twice it is the same, and checked."""
    from tablecast.export.ship.offline_checks import check_folder
    from tablecast.export.ship.ship import ship

    ship(SHIPPED, "static", tmp_path)
    again = ship(SHIPPED, "static", tmp_path).written
    assert (again.written, again.removed, again.same) == ((), (), 4)
    assert check_folder(tmp_path).findings == ()
    assert b"deployment_28042020" in (tmp_path / "index.html").read_bytes()
