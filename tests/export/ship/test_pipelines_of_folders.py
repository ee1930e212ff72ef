"""``tablecast ship --ci``: a push trains, judges, builds and publishes a folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from deployments import ROOT, SHIPPED
from test_pipelines import assert_tags_reach

from tablecast.cli.main import main
from tablecast.deployment.files import sha256_of
from tablecast.errors import ShipError
from tablecast.export.ship.offline_checks import check_folder
from tablecast.export.ship.pipelines import PIPELINES
from tablecast.export.ship.ship import ship

TABLES = ("data/charges.csv", "https://example.com/charges.parquet", "kaggle:owner/charges")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "host"), [("github", "docker"), ("circleci", "docker"), ("github", "wheel")]
)
def test_a_pipeline_has_no_finding(service: str, host: str, tmp_path: Path) -> None:
    """The tools of its users are content, and every one of them was asked."""
    ship(SHIPPED, host, tmp_path, ci=service, table=TABLES[0])
    checked = check_folder(tmp_path)
    assert checked.findings == ()
    assert checked.left_out == ()
    assert sum(PIPELINES[service].split("/")[0] in one for one in checked.done) == (
        3 if service == "github" else 1
    )


@pytest.mark.thorough
@pytest.mark.parametrize("service", PIPELINES)
@pytest.mark.parametrize("host", ["docker", "heroku", "static", "wheel"])
def test_a_pipeline_finds_what_it_names(host: str, service: str, tmp_path: Path) -> None:
    """The Python's version, the locks, and the wheel that they name by its hash are in the folder,
    whatever its host needs of them."""
    ship(SHIPPED, host, tmp_path, ci=service, table=TABLES[0])
    text = (tmp_path / PIPELINES[service]).read_text()
    named = re.findall(r"--requirement (\S+)", text)
    assert "training/requirements.txt" in named
    assert [place for place in named if not (tmp_path / place).is_file()] == []
    assert (tmp_path / ".python-version").read_text() == "3.11\n"
    lock = (tmp_path / "training/requirements.txt").read_text()
    found = tmp_path / "training" / lock.partition("--find-links ")[2].partition("\n")[0]
    (wheel,) = found.glob("tablecast-*.whl")
    assert f"--hash=sha256:{sha256_of(wheel.read_bytes())}" in lock


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("service", PIPELINES)
def test_a_pipeline_trains_judges_and_ships_again(
    service: str, table: str, tmp_path: Path
) -> None:
    """Its steps are in order, name the table as data, and hold no secret."""
    ship(SHIPPED, "docker", tmp_path, app="charges", ci=service, table=table)
    text = (tmp_path / PIPELINES[service]).read_text()
    steps = ('inspect "$TABLE"', 'train "$SAVED"', 'compare "$OLD"', 'ship "build/new/$NAME"',
             "--check .", "docker buildx build", "skopeo copy")  # fmt: skip
    places = [text.index(step) for step in steps]
    assert places == sorted(places)
    assert text.count(table) == 1
    assert "--require-hashes --requirement training/requirements.txt" in text
    assert (tmp_path / "training/form.toml").is_file()
    again = ship(SHIPPED, "docker", tmp_path, app="charges", ci=service, table=table).written
    assert (again.written, again.removed) == ((), ())


def test_a_tag_publishes_the_image(tmp_path: Path) -> None:
    """On CircleCI each job that publishing requires runs on tags; on GitHub only tags publish."""
    ship(SHIPPED, "docker", tmp_path / "circle", ci="circleci", table=TABLES[0])
    assert_tags_reach(tmp_path / "circle" / PIPELINES["circleci"], "publish")
    ship(SHIPPED, "docker", tmp_path / "github", ci="github", table=TABLES[0])
    jobs = yaml.safe_load((tmp_path / "github" / PIPELINES["github"]).read_text())["jobs"]
    assert jobs["publish"]["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert jobs["build"]["permissions"] == {}
    assert jobs["train"]["if"] == "github.event_name != 'pull_request'"


#: What somebody may make worse by hand, and what is then found.
WEAKER = {
    "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1": ("@v7", "unpinned-uses"),
    "        with:\n          persist-credentials: false\n": ("", "artipacked"),
    "ubuntu-24.04": ("ubuntu-4", "label \"ubuntu-4\" is unknown"),
    "permissions: {}": ("permissions: write-all", "excessive-permissions"),
    'inspect "$TABLE"': ("inspect ${{ github.head_ref }}", "template-injection"),
}


@pytest.mark.slow
def test_a_weak_workflow_is_found(tmp_path: Path) -> None:
    """What is worse than what we write is named, each fault of it."""
    ship(SHIPPED, "docker", tmp_path, ci="github", table=TABLES[0])
    workflow = tmp_path / PIPELINES["github"]
    text = workflow.read_text()
    for old, (new, _) in WEAKER.items():
        assert old in text
        text = text.replace(old, new)
    workflow.write_text(text)
    found = "\n".join(check_folder(tmp_path).findings)
    assert [finding for _, finding in WEAKER.values() if finding not in found] == []


@pytest.mark.parametrize(
    ("service", "table", "words"),
    [
        ("gitlab", "a.csv", "There is no pipeline for 'gitlab'. Choose one of github, circleci."),
        ("github", "", "--table FILE, a URL, or kaggle:OWNER/DATASET"),
        ("github", "https://me:secret@example.com/a.csv", "holds a password or a key"),
        ("github", "https://example.com/a.csv?token=secret", "holds a password or a key"),
        ("github", "${{ secrets.X }}.csv", "signs that mean something"),
        ("circleci", "<< pipeline.id >>.csv", "signs that mean something"),
        ("github", "a\nb.csv", "signs that mean something"),
        ("github", "kaggle:", "Write kaggle:OWNER/DATASET"),
        ("github", "kaggle:../../charges", "Write kaggle:OWNER/DATASET"),
        ("github", "ftp://example.com/a.csv", "begins with https://"),
        ("github", "s3://bucket/a.csv", "begins with https://"),
        ("github", "https:///a.csv", "begins with https://"),
        ("github", "https://[x/a.csv", "begins with https://"),
        ("github", "https://a.example:port/a.csv", "begins with https://"),
        ("github", "/home/me/a.csv", "only the files of the folder"),
        ("github", "../a.csv", "only the files of the folder"),
        ("github", "~/a.csv", "only the files of the folder"),
        ("github", "-a.csv", "only the files of the folder"),
    ],
)
def test_what_a_pipeline_cannot_have_is_refused(
    service: str, table: str, words: str, tmp_path: Path
) -> None:
    """In one line without the secret, and nothing is written."""
    with pytest.raises(ShipError) as refused:
        ship(SHIPPED, "docker", tmp_path / "out", ci=service, table=table)
    assert words in str(refused.value)
    assert "secret@" not in str(refused.value)
    assert "token=secret" not in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("service", "needed"),
    [("github", "the environment `release`"), ("circleci", "the context `release`")],
)
@pytest.mark.parametrize("host", ["docker", "wheel"])
def test_the_readme_says_what_a_pipeline_needs(
    host: str, service: str, needed: str, tmp_path: Path
) -> None:
    """The secrets of Kaggle where the table is there, and the table where it is a file."""
    for table in TABLES:
        ship(SHIPPED, host, tmp_path, ci=service, table=table)
        told = (tmp_path / "README.md").read_text().partition("## A push does it")[2]
        assert needed in told
        assert ("KAGGLE_KEY" in told) == table.startswith("kaggle:")
        assert ("pushed with this folder" in told) == (table == TABLES[0])
        assert ("`REGISTRY`" in told) == (service == "circleci" and host == "docker")


def test_a_table_is_saved_as_it_came(tmp_path: Path) -> None:
    """`inspect --save` keeps each byte, which a pipeline then trains and compares on."""
    table = tmp_path / "table.csv"
    table.write_bytes(b"a;b\r\n1,5;x\r\n2,5;y\r\n3,5;x\r\n")
    saved = tmp_path / "build" / "saved.csv"
    assert main(["inspect", str(table), "--save", str(saved)]) == 0
    assert saved.read_bytes() == table.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("service", PIPELINES)
def test_a_folder_of_pages_is_compared_too(service: str, tmp_path: Path) -> None:
    """It has no model to compare with, so that stands beside the training; no image is built."""
    ship(SHIPPED, "static", tmp_path, ci=service, table=TABLES[0])
    text = (tmp_path / PIPELINES[service]).read_text()
    assert f'OLD: "training/{SHIPPED.name}"' in text
    assert (tmp_path / f"training/{SHIPPED.name}.onnx").is_file()
    assert "docker build" not in text
    assert " requirements.txt" not in text
    assert check_folder(tmp_path).findings == ()


@pytest.mark.world
@pytest.mark.parametrize("spoilt", [False, True], ids=["good", "worse"])
def test_the_steps_keep_a_good_model_and_refuse_a_worse_one(spoilt: bool, tmp_path: Path) -> None:
    """What a workflow runs, run here: a model of spoilt rows ends with 1; a good one is shipped."""
    sys.path.insert(0, str(ROOT / "examples" / "insurance"))
    from simulate import simulate

    ship(SHIPPED, "docker", tmp_path, app="charges", ci="github", table="table.csv")
    rows = simulate(rows=400, seed=3)
    rows.to_csv(tmp_path / "table.csv", index=False)
    if spoilt:
        rows["charges"] = rows["charges"].sample(frac=1, random_state=1).to_numpy()
    rows.to_csv(tmp_path / "trained.csv", index=False)

    def step(*words: str) -> int:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, check=False).returncode

    tablecast, name, new = ("-m", "tablecast"), SHIPPED.name, f"build/new/{SHIPPED.name}"
    assert step(*tablecast, "inspect", "table.csv", "--save", "build/table.csv") == 0
    train = ("train", "trained.csv", "--target", "charges", "--name", name, "--model", "lr")
    assert step(*tablecast, *train, "--out", "build/new", "--form", "training/form.toml") == 0
    judged = step(*tablecast, "compare", name, new, "--table", "build/table.csv")
    assert judged == (1 if spoilt else 0)
    if not spoilt:
        before = (tmp_path / f"{name}.onnx").read_bytes()
        assert step(*tablecast, "ship", new, "-o", ".") == 0
        assert (tmp_path / f"{name}.onnx").read_bytes() != before
        assert check_folder(tmp_path).findings == ()
        assert step("smoke_test.py") == 0
