"""Measure ``tablecast predict --engine``: rows a second, what an engine takes to start, memory.

    make bench-engines                      # a million rows on each engine, with 1 and 2 workers
    python -m benchmarks.engines --rows 100000000 --only once

Each run is a command of its own, as a person would type it. Others that compute in Spark stand
beside it where they are installed: PyCaret's ``predict_model`` in ``mapInPandas``, and MLflow's
``spark_udf``. Prints a table, which docs/scale.md quotes.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
DEPLOYMENT = ROOT / "deployment_28042020"
HEADER = "age,sex,bmi,children,smoker,region"

#: Different rows; more of them would only take longer to make.
DIFFERENT = 20_000


def write_rows(path: Path, count: int) -> None:
    """A CSV file of so many valid rows."""
    chance = random.Random(1)
    regions = ("southwest", "southeast", "northwest", "northeast")
    rows = [
        f"{chance.randint(18, 64)},{chance.choice(('male', 'female'))},"
        f"{chance.uniform(16, 50):.3f},{chance.randint(0, 5)},{chance.choice(('yes', 'no'))},"
        f"{chance.choice(regions)}\n"
        for _ in range(min(DIFFERENT, count))
    ]
    block = "".join(rows)
    with path.open("w") as file:
        file.write(f"{HEADER}\n")
        for _ in range(count // len(rows)):
            file.write(block)


def timed(command: list[str], **variables: str) -> tuple[float, float, float, str]:
    """Seconds, processor seconds and peak MB of a command, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables},
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-500:])
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, processor, after.ru_maxrss / 1000, done.stdout


def predict(source: Path, folder: Path, *options: str) -> list[str]:
    """The command for a file."""
    return [sys.executable, "-m", "tablecast", "predict", str(DEPLOYMENT), str(source),
            "-o", str(folder / f"out{source.suffix}"), *options]  # fmt: skip


def once(folder: Path, rows: int) -> None:
    """One process, without an engine: its memory must not grow with the rows."""
    source = folder / "rows.csv"
    seconds, processor, memory, _ = timed(predict(source, folder))
    print(f"| one process | | {seconds:.1f} | | {rows / seconds:,.0f} | "
          f"{processor:.1f} s of the processor, {memory:.0f} MB at most |", flush=True)  # fmt: skip


def engines(folder: Path, rows: int, names: list[str]) -> None:
    """Each engine on one and on two workers, beside the same on a file of 20 rows."""
    few = folder / "few.csv"
    write_rows(few, 20)
    for name in names:
        for workers in (1, 2):
            options = ["--engine", name, "--workers", str(workers)]
            start, *_ = timed(predict(few, folder, *options))
            seconds, processor, *_ = timed(predict(folder / "rows.csv", folder, *options))
            print(f"| {name} | {workers} | {seconds:.1f} | {start:.1f} | "
                  f"{rows / seconds:,.0f} | {processor:.1f} s of the processor |",
                  flush=True)  # fmt: skip


IN_SPARK = """
import sys, time
sys.path += sys.argv[3:]
from pathlib import Path
from tablecast.batch.engines.spark_engine import share_environment
share_environment()
import os
os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[1:])
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
rows = spark.read.csv(sys.argv[1], header=True, inferSchema=True)
TYPES = ", ".join(f"{name} {kind}" for name, kind in rows.dtypes) + ", prediction_label double"
NAME = sys.argv[2]
"""

OURS = """
import tablecast.spark
answered = tablecast.spark.predict(rows, NAME)
"""

PYCARET = """
def predict(frames):
    from pycaret.regression import RegressionExperiment, load_model
    model = load_model(NAME, verbose=False)
    experiment = RegressionExperiment()
    for frame in frames:
        yield experiment.predict_model(model, data=frame, verbose=False)
answered = rows.mapInPandas(predict, TYPES)
"""

MLFLOW = """
import joblib, mlflow.pyfunc, pandas as pd, tempfile
from pyspark.sql.functions import struct
class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return joblib.load(NAME + ".pkl").predict(model_input)
folder = tempfile.mkdtemp() + "/model"
mlflow.pyfunc.save_model(folder, python_model=Model())
udf = mlflow.pyfunc.spark_udf(spark, folder, result_type="double", env_manager="local")
answered = rows.withColumn("prediction_label", udf(struct(*rows.columns)))
"""

SUMMED = """
began = time.perf_counter()
total = answered.selectExpr("sum(prediction_label)").collect()[0][0]
print("seconds", time.perf_counter() - began, "sum", total)
spark.stop()
"""


def in_spark(folder: Path, rows: int) -> None:
    """The same sum of predictions in Spark: ours, PyCaret's own, and MLflow's."""
    training = ROOT / ".venv-train" / "bin" / "python"
    packages = [str(path) for path in (ROOT / "build").glob("engines/lib/python3*/site-packages")]
    for name, python, code, paths in (
        ("tablecast.spark", sys.executable, OURS, []),
        ("PyCaret in mapInPandas", training, PYCARET, packages),
        ("MLflow's spark_udf", training, MLFLOW, [*packages, str(ROOT / "build" / "mlflow")]),
    ):
        program = [str(python), "-c", IN_SPARK + code + SUMMED, str(folder / "rows.csv"),
                   str(DEPLOYMENT), *paths]  # fmt: skip
        try:
            seconds, *_, told = timed(program)
        except RuntimeError as error:
            print(f"| {name} | 2 | | | | does not run: {str(error).splitlines()[-1][:90]} |")
            continue
        found = re.search(r"seconds ([0-9.]+) sum ([-0-9.e]+)", told)
        assert found
        answered, total = float(found[1]), float(found[2])
        print(f"| {name} | 2 | {seconds:.1f} | {seconds - answered:.1f} | "
              f"{rows / answered:,.0f} | sum {total:.6f} |", flush=True)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.engines")
    parser.add_argument("--rows", type=int, default=1_000_000, help="a multiple of 20,000")
    parser.add_argument("--only", choices=("once", "engines", "spark"), action="append")
    parser.add_argument("--engine", action="append", help="default: all four")
    options = parser.parse_args()
    names = options.engine or ["processes", "dask", "ray", "spark"]
    parts: dict[str, Callable[[Path, int], None]] = {
        "once": once, "engines": lambda folder, rows: engines(folder, rows, names),
        "spark": in_spark,
    }
    print(f"{options.rows:,} rows; load of the machine: {os.getloadavg()[0]:.1f}")
    print("| | workers | seconds | with 20 rows | rows/s | |")
    print("|---|---|---|---|---|---|", flush=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder / "rows.csv", options.rows)
        for part in options.only or parts:
            parts[part](folder, options.rows)


if __name__ == "__main__":
    main()
