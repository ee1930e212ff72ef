"""Files in parts: the same bytes, refusals and words as of one file read at once."""

from __future__ import annotations

import gzip
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from deployments import shipped_deployment

from tablecast.batch.parts import plan
from tablecast.batch.parts.inputs import inputs_at
from tablecast.batch.parts.parquet_part import ParquetPart
from tablecast.batch.parts.part import Order, Part
from tablecast.batch.parts.score import score
from tablecast.batch.predict_file import predict_file
from tablecast.batch.predict_parts import Workers, predict_parts
from tablecast.batch.summary import RowsRefused, Summary
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.files import sha256_of
from tablecast.errors import BatchError
from tests.insured import HEADER, rows_of, text, with_bad


def quoted(rows: list[str]) -> str:
    """Each row's first column is a note of more than one line, with marks and separators."""
    notes = itertools.cycle(['"two\nlines, and a ""mark"""', '""', "plain", '" "', '"a\n\n\nb"'])
    return text([f"{note},{row}" for note, row in zip(notes, rows, strict=False)], f"note,{HEADER}")


GOOD, BAD = rows_of(), with_bad(rows_of(), 3, 2_500, 2_501, 4_000, 8_999)

#: What each file is, and whether it is answered in parts.
FILES: dict[str, tuple[str | bytes, bool]] = {
    "plain": (text(GOOD), True),
    "bad rows in three parts": (text(BAD), True),
    "no line end behind the last row": (text(BAD)[:-1], True),
    "returns": (text(BAD, end="\r\n"), True),
    "a mark": ("\ufeff" + text(BAD), True),
    "semicolons": (text(BAD).replace(",", ";"), True),
    "tabs": (text(BAD).replace(",", "\t"), True),
    "quoted line ends": (quoted(BAD), True),
    "quoted line ends and returns": (quoted(BAD).replace("\n", "\r\n"), True),
    "letters of several bytes": (text([f"é 漢字,{row}" for row in BAD], f"名,{HEADER}"), True),
    "one byte a letter": (text([f"é,{row}" for row in BAD], f"n,{HEADER}").encode("cp1252"), True),
    "a title": ("The export of May\n\n" + text(BAD), True),
    "units below the names": (text(["years,,kg/m²,,,", *BAD]), True),
    "empty lines": (text([row if at % 7 else f"{row}\n\n" for at, row in enumerate(BAD)]), True),
    "footers": (text(BAD) + "\nSource: the registry\nRows: 9000\n", True),
    "padded footers": (text(BAD) + "Source: the registry,,,,,\nSeen,,,,,\n", True),
    "row names": (text([f"{at},{row}" for at, row in enumerate(BAD)]), True),
    "predictions of before": (text([f"{row},1.5" for row in BAD], f"{HEADER},prediction_label"),
                              True),
    "formulas": (text([f"=1+1,{row}" for row in BAD], f"note,{HEADER}"), True),
    "a sum": (text([*BAD, "Total,,1,,,"]), False),
    "a sum that a row above is called": (text(["Total,male,30,1,no,southeast", *BAD,
                                               "Total,,1,,,"]), False),
    "names that are repeated": (text([*BAD[:5_000], HEADER, *BAD[5_000:]]), False),
    "a short row in the middle": (text([*GOOD[:5_000], "1,2,3", *GOOD[5_000:]]), False),
    "a mark in a cell": (text([f'5" pipe,{row}' for row in BAD], f"note,{HEADER}"), False),
    "a mark in one cell": (quoted(BAD) + f'5" pipe,{BAD[0]}\n', False),
    "a mark that is not closed": (text([*GOOD, f'"{GOOD[0]}']), False),
    "spaces before marks": (quoted(BAD).replace('"two', ' "two'), False),
    "lone returns": (text(BAD[:4_000]) + "\r" + "\n".join(BAD[4_000:]), False),
    "a lone return among returns": (text(BAD[:4_000], end="\r\n") + "\r"
                                    + "\r\n".join(BAD[4_000:]), False),
    "returns here and there": ("\r\n".join([HEADER, *BAD[:100]]) + "\n" + "\n".join(BAD), True),
    "two bytes a letter": (text(BAD).encode("utf-16"), False),
    "compressed": (gzip.compress(text(BAD).encode()), False),
}


def outcome(run: Any) -> tuple[Any, ...]:
    """All that can be seen of a run but its time: what it says, or how it fails."""
    try:
        summary: Summary = run()
    except RowsRefused as refused:
        return "refused", str(refused), refused.refused, refused.refusals
    except BatchError as error:
        return "error", str(error)
    return replace(summary, seconds=0.0), summary.refusals


def assert_same(path: Path, folder: Path, errors: Any, deployment: Deployment) -> None:
    """Both ways say the same, and write the same bytes or nothing."""
    at_once, in_parts = folder / f"once{path.suffix}", folder / f"parts{path.suffix}"
    expected = outcome(lambda: predict_file(deployment, path, at_once, errors=errors))
    found = outcome(
        lambda: predict_parts(deployment, str(path), str(in_parts), Workers(), errors=errors)[0]
    )
    assert found == expected
    assert in_parts.exists() == at_once.exists()
    if at_once.exists():
        assert in_parts.read_bytes() == at_once.read_bytes()
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        {path.name, *(file.name for file in (at_once, in_parts) if file.exists())}
    )


#: Every kind of file with a reason in a column; those that differ otherwise in all three ways. The
#: quick tests have the first of them.
USUAL = "bad rows in three parts"
CASES = [
    *[(USUAL, errors) for errors in ("column", "fail", "skip")],
    *[pytest.param(kind, "column", marks=pytest.mark.thorough) for kind in FILES if kind != USUAL],
    *[pytest.param(kind, errors, marks=pytest.mark.thorough) for errors in ("fail", "skip")
      for kind in ("a mark", "quoted line ends and returns", "empty lines",
                   "units below the names", "padded footers", "a short row in the middle")],
]  # fmt: skip


@pytest.mark.parametrize(("kind", "errors"), CASES)
def test_a_file_in_parts_gives_the_bytes_of_the_whole(
    kind: str, errors: str, tmp_path: Path
) -> None:
    """However a file is written, its parts give the bytes, the words and the refusals of it."""
    content, _ = FILES[kind]
    path = tmp_path / "in.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert_same(path, tmp_path, errors, shipped_deployment("onnx"))


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_cut_where_its_bytes_show_rows(kind: str, tmp_path: Path) -> None:
    """Files are cut in general; what might be cut wrongly stays whole."""
    content, is_cut = FILES[kind]
    path = tmp_path / "in.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    schema = shipped_deployment("onnx").schema
    (planned,) = plan.planned(inputs_at(str(path)), schema, None)
    if kind in ("names that are repeated", "a short row in the middle"):
        is_cut = True  # which whoever reads the part finds out
    assert (len(planned.parts) > 1) == is_cut
    (whole,) = plan.planned(inputs_at(str(path)), schema, None, {planned.file.name})
    assert len(whole.parts) == 1


def table_of(rows: list[str]) -> pa.Table:
    """The rows as a table."""
    columns = list(zip(*(row.split(",") for row in rows), strict=True))
    names = HEADER.split(",")
    numbers = {"age": pa.int64(), "bmi": pa.float64(), "children": pa.int64()}
    arrays = [
        pa.array(column).cast(numbers.get(name, pa.string()))
        for name, column in zip(names, columns, strict=True)
    ]
    return pa.table(arrays, names=names)


@pytest.mark.thorough
@pytest.mark.parametrize("errors", ["fail", "skip"])
@pytest.mark.parametrize("group_rows", [3_000, 10_000, 12_345, 100_000])
def test_a_parquet_file_in_parts_gives_the_bytes_of_the_whole(
    group_rows: int, errors: str, tmp_path: Path
) -> None:
    """Wherever its row groups end, and if rows are left out, too."""
    rows = with_bad(rows_of(45_000), 5, 12_000, 12_001, 30_500)
    pa.parquet.write_table(table_of(rows), tmp_path / "in.parquet", row_group_size=group_rows)
    assert_same(tmp_path / "in.parquet", tmp_path, errors, shipped_deployment("onnx"))


@pytest.mark.thorough
def test_a_parquet_file_is_cut_behind_its_row_groups(tmp_path: Path) -> None:
    """At the next multiple of 10,000 rows; not at all where columns are places in a list."""
    table = table_of(rows_of(45_000))
    schema = shipped_deployment("onnx").schema
    for name, written in (("in", table), ("places", table.set_column(
        1, "sex", table["sex"].dictionary_encode()))):  # fmt: skip
        pa.parquet.write_table(written, tmp_path / f"{name}.parquet", row_group_size=12_345)
    parts = [
        [(part.start, part.end) for part in
         plan.planned(inputs_at(str(tmp_path / f"{name}.parquet")), schema, None)[0].parts]
        for name in ("in", "places")
    ]  # fmt: skip
    assert parts == [[(0, 20_000), (20_000, 30_000), (30_000, 40_000), (40_000, 45_000)],
                     [(0, 45_000)]]  # fmt: skip


def test_a_part_begins_and_ends_within_row_groups(tmp_path: Path) -> None:
    """It has the rows that it is told, numbered as in the file, wherever row groups end."""
    pa.parquet.write_table(table_of(rows_of(40)), tmp_path / "in.parquet", row_group_size=10)
    part = Part("in.parquet", "in.parquet", "", "parquet", start=17, end=35)
    with (tmp_path / "in.parquet").open("rb") as stream:
        chunks = list(ParquetPart(stream, part).chunks())
    ages = [age for chunk in chunks for age in chunk.column(0)]
    assert ages == [int(row.split(",")[0]) for row in rows_of(40)[17:35]]
    assert chunks[0].first == 17


def test_a_parquet_file_without_rows(tmp_path: Path) -> None:
    """It has its columns, and those of predictions."""
    pa.parquet.write_table(table_of(rows_of(5)).slice(0, 0), tmp_path / "in.parquet")
    assert_same(tmp_path / "in.parquet", tmp_path, "fail", shipped_deployment("onnx"))


def test_parquet_folders_that_name_a_column(tmp_path: Path) -> None:
    """A folder's text is the field's value, and columns of another type are refused."""
    rows = rows_of(40)
    for at, region in enumerate(("northeast", "southwest")):
        folder = tmp_path / "in" / f"region={region}"
        folder.mkdir(parents=True)
        table = table_of(rows[20 * at : 20 * at + 20]).drop_columns(["region"])
        pa.parquet.write_table(table, folder / "rows.parquet")
    for source in ("in", "in/*", "in/region=*/*.parquet"):
        out = tmp_path / f"out{len(source)}"
        predict_parts(shipped_deployment("onnx"), str(tmp_path / source), f"{out}/", Workers())
        found = [str(path.relative_to(out)) for path in sorted(out.rglob("*.parquet"))]
        assert found == [f"region={region}/part-0000{at}.parquet"
                         for at, region in enumerate(("northeast", "southwest"))]  # fmt: skip
        written = pa.parquet.ParquetFile(out / found[0]).read()
        assert written.column_names[-2:] == ["prediction_low", "prediction_high"]
        assert None not in written["prediction_label"].to_pylist()
    other = table.set_column(0, "age", table["age"].cast(pa.float64()))
    pa.parquet.write_table(other, folder / "rows.parquet")
    with pytest.raises(BatchError, match=r"lacks 'age \(int64\)' and has 'age \(double\)'"):
        predict_parts(shipped_deployment("onnx"), str(tmp_path / "in"), f"{out}2/", Workers())


def test_parquet_files_of_which_one_has_no_gaps_become_one(tmp_path: Path) -> None:
    """Whichever comes first: columns may have gaps then. And .pq is Parquet, too."""
    table = table_of(rows_of(30))
    sure = pa.schema([field.with_nullable(False) for field in table.schema])
    for order, schemas in (("gaps last", (sure, table.schema)), ("first", (table.schema, sure))):
        (tmp_path / order).mkdir()
        for name, schema in zip(("a.pq", "b.parquet"), schemas, strict=True):
            one = pa.table(table.columns, schema=schema)
            pa.parquet.write_table(one, tmp_path / order / name)
        out = tmp_path / order / "out" / "out.pq"
        deployment = shipped_deployment("onnx")
        predict_parts(deployment, f"{tmp_path / order}/*.p*", str(out), Workers())
        assert pa.parquet.read_table(out).num_rows == 60
        predict_file(deployment, tmp_path / order / "a.pq", out)
        assert pa.parquet.read_table(out).num_rows == 30


def test_a_worker_writes_where_the_parts_are_kept(tmp_path: Path) -> None:
    """On this machine's disk; where that cannot be, the answers are sent, with the same hash."""
    deployment = shipped_deployment("onnx")
    graph: bytes = deployment.engine.content  # type: ignore[attr-defined]
    (tmp_path / "in.csv").write_text(text(GOOD[:9]))
    (planned,) = plan.planned(inputs_at(str(tmp_path / "in.csv")), deployment.schema, None)
    order = Order(planned.parts[0], sha256_of(graph), "fail", True, True)
    sent = score(order.to_json(), graph)
    assert sent.content
    assert sent.sha256 == sha256_of(sent.content)
    for into, is_written in ((tmp_path / "0.part", True), (tmp_path / "none" / "0.part", False),
                             (tmp_path, False)):  # fmt: skip
        there = score(replace(order, into=str(into)).to_json(), graph)
        assert there.sha256 == sent.sha256
        assert there.content == (None if is_written else sent.content)
    assert (tmp_path / "0.part").read_bytes() == sent.content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.part", "in.csv"]
