"""What must hold on every engine, tried on workers that are running."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from deployments import shipped_deployment

from tablecast.batch.engines import Cluster
from tablecast.batch.parts.inputs import inputs_at
from tablecast.batch.parts.kept import Kept
from tablecast.batch.parts.part import Order
from tablecast.batch.parts.plan import planned
from tablecast.batch.predict_file import predict_file
from tablecast.batch.predict_parts import Workers, predict_parts
from tablecast.batch.summary import RowsRefused, Summary
from tablecast.deployment.files import sha256_of
from tests.insured import rows_of, text, with_bad

DEPLOYMENT = shipped_deployment("onnx")
GRAPH: bytes = DEPLOYMENT.engine.content  # type: ignore[attr-defined]


class Running(Workers):
    """Workers that were started before."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__("running")
        object.__setattr__(self, "cluster", cluster)

    def started(self, graph: bytes) -> AbstractContextManager[Cluster]:
        assert graph == GRAPH
        return nullcontext(self.cluster)  # type: ignore[attr-defined]


def bad_rows(folder: Path, count: int) -> Path:
    """A file with ten bad rows in three of its parts."""
    half = count // 2
    places = (7, 8, 1_999, half, half + 1, half + 2, count - 9, count - 8, count - 7, count - 1)
    path = folder / "rows.csv"
    path.write_text(text(with_bad(rows_of(count), *places)))
    return path


def once(path: Path) -> Summary:
    """What one process makes of a file, written beside it as once.csv."""
    return predict_file(DEPLOYMENT, path, path.with_name("once.csv"), errors="column")


def check_bytes(
    cluster: Cluster, path: Path, at_once: Summary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of one process, by more than one worker, though one is killed on the way."""
    folder = path.parent
    keep, killed, by_worker = Kept.keep, list[int](), Counter[str]()

    def killing(self: Kept, number: int, scored: Any) -> None:
        keep(self, number, scored)
        by_worker[scored.worker] += 1
        if not killed and sum(by_worker.values()) == 2:
            killed.append(int(scored.worker.rpartition(":")[2]))
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(Kept, "keep", killing)
    summary, _ = predict_parts(
        DEPLOYMENT, str(path), str(folder / "parts.csv"), Running(cluster), errors="column"
    )
    assert (folder / "parts.csv").read_bytes() == (folder / "once.csv").read_bytes()
    assert (summary.refused, summary.refusals) == (10, at_once.refusals)
    assert killed
    assert len(by_worker) > 1
    assert not (folder / "parts.csv.parts").exists()
    (folder / "parts.csv").unlink()


def check_refusals(cluster: Cluster, folder: Path) -> None:
    """The words of one process, and nothing written."""
    path = bad_rows(folder, 9_000)
    with pytest.raises(RowsRefused) as expected:
        predict_file(DEPLOYMENT, path, folder / "none.csv")
    with pytest.raises(RowsRefused) as found:
        predict_parts(DEPLOYMENT, str(path), str(folder / "none.csv"), Running(cluster))
    assert str(found.value) == str(expected.value)
    assert found.value.refusals == expected.value.refusals
    assert not list(folder.glob("none*"))


def check_strangers(cluster: Cluster, folder: Path) -> None:
    """A graph that was changed on its way, or another version of tablecast: one line each."""
    path = bad_rows(folder, 100)
    (plan,) = planned(inputs_at(str(path)), DEPLOYMENT.schema, None)
    order = Order(plan.parts[0], sha256_of(GRAPH), "skip", True, True)
    assert cluster.submit(order.to_json()).result().failure is None
    for changed, words in (
        ({"sha256": sha256_of(GRAPH + b" ")}, "its hash differs"),
        ({"version": "0.0.7"}, "Install the same there: pip install tablecast==0.0.7."),
    ):
        plain = json.loads(order.to_json()) | changed
        failure = cluster.submit(json.dumps(plain)).result().failure
        assert failure is not None
        assert words in failure.words
        assert "\n" not in failure.words
