"""What a cluster's worker does and tells: Dask and Ray find these functions by their names."""

from __future__ import annotations

import io
import math
import pickle
import socket
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

from tablecast import __version__
from tablecast.data.free_memory import available, taken
from tablecast.errors import EngineError, TrainingError

#: Packages whose versions decide what a fit gives, to the last bit.
DECIDING = ("numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "pycaret")


@dataclass(frozen=True)
class Packed:
    """A value as bytes: every call gets a copy of its own, which it may write to.

    Ray's arrays could be read only, and Dask's are shared by the calls of one worker. Pickle keeps
    the order in which an array lies in memory, without which sums end in other bits.
    """

    content: bytes = field(repr=False)

    @classmethod
    def of(cls, value: Any) -> Packed:
        """A value's bytes."""
        content = io.BytesIO()
        _Pickler(content, protocol=5).dump(value)
        return cls(content.getvalue())

    def value(self) -> Any:
        """A copy of the value."""
        return pickle.loads(self.content)


class _Pickler(pickle.Pickler):
    """Has names of attributes be the same texts as in code, when a value is read again.

    Estimators put their state back by themselves, under names that are other objects, and Python
    keeps those for the class. What is saved after that tells equal names from the same name: the
    deployment's pickle would have other bytes than one without a cluster.
    """

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, type) or not hasattr(type(value), "__setstate__"):
            return NotImplemented
        reduced: Any = value.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        state = reduced[2] if len(reduced) > 2 and not any(reduced[3:]) else None
        if isinstance(reduced, str) or not isinstance(state, dict):
            return NotImplemented  # a list, or what puts its state back in its own way
        return (*reduced[:3], None, None, _set_state)


def _set_state(value: Any, state: Mapping[str, Any]) -> None:
    value.__setstate__({sys.intern(name): one for name, one in state.items()})


@dataclass(frozen=True)
class Raised:
    """What a function raised, in words: not every exception can be sent."""

    words: str


def call(
    packed: Packed, function: Callable[..., Any], arguments: Sequence[Any]
) -> Packed | Raised:
    """The function's answer for the value, or what it raised."""
    from joblib import parallel_config

    try:
        # An estimator that would spread its own work over the cluster would wait for itself.
        with one_thread(), parallel_config("sequential"):
            return Packed.of(function(packed.value(), *arguments))
    except Exception as error:  # estimators raise whatever they like
        return Raised(str(error).strip() or type(error).__name__)


def answered(answers: Sequence[Packed | Raised]) -> list[Any]:
    """The workers' answers; raises TrainingError with the words of the first that is an error."""
    for answer in answers:
        if isinstance(answer, Raised):
            raise TrainingError(answer.words)
    return [answer.value() for answer in answers if isinstance(answer, Packed)]


_computing = threading.Lock()
_computing_now = 0
_limits: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for linear algebra and no warnings, as in the process that searches.

    A worker may make several calls at once, and the limit is the whole process's: the first sets
    it, and the last takes it away.
    """
    global _computing_now, _limits
    with _computing:
        _computing_now += 1
        if _computing_now == 1:
            _limits = _limited()
    try:
        yield
    finally:
        with _computing:
            _computing_now -= 1
            if not _computing_now:
                _limits.restore_original_limits()


def _limited() -> Any:
    import sklearn  # noqa: F401 - what it loads is limited as well
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    warnings.simplefilter("ignore")  # a fold that warns does so thousands of times
    return threadpool_limits(limits=1)


@dataclass(frozen=True)
class Facts:
    """What a worker tells of itself.

    Attributes:
        host: the machine's name.
        versions: of tablecast, Python and the packages that decide what a fit gives.
        free: bytes that are free on its machine.
        left: bytes that the worker itself may still take; infinity where it has no limit.
    """

    host: str
    versions: Mapping[str, str]
    free: float
    left: float


def facts(dask_worker: Any = None) -> Facts:
    """What this process is, and what it has.

    Args:
        dask_worker: given by Dask, which ends a worker that takes more than its limit.
    """
    manager = getattr(dask_worker, "memory_manager", None)
    limit = getattr(manager, "memory_limit", None)
    left = limit - taken() if limit else math.inf
    return Facts(socket.gethostname(), versions(), available(), left)


@cache
def versions() -> Mapping[str, str]:
    """The versions that have to be equal for equal answers; "none" for what is not installed."""
    found = {"tablecast": __version__, "Python": ".".join(python_version().split(".")[:2])}
    for name in DECIDING:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def free_of_each(workers: Sequence[Facts]) -> float:
    """Bytes that each of these workers and this process may take, where all of them work.

    Those on one machine share what is free there.
    """
    here = Facts(socket.gethostname(), {}, available(), math.inf)
    everyone = [*workers, here]
    beside = Counter(one.host for one in everyone)
    return min(min(one.left, one.free / beside[one.host]) for one in everyone)


def check_versions(workers: Sequence[Facts]) -> None:
    """Raises EngineError where a worker would give other answers than this process."""
    for worker in workers:
        for name, ours in versions().items():
            if (theirs := worker.versions.get(name, "none")) != ours:
                raise EngineError(
                    f"A worker on {worker.host} has {name} {theirs}, and this process has {ours}. "
                    "Install the same versions there, or the same seed would not give the same "
                    "model."
                )
