"""Batches: a file in, the same file with predictions out."""

from __future__ import annotations

import csv
import gc
import io
import math
import os
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablecast.batch import csv_rows
from tablecast.batch.below_table import rows_of_table
from tablecast.batch.column_reader import (
    FEWER_REFUSALS,
    REMEMBERED,
    REMEMBERED_LENGTH,
    RowsReader,
    meaning,
)
from tablecast.batch.csv_chunk import RULED_OFF, PlainChunk
from tablecast.batch.csv_sink import CsvSink
from tablecast.batch.csv_source import CsvSource
from tablecast.batch.formula_guard import guarded
from tablecast.batch.match_columns import match_columns
from tablecast.batch.predict_file import predict_file
from tablecast.batch.summary import LISTED_REFUSALS, SHOWN_REFUSALS, Refused, RowsRefused, Summary
from tablecast.cli.progress import ProgressBar
from tablecast.data.surroundings import is_filled
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError, InvalidInput
from tablecast.inference.engine import Answer, Columns
from tablecast.schema.field import Field
from tablecast.schema.schema import Row, Schema

HEADER = "age,sex,bmi,children,smoker,region"
GOOD = "19,female,27.9,0,yes,southwest"
BAD = "19,female,27.9,0,male,southwest"

#: One field of each kind, required or not, with limits inside and outside the training range.
FIELDS = (
    Field("whole", "integer", "int64", minimum=0, maximum=9, hard_minimum=0, hard_maximum=18),
    Field("part", "number", "float64", minimum=-1.5, maximum=9.5, hard_minimum=-1, hard_maximum=99,
          required=False),
    Field("free", "number", "float64"),
    Field("closed", "category", "object", levels=("a", "B", "NA", "1", "-x", "ß"), closed=True),
    Field("open", "category", "object", levels=("x", "y"), required=False),
    Field("flag", "boolean", "bool", levels=("False", "True"), closed=True),
    Field("day", "date", "datetime64[ns]", minimum=0, maximum=1e9, hard_minimum=-1e9,
          hard_maximum=2e9, required=False),
)
SCHEMA = Schema(FIELDS, "target", "regression")

TEXT_CELLS = st.one_of(
    st.text(max_size=8),
    st.text("0123456789.+-eE _", max_size=8),
    st.integers(-20, 20).map(str),
    st.floats().map(str),
    st.sampled_from(
        ["", " ", "NA", "nan", "null", "None", "yes", "TRUE", "0", "a", "b ", "'-x", "-x", "'=1",
         "1e5", "1e00005", "1e999", "1_0", "٣", "1\n", "\ud800", "2001-02-03", "1970-01-01T00:00",
         "9" * 400, "x", "X", "ss", " 3 ", "0x1", "+.5", "5."]
    ),
)
TYPED_CELLS = st.one_of(
    TEXT_CELLS, st.none(), st.booleans(), st.integers(), st.floats(), st.just(10**400)
)


def write(path: Path, *lines: str, start: bytes = b"", end: str = "\n") -> Path:
    path.write_bytes(start + "".join(f"{line}{end}" for line in lines).encode())
    return path


def rows_of(path: Path, separator: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def predict(deployment: Deployment, folder: Path, *lines: str, **options: Any) -> Summary:
    return predict_file(
        deployment, write(folder / "in.csv", *lines), folder / "out.csv", **options
    )


def assert_reads_as_parse(rows: list[list[Any]]) -> None:
    """Every row read with others means what ``Schema.parse`` makes of it alone."""
    columns = map(list, zip(*rows, strict=True))
    cells = {field.name: column for field, column in zip(FIELDS, columns, strict=True)}
    reader = RowsReader(SCHEMA)
    for _again in range(2):  # the second time from memory
        reading = reader.read(cells, len(rows))
        for place, row in enumerate(rows):
            raw = {
                field.name: meaning(field, cell) for field, cell in zip(FIELDS, row, strict=True)
            }
            parsed = parse(raw)
            if isinstance(parsed, InvalidInput):
                assert reading.refused[place] == list(parsed.errors)
                continue
            assert place not in reading.refused
            assert reading.warned[place] == bool(parsed.warnings)
            values = [reading.columns[field.name].tolist()[place] for field in FIELDS]
            assert repr(values) == repr([_plain(value) for value in parsed.values])


def parse(raw: dict[str, Any]) -> Row | InvalidInput:
    try:
        return SCHEMA.parse(raw, text=True)
    except InvalidInput as error:
        return error


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(TEXT_CELLS, min_size=7, max_size=7), min_size=1, max_size=6))
def test_columns_of_text_read_as_parse(rows: list[list[str]]) -> None:
    """Reading a column at a time gives parse's values, warnings and errors, for any text."""
    assert_reads_as_parse(rows)


@pytest.mark.thorough
@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(TYPED_CELLS, min_size=7, max_size=7), min_size=1, max_size=6))
def test_typed_columns_read_as_parse(rows: list[list[Any]]) -> None:
    """The same for what a Parquet file may hold."""
    assert_reads_as_parse(rows)


@pytest.mark.thorough
@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["0", "5", "9", " 3 ", "10", "18", "19", "2.0", "2.5", "", "-0"]),
            st.sampled_from(["-1.5", "-1", "0.1", "9.5", "9.6", "1e1", "", "99", "99.1"]),
            st.floats(allow_nan=False).map(repr),
            st.sampled_from(["a", "b", "NA", "1"]),
            st.sampled_from(["x", "Y", "new", ""]),
            st.sampled_from(["yes", "0", "False"]),
            st.sampled_from(["1999-01-01", "", "1950-01-01", "2050-01-01"]),
        ).map(list),
        min_size=1,
        max_size=6,
    )
)
def test_nearly_valid_rows_read_as_parse(rows: list[list[str]]) -> None:
    """The same for rows of which most are valid or nearly so."""
    assert_reads_as_parse(rows)


@pytest.mark.thorough
def test_memory_of_texts_is_bounded() -> None:
    """However many distinct texts a column has, few are remembered, and all are read right."""
    reader = RowsReader(SCHEMA)
    filler = {"whole": ["1"], "free": ["1"], "closed": ["a"], "flag": ["yes"]}
    texts = [f"text {number}" for number in range(40_000)]
    cells = {name: values * len(texts) for name, values in filler.items()}
    reading = reader.read(cells | {"open": texts}, len(texts))
    assert reading.columns["open"].tolist() == texts
    assert max(len(column._accepted) + len(column._refused) for column in reader._columns) < 20_000


def test_only_short_texts_are_remembered() -> None:
    """A text as long as a cell may be is read again each time, and takes no memory afterwards."""
    reader = RowsReader(SCHEMA)
    texts = ["x" * length for length in (1, REMEMBERED_LENGTH, REMEMBERED_LENGTH + 1)]
    filler = {"whole": ["1"], "free": ["1"], "closed": ["a"], "flag": ["yes"]}
    cells = {name: values * len(texts) for name, values in filler.items()}
    (column,) = (one for one in reader._columns if one.field.name == "open")
    for _ in range(2):
        assert reader.read(cells | {"open": texts}, 3).columns["open"].tolist() == texts
        assert set(column._plain) | set(column._accepted) <= set(texts[:2])
        assert texts[0] in column._plain


@pytest.mark.thorough
def test_few_refusals_are_remembered() -> None:
    """What strangers send wrong leaves little behind that Python's collector has to look at."""
    reader = RowsReader(SCHEMA)
    wrong = [f"no number {number}" for number in range(20_000)]
    cells = {"whole": wrong, "closed": wrong, "flag": wrong, "free": ["1"] * len(wrong)}
    gc.collect()
    before, few = len(gc.get_objects()), REMEMBERED // FEWER_REFUSALS
    refused = len(reader.read(cells, len(wrong)).refused)
    gc.collect()
    assert refused == len(wrong)
    assert len(gc.get_objects()) - before < 6 * few


def test_order_and_other_columns_are_kept(fake_deployment: Deployment, tmp_path: Path) -> None:
    """Columns in any order, others among them, come back as they were with the answer added."""
    summary = predict(
        fake_deployment, tmp_path,
        "note,region,smoker,children,bmi,sex,age,charges",
        '"a, b", NORTHEAST ,No,0,27.9,female,20,', "ä,southwest,YES,1,30,Male,40,7",
    )  # fmt: skip
    assert (tmp_path / "out.csv").read_text() == (
        "note,region,smoker,children,bmi,sex,age,charges,prediction_label\n"
        '"a, b", NORTHEAST ,No,0,27.9,female,20,,5000.0\n'
        "ä,southwest,YES,1,30,Male,40,7,30000.5\n"
    )
    assert (summary.rows, summary.predicted, summary.refused) == (2, 2, 0)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_dialect_is_kept(
    fake_deployment: Deployment, tmp_path: Path, separator: str, start: bytes, end: str
) -> None:
    """Separator, byte-order mark and line ends of the answered file are those of the file."""
    lines = [line.replace(",", separator) for line in (HEADER, GOOD)]
    source = write(tmp_path / "in.csv", *lines, start=start, end=end)
    predict_file(fake_deployment, source, tmp_path / "out.csv")
    expected = [f"{lines[0]}{separator}prediction_label", f"{lines[1]}{separator}24750.5"]
    assert (tmp_path / "out.csv").read_bytes() == start + "".join(
        line + end for line in expected
    ).encode()


@pytest.mark.parametrize("errors", ["fail", "skip", "column"])
def test_refused_rows(fake_deployment: Deployment, tmp_path: Path, errors: Any) -> None:
    """Refused rows stop the run, are left out, or say why, as chosen."""
    lines = (HEADER, GOOD, "", BAD, '20,"fe\nmale",x,0,no,southeast', GOOD)
    if errors == "fail":
        with pytest.raises(RowsRefused) as caught:
            predict(fake_deployment, tmp_path, *lines, errors=errors)
        assert [refusal.location for refusal in caught.value.refusals] == ["line 4", "line 5"]
        assert "is not a choice for smoker" in str(caught.value)
        assert not (tmp_path / "out.csv").exists()
        return
    summary = predict(fake_deployment, tmp_path, *lines, errors=errors)
    assert (summary.rows, summary.predicted, summary.refused) == (4, 2, 2)
    found = rows_of(tmp_path / "out.csv")
    if errors == "skip":
        assert [row["prediction_label"] for row in found] == ["24750.5", "24750.5"]
        assert "prediction_error" not in found[0]
        return
    assert [row["prediction_label"] for row in found] == ["24750.5", "", "", "24750.5"]
    assert found[0]["prediction_error"] == ""
    assert "is not a choice for sex" in found[2]["prediction_error"]
    assert "Enter bmi as a number" in found[2]["prediction_error"]


def test_all_rows_refused(fake_deployment: Deployment, tmp_path: Path) -> None:
    """A file without one valid row still gives its columns."""
    summary = predict(fake_deployment, tmp_path, HEADER, BAD, errors="skip")
    assert (summary.predicted, summary.refused) == (0, 1)
    assert (tmp_path / "out.csv").read_text() == f"{HEADER},prediction_label\n"


def test_corrected_output_can_be_sent_again(fake_deployment: Deployment, tmp_path: Path) -> None:
    """Prediction columns of an earlier run are replaced, so its output is a valid input."""
    predict(fake_deployment, tmp_path, HEADER, GOOD, BAD, errors="column")
    corrected = (tmp_path / "out.csv").read_text().replace(",male,", ",no,").splitlines()
    predict(fake_deployment, tmp_path, *corrected)
    assert (tmp_path / "out.csv").read_text() == (
        f"{HEADER},prediction_label\n{GOOD},24750.5\n{BAD.replace('male,s', 'no,s')},4750.0\n"
    )


def test_predictions_of_plain_lines_are_replaced_too(
    fake_deployment: Deployment, tmp_path: Path
) -> None:
    """Lines without a quote, which may be copied as they are, keep no column of an earlier run."""
    predict(fake_deployment, tmp_path, f"{HEADER},prediction_label", f"{GOOD},1.0")
    assert (tmp_path / "out.csv").read_text() == f"{HEADER},prediction_label\n{GOOD},24750.5\n"


def test_classes_bring_their_probabilities(iris_deployment: Deployment, tmp_path: Path) -> None:
    """A class comes with its score, then every class's probability in the schema's order."""
    predict(iris_deployment, tmp_path, "sepal_length,petal_length", "5,1.5", "6,4.4")
    found = rows_of(tmp_path / "out.csv")
    assert list(found[0])[2:] == [
        "prediction_label", "prediction_score", "prediction_score_Iris-setosa",
        "prediction_score_Iris-versicolor", "prediction_score_Iris-virginica",
    ]  # fmt: skip
    assert [row["prediction_label"] for row in found] == ["Iris-setosa", "Iris-versicolor"]
    for row in found:
        assert row["prediction_score"] == row[f"prediction_score_{row['prediction_label']}"]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-cmd", "@x", "\tx", "\rx", "-1+1", "=", "-"])
def test_text_cells_are_safe_for_spreadsheets(
    fake_deployment: Deployment, tmp_path: Path, cell: str
) -> None:
    """A text that a spreadsheet could take for a formula starts with an apostrophe."""
    quoted = f'"{cell}"'
    predict(fake_deployment, tmp_path, f"{HEADER},{quoted}", f"{GOOD},{quoted}")
    text = (tmp_path / "out.csv").read_bytes().decode()
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert (header[6], row[6]) == (f"'{cell}", f"'{cell}")


@pytest.mark.parametrize("cell", ["-5", "+3.2", "-1e5", "-1,5", "+49123", "a=b", "", "'", "-.5"])
def test_numbers_are_left_alone(cell: str) -> None:
    """A number keeps its sign, and other text its words."""
    assert guarded([[cell, "=x"]]) == [[cell, "'=x"]]


@pytest.mark.parametrize("cell", ["-5\nx", "+1\n=2", "-5\n"])
def test_a_number_with_more_lines_is_a_text(cell: str) -> None:
    """Its first line alone would be safe, the cell as a whole is none."""
    assert guarded([["a", cell]]) == [["a", f"'{cell}"]]


def test_a_long_number_is_seen_at_once() -> None:
    """A cell as long as cells may be takes no time, whether it is a number nearly or in full."""
    digits = "9" * 130_000
    began = time.process_time()
    for cell, safe in ((f"+{digits}", f"+{digits}"), (f"-{digits}x", f"'-{digits}x")):
        assert guarded([[cell, ""]]) == [[safe, ""]]
    assert time.process_time() - began < 1


def test_level_with_a_sign_survives_a_round_trip() -> None:
    """A level that was made safe is read as that level again."""
    cells = {field.name: ["1"] for field in FIELDS[:3]} | {"closed": ["'-x"], "flag": ["1"]}
    assert RowsReader(SCHEMA).read(cells, 1).columns["closed"].tolist() == ["-x"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "in.csv is empty"),
        (b"\xef\xbb\xbf\n", "in.csv is empty"),
        (b"\x89PNG\r\n", "not a CSV file"),
        (b"PAR1\x15", "not a CSV file"),
        (f"{HEADER}\n{GOOD}\n{GOOD},1\n".encode(), "Line 3 of in.csv has 7 cells"),
        (f'{HEADER},n\n{GOOD},"a\nb"\n{GOOD}\n'.encode(), "Line 4 of in.csv has 6 cells"),
        (f"{HEADER},age\n{GOOD},1\n".encode(), "more than one column named 'age'"),
        (f"{HEADER}\n".replace("age", "ages").encode(), "no column 'age' (is it the column 'ages'"),
        (b"1,2,3\n4,5,6\n", "no column 'age', 'sex'"),
        (b",".join(b"c%d" % i for i in range(1_000_000)), "has 1,000,000 columns"),
        (b"a" * 20_000_000, "more than 10,000,000 characters"),
        (f'{HEADER}\n{GOOD}\n19,"fe\n{GOOD}\n'.encode(), "Line 3 of in.csv cannot be read"),
    ],
    ids=[
        "empty", "only a mark", "image", "parquet", "ragged",
        "ragged after a line break", "repeated", "misspelt", "no header", "million columns",
        "one line", "open quotation mark",
    ],
)  # fmt: skip
def test_no_csv(
    fake_deployment: Deployment, tmp_path: Path, content: bytes, words: str
) -> None:
    """What is no CSV file of these columns gets one message, and nothing is written."""
    source = tmp_path / "in.csv"
    source.write_bytes(content)
    with pytest.raises(BatchError) as caught:
        predict_file(fake_deployment, source, tmp_path / "out.csv", errors="column")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 600
    assert list(tmp_path.iterdir()) == [source]


def test_optional_column_may_be_absent_but_not_misspelled() -> None:
    """A column that may be empty may be left out; one with nearly its name is a slip."""
    names = ["whole", "free", "closed", "flag", "day", "open"]
    assert "part" not in match_columns(SCHEMA, names, "in.csv")
    with pytest.raises(BatchError, match="'part' \\(is it the column 'parts'"):
        match_columns(SCHEMA, [*names, "parts"], "in.csv")


def test_a_column_as_it_is_written_goes_before_one_that_means_the_same() -> None:
    """A file with -x and the '-x that a spreadsheet made of it: the field -x is the first."""
    schema = replace(SCHEMA, fields=(Field("-x", "number", "float64"),))
    assert match_columns(schema, ["'-x", "-x"], "in.csv") == {"-x": 1}
    assert match_columns(schema, ["'-x"], "in.csv") == {"-x": 0}


def test_missing_markers_are_missing_as_in_training() -> None:
    """NA in a file is a missing value, unless the table has it as a level."""
    cells = {name: ["1"] for name in ("whole", "free", "flag")} | {"closed": ["NA"], "part": ["NA"]}
    reading = RowsReader(SCHEMA).read(cells, 1)
    assert not reading.refused
    assert math.isnan(reading.columns["part"][0])
    assert reading.columns["closed"][0] == "NA"


def test_header_without_rows(fake_deployment: Deployment, tmp_path: Path) -> None:
    """An empty day gives an empty table, not an error."""
    assert predict(fake_deployment, tmp_path, HEADER).rows == 0
    assert (tmp_path / "out.csv").read_text() == f"{HEADER},prediction_label\n"


def test_rows_without_a_value_are_left_out(fake_deployment: Deployment, tmp_path: Path) -> None:
    """Blank lines, and the empty rows that spreadsheets append, are no rows."""
    summary = predict(fake_deployment, tmp_path, "", HEADER, GOOD, "", ",,,,,", "  ", GOOD, "")
    assert (summary.rows, summary.refused) == (2, 0)


class _StopsEngine:
    """Is interrupted in its second chunk."""

    def __init__(self) -> None:
        self.calls = 0

    def answer(self, columns: Columns) -> Answer:
        self.calls += 1
        if self.calls == 3:  # after the typical row and one chunk
            raise KeyboardInterrupt
        return Answer(np.zeros(len(columns["age"])))


def test_interruption_leaves_the_old_output(fake_deployment: Deployment, tmp_path: Path) -> None:
    """Stopped with Ctrl-C, a run leaves what was there before and nothing else."""
    (tmp_path / "out.csv").write_text("old")
    stopped = replace(fake_deployment, engine=_StopsEngine())
    with pytest.raises(KeyboardInterrupt):
        predict(stopped, tmp_path, HEADER, *[GOOD] * 30_000)
    assert (tmp_path / "out.csv").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv"}


def test_paths_are_checked(fake_deployment: Deployment, tmp_path: Path) -> None:
    """A missing file, the same file twice and two kinds of file are refused."""
    source = write(tmp_path / "in.csv", HEADER, GOOD)
    for read, written, words in (
        (tmp_path / "none.csv", tmp_path / "out.csv", "There is no file"),
        (source, source, "is also the input"),
        (source, tmp_path / "out.parquet", "format of the input"),
        (source, source / "out.csv", "cannot be used"),
        (source, tmp_path, "is not a file"),
        (source, Path(os.devnull), "is not a file"),
        (source, tmp_path / "out.xlsx", "format of the input"),
    ):
        with pytest.raises(BatchError, match=words):
            predict_file(fake_deployment, read, written)


@pytest.mark.thorough
def test_memory_does_not_grow_with_the_file(fake_deployment: Deployment, tmp_path: Path) -> None:
    """Five times the rows need no more memory, also where each row is long."""
    peaks = []
    for rows in (2_000, 10_000):
        source = write(tmp_path / "in.csv", f"{HEADER},note", *[f"{GOOD},{'x' * 2000}"] * rows)
        tracemalloc.start()
        predict_file(fake_deployment, source, tmp_path / "out.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 10_000_000


def test_progress_reaches_the_end(fake_deployment: Deployment, tmp_path: Path) -> None:
    """The callback learns of every chunk, in order, up to the whole file."""
    seen: list[tuple[int, float]] = []
    predict(
        fake_deployment, tmp_path, HEADER, *[GOOD] * 25_000,
        progress=lambda rows, share: seen.append((rows, share)),
    )  # fmt: skip
    assert len(seen) > 5
    assert [rows for rows, _share in seen] == sorted(rows for rows, _share in seen)
    assert [share for _rows, share in seen] == sorted(share for _rows, share in seen)
    assert seen[-1] == (25_000, 1)


def test_progress_bar_draws_on_terminals_only() -> None:
    """A terminal gets one line that is redrawn, a log a line now and then."""
    moments = iter([0.0, 0.01, 5.0, 30.0] * 2)
    for terminal in (True, False):
        stream = io.StringIO()
        stream.isatty = lambda terminal=terminal: terminal  # type: ignore[method-assign, misc]
        with ProgressBar(stream, lambda: next(moments)) as bar:
            bar(1, 0.001)
            bar(5_000, 0.5)
            bar(10_000, 1.0)
        text = stream.getvalue()
        assert "10,000 rows" in text
        assert ("1 row " in text) == terminal  # a log begins later
        assert text.count("\r") == (3 if terminal else 0)
        assert text.count("\n") == 1


@pytest.mark.parametrize("errors", ["skip", "column"])
def test_parquet(fake_deployment: Deployment, tmp_path: Path, errors: Any) -> None:
    """Parquet comes back as Parquet: types kept, answers typed, refused rows as chosen."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "id": pa.array([7, 8, 9, 10], pa.int8()),
            "age": pa.array([19.0, 20.0, None, 40.0]),
            "sex": pa.array(["female", "male", "male", "male"]).dictionary_encode(),
            "bmi": pa.array(["27.9", "30", "31", "32"]),
            "children": [0, 1, 2, 3],
            "smoker": pa.array(["yes", "no", "no", "male"]),
            "region": ["southwest"] * 4,
            "when": pa.array([1, 2, 3, 4], pa.timestamp("us")),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    summary = predict_file(
        fake_deployment, tmp_path / "in.parquet", tmp_path / "out.parquet", errors=errors
    )
    assert [refusal.location for refusal in summary.refusals] == ["row 3", "row 4"]
    found = pq.read_table(tmp_path / "out.parquet")
    kept = table if errors == "column" else table.slice(0, 2)
    assert found.select(table.column_names).equals(kept)
    labels = found["prediction_label"].to_pylist()
    assert labels == [24750.5, 5000.0] + [None] * (2 if errors == "column" else 0)
    if errors == "column":
        assert found["prediction_error"][2].as_py() == "Enter a value for age."


def test_no_parquet(fake_deployment: Deployment, tmp_path: Path) -> None:
    """A file that only has the ending is refused in one line."""
    pytest.importorskip("pyarrow")
    source = write(tmp_path / "in.parquet", HEADER, GOOD)
    with pytest.raises(BatchError, match="not a Parquet file"):
        predict_file(fake_deployment, source, tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == [source]


@pytest.fixture
def ranged_deployment(fake_deployment: Deployment) -> Deployment:
    """The formula's deployment, whose answers have a range that depends on the row."""
    edge = {
        "at": [5_000.0, 30_000.0], "offsets": [-1_000.0, -3_000.0],
        "numbers": [{"field": "age", "slope": -10.0, "low": 18.0, "high": 64.0, "typical": 39.0}],
        "levels": [{"field": "smoker", "adds": {"yes": -500.0}}],
    }  # fmt: skip
    above = {"at": [0.0], "offsets": [2_000.25], "numbers": [], "levels": []}
    interval = {"level": 0.9, "floor": 0.0, "lower": edge, "upper": above}
    description = {**fake_deployment.description, "interval": interval}
    return replace(fake_deployment, description=description)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_ranges_are_those_of_single_rows(
    ranged_deployment: Deployment, tmp_path: Path, kind: str
) -> None:
    """A number comes with both ends of its range, exactly as the API answers the row alone."""
    lines = (HEADER, GOOD, BAD, "60,male,30,1,no,northeast", "18,male,20.1,1,yes,northwest")
    source = write(tmp_path / "in.csv", *lines)
    if kind == "parquet":
        pytest.importorskip("pyarrow")
        import pandas as pd

        source = tmp_path / "in.parquet"
        pd.read_csv(tmp_path / "in.csv").to_parquet(source)
    output = tmp_path / f"out.{kind}"
    predict_file(ranged_deployment, source, output, errors="skip")
    if kind == "parquet":
        import pyarrow.parquet as pq

        found = pq.read_table(output).to_pylist()
    else:
        found = rows_of(output)
    assert list(found[0])[-3:] == ["prediction_label", "prediction_low", "prediction_high"]
    for line, row in zip((lines[1], *lines[3:]), found, strict=True):
        raw = dict(zip(HEADER.split(","), line.split(","), strict=True))
        parsed = ranged_deployment.schema.parse(raw, text=True)
        (prediction,) = ranged_deployment.predictor.predict([parsed])
        assert (float(row["prediction_low"]), float(row["prediction_high"])) == prediction.interval


def test_refused_rows_have_no_range(ranged_deployment: Deployment, tmp_path: Path) -> None:
    """A row without an answer has empty ends, whether or not others in its chunk are answered."""
    predict(ranged_deployment, tmp_path, HEADER, BAD, GOOD, errors="column")
    refused, answered = rows_of(tmp_path / "out.csv")
    assert [refused[f"prediction_{end}"] for end in ("label", "low", "high")] == ["", "", ""]
    assert float(answered["prediction_low"]) < 24750.5 < float(answered["prediction_high"])


def parts_of(text: str) -> tuple[list[list[str]], list[int]]:
    """The rows that have a value, and the lines on which they begin, by Python's reader alone."""
    rows, lines, line = [], [], 1
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    for row in reader:
        if any(row):
            rows.append(row)
            lines.append(line)
        line = reader.line_num + 1
    return rows, lines


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["1,2", "aé,", ",b", '"x, y",2', '3,"4\n5"', "", ",", '"6\r\n7",""', "8,9", " ,"]
        ),
        max_size=30,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 40),
    st.integers(1, 4),
    st.booleans(),
)
def test_blocks_are_joined_where_a_row_goes_on(
    rows: list[str], end: str, characters: int, most: int, ended: bool
) -> None:
    """However a file is cut, its rows and their lines are those of Python's reader."""
    text = end.join(["u,v", *rows, "end,"]) + (end if ended else "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tablecast.batch.csv_source.FEWEST_CHARACTERS", characters)
        patch.setattr("tablecast.batch.csv_source.MOST_CHARACTERS", characters)
        patch.setattr("tablecast.batch.csv_source.MOST_ROWS", most)
        source = CsvSource(io.BytesIO(text.encode()), "in.csv")
        chunks = list(source.chunks())
    header, *expected = zip(*parts_of(text), strict=True)
    assert source.names == header[0]
    found = [
        (record, chunk.location_of(place)[1])
        for chunk in chunks
        for place, record in enumerate(chunk.records)
    ]
    assert found == expected
    for place in (0, 1):
        cells = [cell for chunk in chunks for cell in chunk.column(place)]
        assert cells == [record[place] for record, _line in expected]


@pytest.mark.thorough
@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_a_chunk_has_few_rows(quote: str) -> None:
    """However long a file's first rows are, and however short its others, a chunk stays small."""
    lines = ["u,v", *[f"1,{'x' * 60_000}"] * 100, *[f"1,{quote}2{quote}"] * 300_000]
    source = CsvSource(io.BytesIO("\n".join(lines).encode()), "in.csv")
    sizes = [(len(chunk), chunk.characters()) for chunk in source.chunks()]
    assert sum(rows for rows, _ in sizes) == len(lines) - 1
    assert max(rows for rows, _ in sizes) == 2_000
    assert max(characters for _, characters in sizes) < 10_000_000


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("1,2,3", "Line 1,504 of in.csv has 3 cells"),
        ('1,"2', "Line 1,504 of in.csv cannot be read"),
        (f"1,{'2' * 140_000}", "Line 1,504 of in.csv cannot be read"),
    ],
    ids=["ragged", "quotation mark", "long"],
)
def test_lines_are_counted_through_all_blocks(
    monkeypatch: pytest.MonkeyPatch, last: str, words: str
) -> None:
    """An error names its line, whatever was read before: plain lines, quoted ones or none."""
    monkeypatch.setattr("tablecast.batch.csv_source.CHUNK_ROWS", 100)
    monkeypatch.setattr("tablecast.batch.csv_source.FEWEST_CHARACTERS", 1)
    lines = ["u,v", *["1,2"] * 500, *['"1\n",2'] * 250, *["", "1,2"] * 250, '"x",', "y,", last]
    source = CsvSource(io.BytesIO("\n".join(lines).encode()), "in.csv")
    with pytest.raises(BatchError) as caught:
        list(source.chunks())
    assert words.replace(",", "") in str(caught.value).replace(",", "")


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.lists(st.text('ab,;"\r\n\t =1.é-', max_size=4), min_size=2, max_size=2),
        min_size=1, max_size=5,
    ),
    st.sampled_from([",", ";"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)  # fmt: skip
def test_whatever_cells_hold_is_read_back(
    rows: list[list[str]], separator: str, end: str, comma: bool
) -> None:
    """Rows are written so that a reader finds the same cells, with and without quotation marks."""
    header = ["note", "other"]
    rows = [row for row in rows if is_filled(row)]  # blank and drawn lines are no rows
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [header, *rows]
    )
    source = CsvSource(io.BytesIO(text.getvalue().encode()), "in.csv")
    result = io.BytesIO()
    sink = CsvSink(result, source, ["x"], decimal_comma=comma)
    for chunk in source.chunks():
        sink.write(chunk, None, {"x": [0.5] * len(chunk)})
    sink.close()
    found = list(csv.reader(io.StringIO(result.getvalue().decode(), newline=""),
                            delimiter=separator))  # fmt: skip
    half = "0,5" if comma else "0.5"
    assert found == [["note", "other", "x"], *[[*guarded([row])[0], half] for row in rows]]


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.lists(st.text("ab=+-@1.e% é", max_size=4), min_size=2, max_size=2)
        .filter(is_filled)
        .filter(lambda row: not RULED_OFF.match("\n" + ";".join(row))),  # which are looked at
        min_size=1, max_size=5,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.lists(st.one_of(st.none(), st.text('ab=-;"\n', max_size=3)), min_size=5, max_size=5),
)  # fmt: skip
def test_plain_lines_are_written_as_safely(
    rows: list[list[str]], end: str, labels: list[str | None]
) -> None:
    """Lines that are not taken apart hold no formula either, beside numbers and beside texts."""
    text = end.join(["note;other", *map(";".join, rows)])
    source = CsvSource(io.BytesIO(text.encode()), "in.csv")
    result = io.BytesIO()
    sink = CsvSink(result, source, ["x", "y"])
    (chunk,) = source.chunks()
    assert isinstance(chunk, PlainChunk)
    sink.write(chunk, None, {"x": np.full(len(rows), -0.5), "y": labels[: len(rows)]})
    sink.close()
    found = list(csv.reader(io.StringIO(result.getvalue().decode(), newline=""), delimiter=";"))
    expected = [
        [*guarded([row])[0], "-0.5", *guarded([[label or ""]])[0]]
        for row, label in zip(rows, labels, strict=False)
    ]
    assert found == [["note", "other", "x", "y"], *expected]


@pytest.mark.parametrize("refused", [1, LISTED_REFUSALS, LISTED_REFUSALS + 3])
def test_refused_rows_are_listed_up_to_a_few(refused: int) -> None:
    """And how many more there are, where there are."""
    rows = tuple(Refused(at, f"line {at + 2}", ()) for at in range(refused))
    summary = Summary(rows=40, refused=refused, refusals=list(rows))
    said = str(RowsRefused("in.csv", summary)).split("\n")
    assert len(said) == 1 + min(refused, LISTED_REFUSALS) + (refused > LISTED_REFUSALS)
    assert (said[-1] == "  and 3 more") == (refused > LISTED_REFUSALS)


@pytest.mark.parametrize(("wrong", "read"), [(SHOWN_REFUSALS - 1, 2), (SHOWN_REFUSALS, 1)])
def test_a_table_is_read_until_enough_is_wrong(
    monkeypatch: pytest.MonkeyPatch, wrong: int, read: int
) -> None:
    """As many refusals as are shown end the reading; what is after them is not looked at."""
    names = [field.name for field in SCHEMA.fields if field.required]
    lines = ["2,2,q,yes"] * wrong + ["2,2,a,yes"] * 3
    asked = []

    def in_chunks(source: CsvSource, schema: Schema, indices: Any) -> Any:
        for chunk in rows_of_table(source, schema, indices):
            for _ in range(2):
                asked.append(chunk)
                yield chunk

    monkeypatch.setattr(csv_rows, "rows_of_table", in_chunks)
    content = "\n".join([",".join(names), *lines]).encode()
    with pytest.raises(InvalidInput) as refused:
        csv_rows.read_csv_rows(SCHEMA, content, "in.csv", 1000)
    assert len(asked) == read
    assert len(refused.value.errors) == min(wrong * read, SHOWN_REFUSALS)
