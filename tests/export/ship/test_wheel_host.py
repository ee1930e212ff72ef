"""A deployment as a package: what its project holds, how it is called, and how it is found."""

from __future__ import annotations

import ast
import runpy
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from deployments import SHIPPED, shipped_deployment

from tablecast.cli.main import main
from tablecast.deployment import installed
from tablecast.deployment.files import with_ending
from tablecast.deployment.opening import load
from tablecast.deployment.versions import resolved
from tablecast.errors import ArtifactError, ShipError
from tablecast.export.ship.hosts.wheel import package_of, version_of
from tablecast.export.ship.offline_checks import check_folder
from tablecast.export.ship.ship import ship
from tablecast.export.ship.shipment import WITH_PICKLE, Shipment


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped deployment's project, as somebody would read it."""
    folder = tmp_path_factory.mktemp("project")
    ship(SHIPPED, "wheel", folder, app="house-prices")
    return folder


def shipment(**description: str) -> Shipment:
    deployment = shipped_deployment("onnx")
    changed = replace(deployment, description={**deployment.description, **description})
    return Shipment(SHIPPED, changed, "charges")


def test_a_project_holds_the_deployment(project: Path) -> None:
    """The graph stands in the package, the entry point names it, and nothing is found."""
    told = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert told["name"] == "house-prices"
    assert told["entry-points"][installed.GROUP] == {"house_prices": "house_prices:DEPLOYMENT"}
    assert "Private :: Do Not Upload" in told["classifiers"]
    graph = project / "house_prices" / f"{SHIPPED.name}.onnx"
    assert graph.read_bytes() == SHIPPED.with_suffix(".onnx").read_bytes()
    assert check_folder(project).findings == ()


def test_the_readme_says_which_index_and_why(project: Path) -> None:
    """Three commands are left, and an extra index is explained."""
    text = (project / "README.md").read_text()
    block = text.partition("## What is left to do")[2].split("```")[1]
    assert len(block.strip().splitlines()) == 1 + 3
    assert '--index-url "$INDEX/simple/" house-prices' in block
    assert "--extra-index-url" in text
    assert "dependency confusion" in text


@pytest.mark.parametrize("title", ['He said """so"""', "a\\b", "预测", "{{ x }} ${HOME}"])
def test_strange_titles_stay_texts(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the form is called, the package is Python and its project is TOML."""
    monkeypatch.setattr(Shipment, "title", title)
    monkeypatch.setattr(Shipment, "summary", title)
    ship(SHIPPED, "wheel", tmp_path, app="charges")
    module = ast.parse((tmp_path / "charges/__init__.py").read_text())
    assert title in str(ast.get_docstring(module))
    told = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    assert told["description"] == title


@pytest.mark.parametrize(
    ("app", "why"),
    [
        ("class", "a word of Python's own"), ("json", "Python has a module json"),
        *((name, f"needs another package {name.replace('-', '_')}") for name in (
            "tablecast", "onnxruntime", "prometheus-client", "pandas", "sklearn", "pip",
            "sitecustomize",
        )),
    ],
)
def test_names_that_no_package_can_have(app: str, why: str) -> None:
    """What it would hide is named, and how to choose another name."""
    with pytest.raises(ShipError, match=why) as raised:
        package_of(app)
    assert "--app NAME" in str(raised.value)


@pytest.mark.parametrize("app", ["2024", "Houses", "a b", "x", "preços", "a--b", "-a", "a" * 31])
def test_the_command_refuses_a_name_in_a_line(
    app: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written where the name cannot be a package's."""
    folder = tmp_path / "out"
    command = ["ship", str(SHIPPED), "--to", "wheel", "-o", str(folder), f"--app={app}"]
    assert main(command) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not folder.exists()


def test_a_later_training_is_a_higher_version() -> None:
    """Versions grow with the moment of training, and are written as installers write them."""
    from packaging.version import Version

    moments = ("2026-01-02T03:04:05", "2026-01-02T13:00:00", "2026-10-01T00:00:00")
    versions = [version_of(shipment(created=f"{moment}+00:00")) for moment in moments]
    assert versions == ["2026.1.2.30405", "2026.1.2.130000", "2026.10.1.0"]
    assert versions == sorted(versions, key=Version)
    assert [str(Version(one)) for one in versions] == versions


def test_what_is_wrong_in_a_project_is_found(tmp_path: Path) -> None:
    """A lost graph, a changed one, and another name in the project are named."""
    ship(SHIPPED, "wheel", tmp_path, app="charges")
    graph = tmp_path / "charges" / f"{SHIPPED.name}.onnx"
    graph.write_bytes(graph.read_bytes() + b"0")
    assert any("onnx" in one for one in check_folder(tmp_path).findings)
    graph.unlink()
    assert any("it holds 0" in one for one in check_folder(tmp_path).findings)
    about = tmp_path / "pyproject.toml"
    about.write_text(about.read_text().replace('name = "charges"', 'name = "fees"'))
    assert any("'fees'" in one for one in check_folder(tmp_path).findings)
    about.write_text("[project]")
    assert any("does not say" in one for one in check_folder(tmp_path).findings)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "INDEX must be the address"),
        ({"INDEX": "packages"}, "INDEX must be the address"),
        ({"INDEX": "http://[x"}, "INDEX must be the address"),
        ({"INDEX": "https://a:secret@b.c"}, "Put it into UV_PUBLISH_PASSWORD instead"),
        ({"INDEX": "https://b.c"}, "Set UV_PUBLISH_USERNAME and UV_PUBLISH_PASSWORD, your account"),
        ({"INDEX": "https://b.c", "UV_PUBLISH_TOKEN": "secret"}, "Build it first"),
    ],
)
def test_what_keeps_it_from_an_index_is_a_line(
    project: Path, variables: dict[str, str], said: str
) -> None:
    """An address, an account and a built package are asked for before anything is sent."""
    done = subprocess.run(
        [sys.executable, "publish.py"], cwd=project, env={"PATH": "", **variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Server returned status code 401 Unauthorized.", "401 Unauthorized. Check the account."),
        ("status code 403 Forbidden", "403 Forbidden. Check the account, and that it may"),
        ("status code 409 Conflict", "409 Conflict. It has another file of that name"),
        ("status code 503 Service Unavailable", "503 Service Unavailable."),
        ("error: a\n  Caused by: Connection refused (os error 111)", "Connection refused"),
        ("", "uv failed."),
    ],
)
def test_what_an_index_answers_is_a_line(project: Path, said: str, words: str) -> None:
    """The status or the last cause, and what to do about it."""
    reason = runpy.run_path(str(project / "publish.py"))["reason"](said)
    assert words in reason
    assert "\n" not in reason


# --- The name of an installed package --------------------------------------------------------


@pytest.fixture
def there(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The package on Python's path with its entry point, as installers leave it."""
    site = tmp_path / "site"
    about = site / "house_prices-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.4\nName: house-prices\nVersion: 1\n")
    points = f"[{installed.GROUP}]\nhouse_prices = house_prices:DEPLOYMENT\n"
    (about / "entry_points.txt").write_text(points)
    (site / "house_prices").mkdir()
    for file in (project / "house_prices").iterdir():
        (site / "house_prices" / file.name).write_bytes(file.read_bytes())
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(tmp_path)
    return site / "house_prices"


@pytest.mark.parametrize("name", ["house_prices", "house-prices"])
def test_an_installed_package_is_opened_by_its_name(there: Path, name: str) -> None:
    """As Python imports it or as installers call it; nothing of it runs for that."""
    assert resolved(Path(name)) == there / SHIPPED.name
    assert load(name).description["sha256"] == load(SHIPPED).description["sha256"]
    assert "house_prices" not in sys.modules


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["verify", "house_prices", "--rows", "1"], marks=pytest.mark.slow),
        pytest.param(["page", "house_prices", "-o", "page.html"], marks=pytest.mark.slow),
        ["sql", "house-prices", "--dialect", "sqlite"], ["card", "house_prices"],
        ["form", "house_prices", "--write", "form.toml"],
        ["sign", "house_prices", "--key", "ours.key"],
        ["ship", "house_prices", "--to", "fly", "-o", "fly"],
        ["compile", "house_prices"],
    ],
    ids=lambda command: str(command[0]),
)
def test_every_command_takes_an_installed_package(command: list[str], there: Path) -> None:
    """By its name, from a folder that holds nothing of it."""
    if command[0] in ("verify", "page", "compile"):
        pytest.importorskip("pycaret", reason="proofs are made with PyCaret")
    for ending in WITH_PICKLE:
        shutil.copy(with_ending(SHIPPED, ending), there)
    assert main(["sign", "--new-key", "ours.key"]) == 0
    assert main(command) == 0


def test_files_of_that_name_go_first(there: Path, tmp_path: Path) -> None:
    """A deployment in the current folder is meant before an installed one."""
    for ending in (".onnx", ".onnx.sha256"):
        held = (there / f"{SHIPPED.name}{ending}").read_bytes()
        (tmp_path / f"house_prices{ending}").write_bytes(held)
    assert resolved(Path("house_prices")) == Path("house_prices")


def test_a_package_without_its_files_is_said(there: Path) -> None:
    """An installation that lost its graph is named with what mends it."""
    (there / f"{SHIPPED.name}.onnx").unlink()
    with pytest.raises(ArtifactError, match="installed without its deployment"):
        load("house_prices")


@pytest.mark.parametrize("name", ["json", "no_such_thing", "folder/house_prices", "a b", "..", ""])
def test_no_other_name_is_a_package(name: str) -> None:
    """A module that brings no deployment is none, and a path never is."""
    assert installed.installed_base(name) is None
