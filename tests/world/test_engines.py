"""Parts on real clusters of Ray, Spark and Dask, with the packages of build/engines.

make test-world runs this module by the Python of that environment; in any other it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray")

from tablecast.batch.engines import Cluster, started
from tests.engine_checks import GRAPH, check_bytes, check_refusals, check_strangers

#: The engines' own, and those of what they bring.
pytestmark = [pytest.mark.world, pytest.mark.filterwarnings("ignore")]

ADDRESSES = {"ray": None, "spark": None, "spark cluster": "local-cluster[2,1,1024]"}


@pytest.fixture(scope="module", params=ADDRESSES)
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Two workers of an engine."""
    address = ADDRESSES[request.param]
    engine = request.param.split()[0]
    with started(engine, None if address else 2, address, GRAPH) as running:
        yield running


def test_the_bytes_are_those_of_one_process(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten bad rows in three parts, two workers, one of them killed in the middle."""
    assert cluster.workers == 2
    check_bytes(cluster, tmp_path, monkeypatch)


def test_refusals_are_those_of_one_process(cluster: Cluster, tmp_path: Path) -> None:
    """The first bad rows with their lines."""
    check_refusals(cluster, tmp_path)


def test_workers_refuse_what_is_not_the_same(cluster: Cluster, tmp_path: Path) -> None:
    """Another graph than was named, and another version."""
    check_strangers(cluster, tmp_path)
