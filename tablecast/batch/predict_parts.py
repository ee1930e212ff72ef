"""Many files, or one in parts, through a deployment: here, or by an engine's workers."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice

from tablecast import __version__
from tablecast.batch.engines import Cluster, EngineFailed, check_there, started
from tablecast.batch.parts.inputs import inputs_at
from tablecast.batch.parts.kept import Kept
from tablecast.batch.parts.locations import LONGEST_REASON
from tablecast.batch.parts.merged import merged
from tablecast.batch.parts.outputs import Output, output_at
from tablecast.batch.parts.part import Order, Scored
from tablecast.batch.parts.plan import Planned, described, planned
from tablecast.batch.parts.score import score
from tablecast.batch.paths import file_errors
from tablecast.batch.predict_file import Errors, Progress
from tablecast.batch.summary import RowsRefused, Summary
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.files import sha256_of
from tablecast.errors import BatchError, TablecastError
from tablecast.inference.onnx_engine import GraphEngine

#: Seconds in which no part is done, until it is looked whether the cluster is still there.
QUIET = 10.0

#: What Python says where a worker has no tablecast, or one that is older than engines.
_LACKING = re.compile("No module named|has no attribute|cannot import name")


@dataclass(frozen=True)
class Workers:
    """Who answers.

    Attributes:
        engine: its name, of ``engine_names()``; None for this process alone.
        count: how many workers to start; None for as many as there are processors.
        address: the cluster's that is to be used instead.
    """

    engine: str | None = None
    count: int | None = None
    address: str | None = None

    @property
    def write_here(self) -> bool:
        """Whether they write to this machine's disk, so that nothing has to be sent."""
        return self.engine is not None and self.address is None

    def started(self, graph: bytes) -> AbstractContextManager[Cluster]:
        """The context in which they run."""
        if self.engine is None:
            return nullcontext(Cluster(1, lambda order: _at_once(order, graph)))
        return started(self.engine, self.count, self.address, graph)

    def check(self) -> None:
        """Raises EngineFailed where they are gone."""
        if self.engine:
            check_there(self.engine, self.address)


def _at_once(order: str, graph: bytes) -> Future[Scored]:
    done: Future[Scored] = Future()
    done.set_result(score(order, graph))
    return done


def predict_parts(
    deployment: Deployment,
    source: str,
    output: str,
    workers: Workers,
    *,
    errors: Errors = "fail",
    sheet: str | None = None,
    progress: Progress | None = None,
    resume: bool = False,
) -> tuple[Summary, Counter[str]]:
    """Answer every row of a file, a folder, a pattern or an address; see ``predict_file``.

    Args:
        deployment: opened with its graph.
        source: what to read.
        output: a file, or a folder of parts.
        workers: who answers.
        resume: go on with an interrupted run: parts that are done are kept.

    Returns:
        What became of the rows, and how many parts each worker answered.

    Raises:
        RowsRefused: ``errors`` is "fail", and there are such rows.
        BatchError: files or workers cannot be used.
    """
    if not isinstance(deployment.engine, GraphEngine):
        raise BatchError("Parts are answered by the graph: unset TABLECAST_ENGINE, and compile a "
                         "deployment that has none (python -m tablecast compile).")  # fmt: skip
    with file_errors():
        inputs = inputs_at(source)
        into = output_at(output, inputs, is_parts=workers.engine is not None)
    graph, uncut = deployment.engine.content, set[str]()
    while True:
        plans = planned(inputs, deployment.schema, sheet, uncut)
        into.check(plans)
        run = _Run(plans, into, Orders(sha256_of(graph), errors, into), progress)
        try:
            return run.through(workers, graph, resume)
        except _Uncut as cut:  # what its bytes showed is not what its reader found
            uncut.add(cut.name)
            resume = False


class _Uncut(Exception):  # noqa: N818 - never seen outside
    def __init__(self, name: str) -> None:
        self.name = name


@dataclass(frozen=True)
class Orders:
    """What is asked of each part."""

    sha256: str
    errors: str
    into: Output

    def of(self, plans: Sequence[Planned]) -> list[Order]:
        """The orders, in the order of the rows."""
        parts = [part for plan in plans for part in plan.parts]
        joined = not self.into.is_folder
        return [
            Order(part, self.sha256, self.errors, joined, not joined or number == 0)
            for number, part in enumerate(parts)
        ]


class _Run:
    """One plan on its way through the workers."""

    def __init__(
        self, plans: list[Planned], into: Output, orders: Orders, progress: Progress | None
    ) -> None:
        self._plans, self._into, self._progress = plans, into, progress
        self._orders = orders.of(plans)
        self._began = time.perf_counter()
        self._failed: dict[int, Scored] = {}
        self._by_worker: Counter[str] = Counter()
        options = [orders.errors, into.is_folder, self._orders[0].part.sheet]
        plan = {"version": __version__, "sha256": orders.sha256, "options": options,
                "parts": described(plans)}  # fmt: skip
        self._kept = Kept(into.files, into.parts_folder, into.names(plans), plan)

    def through(
        self, workers: Workers, graph: bytes, resume: bool
    ) -> tuple[Summary, Counter[str]]:
        """Answer what is not done, and put it where it belongs."""
        with file_errors():
            self._kept.begin(resume)
        with self._cleaned_up():
            with workers.started(graph) as cluster:
                self._answer(cluster, workers)
            self._refuse_failed()
            summary = merged(self._plans, self._kept.done)
            self._into.write(self._plans, self._kept)
        summary.seconds = time.perf_counter() - self._began
        return summary, self._by_worker

    @contextmanager
    def _cleaned_up(self) -> Iterator[None]:
        """Leave the parts that are done where the run can go on, and nothing where it cannot."""
        try:
            with file_errors(EngineFailed):  # a full disk: the run can go on once there is room
                yield
        except (KeyboardInterrupt, EngineFailed) as error:
            if not self._kept.done:
                self._kept.remove()
            elif isinstance(error, EngineFailed):
                raise EngineFailed(f"{error} {self._how_to_resume()}") from None
            else:
                error.add_note(self._how_to_resume())
            raise
        except Exception as error:
            if isinstance(error, TablecastError | _Uncut) or not self._kept.done:
                self._kept.remove()
            raise

    def _how_to_resume(self) -> str:
        done, parts = len(self._kept.done), len(self._orders)
        return (f"{done} of {parts} parts are done and kept: the same command with --resume goes "
                "on from there.")  # fmt: skip

    def _answer(self, cluster: Cluster, workers: Workers) -> None:
        """Answer all parts, or all before the first that fails."""
        todo = (number for number in range(len(self._orders)) if number not in self._kept.done)
        waiting: dict[Future[Scored], int] = {}
        self._show()
        while True:
            for number in islice(todo, 2 * cluster.workers - len(waiting)):
                if not self._failed:
                    into = self._kept.place_of(number) if workers.write_here else ""
                    order = replace(self._orders[number], into=into)
                    waiting[cluster.submit(order.to_json())] = number
            if not waiting:
                return
            done = wait(waiting, QUIET, FIRST_COMPLETED).done
            if not done:
                workers.check()
            for future in done:
                self._take(waiting.pop(future), future)

    def _take(self, number: int, future: Future[Scored]) -> None:
        try:
            scored = future.result()
        except TablecastError:
            raise
        except BaseException as error:  # each engine has its own, some of them no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise EngineFailed(_words_of(error)) from error
        if scored.failure and scored.failure.kind == "cut":
            raise _Uncut(self._orders[number].part.name)
        if scored.failure:
            self._failed[number] = scored
            return
        self._by_worker[scored.worker] += 1
        self._kept.keep(number, scored)
        self._show()

    def _show(self) -> None:
        if self._progress and self._kept.done:
            rows = sum(summary.rows for summary in self._kept.done.values())
            self._progress(rows, len(self._kept.done) / len(self._orders))

    def _refuse_failed(self) -> None:
        """Raise what the first part that failed tells."""
        if not self._failed:
            return
        number = min(self._failed)
        failed = self._failed[number]
        if failed.failure and failed.failure.kind == "error":
            raise BatchError(failed.failure.words)
        part = self._orders[number].part
        before = {at: done for at, done in self._kept.done.items() if at < number}
        of_file = {
            at: done for at, done in before.items() if self._orders[at].part.name == part.name
        }
        raise RowsRefused(part.name, merged(self._plans, {**of_file, number: failed.summary}))


def _words_of(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lacking = next((line for line in lines if _LACKING.search(line)), None)
    if lacking:
        return (f"The workers lack what this part of tablecast needs ({lacking}). Install the same "
                f"there: pip install tablecast=={__version__}.")  # fmt: skip
    reason = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return f"The workers were lost ({reason[:LONGEST_REASON]})."
