"""The repository's own pipelines: without a finding, pinned, and with the rights that they need."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployments import ROOT

from tablecast.export.ship.pipelines import ACTIONS
from tablecast.export.ship.server_folder import IMAGES
from tablecast.export.ship.tools import checked_by_tools

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
CIRCLE = ROOT / ".circleci/config.yml"


def read(path: Path) -> Any:
    """A pipeline as its service reads it."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_no_tool_finds_anything() -> None:
    """actionlint, zizmor and the services' schemas are content."""
    checked = {tool.program: found for tool, found in checked_by_tools(ROOT).items()}
    assert checked == {"actionlint": [], "zizmor": [], "check-jsonschema": []}


@pytest.mark.slow
def test_the_example_of_two_servers_is_what_compose_reads() -> None:
    """Its file keeps to Compose's own schema."""
    checked = {tool.program: found for tool, found in checked_by_tools(ROOT / "examples/cluster")
               .items()}  # fmt: skip
    assert checked["check-jsonschema"] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_a_commit(path: Path) -> None:
    """And to the same one as in the folders that are shipped."""
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert used
    assert {*used} <= {*ACTIONS.values()}


@pytest.mark.parametrize("path", [*WORKFLOWS, CIRCLE], ids=lambda path: path.name)
def test_every_image_is_pinned_by_its_digest(path: Path) -> None:
    """The Python of the tests is that of the images that are shipped."""
    found = re.findall(r"(?:container|image): (\S+:\S+)$", path.read_text(encoding="utf-8"), re.M)
    assert {*found} <= {IMAGES["python"], "ubuntu-2404:current"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_job_may_more_than_it_needs(path: Path) -> None:
    """Nothing by default; who builds may write nothing, and who publishes checks out nothing."""
    workflow = read(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        rights = job["permissions"]
        writes = {right for right, what in rights.items() if what == "write"}
        checks_out = any("checkout" in step.get("uses", "") for step in job["steps"])
        assert not (writes and checks_out), name
        assert job["timeout-minutes"] <= 60
        if writes:
            assert "needs" in job


def test_the_wheel_is_published_by_trust() -> None:
    """Publishing has an environment, a token of identity, attestations, and no password."""
    job = read(ROOT / ".github/workflows/ci.yml")["jobs"]["publish"]
    assert job["permissions"] == {"id-token": "write"}
    assert job["environment"] == "pypi"
    assert job["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert job["steps"][-1]["with"] == {"attestations": True}
    assert "uses" not in job  # never from a reusable workflow


def tag_filters(jobs: list[Any]) -> dict[str, tuple[list[str], bool, bool]]:
    """Each job's requirements, whether it runs on tags, and whether it runs on branches."""
    told = {}
    for one in jobs:
        ((name, job),) = one.items() if isinstance(one, dict) else ((one, {}),)
        filters = job.get("filters", {})
        branches = filters.get("branches", {}).get("ignore") != "/.*/"
        told[name] = (job.get("requires", []), "tags" in filters, branches)
    return told


def assert_tags_reach(path: Path, last: str) -> None:
    """A tag runs the last job and every one that it requires; a branch does not run the last."""
    workflows = read(path)["workflows"]
    (jobs,) = (one["jobs"] for one in workflows.values() if any(last in job for job in one["jobs"]))
    told = tag_filters(jobs)
    assert told[last][1:] == (True, False)
    waiting = [last]
    while waiting:
        requires, on_tags, _ = told[waiting.pop()]
        assert on_tags
        waiting += requires


def test_a_tag_publishes_on_circleci() -> None:
    """Each job that publishing requires has a filter for tags too."""
    assert_tags_reach(CIRCLE, "publish")


def test_a_push_trains_the_shipped_deployment() -> None:
    """On both services a push to main trains, proves and compares, with no word from a person."""
    workflow = read(ROOT / ".github/workflows/train.yml")
    assert workflow[True]["push"]["branches"] == ["main"]  # YAML's "on" is true
    assert all((ROOT / one.partition("*")[0]).exists() for one in workflow[True]["push"]["paths"])
    (on_main,) = (
        job["train"] for job in read(CIRCLE)["workflows"]["ci"]["jobs"] if "train" in job
    )
    assert on_main["filters"] == {"branches": {"only": "main"}}
    steps = {
        "github": [step.get("run", "") for step in workflow["jobs"]["train"]["steps"]],
        "circleci": [
            step["run"]["command"] for step in read(CIRCLE)["jobs"]["train"]["steps"]
            if "run" in step
        ],
    }  # fmt: skip
    for commands in steps.values():
        text = "\n".join(commands)
        places = [text.index(f"tablecast {word} ") for word in ("inspect", "train", "compare")]
        assert places == sorted(places)
