"""The recipe for an engine in docs/contributing.md, followed to the letter."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from deployments import ROOT

from tablecast.batch import engines
from tests.engine_checks import GRAPH, check_refusals, check_strangers


def test_a_new_engine_is_one_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's module is found by its name, and answers as every engine does."""
    page = (ROOT / "docs" / "contributing.md").read_text()
    module = r"```python\n# tablecast/batch/engines/(threads_engine\.py)\n(.*?)```"
    found = re.search(module, page, re.S)
    assert found
    (tmp_path / found[1]).write_text(found[2])
    monkeypatch.setattr(engines, "__path__", [*engines.__path__, str(tmp_path)])
    assert engines.engine_names() == ["dask", "processes", "ray", "spark", "threads"]
    try:
        with engines.started("threads", 2, None, GRAPH) as cluster:
            check_refusals(cluster, tmp_path)
            check_strangers(cluster, tmp_path)
    finally:
        sys.modules.pop("tablecast.batch.engines.threads_engine", None)
