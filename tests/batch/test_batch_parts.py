"""The parts of a batch one by one, each at its limits."""

from __future__ import annotations

import csv
import errno
import io
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tablecast.batch import csv_source, graph_steps, match_columns, summary, workbook_sink
from tablecast.batch.answers import scattered
from tablecast.batch.csv_chunk import CsvChunk, PlainChunk, PlainLines, plain_lines
from tablecast.batch.csv_faults import LONG_CELL, ragged, too_long, unreadable
from tablecast.batch.csv_layout import Layout, header_index, layout_of
from tablecast.batch.csv_sink import CsvSink, _need_quotes
from tablecast.batch.csv_text import CsvText
from tablecast.batch.formula_guard import (
    guarded,
    lines_are_safe,
    safe_column,
    without_apostrophe,
)
from tablecast.batch.limits import MANY_REFUSED, Limits, MostRefused
from tablecast.batch.parts import cut_csv, plan
from tablecast.batch.parts.cut_csv import Cut
from tablecast.batch.parts.inputs import InputFile, Inputs, _folder_of, _is_hidden, kind_of
from tablecast.batch.parts.locations import LocalFiles, files_at, key_of, put_when_whole, reason_of
from tablecast.batch.parts.merged import merged
from tablecast.batch.paths import check_ending, file_errors
from tablecast.batch.predict_file import Run
from tablecast.batch.summary import Refused, RowsRefused, Summary, located, reason_in_file
from tablecast.batch.truths import classes_of, text_of
from tablecast.batch.workbook_source import SheetChunk, WorkbookSource, first_rows
from tablecast.errors import BatchError, Remark
from tests.stand_ins import iris_schema


@pytest.mark.parametrize(
    ("line", "safe"),
    [
        ("a,b", True), ("-1,+2.5e3", True), ("a,=b", False), ("-1x,b", False), ("@,b", False),
        ("a,\tb", False), ("a,-5%", True), ("a=b,c-d", True),
    ],
)  # fmt: skip
def test_plain_lines_that_a_spreadsheet_would_run_are_known(line: str, safe: bool) -> None:
    """By the beginning of each cell; those that are safe are left as they are, not made anew."""
    assert lines_are_safe(["a,b", line], ",") is safe
    records = [["a", "b"], line.split(",")]
    assert (guarded(records) is records) is safe
    assert (guarded(records) == records) is safe


def test_a_column_is_made_safe_where_it_has_texts() -> None:
    """Numbers are no texts; an apostrophe is taken off only where one was put."""
    numbers = [1, -2.5, None]
    assert safe_column(numbers) is numbers
    assert safe_column(["=1", -2.5, None, "-3", "b"]) == ["'=1", -2.5, None, "-3", "b"]
    texts = ("'=1", "'1", "''=1", "=1", "'", "")
    assert [without_apostrophe(text) for text in texts] == ["=1", "'1", "''=1", "=1", "'", ""]


@pytest.mark.parametrize(
    ("block", "rows", "places", "count"),
    [
        ("a,b\n", ["a,b"], [0], 1), ("a,b", ["a,b"], [0], 1), (",b\na,\n", [",b", "a,"], [0, 1], 2),
        ("a,b\r\nc,d\r\n", ["a,b", "c,d"], [0, 1], 2), ("a,b\n\nc,d\n", ["a,b", "c,d"], [0, 2], 3),
        (",\n, \na,b\n", [", ", "a,b"], [1, 2], 3), ("\n\n", [], [], 2), ("  \n,\n", [], [], 2),
        ("-a-,b\n", ["-a-,b"], [0], 1), ("a;b,c\n", ["a;b,c"], [0], 1),
        ("a,b,c\n", None, None, 0), ("a\n", None, None, 0), ('a,"b"\n', None, None, 0),
        ("a,b\rc,d\n", None, None, 0), ("a,b\r\nc,d\re,f\r\n", None, None, 0),
        ("a,b\n---,---\n", None, None, 0), ("===,b\n", None, None, 0),
        ("a,b\n,__:\n", None, None, 0),
    ],
)  # fmt: skip
def test_a_block_of_plain_rows_is_cut_at_its_line_ends(
    block: str, rows: list[str] | None, places: list[int], count: int
) -> None:
    """Lines without a value are counted; where a line may be something else, nothing is said."""
    found = plain_lines(block, ",", 2)
    if rows is None:
        assert found is None
    else:
        assert found is not None
        assert (found.texts, list(found.places), found.count) == (rows, places, count)


def test_a_cell_may_be_as_long_as_pythons_reader_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of more characters needs a closer look; of one cell a row has a character at least."""
    monkeypatch.setattr(csv, "field_size_limit", lambda: 5)
    assert plain_lines("abc,d\n", ",", 2) is not None
    assert plain_lines("abc,de\n", ",", 2) is None
    assert plain_lines("a\n\nb\n", ",", 1) == PlainLines(["a", "b"], [0, 2], 3)


def test_rows_are_cut_and_joined() -> None:
    """As lines, as cells, or as both one behind the other; each row keeps its line's number."""
    plain = PlainChunk(["a,b", "c,dd"], [4, 6], ",", 2)
    cells = CsvChunk([["e", "f,f"]], [9])
    assert (plain.cells, plain.column(1), len(plain)) == (["a", "b", "c", "dd"], ["b", "dd"], 2)
    assert (plain.characters(), cells.characters()) == (7, 4)
    assert plain.location_of(1) == ("line", 6)
    assert plain.part(slice(1, None)) == PlainChunk(["c,dd"], [6], ",", 2)
    assert cells.part(slice(0, 0)) == CsvChunk([], [])
    both = plain.joined(cells)
    assert both == CsvChunk([["a", "b"], ["c", "dd"], ["e", "f,f"]], [4, 6, 9])
    assert (both.column(1), both.location_of(2)) == (["b", "dd", "f,f"], ("line", 9))
    assert cells.joined(plain) == CsvChunk([["e", "f,f"], ["a", "b"], ["c", "dd"]], [9, 4, 6])
    twice = plain.joined(plain)
    assert (twice.records, list(twice.lines)) == (plain.records * 2, [4, 6, 4, 6])
    sheet = SheetChunk([[1, 2.0], [None, ""]], [3, 5])
    assert sheet.joined(sheet) == SheetChunk(sheet.records * 2, [3, 5, 3, 5])
    assert sheet.part(slice(1, None)) == SheetChunk([[None, ""]], [5])
    assert (sheet.column(1), sheet.location_of(1)) == ([2, None], ("row", 5))
    assert (sheet.characters(), len(sheet)) == (0, 2)


def steps(sizes: Sequence[int], rows: int) -> list[int]:
    chunks = [CsvChunk([["x" * 10]] * size, range(size)) for size in sizes]
    return [len(chunk) for chunk in graph_steps.in_steps(chunks, rows)]


def test_steps_have_one_size_wherever_chunks_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one has the rest; long rows that wait are not held back without an end."""
    assert steps([3, 2, 9, 0, 1], 4) == [4, 4, 4, 3]
    assert steps([4, 4], 4) == [4, 4]
    assert steps([0], 4) == steps([], 4) == []
    monkeypatch.setattr(graph_steps, "MOST_HELD", 20)
    assert steps([2, 2], 4) == [4]
    assert steps([3, 1], 4) == [3, 1]


@pytest.mark.parametrize(
    ("header", "width", "front", "back", "names"),
    [
        (["a", "b", ""], 2, False, False, ["a", "b"]), (["a", "", ""], 2, False, False, ["a", ""]),
        (["a", "b", "c"], 2, False, False, ["a", "b", "c"]),
        (["a", ""], 0, False, False, ["a", ""]),
        (["a", " "], 2, False, False, ["a", " "]), (["a"], 0, True, False, ["", "a"]),
        (["a"], 0, False, True, ["a", ""]), (["a", "b", " "], 1, False, False, ["a", "b"]),
    ],
)  # fmt: skip
def test_a_header_loses_what_rows_have_not(
    header: list[str], width: int, front: bool, back: bool, names: list[str]
) -> None:
    """Empty names behind the last column; a cell that rows have more has no name."""
    assert Layout(",", 0, front, back, width).names(header) == names


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("a,b\n1,2\n", Layout(",", 0, width=2)),
        ("sep=;\na;b\n1;2\n", Layout(";", 1, width=2)),
        ("a,b\n" + "1,2,\n" * 5, Layout(",", 0, back=True)),
        ("a,b\n" + "1,2,\n" * 4 + "1,2\n", Layout(",", 0, width=3)),
        ("a,b\n" + "1,2,3\n" * 5, Layout(",", 0)),
    ],
)
def test_extra_cells_of_rows_are_found(text: str, layout: Layout) -> None:
    """Where more than four in five rows have one more than the header."""
    assert layout_of(text, ["a", "b"]) == layout


def test_the_header_has_most_of_the_names() -> None:
    """The first of several that have as many; behind the line that names the separator."""
    records = [["x"], ["A", "c"], ["a", "b"], ["a", "b"]]
    assert header_index(records, ["a", "b"], 0) == 2
    assert header_index(records, ["x", "c"], 0) == 0
    assert header_index(records, ["x", "c"], 1) == 1
    assert header_index(records, [], 0) == 0
    assert header_index([], ["a"], 1) == 0
    assert header_index([["a"]], ["a"], 1) == 0
    assert header_index([["x"]] * 30 + [["a"]], ["a"], 0) == 0
    assert header_index([["x"]] * 29 + [["a"]], ["a"], 0) == 29


@pytest.mark.parametrize(
    ("rows", "refused", "many", "most"),
    [(3, 2, 2, True), (4, 2, 2, False), (3, 2, 3, False), (5, 3, 2, True)],
)
def test_a_file_of_wrong_rows_is_not_read_to_its_end(
    rows: int, refused: int, many: int, most: bool
) -> None:
    """Where there are so many, and more than half are refused."""
    limits, done = Limits(many_refused=many), Summary(rows=rows, refused=refused)
    if not most:
        limits.check("f.csv", done, 1, 1)
        return
    with pytest.raises(MostRefused, match=rf"^f\.csv: {refused} of the first {rows} rows are"):
        limits.check("f.csv", done, 1, 1)


def test_a_result_has_so_many_times_a_files_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """And some more; the time of the processor has a limit too; neither has one by itself."""
    assert MANY_REFUSED == 10_000
    limits = Limits(times=3, more=5)
    limits.check("f.csv", Summary(), 10, 35)
    with pytest.raises(BatchError, match="many times larger"):
        limits.check("f.csv", Summary(), 10, 36)
    now = 100.0
    monkeypatch.setattr("tablecast.batch.limits.time.thread_time", lambda: now)
    limits = Limits(seconds=4.6, _began=100.0)
    for now in (100.0, 104.6):  # noqa: B007 - the clock reads it
        limits.check("f.csv", Summary(), 1, 1)
    now = 104.7
    with pytest.raises(BatchError, match=r"f\.csv takes more than 4 seconds"):
        limits.check("f.csv", Summary(), 1, 1)
    Limits(_began=0.0).check("f.csv", Summary(10**9, refused=10**9), 1, 10**12)


def test_names_are_listed_up_to_five() -> None:
    """And how many there are beyond."""
    assert match_columns._listed("abcde") == "'a', 'b', 'c', 'd', 'e'"
    assert match_columns._listed("abcdef") == "'a', 'b', 'c', 'd', 'e' and 1 more"


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["petal_length", "sepal_lenght"], ["'sepal_length' (is it the column 'sepal_lenght'?)"]),
        (["petal_length", "SEPAL_length "], []), (["petal_length", "x"], ["'sepal_length'"]),
        (["petal_length", *map(str, range(299)), "sepal_lengthx"],
         ["'sepal_length' (is it the column 'sepal_lengthx'?)"]),
        (["petal_length", *map(str, range(300)), "sepal_lengthx"], ["'sepal_length'"]),
    ],
)  # fmt: skip
def test_a_column_that_is_missing_may_be_misspelled(names: list[str], missing: list[str]) -> None:
    """The nearest name is asked for, of the first three hundred."""
    schema = iris_schema()
    if not missing:
        assert match_columns.match_columns(schema, names, "f") == {
            "sepal_length": 1, "petal_length": 0,
        }  # fmt: skip
        return
    with pytest.raises(BatchError) as error:
        match_columns.match_columns(schema, names, "f")
    assert f"f has no column {missing[0]}. " in str(error.value)


@pytest.mark.parametrize("required", [True, False])
def test_an_optional_column_is_asked_for_where_its_name_is_near(required: bool) -> None:
    """A required one is asked for sooner: six letters in ten are alike, and eight."""
    schema = iris_schema()
    fields = [replace(field, required=required) for field in schema.fields]
    changed = replace(schema, fields=tuple(fields))
    found = match_columns._missing(changed, ["petal_length"], ["sepal_le", "petal_length"])
    assert found == ["'sepal_length' (is it the column 'sepal_le'?)"]
    found = match_columns._missing(changed, ["petal_length"], ["sepal_xyzw"])
    assert bool(found) is required


def test_a_file_has_so_many_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text, more are a wrong separator's."""
    monkeypatch.setattr(match_columns, "MOST_COLUMNS", 3)
    schema, names = iris_schema(), ["sepal_length", "petal_length", "x", "y"]
    for in_lines, words in ((True, "the limit is 3. Check that"), (False, "the limit is 3.")):
        found = match_columns.match_columns(schema, names[:3], "f", in_lines=in_lines)
        assert found == {"sepal_length": 0, "petal_length": 1}
        with pytest.raises(BatchError) as error:
            match_columns.match_columns(schema, names, "f", in_lines=in_lines)
        assert f"f has 4 columns; {words}" in str(error.value)
        assert ("separator" in str(error.value)) is in_lines


def test_a_column_is_found_by_its_name() -> None:
    """As it is written, or as it means the same; not where two mean the same."""
    assert match_columns.column_of("b", ["a", "B"]) == 1
    assert match_columns.column_of("b", ["B", "b"]) == 1
    assert match_columns.column_of("bb", ["Bb", "bB"]) is None
    assert match_columns.column_of("c", ["a"]) is None


@pytest.mark.parametrize(
    ("length", "shown"), [(499, "x" * 498 + "."), (500, "x" * 499 + "."), (501, "x" * 499 + "…")]
)
def test_a_reason_in_a_file_has_five_hundred_characters(length: int, shown: str) -> None:
    """It is worded once, however many rows have it."""
    remark = Remark("x" * (length - 1) + ".")
    worded: dict[int, str] = {}
    assert reason_in_file([remark], worded) == shown
    assert list(worded) == [id(remark)]
    worded[id(remark)] = "Said."
    assert reason_in_file([remark, remark], worded) == "Said. Said."


def test_a_remark_is_located_by_its_row_and_its_line() -> None:
    """The line is for a person, the row for a program."""
    refused = Refused(4, "line 7", (Remark("No.", "age"), Remark("Nor this.", "bmi")))
    found = list(located([refused]))
    assert [(one.row, one.field, one.say()) for one in found] == [
        (4, "age", "Line 7: No."), (4, "bmi", "Line 7: Nor this."),
    ]  # fmt: skip
    assert refused.say() == "line 7: No. Nor this."
    assert [summary.location_in_words(kind, 1234) for kind in ("line", "row")] == [
        "line 1,234", "row 1,234",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 of the first 9 rows is"), (2, "2 of the first 9 rows are")]
)
def test_refused_rows_are_counted_in_words(count: int, words: str) -> None:
    """One, or more."""
    refusals = [Refused(at, f"line {at + 2}", (Remark("No."),)) for at in range(count)]
    error = RowsRefused("f.csv", Summary(rows=9, refused=count, refusals=refusals))
    assert f"f.csv: {words} refused" in str(error)
    assert (error.refused, error.refusals) == (count, tuple(refusals))
    assert "more" not in str(error)


def test_answers_go_to_the_rows_that_were_asked() -> None:
    """The others have none."""
    assert scattered(np.array([1.5, 2.5]), [0, 3], 4) == [1.5, None, None, 2.5]
    assert scattered(["a"], [1], 2) == [None, "a"]


def test_what_a_file_cannot_be_read_for_is_said() -> None:
    """In figures that a person can compare."""
    assert "more than 131,072 characters" in str(unreadable("f", LONG_CELL, 3))
    assert str(unreadable("f", "line contains NUL", 3)).startswith(
        "Line 3 of f cannot be read: line contains NUL. "
    )
    assert "more than 10,000,000 characters" in str(too_long("f", csv_source.LINE_CHARACTERS))
    assert str(ragged("f", 3, 1, 1234)).startswith(
        "Line 3 of f has 1 cell, but the header has 1,234. "
    )
    assert "has 2 cells, but" in str(ragged("f", 3, 2, 3))


@pytest.mark.parametrize(
    ("text", "characters"),
    [("", 50_000), ("x" * 24 + "\n", 50_000), ("x" * 99 + "\n" + "x" * 99, 198_000),
     ("x" * 4_000, 4_000_000)],
)  # fmt: skip
def test_a_block_has_two_thousand_lines(text: str, characters: int) -> None:
    """Of those that the text has, within limits for short and for long ones."""
    assert csv_source._characters_of(text) == characters
    assert csv_source._lines_of(["a\nb", "c\r\nd\re", "f"]) == 4


@pytest.mark.parametrize(
    ("lines", "width", "needed"),
    [(["1,2", "3,4"], 2, False), (["1,2", "3"], 2, True), (["1,2,3"], 2, True), (['1,"'], 2, True),
     (["1,\n"], 2, True), (["1,\r"], 2, True), (["1"], 1, False), ([], 2, False)],
)  # fmt: skip
def test_added_cells_may_need_quotation_marks(
    lines: list[str], width: int, needed: bool
) -> None:
    """Where one holds what cuts cells or rows, or such a mark."""
    assert _need_quotes(lines, ",", width) is needed


class Table(SimpleNamespace):
    """How a table is written."""

    def __init__(self, **changed: Any) -> None:
        super().__init__(**{
            "names": ["a", "b"], "separator": ",", "line_end": "\n", "marked": False,
            "has_returns": False, **changed,
        })  # fmt: skip


def written(table: Table, chunk: Any, rows: Any, added: Any, **options: Any) -> str:
    stream = io.BytesIO()
    sink = CsvSink(stream, table, added, **options)
    sink.write(chunk, rows, added)
    sink.close()
    return stream.getvalue().decode()


PLAIN = PlainChunk(["1,2", "3,4"], [2, 3], ",", 2)


@pytest.mark.parametrize(
    ("chunk", "rows", "added", "options", "text"),
    [
        (PLAIN, None, {"p": np.array([1.5, math.nan])}, {}, "a,b,p\n1,2,1.5\n3,4,\n"),
        (PLAIN, [1], {"p": [2.0]}, {}, "a,b,p\n3,4,2.0\n"),
        (PLAIN, [], {"p": []}, {}, "a,b,p\n"),
        (PLAIN, None, {"p": np.array([1, 2])}, {}, "a,b,p\n1,2,1\n3,4,2\n"),
        (PLAIN, None, {"p": [None, 2.5]}, {"decimal_comma": True}, 'a,b,p\n1,2,\n3,4,"2,5"\n'),
        (PLAIN, None, {"p": ["=x", None]}, {}, "a,b,p\n1,2,'=x\n3,4,\n"),
        (PLAIN, None, {"p": ["x", 'y"']}, {}, 'a,b,p\n1,2,x\n3,4,"y"""\n'),
        (PLAIN, None, {"p": ["x", "y"]}, {"header": False}, "1,2,x\n3,4,y\n"),
        (PLAIN, None, {"p": ["x", "y"]}, {"replaced": ["b"]}, "a,p\n1,x\n3,y\n"),
        (PLAIN, None, {"b": ["x", "y"]}, {"replaced": ["a", "b"]}, "b\nx\ny\n"),
        (PLAIN, None, {"p": ["", "y"]}, {"replaced": ["a", "b"]}, 'p\n""\ny\n'),
        (PlainChunk(["=1,2"], [2], ",", 2), None, {"p": ["x"]}, {}, "a,b,p\n'=1,2,x\n"),
    ],
)  # fmt: skip
def test_answers_are_written_behind_their_rows(
    chunk: Any, rows: Any, added: Any, options: Any, text: str
) -> None:
    """Without quotation marks wherever none are needed, and never as a formula."""
    assert written(Table(), chunk, rows, added, **options) == text


def test_a_file_is_written_as_it_was_read() -> None:
    """With its separator, its line ends, and its mark where it begins."""
    table = Table(separator=";", line_end="\r\n", marked=True)
    chunk = PlainChunk(["1;2"], [2], ";", 2)
    assert written(table, chunk, None, {"p": [1.5]}) == "\ufeffa;b;p\r\n1;2;1.5\r\n"
    assert written(table, chunk, None, {"p": [1.5]}, header=False) == "1;2;1.5\r\n"
    cells = CsvChunk([["1\r", "2"]], [2])
    assert written(table, cells, None, {"p": ["x"]}, header=False) == '"1\r";2;x\r\n'
    lone = Table(has_returns=True)
    cells = CsvChunk([["1\r", "2"]], [2])
    assert written(lone, cells, None, {"p": ["x"]}, header=False) == '"1\r","2","x"\n'
    quoted = CsvChunk([['"', "2"], ["3", "4"]], [2, 3])
    assert written(lone, quoted, None, {"p": ["x", "y"]}, header=False) == (
        '"""","2","x"\n"3","4","y"\n'
    )


def test_rows_are_quoted_sixteen_at_a_time() -> None:
    """Those of a group in which none needs it are written as they are."""
    rows = [[str(at), "b"] for at in range(17)]
    chunk = CsvChunk([*rows, ["x,y", "b"]], range(18))
    text = written(Table(has_returns=True), chunk, None, {"p": ["z"] * 18}, header=False)
    assert text.splitlines()[15:] == ["15,b,z", '"16","b","z"', '"x,y","b","z"']


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.csv", "csv"), ("a.CSV.gz", "csv"), ("a.tsv.zst", "csv"), ("a.gz", "csv"),
        ("a.pq", "parquet"),
        ("b\\a.Parquet", "parquet"), ("a.parquet.gz", "parquet"), ("a.xlsx", ""), ("a", ""),
        ("a.txt", "csv"), ("a.tab", "csv"), ("a.psv", "csv"), ("a.zip", ""),
    ],
)  # fmt: skip
def test_a_file_is_known_by_its_ending(path: str, kind: str) -> None:
    """Compressed or not, in any letters."""
    assert kind_of(path) == kind
    assert InputFile(LocalFiles(), path, path).kind == kind


def test_folders_give_columns() -> None:
    """By key=value; what begins with a sign is left out, unless it is such a folder."""
    names = ("a/_b/c.csv", ".a/c.csv", "_k=1/c.csv", "a/c.csv", "a/_SUCCESS", "a/b_.csv")
    assert [_is_hidden(name) for name in names] == [True, True, False, False, True, False]
    assert _folder_of("x/k=1/y/m=a=b/f=1.csv") == "k=1/m=a=b"
    file = InputFile(LocalFiles(), "f", "f", "k=1/m=a%2Fb=c/n=__HIVE_DEFAULT_PARTITION__")
    assert file.given == {"k": "1", "m": "a/b=c", "n": ""}
    assert InputFile(LocalFiles(), "f", "f").given == {}


@pytest.mark.parametrize(
    ("pattern", "folder", "reads"),
    [
        ("/a/b", "/a/b", True), ("/a/b", "/a/b/c", True), ("/a/b", "/a", False),
        ("/a/*", "/a/x/y", True), ("/a/*", "/b/x", False), ("/a/**/c", "/a/x", True),
        ("", "/a", False),
    ],
)  # fmt: skip
def test_an_output_may_be_read_the_next_time(pattern: str, folder: str, reads: bool) -> None:
    """Where it lies in the folder or the pattern that is read."""
    assert Inputs([], pattern).reads(folder) is reads


@pytest.mark.parametrize(
    ("rows", "size", "wanted", "step", "found"),
    [
        (100, 10, 4, 10, 20), (80, 10, 4, 10, 20), (81, 10, 4, 10, 20), (120, 10, 4, 10, 30),
        (9, 10, 4, 10, 10), (0, 0, 4, 10, 10), (10**9, 10**9, 2, 2_000, 500_000),
        (1_000_000, 320_000_000, 2, 2_000, 100_000), (100, 10, 1, 10, 100), (4, 10, 4, 1, 1),
    ],
)  # fmt: skip
def test_a_part_has_whole_steps(
    rows: int, size: int, wanted: int, step: int, found: int
) -> None:
    """As many as make the parts that are wanted, and no more than half a million rows or 32 MB."""
    assert plan._rows_of_a_part(rows, size, wanted, step) == found


@pytest.mark.parametrize(
    ("groups", "step", "ends"),
    [
        ([10_000] * 3, 10_000, [10_000, 20_000, 30_000]),
        ([9_000] * 3, 10_000, [10_000, 20_000, 27_000]),
        ([10_000] * 4, 20_000, [20_000, 40_000]), ([10_001, 5], 1, [10_006]), ([], 1, [0]),
        ([5_000] * 4, 10_000, [10_000, 20_000]), ([15_000, 15_000, 1], 20_000, [20_000, 30_001]),
    ],
)  # fmt: skip
def test_parquet_is_cut_at_steps_behind_groups(
    groups: list[int], step: int, ends: list[int]
) -> None:
    """Of ten thousand rows; the last part has the rest."""
    assert plan._parquet_ends(groups, step) == ends


def test_parts_of_csv_end_where_steps_do() -> None:
    """The last sixty rows stay together, as lines below the table may follow them."""
    cuts = [Cut(rows, rows, rows) for rows in (0, 2_000, 4_000, 6_000, 6_060)]
    assert [cut.rows for cut in cut_csv.chosen(cuts, 2_000)] == [0, 2_000, 4_000, 6_000, 6_060]
    assert [cut.rows for cut in cut_csv.chosen(cuts, 4_000)] == [0, 4_000, 6_060]
    cuts[-1] = Cut(6_059, 1, 1)
    assert [cut.rows for cut in cut_csv.chosen(cuts, 2_000)] == [0, 2_000, 4_000, 6_059]


@pytest.mark.parametrize(
    ("encoding", "shows"),
    [("utf-8", True), ("utf-8-sig", True), ("cp1252", True), ("utf-16", False), ("cp037", False),
     ("gbk", False), ("ascii", True)],
)  # fmt: skip
def test_line_ends_show_in_some_encodings(encoding: str, shows: bool) -> None:
    """Where a byte that looks like one is one."""
    assert cut_csv._shows(encoding) is shows


def test_a_sum_may_stand_at_the_end() -> None:
    """In any of the last cells, quoted too."""
    assert cut_csv._may_be_sum(b'1;2\n"Total" ;3\n', b";")
    assert cut_csv._may_be_sum(b"1;sum", b";")
    assert not cut_csv._may_be_sum(b"1;2\ntotals of\n", b";")


def test_parts_are_told_as_one() -> None:
    """Counts add up, rows are counted through, and a hundred refusals are listed."""
    file = SimpleNamespace(file=SimpleNamespace(name="a"), parts=[1, 2], notes=["planned"])
    other = SimpleNamespace(file=SimpleNamespace(name="b"), parts=[1], notes=[])
    one = [Refused(at, f"line {at}", ()) for at in range(60)]
    done = {
        0: Summary(100, 40, 60, 3, refusals=one, notes=("first", "all"), is_workbook=True),
        1: Summary(50, 50, 0, 1, notes=("all", "second")),
        2: Summary(60, 0, 60, refusals=one, notes=("all",)),
    }
    found = merged([file, other], done)  # type: ignore[list-item]
    assert (found.rows, found.predicted, found.refused, found.warned) == (210, 90, 120, 4)
    assert [refused.row for refused in found.refusals] == [*range(60), *range(150, 190)]
    assert found.notes == ("a: planned", "a: first", "a: second", "all")
    assert not found.is_workbook
    assert merged([file], {0: done[0]}).notes == ("planned", "first", "all")  # type: ignore[list-item]
    assert merged([file], {0: done[0], 1: done[1]}).notes == (  # type: ignore[list-item]
        "planned", "first", "second", "all",
    )  # fmt: skip
    assert merged([file], {0: done[0]}).is_workbook  # type: ignore[list-item]


def test_a_key_changes_when_a_file_does(tmp_path: Path) -> None:
    """By the surest mark that a store tells, else by the size alone."""
    for known, key in (
        ({"size": 5, "mtime": 7, "ETag": "e"}, "5-e"), ({"size": 5, "mtime": 7, "ETag": ""}, "5-7"),
        ({"size": 5}, "5-"), ({"size": 5, "created": 1, "LastModified": 2}, "5-2"),
    ):  # fmt: skip
        files: Any = SimpleNamespace(info=lambda _, known=known: known)
        assert key_of(files, "f") == key
    (tmp_path / "f").write_bytes(b"abcdef")
    files = LocalFiles()
    path = str(tmp_path / "f")
    assert files.info(path)["size"] == files.size(path) == 6
    assert [files.cat_file(path, start=start, end=end) for start, end in (
        (None, None), (2, None), (None, 2), (2, 4),
    )] == [b"abcdef", b"cdef", b"ab", b"cd"]  # fmt: skip


def test_another_programs_words_are_one_line() -> None:
    """Without their full stop, and not too long; of none the error's name."""
    assert reason_of(ValueError(" a\n  b. ")) == "a b"
    assert reason_of(ValueError("x" * 301)) == "x" * 300
    assert reason_of(ValueError("...")) == "ValueError"


def test_addresses_of_this_machine_are_paths(tmp_path: Path) -> None:
    """With file:// in any letters, or without."""
    for address in (str(tmp_path), f"file://{tmp_path}", f"FILE://{tmp_path}"):
        files, path = files_at(address)
        assert isinstance(files, LocalFiles)
        assert path == str(tmp_path)
    with pytest.raises(BatchError, match="A path is empty"):
        files_at("")


def test_a_store_gets_a_file_when_it_is_whole(tmp_path: Path) -> None:
    """Made on this machine, and put there in the end; not where that failed."""
    put: list[Any] = []

    def put_file(file: str, to: str) -> None:
        put.append((Path(file).read_bytes(), to))

    store: Any = SimpleNamespace(put_file=put_file)
    with put_when_whole(store, "s3/x") as whole:
        whole.write_bytes(b"1")
    assert put == [(b"1", "s3/x")]
    with pytest.raises(ZeroDivisionError), put_when_whole(store, "s3/x") as whole:
        raise ZeroDivisionError
    with put_when_whole(LocalFiles(), str(tmp_path / "x")) as whole:
        whole.write_bytes(b"2")
        assert not (tmp_path / "x").exists()
    assert ((tmp_path / "x").read_bytes(), len(put)) == (b"2", 1)


def test_empty_folders_are_removed_and_others_stay(tmp_path: Path) -> None:
    """Whatever stands in them."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "f").write_text("")
    files = LocalFiles()
    assert files.find(str(tmp_path)) == [str(tmp_path / "c" / "f")]
    files.rm_empty(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
    files.rm(str(tmp_path / "none"))
    files.rm(str(tmp_path / "none"), recursive=True)
    files.rm(str(tmp_path / "c"), recursive=True)
    files.rm_empty(str(tmp_path))
    assert not files.isdir(str(tmp_path))


@pytest.mark.parametrize(
    ("source", "output", "wanted"),
    [
        ("a.csv", "b.txt", None), ("a.csv", "b", None), ("a.csv", "b.XLSX", ".csv"),
        ("a.csv", "b.pq", ".csv"),
        ("a.pq", "b.parquet", None), ("a.parquet", "b.csv", ".parquet"), ("a.xls", "b.xlsx", None),
        ("a.xls", "b.xls", ".xlsx"), ("a.xlsm", "b.xlsm", None), ("a.xlsm", "b.xlsx", ".xlsm"),
        ("a.ods", "b.xlsx", None), ("a.xlsb", "b.xlsx", None), ("a.csv.gz", "b.csv", None),
    ],
)  # fmt: skip
def test_an_output_has_the_format_of_its_input(
    source: str, output: str, wanted: str | None
) -> None:
    """By its ending; what would be compressed is refused."""
    if wanted is None:
        check_ending(source, output)
    else:
        with pytest.raises(BatchError, match=rf"must end in \{wanted}\.$"):
            check_ending(source, output)
    for packed in (".gz", ".ZST", ".zip"):
        with pytest.raises(BatchError, match="would be compressed"):
            check_ending(source, f"{output}{packed}")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space.", "f"), "The file 'f' cannot be used: No space."),
        (OSError(errno.ENOSPC, "No space"), "The file cannot be used: No space."),
        (OSError("gone."), "The file cannot be used: gone."),
    ],
)
def test_what_the_system_refuses_is_one_line(error: OSError, words: str) -> None:
    """With the file's name where that is known, and one full stop."""
    with pytest.raises(BatchError) as said, file_errors():
        raise error
    assert str(said.value) == words


def test_classes_have_one_text_however_they_are_written() -> None:
    """And the names that pages have for them, where no other class has that name."""
    assert [text_of(label) for label in (1, 1.0, "A ", True)] == ["1", "1", "a", text_of(True)]
    schema = iris_schema()
    assert list(classes_of(schema).values()) == [0, 1, 2]
    shown: Any = SimpleNamespace(classes=("a", "b"), show_class={"a": "b", "b": "Bee"}.get)
    assert classes_of(shown) == {"a": 0, "b": 1, "bee": 1}


def test_columns_of_a_sheet_have_letters() -> None:
    """From A on, AA behind Z."""
    letters = ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
    numbers = [0, 25, 26, 51, 52, 701, 702]
    assert [workbook_sink._letters(number) for number in numbers] == letters
    assert [workbook_sink._column_number(text) for text in letters] == numbers


TEXT_CELL = '<c r="B2" t="inlineStr" s="3"><is><t xml:space="preserve">'


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (1.5, '<c r="B2" s="3"><v>1.5</v></c>'), (2, '<c r="B2" s="3"><v>2</v></c>'), (None, ""),
        (math.nan, ""),
        ("a<b\x00", f"{TEXT_CELL}a&lt;b\ufffd</t></is></c>"),
        (True, f"{TEXT_CELL}True</t></is></c>"),
    ],
)  # fmt: skip
def test_an_added_cell_is_a_number_or_a_text(value: Any, cell: str) -> None:
    """Nothing where there is no value."""
    assert workbook_sink._xml_cell("", "B2", value, ' s="3"') == cell


def test_a_row_of_a_sheet_may_not_be_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for up to a length; what stands between rows stays where it is."""
    class Book:
        def __init__(self, text: str) -> None:
            self.text = text

        def open(self, _part: str) -> io.BytesIO:
            return io.BytesIO(self.text.encode("utf-8-sig"))

    def pieces(text: str) -> list[str]:
        book: Any = Book(text)
        return list(workbook_sink._sheet_pieces(book, "p"))

    whole = "<s><row r='1'><c/></row> <row r='2'/></s>"
    assert pieces(whole) == ["<s>", "<row r='1'><c/></row>", " ", "<row r='2'/>", "</s>"]
    monkeypatch.setattr(workbook_sink, "PIECE", 4)
    assert "".join(pieces(whole)) == whole
    monkeypatch.setattr(workbook_sink, "LONGEST_ROW", 30)
    assert "".join(pieces(whole)) == whole
    with pytest.raises(BatchError, match="too long to be read"):
        pieces("<s><row>" + "x" * 40 + "</row></s>")


def workbook(*rows: Sequence[Any]) -> io.BytesIO:
    import openpyxl

    book, result = openpyxl.Workbook(), io.BytesIO()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    book.save(result)
    result.seek(0)
    return result


def test_a_workbook_is_read_row_by_row() -> None:
    """Behind its header; how much is read is told, and the first rows are texts."""
    moment = datetime(2024, 1, 2, 3, 4, 5)
    rows = [["a", "b"], [1.0, moment], [None, None], [2.5, "x"], ["The source: here", None]]
    source = WorkbookSource(workbook(*rows), "w", ["a"])
    assert source.fraction_read() == 0.0
    (chunk,) = source.chunks()
    assert (chunk.column(0), chunk.numbers) == ([1, 2.5], [2, 4])
    assert chunk.column(1) == ["2024-01-02T03:04:05", "x"]
    assert source.fraction_read() == 1.0
    assert len(source.notes) == 1
    assert first_rows(workbook(*rows), ["a"], 1) == [["a", "b"], ["1", "2024-01-02T03:04:05"]]
    assert first_rows(workbook(["a"]), ["a"], 1) == [["a"]]
    assert first_rows(workbook(["a", "b"], [None, 1]), ["a"], 1)[1] == ["", "1"]
    with pytest.raises(BatchError, match="is empty"):
        WorkbookSource(workbook([" "]), "w", [])
    source.close()
    assert next(source._every())[0] == 2


def test_a_workbook_of_many_rows_is_read_in_steps() -> None:
    """Of two thousand."""
    source = WorkbookSource(workbook(["a"], *([at] for at in range(2_001))), "w", ["a"])
    chunks = list(source.chunks())
    assert [len(chunk) for chunk in chunks] == [2_000, 1]
    assert chunks[1].location_of(0) == ("row", 2_002)


def test_a_parquet_columns_values_are_plain(tmp_path: Path) -> None:
    """Dates as ISO text, decimals as numbers, gaps and NaN as none; rows are counted from 1."""
    pyarrow = pytest.importorskip("pyarrow")
    from tablecast.batch.parquet import GROUP_ROWS, ParquetChunk, ParquetSource, RowGroups

    batch = pyarrow.RecordBatch.from_pydict({
        "f": [1.5, math.nan, None], "d": [date(2024, 1, 2), None, date(2024, 1, 3)],
        "t": [None, datetime(2024, 1, 2, 3), None], "n": [Decimal("1.25"), None, Decimal("2.00")],
        "s": ["a", None, "c"],
    })  # fmt: skip
    chunk = ParquetChunk(batch, 5)
    assert [chunk.column(index) for index in range(5)] == [
        [1.5, None, None], ["2024-01-02", None, "2024-01-03"], [None, "2024-01-02T03:00:00", None],
        [1.25, None, 2.0], ["a", None, "c"],
    ]  # fmt: skip
    assert (chunk.location_of(1), len(chunk)) == (("row", 7), 3)
    part = chunk.part(slice(1, None))
    assert (part.column(4), part.first, len(part)) == ([None, "c"], 6, 2)
    both = chunk.joined(part)
    assert (both.column(4), both.first) == (["a", None, "c", None, "c"], 5)
    assert chunk.characters() == batch.nbytes // 16

    numbers = pyarrow.RecordBatch.from_pydict({"x": list(range(60_000))})
    path = tmp_path / "x.parquet"
    groups = RowGroups(path, numbers.schema)
    for rows in (numbers.slice(0, 40_000), numbers, numbers.slice(0, 10)):
        groups.write(rows)
    groups.close()
    source = ParquetSource(path)
    assert source.group_rows() == [GROUP_ROWS, 10]
    assert (source.name, source.fraction_read()) == ("x.parquet", 0)
    assert not source.has_dictionaries()
    sizes = [(chunk.first, len(chunk)) for chunk in source.chunks()]
    assert sizes == [*((first, 10_000) for first in range(0, 100_000, 10_000)), (100_000, 10)]
    assert source.fraction_read() == 1.0
    source.close()
    (tmp_path / "no.parquet").write_bytes(b"no")
    with pytest.raises(BatchError, match=r"^no\.parquet is not a Parquet file: [^\n]*[^.]\.$"):
        ParquetSource(tmp_path / "no.parquet")


def test_how_much_of_a_file_is_read() -> None:
    """In bytes as it is packed; nothing of an empty one would be."""
    text = CsvText(io.BytesIO(b"a,b\n1,2\n"), "f")
    stream = text.open()
    assert text.fraction_read() == 0.0
    stream.read()
    assert text.fraction_read() == 1.0
    assert (text.size, text.marked, text.encoding, text.notes) == (8, False, "utf-8", ())
    stream.detach()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("a\n".encode("utf-8-sig"), "utf-8-sig"), ("a,b\n".encode("utf-16"), "utf-16"),
        ("a,b\n".encode("utf-32"), "utf-32"), ("aé\n".encode(), "utf-8"),
    ],
)  # fmt: skip
def test_a_mark_names_the_encoding(content: bytes, encoding: str) -> None:
    """Before anything else is tried; only UTF-8's is written again."""
    text = CsvText(io.BytesIO(content), "f")
    assert (text.encoding, text.marked) == (encoding, encoding == "utf-8-sig")
    for empty in (b"", b"\xef\xbb\xbf \r\n", b"\t\n"):
        with pytest.raises(BatchError, match="f is empty"):
            CsvText(io.BytesIO(empty), "f")
    for other in (b"%PDF-1.4", b"\x89PNG\r\n", b"a\x00\x01\x02b"):
        with pytest.raises(BatchError, match="is not a CSV file"):
            CsvText(io.BytesIO(other), "f")


def test_a_run_begins_with_nothing_done(fake_deployment: Any) -> None:
    """And says which columns it will replace."""
    run = Run(fake_deployment, "column")
    assert run.summary == Summary()
    assert run.replaced == {"prediction_error"}
    assert Summary().is_workbook is False
