"""The seam between the command and its engines: one part in, its answers out.

An engine calls ``score`` on its workers and nothing else. What a worker is given is text and the
graph's bytes, so that it needs no more than an installed tablecast; what it answers never raises,
since not every engine brings an error home as it was.
"""

import base64
import io
import json
import os
import socket
from dataclasses import replace
from functools import lru_cache
from typing import BinaryIO, cast

from tablecast import __version__
from tablecast.batch.parquet import Batches, RowGroups
from tablecast.batch.parts.csv_part import CsvPart, WrongCut
from tablecast.batch.parts.locations import Files, LocalFiles, address_errors, files_at, key_of
from tablecast.batch.parts.parquet_part import ParquetPart
from tablecast.batch.parts.part import Failure, Order, Part, Scored
from tablecast.batch.paths import file_errors
from tablecast.batch.predict_file import Errors, Run
from tablecast.batch.summary import RowsRefused, Summary
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.files import sha256_of
from tablecast.deployment.opening import open_sent_graph
from tablecast.errors import BatchError, TablecastError


def score(order: str, graph: bytes) -> Scored:
    """Answer one part.

    Args:
        order: what ``Order.to_json`` made.
        graph: the bytes of the graph that the order names by its hash.
    """
    worker = f"{socket.gethostname()}:{os.getpid()}"
    plain = json.loads(order)
    if plain["version"] != __version__:
        words = (
            f"The worker {worker} has tablecast {__version__}, and this is {plain['version']}. "
            f"Install the same there: pip install tablecast=={plain['version']}."
        )
        return Scored(worker, failure=Failure("error", words))
    work = _Work(Order.from_json(plain))
    try:
        content = work.done(opened(graph, plain["sha256"]))
    except WrongCut:
        return Scored(worker, failure=Failure("cut"))
    except RowsRefused:
        return Scored(worker, work.summary, failure=Failure("rows"))
    except TablecastError as error:
        return Scored(worker, work.summary, failure=Failure("error", str(error)))
    scored = Scored(worker, work.summary, content, sha256_of(content))
    return replace(scored, content=None) if _is_written(content, plain["into"]) else scored


def _is_written(content: bytes, into: str) -> bool:
    """Write what is answered where it is kept; it is sent where that fails, or is not asked for."""
    if not os.path.isdir(os.path.dirname(into)):
        return False
    try:
        LocalFiles().pipe_file(into, content)
    except OSError:  # who is sent the answers meets the same, and says it
        return False
    return True


@lru_cache(2)
def opened(graph: bytes, sha256: str) -> Deployment:
    """The graph, opened once in each worker; its bytes are compared on the way."""
    return open_sent_graph(graph, sha256)


class _Work:
    """One part on its way through a graph."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.summary = Summary()

    def done(self, deployment: Deployment) -> bytes:
        """The answered rows.

        Raises:
            RowsRefused, BatchError: as ``predict_file``.
            WrongCut: the file must not be cut there.
        """
        order = self._order
        errors = cast(Errors, order.errors)
        run = Run(deployment, errors, given=order.part.given, header=order.header)
        self.summary = run.summary
        result = io.BytesIO()
        with file_errors():
            _THROUGH[order.part.kind](run, order, result)
        return result.getvalue()


def _csv(run: Run, order: Order, result: BinaryIO) -> None:
    part = order.part
    with address_errors(part.address):
        content = _sent(part)
        if content is None:
            files, path = _unchanged(part)
            content = files.cat_file(path, start=part.start, end=part.end)
    source = CsvPart(content, part)
    run.through(source, lambda: run.csv_sink(result, source))


def _parquet(run: Run, order: Order, result: BinaryIO) -> None:
    writer = Batches if order.joined else RowGroups
    with _opened_file(order.part) as stream:
        source = ParquetPart(stream, order.part)
        run.through(source, lambda: run.parquet_sink(result, source, writer))


def _whole(run: Run, order: Order, result: BinaryIO) -> None:
    with _opened_file(order.part) as stream:
        run.through_stream(stream, result, order.part.name, order.part.sheet)


#: What answers a part of each kind.
_THROUGH = {"csv": _csv, "parquet": _parquet, "whole": _whole}


def _opened_file(part: Part) -> BinaryIO:
    content = _sent(part)
    if content is not None:
        return io.BytesIO(content)
    with address_errors(part.address):
        files, path = _unchanged(part)
        return files.open(path)


def _sent(part: Part) -> bytes | None:
    return None if part.content is None else base64.b64decode(part.content)


def _unchanged(part: Part) -> tuple[Files, str]:
    """What reads the part's file, known to be the one that was cut.

    Raises:
        BatchError: it is not there, or another one.
    """
    files, path = files_at(part.address)
    if not files.isfile(path):
        raise BatchError(
            f"The worker {socket.gethostname()} finds no {part.address}. Put the file where every "
            "worker reads it, such as a shared folder or s3://."
        )
    if key_of(files, path) != part.key:
        raise BatchError(f"{part.name} changed while it was read. Start again.")
    return files, path
