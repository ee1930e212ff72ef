"""Workers of Spark: started here, or those of a master's address."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import tablecast
from tablecast.batch.engines import ATTEMPTS, Cluster, EngineFailed, portable_score, processors
from tablecast.batch.parts.locations import reason_of
from tablecast.batch.parts.part import Scored

NEEDS = "pyspark"


@contextmanager
def started(workers: int | None, address: str | None, graph: bytes) -> Iterator[Cluster]:
    """Spark's Python workers; each part is a job of one task, which Spark tries again."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    count = workers or processors()
    master = address or f"local[{count},{ATTEMPTS}]"
    if master.startswith("local"):
        share_environment()
    settings = {
        "spark.task.maxFailures": str(ATTEMPTS), "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.maxResultSize": "0",  # of all parts together; they are written as they come
    }  # fmt: skip
    conf = SparkConf().setAppName("tablecast").setAll(list(settings.items()))
    logging.getLogger("py4j").setLevel(logging.CRITICAL)  # it shows Ctrl-C as a fault of its own
    try:
        gateway = SparkContext._gateway or launch_gateway(conf, {"stderr": subprocess.DEVNULL})
        context = SparkContext(master, conf=conf, gateway=gateway)
    except Exception as error:  # Java's come as classes of py4j's
        raise EngineFailed(f"Spark does not start: {_reason(error)}.") from None
    context.setLogLevel("OFF")
    sent, score = context.broadcast(graph), portable_score()

    def answer(order: str) -> Scored:
        jobs = context.parallelize([order], 1).map(lambda order: score(order, sent.value))
        scored: Scored = jobs.collect()[0]
        return scored

    count = workers or context.defaultParallelism
    threads = ThreadPoolExecutor(count)
    try:
        yield Cluster(count, lambda order: threads.submit(answer, order))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        with suppress(Exception):  # it may have ended, with all its jobs
            context.cancelAllJobs()
        context.stop()


def share_environment() -> None:
    """Let workers of this machine be this Python, with the tablecast that asks them."""
    found = [str(Path(tablecast.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, found))
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


def _reason(error: Exception) -> str:
    if "JAVA_GATEWAY_EXITED" in str(error):
        return "it needs Java 17 (apt-get install openjdk-17-jre-headless)"
    lines = str(error).splitlines()
    of_java = next((line[2:] for line in lines if line.startswith(": ")), None)
    return reason_of(Exception(of_java) if of_java else error)
