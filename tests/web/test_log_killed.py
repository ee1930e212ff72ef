"""Workers are killed while a server keeps its answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.log_killed import ask_and_kill

pytestmark = pytest.mark.server


def test_no_answer_is_lost_and_none_is_kept_twice(tmp_path: Path) -> None:
    """Whoever was answered finds the answer in the log, whatever became of the worker."""
    address = f"sqlite:///{tmp_path / 'log.db'}"
    told = ask_and_kill(address, seconds=4)
    counted = told.counted(address)
    assert told.killed >= 2
    assert counted["answers"] > 20
    assert (counted["lost"], counted["twice"]) == (0, 0)
    assert counted["summed"] == counted["kept"]
    assert told.statuses.keys() <= {200, 0, 503}
