"""From a file of rows to the same file with predictions, in constant memory.

Columns that are added at the end of each row:

* ``prediction_label``: the answer; where the row is refused, empty;
* ``prediction_low``, ``prediction_high``: the range that nine true numbers in ten lie in, where the
  deployment knows it;
* ``prediction_score``: the probability of that label, for classes, as PyCaret names it;
* ``prediction_score_CLASS``: the probability of each class, in the schema's order;
* ``prediction_id``: the answer's id, where the answers are kept in a log;
* ``prediction_error``: why the row is refused, with ``errors="column"`` only.

A file that has columns of these names is taken as the output of an earlier run, and they are
replaced: so a person can correct refused rows in the output itself and send it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from tablecast.batch.below_table import rows_of_table
from tablecast.batch.column_reader import Reading, RowsReader
from tablecast.batch.csv_sink import CsvSink, Values
from tablecast.batch.csv_source import CsvSource
from tablecast.batch.limits import Limits
from tablecast.batch.match_columns import match_columns
from tablecast.batch.parquet import ParquetSink, ParquetSource
from tablecast.batch.paths import check_paths, file_errors
from tablecast.batch.summary import (
    SHOWN_REFUSALS,
    Refused,
    RowsRefused,
    Summary,
    location_in_words,
    reason_in_file,
)
from tablecast.batch.workbook_sink import WorkbookSink, sink_of
from tablecast.batch.workbook_source import WorkbookSource
from tablecast.data.sheets import is_workbook
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.files import replaced_when_whole
from tablecast.deployment.opening import load
from tablecast.errors import BatchError, Remark
from tablecast.i18n.formats import listed
from tablecast.i18n.language import _
from tablecast.inference.engine import Columns

#: What happens to rows that the schema refuses: nothing is written; they are left out; or they
#: stay without an answer, and a column says why.
Errors = Literal["fail", "skip", "column"]
ERROR_CHOICES: tuple[str, ...] = get_args(Errors)

#: Called after each chunk with the rows done so far and the share of the file, from 0 to 1.
Progress = Callable[[int, float], None]

ERROR_COLUMN = "prediction_error"
ID_COLUMN = "prediction_id"


class Recorder(Protocol):
    """Keeps answers and refusals of a file."""

    def answered(
        self, columns: Columns, answers: Mapping[str, Values], warned: npt.NDArray[np.bool_]
    ) -> Sequence[str]:
        """Keep the answers to rows.

        Args:
            columns: field name to values, (rows,).
            answers: the added columns.
            warned: (rows,), whether there is something to say of a row.

        Returns:
            The ids of the answers.
        """

    def refused(self, rows: Iterable[Sequence[Remark]]) -> None:
        """Keep why rows were refused: what is wrong with each of them."""


class _Chunk(Protocol):
    def __len__(self) -> int: ...
    def column(self, index: int) -> Sequence[Any]: ...
    def location_of(self, row: int) -> tuple[str, int]: ...


class _Source(Protocol):
    name: str
    names: list[str]
    notes: tuple[str, ...]

    def fraction_read(self) -> float: ...
    def chunks(self) -> Iterator[Any]: ...
    def close(self) -> None: ...


def predict_file(
    deployment: Deployment | str | PathLike[str],
    source: str | PathLike[str],
    output: str | PathLike[str],
    *,
    errors: Errors = "fail",
    sheet: str | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Answer every row of a CSV, Excel or Parquet file, into a file of the same kind.

    Args:
        deployment: what ``description.load`` gives, or its path without ending.
        source: the file to read; Parquet where its ending is ``.parquet``, else CSV.
        output: the file to write. It appears only when it is whole.
        errors: what happens to rows that the schema refuses.
        sheet: which sheet of a workbook, by name or by number from 1; None for the first.
        progress: called after each chunk of rows.

    Raises:
        RowsRefused: ``errors`` is "fail", and there are such rows; found at the first of them.
        BatchError: a file cannot be read, has not the right columns, or cannot be written.
    """
    loaded = deployment if isinstance(deployment, Deployment) else load(deployment)
    read, written = Path(source), Path(output)
    check_paths(read, written)
    run = _Run(loaded, errors, progress)
    with file_errors(), replaced_when_whole(written) as temporary:
        if read.suffix.lower() == ".parquet":
            _refuse_sheet(sheet, read.name)
            parquet = ParquetSource(read)
            return run.through(parquet, lambda: run.parquet_sink(temporary, parquet))
        with read.open("rb") as stream, temporary.open("wb") as result:
            return run.through_stream(stream, result, read.name, sheet)


def predict_csv(
    deployment: Deployment,
    source: BinaryIO,
    output: BinaryIO,
    *,
    name: str,
    errors: Errors = "fail",
    limits: Limits | None = None,
    recorder: Recorder | None = None,
) -> Summary:
    """``predict_file`` for open streams of CSV or a workbook; a failed one's output is of no use.

    Args:
        source: seekable, at its beginning; left open, as ``output`` is.
        name: what messages call the file.
        limits: what the file may cost; it is looked at after each chunk of rows.
        recorder: what keeps the answers, if they are to be.

    Raises:
        RowsRefused, BatchError: as ``predict_file``, or the file goes past a limit.
    """
    return _Run(deployment, errors, None, limits, recorder).through_stream(source, output, name)


def _refuse_sheet(sheet: str | None, name: str) -> None:
    if sheet:
        words = _("{name} is not a workbook, so it has no sheet. Leave out --sheet.")
        raise BatchError(words.format(name=name))


class _Run:
    """One file on its way through a deployment."""

    def __init__(
        self,
        deployment: Deployment,
        errors: Errors,
        progress: Progress | None,
        limits: Limits | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self._recorder = recorder
        self._deployment = deployment
        self._errors = errors
        self._progress = progress
        self._limits = limits or Limits()
        self._began = time.perf_counter()
        self._reader = RowsReader(deployment.schema)
        self.summary = Summary()
        self.added: dict[str, type] = {}

    def through_stream(
        self, stream: BinaryIO, result: BinaryIO, name: str, sheet: str | None = None
    ) -> Summary:
        """Answer and write every row of a CSV file or a workbook."""
        beginning = stream.read(8)
        stream.seek(0)
        if not is_workbook(beginning):
            _refuse_sheet(sheet, name)
            return self.through_csv(stream, result, name)
        names = [field.name for field in self._deployment.schema.fields]
        source = WorkbookSource(stream, name, names, sheet, self._limits.memory)
        self.summary.is_workbook = True
        return self.through(
            source,
            lambda: sink_of(stream, result, source, self.added, self._replaced),
            lambda: self._limits.check(name, self.summary, source.size, result.tell()),
        )

    def through_csv(self, stream: BinaryIO, result: BinaryIO, name: str) -> Summary:
        """Answer and write every row of a CSV stream."""
        schema = self._deployment.schema
        names = [field.name for field in schema.fields]
        source = CsvSource(stream, name, names, schema.reading.get("encoding", ""))
        comma = self._deployment.schema.decimal_comma and source.separator != ","
        return self.through(
            source,
            lambda: CsvSink(result, source, self.added, self._replaced, decimal_comma=comma),
            lambda: self._limits.check(name, self.summary, source.size, result.tell()),
        )

    def parquet_sink(self, path: Path, source: ParquetSource) -> ParquetSink:
        """What writes the answers of a Parquet file, once its columns were looked at."""
        return ParquetSink(path, source, self.added, self._replaced)

    @property
    def _replaced(self) -> set[str]:
        return {*self.added, ERROR_COLUMN}

    def through(
        self,
        source: _Source,
        make_sink: Callable[[], CsvSink | ParquetSink | WorkbookSink],
        check: Callable[[], None] = lambda: None,
    ) -> Summary:
        """Answer and write every row. Raises RowsRefused where errors are not passed over."""
        with closing(source):
            self._look_at_columns(source)
            with closing(make_sink()) as sink:
                for chunk in self._chunks(source):
                    sink.write(chunk, *self._answer(self._read(source, chunk), len(chunk)))
                    check()
                    if self._progress:
                        self._progress(self.summary.rows, source.fraction_read())
        self.summary.notes = (*source.notes, *self.summary.notes)
        self.summary.seconds = time.perf_counter() - self._began
        return self.summary

    def _chunks(self, source: _Source) -> Iterator[Any]:
        if isinstance(source, ParquetSource):  # whose rows are all data
            return source.chunks()
        return rows_of_table(source, self._deployment.schema, self._indices)

    def _look_at_columns(self, source: _Source) -> None:
        """Find the fields' columns. Raises BatchError where they do not fit."""
        schema = self._deployment.schema
        self._indices = match_columns(schema, source.names, source.name)
        absent = [field.name for field in schema.fields if field.name not in self._indices]
        if absent:
            words = _("The column {names} is missing, so typical values were used in every row.")
            self.summary.notes = (words.format(names=listed(map(repr, absent))),)
        self.added = added_columns(
            self._deployment, self._errors == "column", with_ids=self._recorder is not None
        )

    def _read(self, source: _Source, chunk: _Chunk) -> Reading:
        cells = {name: chunk.column(index) for name, index in self._indices.items()}
        reading = self._reader.read(cells, len(chunk))
        self._count(chunk, reading)
        if reading.refused and self._recorder:
            self._recorder.refused(reading.refused.values())
        if reading.refused and self._errors == "fail":
            raise RowsRefused(source.name, self.summary)
        return reading

    def _count(self, chunk: _Chunk, reading: Reading) -> None:
        summary = self.summary
        for row in sorted(reading.refused)[: SHOWN_REFUSALS - len(summary.refusals)]:
            location = location_in_words(*chunk.location_of(row))
            remarks = tuple(reading.refused[row])
            summary.refusals.append(Refused(summary.rows + row, location, remarks))
        summary.rows += len(chunk)
        summary.refused += len(reading.refused)
        summary.predicted = summary.rows - summary.refused
        summary.warned += int(reading.warned.sum())

    def _answer(
        self, reading: Reading, rows: int
    ) -> tuple[list[int] | None, dict[str, Values]]:
        """The rows to write (None: all), and the added columns' values for them."""
        if not reading.refused:
            added = self._recorded(reading.columns, reading.warned)
            if self._errors == "column":
                added[ERROR_COLUMN] = [None] * rows
            return None, added
        accepted = [row for row in range(rows) if row not in reading.refused]
        columns = {name: values[accepted] for name, values in reading.columns.items()}
        predictions: dict[str, Values] = dict.fromkeys(self.added, ())
        if accepted:
            predictions = self._recorded(columns, reading.warned[accepted])
        if self._errors == "skip":
            return accepted, {name: predictions[name] for name in self.added}
        added = {name: _scattered(values, accepted, rows) for name, values in predictions.items()}
        worded: dict[int, str] = {}
        added[ERROR_COLUMN] = [
            reason_in_file(reading.refused[row], worded) if row in reading.refused else None
            for row in range(rows)
        ]
        return None, added


    def _recorded(self, columns: Columns, warned: npt.NDArray[np.bool_]) -> dict[str, Values]:
        """The answers to rows, kept if they are to be."""
        return recorded(self._recorder, columns, answers(self._deployment, columns), warned)


def recorded(
    recorder: Recorder | None,
    columns: Columns,
    added: dict[str, Values],
    warned: npt.NDArray[np.bool_],
) -> dict[str, Values]:
    """The answers to rows with their ids, where something keeps them."""
    return {**added, ID_COLUMN: recorder.answered(columns, added, warned)} if recorder else added


def answers(deployment: Deployment, columns: Columns) -> dict[str, Values]:
    """The added columns for rows that are valid, one value a row."""
    output = deployment.predictor.engine.answer(columns)
    probabilities = output.probabilities
    if probabilities is None:
        return {"prediction_label": output.labels, **_ranges(deployment, output.labels, columns)}
    classes = deployment.schema.classes
    score = output.scores(classes)
    each = zip(_score_names(classes), np.ascontiguousarray(probabilities.T), strict=True)
    return {"prediction_label": output.labels.tolist(), "prediction_score": score, **dict(each)}


def _ranges(
    deployment: Deployment, predictions: npt.NDArray[np.float64], columns: Columns
) -> dict[str, Values]:
    """Both ends of each row's range, as the form and the API tell them."""
    interval = deployment.predictor.interval
    if interval is None:
        return {}
    low, high = interval.of_columns(predictions, columns)
    return {"prediction_low": low, "prediction_high": high}


def _score_names(classes: Sequence[str | int]) -> list[str]:
    return [f"prediction_score_{label}" for label in classes]


def added_columns(
    deployment: Deployment, with_errors: bool, *, with_ids: bool = False
) -> dict[str, type]:
    """Name to kind of the columns that answers of this deployment have.

    A typical row is asked: not every classifier knows probabilities.

    Raises:
        BatchError: a field of the deployment has the name of such a column.
    """
    schema = deployment.schema
    columns = answers(deployment, schema.columns_of_rows([schema.typical]))
    added: dict[str, type] = {
        name: int if getattr(values, "dtype", float) == np.int64 else float
        for name, values in columns.items()
    }
    if schema.classes:
        added["prediction_label"] = type(schema.classes[0])
    if with_ids:
        added[ID_COLUMN] = str
    if with_errors:
        added[ERROR_COLUMN] = str
    for taken in schema.fields:
        if taken.name in (*added, ERROR_COLUMN):
            words = _("The field {name} has the same name as a result column.")
            raise BatchError(words.format(name=repr(taken.name)))
    return added


def _scattered(values: Values, indices: Sequence[int], rows: int) -> list[Any]:
    spread: list[Any] = [None] * rows
    listed = values.tolist() if isinstance(values, np.ndarray) else values
    for index, value in zip(indices, listed, strict=True):
        spread[index] = value
    return spread
