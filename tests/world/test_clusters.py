"""Parts on real clusters of Ray, Spark and Dask, with the packages of build/engines.

make test-world runs this module by the Python of that environment; in any other it is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import requests
from deployments import ROOT, SHIPPED

pytest.importorskip("ray")

from tablecast.batch.engines import Cluster, started
from tablecast.batch.parts.kept import Kept
from tablecast.batch.parts.part import Scored
from tablecast.batch.predict_file import predict_file
from tablecast.batch.summary import Summary
from tablecast.cli.main import main
from tablecast.export.ship.own_wheel import wheel_bytes, wheel_name
from tests.engine_checks import (
    DEPLOYMENT,
    GRAPH,
    bad_rows,
    check_bytes,
    check_refusals,
    check_strangers,
    once,
)
from tests.frame_checks import check_answers, frame
from tests.insured import rows_of, text

#: The engines' own, and those of what they bring.
pytestmark = [pytest.mark.world, pytest.mark.filterwarnings("ignore")]

ADDRESSES = {
    "dask": None, "ray": None, "spark": None, "spark cluster": "local-cluster[2,1,1024]",
}  # fmt: skip

ROWS = 1_000_000


@pytest.fixture(scope="module", params=ADDRESSES)
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Two workers of an engine."""
    address = ADDRESSES[request.param]
    engine = request.param.split()[0]
    with started(engine, None if address else 2, address, GRAPH) as running:
        yield running


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    """A million rows, and what one process makes of them."""
    path = bad_rows(tmp_path_factory.mktemp("rows"), ROWS)
    return path, once(path)


def test_the_bytes_of_a_million_rows_are_those_of_one_process(
    cluster: Cluster, million: tuple[Path, Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten bad rows in three parts, two workers, one of them killed in the middle."""
    assert cluster.workers == 2
    assert million[1].rows == ROWS
    check_bytes(cluster, *million, monkeypatch)


def test_refusals_are_those_of_one_process(cluster: Cluster, tmp_path: Path) -> None:
    """The first bad rows with their lines."""
    check_refusals(cluster, tmp_path)


def test_workers_refuse_what_is_not_the_same(cluster: Cluster, tmp_path: Path) -> None:
    """Another graph than was named, and another version."""
    check_strangers(cluster, tmp_path)


def test_a_spark_frame_gets_predictions(tmp_path: Path) -> None:
    """Ranges and refusals too, by its own workers."""
    import tablecast.spark
    from pyspark.sql import SparkSession

    from tablecast.batch.engines.spark_engine import share_environment

    share_environment()
    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = session.getOrCreate()
    try:
        rows = spark.createDataFrame(frame().to_dict("records")).select(*frame().columns)
        answered = tablecast.spark.predict(rows.repartition(2), SHIPPED)
        assert answered.schema["prediction_low"].dataType.simpleString() == "double"
        check_answers(pd.DataFrame([row.asDict() for row in answered.collect()]), tmp_path)
    finally:
        spark.stop()


def test_a_ray_data_set_gets_predictions(tmp_path: Path) -> None:
    """Ranges and refusals too, by its own workers."""
    import ray
    import ray.data
    import tablecast.ray

    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        answered = tablecast.ray.predict(ray.data.from_pandas([frame()]).repartition(2), SHIPPED)
        check_answers(answered.to_pandas(), tmp_path)
    finally:
        ray.shutdown()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of an S3 of this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    address, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{address}:{port}", "AWS_ACCESS_KEY_ID": "it",
        "AWS_SECRET_ACCESS_KEY": "is", "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("s3://rows")
    yield "s3://rows"
    requests.post(f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/reset", timeout=10)
    server.stop()


def test_rows_are_read_from_s3_and_written_there(bucket: str, tmp_path: Path) -> None:
    """By workers of two processes, the bytes are those of one and of the machine's own files."""
    import fsspec

    rows = rows_of(9_000)
    (tmp_path / "in.csv").write_text(text(rows))
    predict_file(DEPLOYMENT, tmp_path / "in.csv", tmp_path / "out.csv")
    files = fsspec.filesystem("s3")
    files.put_file(str(tmp_path / "in.csv"), f"{bucket}/in/a.csv")
    command = ["predict", str(SHIPPED), f"{bucket}/in", "--engine", "processes", "--workers", "2"]
    assert main([*command, "-o", f"{bucket}/out.csv"]) == 0
    assert files.cat_file(f"{bucket}/out.csv") == (tmp_path / "out.csv").read_bytes()
    assert main([*command, "-o", f"{bucket}/parts/"]) == 0
    assert [path.rpartition("/")[2] for path in files.find(f"{bucket}/parts")] == [
        f"part-{number:05d}.csv" for number in range(5)
    ]
    assert main([*command, "-o", f"{bucket}/parts/"]) == 1
    assert main([*command[:2], f"{bucket}/none.csv", "-o", str(tmp_path / "none.csv")]) == 1


def test_a_store_that_refuses_the_keys(
    bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names the address and the store's reason, for what is read and what is written."""
    import s3fs

    (tmp_path / "in.csv").write_text(text(rows_of(10)))
    address = os.environ["AWS_ENDPOINT_URL"]
    requests.post(f"{address}/moto-api/reset-auth", data=b"0", timeout=10)
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        for source, output in ((f"{bucket}/a.csv", str(tmp_path / "out.csv")),
                               (str(tmp_path / "in.csv"), f"{bucket}/out.csv")):  # fmt: skip
            assert main(["predict", str(SHIPPED), source, "-o", output]) == 1
            error = capsys.readouterr().err.strip()
            assert f"'{bucket}/" in error
            assert error.endswith("does not exist in our records.")
            assert "\n" not in error
    finally:
        requests.post(f"{address}/moto-api/reset-auth", data=b"inf", timeout=10)


@pytest.fixture
def worker_python(tmp_path: Path) -> Path:
    """The Python of a new environment with tablecast's wheel, its requirements, and Dask alone."""
    wheel = tmp_path / wheel_name()
    wheel.write_bytes(wheel_bytes())
    python, uv = tmp_path / "empty" / "bin" / "python", ROOT / ".venv-train" / "bin" / "uv"
    for command in (
        ("venv", "-q", "--python", sys.executable, str(python.parents[1])),
        ("pip", "install", "-q", "--compile-bytecode", "--python", str(python), str(wheel),
         "distributed", "-c", str(ROOT / "tests" / "engines.txt")),
    ):  # fmt: skip
        subprocess.run([str(uv), *command], check=True, timeout=300)
    return python


def test_an_empty_environment_answers(worker_python: Path, tmp_path: Path) -> None:
    """Workers where tablecast was installed and Dask, and nothing else: no pandas, no PyCaret."""
    environment = worker_python.parents[1] / "lib"
    packages = {path.name for path in environment.glob("python*/site-packages/*")}
    assert packages.isdisjoint(
        {"pandas", "pyarrow", "sklearn", "pycaret", "onnx", "scipy", "joblib", "pip"}
    )
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    (tmp_path / "in.csv").write_text(text(rows_of(9_000)))
    arguments = ["predict", str(SHIPPED), str(tmp_path / "in.csv"), "--engine", "dask"]
    with cluster_of_dask(tmp_path, variables, worker_python) as address:
        out = str(tmp_path / "out.csv")
        assert main([*arguments, "--address", address, "-o", out]) == 0
    predict_file(DEPLOYMENT, tmp_path / "in.csv", tmp_path / "once.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "once.csv").read_bytes()


def test_a_cluster_that_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says so, parts that are done stay, and another engine goes on with them."""
    (tmp_path / "in.csv").write_text(text(rows_of(60_000)))
    arguments = ["predict", str(SHIPPED), str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv")]
    keep = Kept.keep
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    with cluster_of_dask(tmp_path, variables) as address:
        def ending(self: Kept, number: int, scored: Scored) -> None:
            keep(self, number, scored)
            for process in CLUSTER:
                process.kill()

        with monkeypatch.context() as patch:
            patch.setattr(Kept, "keep", ending)
            assert main([*arguments, "--engine", "dask", "--address", address]) == 1
        error = capsys.readouterr().err.strip().splitlines()[-1]
        assert error.startswith("tablecast: The workers were lost")
        assert "--resume goes on from there" in error
    assert main([*arguments, "--engine", "processes", "--resume"]) == 0
    predict_file(DEPLOYMENT, tmp_path / "in.csv", tmp_path / "once.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "once.csv").read_bytes()


#: The scheduler and the workers that a test has started.
CLUSTER: list[subprocess.Popen[bytes]] = []


@contextmanager
def cluster_of_dask(
    folder: Path, variables: dict[str, str], python: Path = Path(sys.executable)
) -> Iterator[str]:
    """A scheduler and two workers, each a process of its own with such an environment."""
    noted = folder / "scheduler.json"
    commands = [["scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard",
                 "--scheduler-file", str(noted)],
                *[["worker", "--scheduler-file", str(noted), "--nthreads", "1", "--no-nanny",
                   "--no-dashboard"]] * 2]  # fmt: skip
    try:
        for command in commands:
            CLUSTER.append(subprocess.Popen(
                [str(python), "-m", "distributed.cli.dask_" + command[0], *command[1:]],
                cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ))  # fmt: skip
        from distributed import Client

        while not noted.exists():
            time.sleep(0.05)
        address = json.loads(noted.read_text())["address"]
        with Client(address) as client:
            client.wait_for_workers(2, timeout=60)
        yield address
    finally:
        for process in CLUSTER:
            process.kill()
            process.wait()
        CLUSTER.clear()
