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

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from tablecast.batch.answers import (
    ERROR_COLUMN,
    Recorder,
    added_columns,
    answers,
    recorded,
    scattered,
)
from tablecast.batch.below_table import Chunk, rows_of_table
from tablecast.batch.below_table import Source as Rows
from tablecast.batch.column_reader import Reading, RowsReader
from tablecast.batch.csv_sink import CsvSink, Values
from tablecast.batch.csv_source import CsvSource
from tablecast.batch.limits import Limits
from tablecast.batch.match_columns import match_columns
from tablecast.batch.parquet import ParquetSink, ParquetSource, ParquetWriter, RowGroups
from tablecast.batch.paths import check_paths, file_errors, is_parquet, refuse_sheet
from tablecast.batch.row_source import row_source
from tablecast.batch.summary import (
    SHOWN_REFUSALS,
    Refused,
    RowsRefused,
    Summary,
    location_in_words,
    reason_in_file,
)
from tablecast.batch.workbook_sink import sink_of
from tablecast.batch.workbook_source import WorkbookSource
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.i18n.formats import listed
from tablecast.i18n.language import _
from tablecast.inference.engine import Columns

#: What happens to rows that the schema refuses: nothing is written; they are left out; or they
#: stay without an answer, and a column says why.
Errors = Literal["fail", "skip", "column"]
ERROR_CHOICES: tuple[str, ...] = get_args(Errors)

#: Called after each chunk with the rows done so far and the share of the file, from 0 to 1.
Progress = Callable[[int, float], None]




class Source(Rows, Protocol):
    """A file of rows, or a part of one, with the names of its columns."""

    name: str
    names: list[str]
    in_lines: bool

    def fraction_read(self) -> float: ...
    def close(self) -> None: ...


class Sink(Protocol):
    """What rows and their answers are written to."""

    def write(
        self, chunk: Any, rows: Sequence[int] | None, added: Mapping[str, Values]
    ) -> None: ...
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
        source: the file to read; Parquet where its ending is ``.parquet`` or ``.pq``, else CSV.
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
    run = Run(loaded, errors, progress)
    with file_errors(), replaced_when_whole(written) as temporary:
        if is_parquet(read):
            refuse_sheet(sheet, read.name)
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
    run = Run(deployment, errors, limits=limits, recorder=recorder)
    return run.through_stream(source, output, name)




class Run:
    """One file on its way through a deployment.

    Args:
        deployment: what answers.
        errors, progress: as ``predict_file`` has them.
        limits: what the file may cost.
        given: columns that the file lacks, with the one text that each has in all its rows.
        header: whether a CSV file's columns are named in the output.
        recorder: what keeps the answers, if they are to be.
    """

    def __init__(
        self,
        deployment: Deployment,
        errors: Errors,
        progress: Progress | None = None,
        limits: Limits | None = None,
        given: Mapping[str, str] | None = None,
        header: bool = True,
        recorder: Recorder | None = None,
    ) -> None:
        self._recorder = recorder
        self._deployment = deployment
        self._errors = errors
        self._progress = progress
        self._limits = limits or Limits()
        self._given = given or {}
        self._header = header
        self._began = time.perf_counter()
        self._reader = RowsReader(deployment.schema)
        self.summary = Summary()
        self.added: dict[str, type] = {}

    def through_stream(
        self, stream: BinaryIO, result: BinaryIO, name: str, sheet: str | None = None
    ) -> Summary:
        """Answer and write every row of a CSV file or a workbook."""
        schema, memory = self._deployment.schema, self._limits.memory
        source = row_source(stream, name, schema, sheet=sheet, memory=memory)
        self.summary.is_workbook = isinstance(source, WorkbookSource)

        def make_sink() -> Sink:
            if isinstance(source, WorkbookSource):
                return sink_of(stream, result, source, self.added, self.replaced)
            return self.csv_sink(result, source)

        return self.through(
            source,
            make_sink,
            lambda: self._limits.check(name, self.summary, source.size, result.tell()),
        )

    def csv_sink(self, result: BinaryIO, source: CsvSource) -> CsvSink:
        """What writes the answers of a CSV file, once its columns were looked at."""
        comma = self._deployment.schema.decimal_comma and source.separator != ","
        return CsvSink(
            result, source, self.added, self.replaced, decimal_comma=comma, header=self._header
        )

    def parquet_sink(
        self, where: Path | BinaryIO, source: ParquetSource, writer: ParquetWriter = RowGroups
    ) -> ParquetSink:
        """What writes the answers of a Parquet file, once its columns were looked at."""
        return ParquetSink(where, source, self.added, self.replaced, writer)

    @property
    def replaced(self) -> set[str]:
        """Columns of the file that are left out, since predictions have their names."""
        return {*self.added, ERROR_COLUMN}

    def through(
        self,
        source: Source,
        make_sink: Callable[[], Sink],
        check: Callable[[], None] = lambda: None,
    ) -> Summary:
        """Answer and write every row. Raises RowsRefused where errors are not passed over."""
        with closing(source):
            self._look_at_columns(source)
            with closing(make_sink()) as sink:
                for chunk in rows_of_table(source, self._deployment.schema, self._indices):
                    sink.write(chunk, *self._answer(self._read(source, chunk), len(chunk)))
                    check()
                    if self._progress:
                        self._progress(self.summary.rows, source.fraction_read())
        self.summary.notes = (*source.notes, *self.summary.notes)
        self.summary.seconds = time.perf_counter() - self._began
        return self.summary

    def _look_at_columns(self, source: Source) -> None:
        """Find the fields' columns. Raises BatchError where they do not fit."""
        schema = self._deployment.schema
        given = [name for name in self._given if name not in source.names]
        known = match_columns(
            schema, [*source.names, *given], source.name, in_lines=source.in_lines
        )
        here = len(source.names)
        self._indices = {name: index for name, index in known.items() if index < here}
        self._everywhere = {
            name: self._given[given[index - here]] for name, index in known.items() if index >= here
        }
        absent = [field.name for field in schema.fields if field.name not in known]
        if absent:
            words = _("The column {names} is missing, so typical values were used in every row.")
            self.summary.notes = (words.format(names=listed(map(repr, absent))),)
        self.added = added_columns(
            self._deployment, self._errors == "column", with_ids=self._recorder is not None
        )

    def _read(self, source: Source, chunk: Chunk) -> Reading:
        cells = {name: chunk.column(index) for name, index in self._indices.items()}
        cells |= {name: [text] * len(chunk) for name, text in self._everywhere.items()}
        reading = self._reader.read(cells, len(chunk))
        self._count(chunk, reading)
        if reading.refused and self._recorder:
            self._recorder.refused(reading.refused.values())
        if reading.refused and self._errors == "fail":
            raise RowsRefused(source.name, self.summary)
        return reading

    def _count(self, chunk: Chunk, reading: Reading) -> None:
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
        added = {name: scattered(values, accepted, rows) for name, values in predictions.items()}
        worded: dict[int, str] = {}
        added[ERROR_COLUMN] = [
            reason_in_file(reading.refused[row], worded) if row in reading.refused else None
            for row in range(rows)
        ]
        return None, added

    def _recorded(self, columns: Columns, warned: npt.NDArray[np.bool_]) -> dict[str, Values]:
        """The answers to rows, kept if they are to be."""
        return recorded(self._recorder, columns, answers(self._deployment, columns), warned)
