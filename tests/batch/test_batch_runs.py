"""How a file goes through a batch: read in blocks, cut into parts, answered, compared."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import sys
import zlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tablecast import __version__
from tablecast.batch import csv_text, parquet, predict_parts, workbook_sink
from tablecast.batch.column_reader import (
    RowsReader,
    _read_as_json,
    _read_one_by_one,
    floats_of,
    meaning,
)
from tablecast.batch.compare_deployments import Comparison, _comparison
from tablecast.batch.csv_source import CsvSource
from tablecast.batch.frame_rows import FrameGraph, _Frame, check_frame
from tablecast.batch.outcome_file import (
    _column,
    _is_blank,
    _outcome_column,
    read_outcomes,
)
from tablecast.batch.parts import cut_csv, kept, score
from tablecast.batch.parts.csv_part import CsvPart, WrongCut
from tablecast.batch.parts.inputs import InputFile, Inputs, inputs_at
from tablecast.batch.parts.locations import LocalFiles, address_errors, is_shipped
from tablecast.batch.parts.outputs import Output, _ending, output_at
from tablecast.batch.parts.part import CsvTable, Failure, Order, Part, Scored
from tablecast.batch.parts.plan import Planned, planned
from tablecast.batch.predict_file import predict_file
from tablecast.batch.predict_parts import Orders, Workers, _Run
from tablecast.batch.summary import Refused, RowsRefused, Summary
from tablecast.batch.truths import ClassTruth
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError, Remark, TableError
from tablecast.schema.field import Field
from tablecast.schema.number_formats import DECIMAL_COMMA
from tablecast.schema.schema import Schema
from tests.stand_ins import iris_schema

HEADER = "age,sex,bmi,children,smoker,region"
GOOD = "19,female,27.9,0,yes,southwest"


def source_of(content: str | bytes) -> CsvSource:
    data = content if isinstance(content, bytes) else content.encode()
    return CsvSource(io.BytesIO(data), "f.csv", ["a", "b"])


def test_a_reader_leaves_its_stream_open() -> None:
    """It is its opener's to close."""
    stream = io.BytesIO(b"a,b\n1,2\n")
    source = CsvSource(stream, "f.csv", ["a", "b"])
    assert [chunk.records for chunk in source.chunks()] == [[["1", "2"]]]
    assert source.fraction_read() == 1.0
    source.close()
    with pytest.raises(ValueError, match="detached"):
        source._text.read()
    assert not stream.closed


@pytest.mark.parametrize(
    ("content", "rows", "lines", "notes"),
    [
        ("a,b\n1,2\n\n3,4\n", [["1", "2"], ["3", "4"]], [2, 4], 0),
        ('a,b\n"1\n1",2\n3,4\n', [["1\n1", "2"], ["3", "4"]], [2, 4], 0),
        ('t\n\na,b\n"1",2\n', [["1", "2"]], [4], 1),
        ("a,b\n1,2\na,b\n3,4\n", [["1", "2"], ["3", "4"]], [2, 4], 1),
        ("a,b\n1,2\n\nThe source: x\n", [["1", "2"]], [2], 1), ("a,b\n", [], [], 0),
        ('a,b\n"1", "2"\n', [["1", "2"]], [2], 0), ("a,b\r\n1,2\r\n", [["1", "2"]], [2], 0),
        ("a,b\n1,2\n---,---\n3,4\n", [["1", "2"], ["3", "4"]], [2, 4], 0),
    ],
)  # fmt: skip
def test_rows_are_known_by_their_lines(
    content: str, rows: list[list[str]], lines: list[int], notes: int
) -> None:
    """However they are written, and whatever stands around them."""
    source = source_of(content)
    chunks = list(source.chunks())
    assert [record for chunk in chunks for record in chunk.records] == rows
    assert [line for chunk in chunks for line in chunk.lines] == lines
    assert len(source.notes) == notes
    assert source.has_returns is ("\r" in content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1\n2,3\n", "Line 2 of f.csv has 1 cell, but the header has 2"),
        ('a,b\n"1",2,3\n4,5\n', "Line 2 of f.csv has 3 cells"),
        ('a,b\n1,2\n3,"4\n5,6\n', "Line 3 of f.csv cannot be read"),
        ('"a,b\n', "Line 1 of f.csv cannot be read"),
    ],
)
def test_a_row_that_is_wrong_is_named_by_its_line(content: str, words: str) -> None:
    """Where it begins."""
    with pytest.raises(BatchError) as error:
        for _chunk in source_of(content).chunks():
            pass
    assert words in str(error.value)


def test_a_line_without_an_end_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a length it is no line of a table."""
    monkeypatch.setattr("tablecast.batch.csv_source.LINE_CHARACTERS", 60_000)
    short = "a,b\n" + "1,2\n" * 20_000
    assert sum(map(len, source_of(short + "x" * 59_000 + ",2\n").chunks())) == 20_001
    with pytest.raises(BatchError, match="a line of more than 60,000 characters"):
        list(source_of(short + "x" * 120_000 + ",2\n").chunks())


# Columns


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "2.5", ""], [1, 2.5, math.nan]), (["1\n2"], None), (["-0"], None),
        (["-0.5"], [-0.5]),
        (["1e5"], [1e5]), (["+1"], None), (["01"], None), (["1."], None),
    ],
)  # fmt: skip
def test_plain_numbers_are_read_at_once(cells: list[str], numbers: list[float] | None) -> None:
    """As JSON where they are JSON's; else one by one."""
    found = _read_as_json(cells, "\n".join(cells).encode())
    assert (found is None) is (numbers is None)
    if found is not None:
        np.testing.assert_array_equal(found, np.array(numbers))


def test_numbers_are_read_one_by_one_where_json_has_none() -> None:
    """NaN where a text is no number; nothing is read of mixed types."""
    assert _read_one_by_one(["1", "x"], b"") is None
    found = _read_one_by_one(["+1", "01", "1."], b"")
    assert found is not None
    assert found.tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_array_equal(floats_of(["1", "x", ""]), [1, math.nan, math.nan])
    np.testing.assert_array_equal(floats_of(["-0", "2"]), [0, 2])
    np.testing.assert_array_equal(floats_of([1, 2.5, None]), [1, 2.5, math.nan])
    assert floats_of(["1", 2]) is floats_of([10**400]) is floats_of([True, "a"]) is None
    assert floats_of([True]) is None


def test_what_a_cell_says() -> None:
    """Missing markers of files are missing, unless they are levels; an apostrophe is no sign."""
    field = Field("x", "category", "object", levels=("NA", "-x"))
    plain = Field("x", "category", "object", levels=("a",))
    assert [meaning(field, cell) for cell in ("NA", "'-x", "na ", 5, None)] == [
        "NA", "-x", meaning(field, "na"), 5, None,
    ]  # fmt: skip
    assert [meaning(plain, cell) for cell in (" NA ", '="007"', "a ", math.nan)] == [
        "", "007", "a", None,
    ]  # fmt: skip


def test_refusals_and_warnings_are_told_by_row() -> None:
    """A row that is refused is not warned of; what is not there is missing in all."""
    fields = (
        Field("n", "number", "float64", minimum=0, maximum=9, hard_minimum=-9, hard_maximum=99),
        Field("c", "category", "object", levels=("a",), closed=True),
        Field("o", "number", "float64", required=False),
    )
    reader = RowsReader(Schema(fields, "y", "regression"))
    read = reader.read({"n": ["1", "10", "10", "x"], "c": ["a", "a", "z", "z"]}, 4)
    assert read.warned.tolist()[1:] == [True, False, False]
    assert sorted(read.refused) == [2, 3]
    assert [remark.field for remark in read.refused[3]] == ["n", "c"]
    assert read.columns["n"][:2].tolist() == [1.0, 10.0]


# Cuts


LINES = "a line without a mark\n" * 9
CONTENTS = {
    "plain": "a,b\n" + "".join(f"{at},x\n" for at in range(130)),
    "blank lines": "a,b\n" + "".join(f"{at},x\n\n,\n" for at in range(130)),
    "quoted": "a,b\n" + "".join(f'"{at}\n""{at}""",x\n' for at in range(130)),
    "quoted returns": "a,b\r\n" + "".join(f'"{at}\r\n",x\r\n' for at in range(130)),
    "long cells": "a,b\n" + "".join(
        f'"{at}\n{LINES}",x\n' for at in range(130)
    ),
    "no end": "a,b\n" + "".join(f"{at},x\n" for at in range(129)) + "130,y",
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_cuts_are_where_rows_end_however_a_file_is_read(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks of any size: behind every twentieth row, with its line's number."""
    monkeypatch.setattr(cut_csv, "CHUNK_ROWS", 20)
    data = CONTENTS[kind].encode()
    found = []
    for size in (7, 64, 4_000_000):
        monkeypatch.setattr(cut_csv, "BLOCK", max(size, 40) if '"' in CONTENTS[kind] else size)
        found.append(cut_csv.cuts_of(io.BytesIO(data), source_of(data)))
    assert found[0] == found[1] == found[2]
    cuts = found[0]
    seen = 129 if kind == "no end" else 130  # the reader of the last part finds the last row
    assert [cut.rows for cut in cuts] == [0, 20, 40, 60, 80, 100, 120, seen]
    whole = [row for row in csv.reader(io.StringIO(data.decode(), newline="")) if any(row)][1:]
    for before, after in pairwise(cuts):
        part = data[before.offset : after.offset].decode()
        rows = [row for row in csv.reader(io.StringIO(part, newline="")) if any(row)]
        assert rows == whole[before.rows : after.rows + (after is cuts[-1])]
        assert before.line == data[: before.offset].count(b"\n") + 1


def test_a_file_whose_rows_are_too_long_to_wait_is_not_cut(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one whose line has no end, or that may end with a sum."""
    monkeypatch.setattr(cut_csv, "CHUNK_ROWS", 2)
    data = b"a,b\n" + b"1,2\n" * 8
    monkeypatch.setattr(cut_csv, "MOST_HELD", 16)
    assert len(cut_csv.cuts_of(io.BytesIO(data), source_of(data))) == 6
    monkeypatch.setattr(cut_csv, "MOST_HELD", 15)
    assert cut_csv.cuts_of(io.BytesIO(data), source_of(data)) == []
    monkeypatch.setattr(cut_csv, "MOST_HELD", 10**9)
    monkeypatch.setattr(cut_csv, "BLOCK", 8)
    long = b"a,b\n" + b"x" * 40 + b",2\n1,2\n"
    assert cut_csv.cuts_of(io.BytesIO(long), source_of(long)) == []
    total = data + b"Total,16\n"
    assert cut_csv.cuts_of(io.BytesIO(total), source_of(total)) == []
    monkeypatch.setattr(cut_csv, "LAST_BYTES", 3)
    assert len(cut_csv.cuts_of(io.BytesIO(total), source_of(total))) > 0


# Parts


def part_of(**changed: Any) -> Part:
    return replace(Part("/a/f.csv", "f.csv", "key"), **changed)


def order_of(part: Part, **changed: Any) -> Order:
    return replace(Order(part, "hash", "column", True, False), **changed)


def test_an_order_travels_as_text() -> None:
    """With all that a worker has to know."""
    table = CsvTable(["a"], ["a"], "utf-8", {"separator": ","})
    order = order_of(part_of(kind="csv", table=table, given={"k": "1"}, rows=5), into="/x")
    plain = json.loads(order.to_json())
    assert plain["version"] == __version__
    assert Order.from_json(plain) == order
    whole = order_of(part_of())
    assert Order.from_json(json.loads(whole.to_json())) == whole


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [(WrongCut("no"), "cut", ""), (RowsRefused("f", Summary(refused=1)), "rows", ""),
     (BatchError("It is so."), "error", "It is so.")],
)  # fmt: skip
def test_what_a_part_cannot_be_answered_for_is_told(
    error: Exception, kind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As data: not every engine brings an error home as it was."""
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(score._Work, "done", fail)
    monkeypatch.setattr(score, "opened", lambda *_: None)
    found = score.score(order_of(part_of()).to_json(), b"")
    assert found.failure == Failure(kind, words)  # type: ignore[arg-type]
    assert ":" in found.worker
    other = json.loads(order_of(part_of()).to_json()) | {"version": "0.0.7"}
    stranger = score.score(json.dumps(other), b"")
    assert stranger.failure is not None
    assert "pip install tablecast==0.0.7" in stranger.failure.words


def test_answers_are_written_where_they_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or sent, where there is no such folder, or nothing can be written there."""
    monkeypatch.setattr(score._Work, "done", lambda *_: b"rows")
    monkeypatch.setattr(score, "opened", lambda *_: None)
    found = []
    for into in (str(tmp_path / "0.part"), str(tmp_path / "none" / "0.part"), "", str(tmp_path)):
        found.append(score.score(order_of(part_of(), into=into).to_json(), b"").content)
    assert found[:3] == [None, b"rows", b"rows"]
    assert (tmp_path / "0.part").read_bytes() == b"rows"


def test_a_worker_sees_that_a_file_is_the_one_that_was_cut(tmp_path: Path) -> None:
    """It is there, and unchanged."""
    path = tmp_path / "f.csv"
    with pytest.raises(BatchError, match=r"finds no .*f\.csv"):
        score._unchanged(part_of(address=str(path)))
    path.write_text("a")
    with pytest.raises(BatchError, match=r"f\.csv changed while it was read"):
        score._unchanged(part_of(address=str(path)))
    files = LocalFiles()
    key = score.key_of(files, str(path))
    assert score._unchanged(part_of(address=str(path), key=key))[1] == str(path)
    assert score._sent(part_of()) is None
    assert score._sent(part_of(content="YQ==")) == b"a"
    with score._opened_file(part_of(address=str(path), key=key)) as stream:
        assert stream.read() == b"a"
    assert score._opened_file(part_of(content="YQ==")).read() == b"a"


def test_how_much_of_a_part_is_read() -> None:
    """By its bytes, of which it may have none."""
    form = {"separator": ",", "line_end": "\n", "marked": False, "skips_spaces": False,
            "block_characters": 100}  # fmt: skip
    table = CsvTable(["a", "b"], ["a", "b"], "utf-8-sig", form)
    found = CsvPart(b"1,2\n3,4\n", part_of(kind="csv", table=table, line=7, rows=2))
    assert found.fraction_read() == 0.0
    (chunk,) = found.chunks()
    assert (chunk.records, list(chunk.lines)) == ([["1", "2"], ["3", "4"]], [7, 8])
    assert (found.fraction_read(), found.size) == (1.0, 8)
    assert CsvPart(b"", part_of(kind="csv", table=table)).fraction_read() == 0.0
    for rows in (1, 3):
        wrong = CsvPart(b"1,2\n3,4\n", part_of(kind="csv", table=table, rows=rows))
        with pytest.raises(WrongCut, match=r"f\.csv cannot be cut into parts"):
            list(wrong.chunks())
    last = CsvPart(b"1,2\n3,4\n", part_of(kind="csv", table=table, rows=None))
    assert len(list(last.chunks())) == 1


def planned_of(*parts: int, **changed: Any) -> list[Planned]:
    """Files of so many parts."""
    return [
        Planned(
            InputFile(LocalFiles(), f"/in/f{at}.csv", f"f{at}.csv", **changed),
            [part_of(name=f"f{at}.csv")] * count, (), ["a"],
        )
        for at, count in enumerate(parts)
    ]  # fmt: skip


def test_one_file_has_one_header() -> None:
    """The first part's; in a folder each part has its own."""
    for is_folder, headers in ((False, [True, False, False]), (True, [True] * 3)):
        into = Output(LocalFiles(), "/out", is_folder)
        orders = Orders("hash", "skip", into).of(planned_of(2, 1))
        assert [order.header for order in orders] == headers
        assert {order.joined for order in orders} == {not is_folder}
        assert {(order.sha256, order.errors, order.into) for order in orders} == {
            ("hash", "skip", ""),
        }  # fmt: skip


def test_parts_have_names_in_their_order() -> None:
    """Within the folders of their files, where the output has folders."""
    plans = planned_of(2, 1, folder="k=1")
    names = ["part-00000.csv", "part-00001.csv", "part-00002.csv"]
    assert Output(LocalFiles(), "/o", True).names(plans) == [f"k=1/{name}" for name in names]
    one = Output(LocalFiles(), "/o.csv", False)
    assert one.names(plans) == names
    assert (one.parts_folder, Output(LocalFiles(), "/o", True).parts_folder) == (
        "/o.csv.parts", "/o",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "path", "ending"),
    [
        ("csv", "a.csv", ".csv"), ("whole", "a.tsv.gz", ".csv"), ("parquet", "a", ".parquet"),
        ("whole", "a.pq", ".parquet"), ("whole", "a.XLSX", ".xlsx"), ("whole", "a.xlsm", ".xlsm"),
        ("whole", "a.ods", ".xlsx"),
    ],
)  # fmt: skip
def test_a_part_has_its_files_ending(kind: str, path: str, ending: str) -> None:
    """Unpacked; of workbooks that of what is written."""
    assert _ending(kind, path) == ending


def test_an_output_is_a_file_or_a_folder(tmp_path: Path) -> None:
    """A folder that is there, that ends in a slash, or that has no ending where parts are meant."""
    one, many = Inputs([]), Inputs([], "/in")
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("")
    for name, inputs, is_parts, is_folder in (
        ("there", one, False, True), ("new/", one, False, True), ("new", one, False, False),
        ("new", one, True, True), ("new", many, False, True), ("new.csv", many, True, False),
    ):  # fmt: skip
        found = output_at(f"{tmp_path}/{name}", inputs, is_parts=is_parts)
        assert found.is_folder is is_folder
    with pytest.raises(BatchError, match="is a file, and not a folder"):
        output_at(f"{tmp_path}/file", one, is_parts=True)


def test_one_output_takes_files_that_are_written_alike() -> None:
    """And is neither the input nor around it."""
    into = Output(LocalFiles(), "/out/o.csv", False)
    into.check(planned_of(1, 1))
    first, second = planned_of(1, 1)
    with pytest.raises(BatchError, match=r"f1\.csv has another separator"):
        into.check([first, replace(second, written=";\n")])
    with pytest.raises(BatchError, match="predicted one by one"):
        into.check([replace(first, columns=()), replace(second, columns=())])
    into.check([replace(first, columns=())])
    with pytest.raises(BatchError, match="partitioned by folders"):
        into.check(planned_of(1, folder="k=1"))
    with pytest.raises(BatchError, match="is also the input"):
        Output(LocalFiles(), "/in/f1.csv", False).check(planned_of(1, 1))
    with pytest.raises(BatchError, match="holds the input"):
        Output(LocalFiles(), "/in", True).check(planned_of(1))
    Output(LocalFiles(), "/i", True).check(planned_of(1))


def test_the_part_that_failed_first_is_told() -> None:
    """With the rows of its file that were read before it."""
    run: Any = object.__new__(_Run)
    plans = planned_of(1, 2)
    into = Output(LocalFiles(), "/out", True)
    run._plans, run._orders = plans, Orders("h", "fail", into).of(plans)
    done = {0: Summary(rows=7), 1: Summary(rows=10, predicted=10)}
    run._kept = SimpleNamespace(done=done)
    run._failed = {}
    run._refuse_failed()
    refused = Summary(rows=5, refused=1, refusals=[Refused(2, "line 14", ())])
    run._failed = {2: Scored("w", refused, failure=Failure("rows"))}
    with pytest.raises(RowsRefused) as error:
        run._refuse_failed()
    assert str(error.value).startswith("f1.csv: 1 of the first 15 rows is refused")
    assert error.value.refusals[0].row == 12
    run._failed[1] = Scored("w", failure=Failure("error", "It is so."))
    with pytest.raises(BatchError, match=r"^It is so\.$"):
        run._refuse_failed()


def test_progress_is_told_in_rows_and_parts() -> None:
    """Once something is done."""
    run: Any = object.__new__(_Run)
    told: list[Any] = []
    run._orders, run._progress = [1, 2, 3, 4], lambda *said: told.append(said)
    run._kept = SimpleNamespace(done={})
    run._show()
    run._kept.done = {0: Summary(rows=5), 2: Summary(rows=6)}
    run._show()
    run._progress = None
    run._show()
    assert told == [(11, 0.5)]


def test_parts_are_answered_by_the_graph(iris_deployment: Deployment, tmp_path: Path) -> None:
    """A deployment that has none is told how to get one; a silent cluster is looked after."""
    with pytest.raises(BatchError, match="unset TABLECAST_ENGINE"):
        predict_parts.predict_parts(iris_deployment, "in.csv", str(tmp_path / "o"), Workers())
    assert predict_parts.QUIET == 10.0
    Workers().check()
    with Workers().started(b"graph") as cluster:
        assert cluster.workers == 1


def test_a_sheet_is_a_workbooks(fake_deployment: Deployment, tmp_path: Path) -> None:
    """Neither a CSV file nor a Parquet file has one, at once or in parts."""
    pandas = pytest.importorskip("pandas")
    (tmp_path / "in.csv").write_text(f"{HEADER}\n{GOOD}\n")
    pandas.read_csv(tmp_path / "in.csv").to_parquet(tmp_path / "in.parquet")
    for name in ("in.csv", "in.parquet"):
        out = tmp_path / f"out{Path(name).suffix}"
        with pytest.raises(BatchError, match=r"is not a workbook, so it has no sheet"):
            predict_file(fake_deployment, tmp_path / name, out, sheet="a")
        inputs = inputs_at(str(tmp_path / name))
        with pytest.raises(BatchError, match=r"is not a workbook, so it has no sheet"):
            planned(inputs, fake_deployment.schema, "a")
        (plan,) = planned(inputs, fake_deployment.schema, None)
        assert (len(plan.parts), plan.parts[0].ends) == (1, True)


def test_a_decimal_comma_is_read_from_the_beginning_on(
    fake_deployment: Deployment, tmp_path: Path
) -> None:
    """What 1.234 means may depend on rows above, so the file stays whole."""
    from tablecast.batch.parts.plan import _depends_on_rows_before

    schema = fake_deployment.schema
    assert not _depends_on_rows_before(schema)
    fields = (replace(schema.fields[0], spelling=DECIMAL_COMMA), *schema.fields[1:])
    assert _depends_on_rows_before(replace(schema, fields=fields))
    rows = "\n".join([HEADER, *[GOOD] * 4_100])
    (tmp_path / "in.csv").write_text(rows + "\n")
    inputs = inputs_at(str(tmp_path / "in.csv"))
    (plan,) = planned(inputs, schema, None)
    assert [(part.rows, part.ends, part.begins) for part in plan.parts] == [
        (2000, False, True), (2000, False, False), (None, True, False),
    ]  # fmt: skip
    assert [part.line for part in plan.parts] == [2, 2002, 4002]
    (tmp_path / "two.csv").write_text("\n".join([HEADER, *[GOOD] * 2_100, ""]))
    (two,) = planned(inputs_at(str(tmp_path / "two.csv")), schema, None)
    assert [part.rows for part in two.parts] == [2000, None]
    (whole,) = planned(inputs, schema, None, {"in.csv"})
    assert len(whole.parts) == 1


def test_files_are_removed_one_by_one(tmp_path: Path) -> None:
    """A folder only where that is meant; a store's errors say where they are from."""
    files = LocalFiles()
    (tmp_path / "f").write_text("")
    files.rm(str(tmp_path / "f"))
    assert not files.isfile(str(tmp_path / "f"))
    files.pipe_file(str(tmp_path / "g"), b"1")
    files.mv(str(tmp_path / "g"), str(tmp_path / "new" / "h"))
    assert files.glob(str(tmp_path / "**" / "h")) == [str(tmp_path / "new" / "h")]
    assert files.isdir(str(tmp_path / "new"))
    with pytest.raises(OSError, match="busy") as error, address_errors("s3://a"):
        raise OSError("busy.")
    assert (error.value.filename, error.value.strerror) == ("s3://a", "busy")
    with pytest.raises(BatchError, match=r"^s3://a cannot be used: no\.$"):  # noqa: SIM117
        with address_errors("s3://a"):
            raise ValueError("no.")
    for passed in (BatchError("No."), ImportError("none")):
        with pytest.raises(type(passed), match=str(passed)), address_errors("a"):
            raise passed
    memory = SimpleNamespace(protocol="memory")
    assert [is_shipped(one) for one in (memory, SimpleNamespace(protocol=("memory",)),
                                        SimpleNamespace(protocol="s3"), files)] == [
        True, True, False, False,
    ]  # fmt: skip


# Frames


def test_a_frame_is_read_in_steps_and_its_columns_once() -> None:
    """A column is made a list when it is asked for."""
    asked: list[int] = []
    frame = _Frame(["a", "b"], 25_000, lambda at: asked.append(at) or list(range(25_000)))
    rows = list(frame.chunks())
    assert [(len(one), one.location_of(0)) for one in rows] == [
        (10_000, ("row", 1)), (10_000, ("row", 10_001)), (5_000, ("row", 20_001)),
    ]  # fmt: skip
    assert [one.column(1)[0] for one in rows] == [0, 10_000, 20_000]
    assert asked == [1]
    assert frame.fraction_read() == 0.0
    assert (frame.begins, frame.ends, frame.in_lines, frame.notes) == (False, False, False, ())
    graph = FrameGraph(b"", "", {"prediction_label": float})
    assert graph.kept(["a", "prediction_label", "b", "prediction_error"]) == [0, 2]
    with pytest.raises(BatchError, match=r"^This takes a frame, and not builtins\.list"):
        check_frame([], "map_batches", "a frame")
    check_frame([], "append", "a frame")


# Comparisons and outcomes


def test_losses_are_compared_by_their_differences() -> None:
    """With the interval of a mean, and none of a single row."""
    old, new = np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 1.0, 1.0, 1.0])
    found = _comparison("absolute error", old, new, 5, 6)
    reach = 1.96 * float(np.std(new - old, ddof=1)) / 2
    assert (found.rows, found.rows_without_target, found.rows_refused) == (4, 5, 6)
    assert (found.old, found.new) == (3.0, 1.0)
    assert (found.low, found.high) == (pytest.approx(-2 - reach), pytest.approx(-2 + reach))
    assert found.to_json()["difference"] == -2.0
    single = _comparison("absolute error", old[:1], new[:1], 0, 0)
    assert (single.low, single.high, single.p) == (None, None, 1.0)


@pytest.mark.parametrize(
    ("p", "old", "new", "verdict"),
    [(0.05, 2.0, 1.0, "better"), (0.0501, 2.0, 1.0, "no difference"), (0.01, 1.0, 2.0, "worse"),
     (0.01, 1.0, 1.0, "no difference")],
)  # fmt: skip
def test_a_difference_is_one_below_five_in_a_hundred(
    p: float, old: float, new: float, verdict: str
) -> None:
    """And then whichever is lower is better."""
    assert Comparison("log loss", 9, 0, 0, old, new, None, None, p).verdict == verdict


@pytest.mark.parametrize(
    ("cell", "blank"),
    [(None, True), ("", True), (" ", True), (math.nan, True), (0, False), (False, False),
     ("x", False)],
)  # fmt: skip
def test_an_outcome_may_not_be_there_yet(cell: Any, blank: bool) -> None:
    """A cell that holds nothing; 0 is a value."""
    assert bool(_is_blank(cell)) is blank


def test_columns_of_outcomes_are_found_by_name() -> None:
    """The last that is there, in any letters; two of outcomes are one too many."""
    def names(*given: str) -> Any:
        return SimpleNamespace(names=list(given), name="f.csv")

    assert _column("f.csv", ["ID", "x", "Prediction_ID"], ("id", "prediction_id")) == 2
    assert _column("f.csv", ["ID", "x"], ("id", "prediction_id")) == 0
    with pytest.raises(BatchError, match=r"f\.csv has no column 'id' or 'prediction_id'"):
        _column("f.csv", ["x"], ("id", "prediction_id"))
    with pytest.raises(BatchError, match=r"f\.csv has no column 'id'\."):
        _column("f.csv", ["x"], ("id",))
    schema = iris_schema()
    assert _outcome_column(names("id", "outcome"), schema, 0) == 1
    assert _outcome_column(names("Species", "id"), schema, 1) == 0
    with pytest.raises(BatchError, match="both a column 'outcome' and a column 'species'"):
        _outcome_column(names("id", "outcome", "species"), schema, 0)
    assert _outcome_column(names("outcome", "species"), schema, 0) == 1  # which has the ids
    asked = replace(schema, fields=(replace(schema.fields[0], name="Outcome"),))
    assert _outcome_column(names("id", "outcome", "species"), asked, 0) == 2


# What hardly ever happens


def test_what_is_kept_of_a_part_is_read_again() -> None:
    """With its refusals, each with its field and its row."""
    remark = Remark("{value} is no number.", "age", {"value": "x"}, 3)
    summary = Summary(
        5, 3, 2, 1, 0.0, [Refused(4, "line 6", (remark, Remark("No.")))], ("Noted.",), True
    )
    read = kept._summary_of(json.loads(json.dumps(kept._note_of(summary))))
    assert (replace(read, refusals=[]), len(read.refusals)) == (replace(summary, refusals=[]), 1)
    (refused,) = read.refusals
    assert (refused.row, refused.location) == (4, "line 6")
    assert refused.say() == summary.refusals[0].say()
    assert [one.field for one in refused.remarks] == ["age", None]


def test_a_plan_is_compared_in_short() -> None:
    """A text as it is, and all else by its hash, whatever its keys' order."""
    assert kept._short("0.1.0") == "0.1.0"
    assert len(kept._short([1, 2])) == 64
    assert kept._short({"a": 1, "b": 2}) == kept._short({"b": 2, "a": 1}) != kept._short({"a": 1})


def test_packages_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to do without."""
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(BatchError, match="pip install pyarrow, or use CSV"):
        parquet.import_pyarrow()
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    source: Any = SimpleNamespace(sheet="s", names=["a"])
    with pytest.raises(BatchError, match=r"install tablecast\[files\]"):
        workbook_sink.NewSink(io.BytesIO(), source, [], ())

    def missing(*_: Any) -> None:
        raise TableError("zstd is not installed.")

    monkeypatch.setattr(csv_text, "opened", missing)
    with pytest.raises(BatchError, match=r"^zstd is not installed\.$"):
        csv_text.CsvText(io.BytesIO(gzip.compress(b"a,b")), "f")


@pytest.mark.parametrize(
    "error", [ValueError("x"), zlib.error("x"), EOFError("x"), RuntimeError("x")]
)
def test_a_damaged_file_is_one_line(error: Exception) -> None:
    """Whatever finds it out."""
    with pytest.raises(BatchError, match=r"^f is damaged: x\. Save it again\.$"):  # noqa: SIM117
        with workbook_sink._damage("f"):
            raise error
    with pytest.raises(KeyError), workbook_sink._damage("f"):
        raise KeyError
    with pytest.raises(BatchError, match=r"^f cannot be read: broken\.$"):  # noqa: SIM117
        with parquet._arrow_errors("f"):
            raise OSError("broken.")


def test_a_table_without_a_name_is_empty() -> None:
    """Lines that hold nothing are no header."""
    with pytest.raises(BatchError, match=r"^f\.csv is empty"):
        source_of(",\n,\n")


@pytest.mark.parametrize(
    ("cell", "text"),
    [("1.0", "1"), (" 1 ", "1"), (1, "1"), (1.0, "1"), ("1.50", "1.50"), (None, ""), ([], ""),
     (math.nan, "")],
)  # fmt: skip
def test_a_class_that_is_a_whole_number_has_one_text(cell: Any, text: str) -> None:
    """However a file has it; what is no text and no number is none."""
    whole = Schema((), "y", "classification", classes=(0, 1))
    assert ClassTruth([whole], "f")._text(cell) == text
    mixed = ClassTruth([whole, Schema((), "y", "classification", classes=("a", "1.0"))], "f")
    assert not mixed._whole
    assert mixed._text("1.0") == "1.0"


def test_an_outcome_without_an_id_is_named_by_its_line(fake_deployment: Deployment) -> None:
    """And none of the file is kept; a row without an outcome yet is counted."""
    content = "id,outcome\n,5\nx,\n"
    with pytest.raises(RowsRefused) as refused:
        read_outcomes(fake_deployment, io.BytesIO(content.encode()), "f.csv")
    assert str(refused.value).startswith("f.csv: 1 of 1 outcomes are refused, so none was kept.")
    assert refused.value.refusals[0].location == "line 2"
    assert refused.value.refusals[0].row == 0
    read = read_outcomes(fake_deployment, io.BytesIO(b"id,outcome\nx,\n,\n"), "f.csv")
    assert (read.told, read.empty, read.name) == ([], 1, "f.csv")
