"""``make sbom``: a CycloneDX document of what serving needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from deployments import ROOT


@pytest.mark.thorough
def test_the_document_lists_the_serving_lock(tmp_path: Path) -> None:
    """Every locked package is in it, with its version and its hashes."""
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"bin/cyclonedx-py (.*?)-o dist/sbom.json", makefile, re.DOTALL)
    assert recipe
    words = recipe[1].replace("\\\n", "").split()
    command = [Path(sys.executable).with_name("cyclonedx-py"), *words]
    subprocess.run(
        [*command, "-o", tmp_path / "sbom.json"], cwd=ROOT, check=True, capture_output=True
    )
    document = json.loads((tmp_path / "sbom.json").read_text())
    listed = {(one["name"], one["version"]) for one in document["components"]}
    locked = re.findall(r"^([a-z0-9-]+)==([^ ]+)", (ROOT / "requirements.txt").read_text(), re.M)
    assert listed == set(locked)
    assert all("hashes" in json.dumps(one) for one in document["components"])
