"""Reading, checking and preparing a table."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablecast.data import sources as table_module
from tablecast.data.inspection import inspect
from tablecast.data.sources import infer_task, prepare, read_table
from tablecast.errors import TableError
from tablecast.schema.options import ReadingOptions
from tablecast.schema.texts import fold

Read = Callable[..., pd.DataFrame]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write text or bytes to a file, and read it as a table."""

    def written(content: str | bytes, name: str = "t.csv") -> pd.DataFrame:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_table(path)

    return written


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No data-set folder, an empty cache and current folder, and no way to PyCaret's server."""
    monkeypatch.delenv("TABLECAST_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(table_module, "DATA_SETS", "http://127.0.0.1:9/{name}.csv")
    return tmp_path


def forty(**columns: Any) -> pd.DataFrame:
    """Forty rows with a numeric target ``y`` and a feature ``x``, and the columns given."""
    x = np.linspace(0.0, 1.0, 40) ** 2
    return pd.DataFrame({"x": x, **columns, "y": 3 * x + 0.5})


def reasons(table: pd.DataFrame, target: str = "y") -> dict[str, str]:
    return {column.name: str(column.reason) for column in prepare(table, target).dropped}


@pytest.mark.thorough
def test_import_leaves_pandas_out() -> None:
    """Importing the module costs no pandas."""
    code = "import sys, tablecast.data.sources; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- CSV as people write it ------------------------------------------------------------------


@pytest.mark.parametrize(
    "separator", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_and_marks(read: Read, separator: str, encoding: str) -> None:
    """Each separator, with or without a byte-order mark, gives the same table."""
    text = " age ,city\n19, Zürich \n 20 ,Bern\n".replace(",", separator)
    table = read(text.encode(encoding))
    assert table.to_dict("list") == {"age": [19, 20], "city": ["Zürich", "Bern"]}
    assert table["age"].dtype == "int64"


def test_windows_encoding_is_read_with_a_note(read: Read) -> None:
    """A file that is not UTF-8 is read as Windows-1252, and preparing it says so."""
    rows = "".join(f"{'café' if at % 2 else 'bar'},{at * at / 7}\n" for at in range(30))
    table = read(f"place,y\n{rows}".encode("cp1252"))
    assert set(table["place"]) == {"café", "bar"}
    assert any("Windows-1252" in str(note) for note in prepare(table, "y").notes)


def test_quoted_text_keeps_separators_and_newlines(read: Read) -> None:
    """A separator, a newline and a doubled quotation mark inside quotes are text."""
    table = read('a,b\n"x, y",1\n"two\nlines",2\n"say ""hi""",3\n')
    assert table["a"].tolist() == ["x, y", "two\nlines", 'say "hi"']


def test_empty_trailing_column_and_blank_lines_are_no_data(read: Read) -> None:
    """A separator at each line's end, blank lines and lines of bare separators add nothing."""
    table = read("\na,b,\n1,2,\n\n,,\n3,4,\n  \n")
    assert table.to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_none_is_a_level_among_texts_and_missing_among_numbers(read: Read) -> None:
    """ "None" stays where it can be a level; NA and empty cells are missing everywhere."""
    table = read("a,b,c\nNone,None,x\nbrick,2,NA\n NA ,3,\n")
    assert table["a"].tolist()[:2] == ["None", "brick"]
    assert table["a"].isna().tolist() == [False, False, True]
    assert table["b"].isna().tolist() == [True, False, False]
    assert table["b"].dtype == "float64"
    assert table["c"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,5", "2,25"], [1.5, 2.25]),
        (["1,234.5", "7"], [1234.5, 7.0]),
        (["1,234,567", "8"], [1234567.0, 8.0]),
        (["1,234", "5,678"], ["1,234", "5,678"]),  # asked about, in a file of semicolons
        (["12,34,567", "1,00,000"], [1234567, 100000]),
        (["1 234,5", "12\u202f345,25"], [1234.5, 12345.25]),
        (["1'234.5", "12’345.25"], [1234.5, 12345.25]),
        (["$1,234", "$5"], [1234, 5]),
        (["5 kg", "12 kg"], [5, 12]),
        (["12%", "7.5%"], [12, 7.5]),
        (["(5)", "7-"], [-5, -7]),
        (["１２", "３"], [12, 3]),
        (["4WD", "2WD"], ["4WD", "2WD"]),
        (["5 kg", "7 lb"], ["5 kg", "7 lb"]),
        (["1,5", "1.5"], ["1,5", "1.5"]),
        (["007", "x"], ["007", "x"]),
        ([".5", "1e3"], [0.5, 1000.0]),
    ],
)
def test_numbers_with_commas_only_where_one_meaning_fits(
    read: Read, cells: list[str], expected: list[object]
) -> None:
    """A comma is a decimal sign or a thousands separator only if all cells allow just that."""
    assert read("a;b\n" + "".join(f"{cell};1\n" for cell in cells))["a"].tolist() == expected


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["2024-03-01", "2023-12-31"], "2024-03-01"),
        (["01/03/2024", "31/12/2023"], "2024-03-01"),
        (["03/01/2024", "12/31/2023"], "2024-03-01"),
        (["2024-03-01 12:30", "2023-12-31 00:00"], "2024-03-01 12:30"),
        (["2024-03-01T12:30:00+02:00", "2024-03-01T12:30:00Z"], "2024-03-01 10:30"),
        (["1 Mar 2024", "12 May 2023"], "2024-03-01"),
        (["1.3.2024", "13.12.2023"], "2024-03-01"),
        (["2024-03-01", ""], "2024-03-01"),
        (["2024-03-01", "9999-12-31"], "2024-03-01"),
        (["31.12.23", "01.03.24"], "2023-12-31"),
        (["03/01/2024 1:05 PM", "12/31/2023 11:00 AM"], "2024-03-01 13:05"),
        (["2021.03.05", "2021.12.31"], "2021-03-05"),
        (["2021年8月1日", "2021年12月31日"], "2021-08-01"),
        (["3. März 2021", "24. Dezember 2020"], "2021-03-03"),
        (["March 3rd, 2021", "Dec 24, 2020"], "2021-03-03"),
    ],
)
def test_dates_in_one_format_become_dates(read: Read, cells: list[str], first: str) -> None:
    """One format that fits every cell makes a date column."""
    column = read("d;b\n" + "".join(f"{cell};1\n" for cell in cells))["d"]
    assert column.dtype == "datetime64[ns]"
    assert column[0] == pd.Timestamp(first)


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-03-01", "01/03/2024"],
        ["2024-03-01", "soon"],
        ["2024-13-01", "2024-03-01"],
        ["1.2.3", "1.2.4"],
    ],
    ids=["two formats", "a word", "month 13", "versions"],
)
def test_doubtful_dates_stay_text(read: Read, cells: list[str]) -> None:
    """What may not be a date, or may be two, stays as written."""
    assert read("d;b\n" + "".join(f"{cell};1\n" for cell in cells))["d"].tolist() == cells


def test_years_stay_numbers(read: Read) -> None:
    """Plain numbers are never dates."""
    assert read("year\n2023\n20240301\n")["year"].tolist() == [2023, 20240301]


def test_booleans_become_text(read: Read) -> None:
    """True and False, however written, are the two levels PyCaret can impute and encode."""
    table = read("a,b\nTRUE,true\nFalse,\n")
    assert table["a"].tolist() == ["True", "False"]
    assert table["b"].tolist()[0] == "True"
    assert table["b"].isna()[1]


cell = st.text(
    st.characters(codec="utf-8", categories=("L", "P", "S", "Zs"), include_characters=',;\t|"\n'),
    min_size=1,
    max_size=8,
).map(lambda text: f"v{text}v")  # a letter at both ends: no spaces to strip, no number, no marker


@pytest.mark.thorough
@given(
    rows=st.lists(st.tuples(cell, cell, st.integers(-(10**9), 10**9)), min_size=2, max_size=12),
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    newline=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_written_tables_come_back(
    read: Read,
    rows: list[tuple[str, str, int]],
    separator: str,
    quoting: int,
    newline: str,
    mark: str,
) -> None:
    """Whatever Python's csv module writes, in any dialect, is read back the same."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=newline)  # type: ignore[arg-type]
    writer.writerows([("left", "right", "number"), *rows])
    table = read(out.getvalue().encode(mark))
    read_rows = list(table.itertuples(index=False, name=None))
    # Of texts that mean the same, the most frequent spelling stands for all of them.
    assert [(fold(a), fold(b), n) for a, b, n in read_rows] == [
        (fold(a), fold(b), n) for a, b, n in rows
    ]


@pytest.mark.thorough
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_come_back_to_the_last_bit(read: Read, numbers: list[float]) -> None:
    """A float's shortest text is read as the same float."""
    assert read("n\n" + "".join(f"{n!r}\n" for n in numbers))["n"].tolist() == numbers


@pytest.mark.thorough
@given(st.binary(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_table_or_a_table_error(read: Read, content: bytes) -> None:
    """No content of a file raises anything but TableError."""
    for name in ("t.csv", "t.parquet"):
        try:
            assert len(read(content, name)) > 0
        except TableError as error:
            assert name in str(error) or "column" in str(error)


# --- other sources ---------------------------------------------------------------------------


def test_parquet_keeps_its_kinds(tmp_path: Path) -> None:
    """Dates, missing numbers, categories and stray spaces in names survive Parquet."""
    table = forty(
        when=pd.date_range("2024-01-01", periods=40, tz="Europe/Zurich"),
        count=pd.array([1, 2, None, 4] * 10, dtype="Int64"),
        grade=pd.Categorical(["1", "2"] * 20),
        flag=pd.array([True, False] * 20, dtype="boolean"),
    ).rename(columns={"x": " x "})
    table.to_parquet(tmp_path / "t.parquet")
    kinds = prepare(read_table(tmp_path / "t.parquet"), "y").table.dtypes.astype(str).to_dict()
    assert kinds == {
        "x": "float64",
        "when": "datetime64[ns]",
        "count": "float64",
        "grade": "object",
        "flag": "object",
        "y": "float64",
    }


class _Files(BaseHTTPRequestHandler):
    content: ClassVar[dict[str, bytes]] = {
        "/t": b"a,b\n1,2\n",
        "/page.csv": b"\n<!DOCTYPE html><title>log in</title>",
    }

    def do_GET(self) -> None:
        body = self.content.get(self.path.split("?")[0])
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Files) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def test_urls(server: str) -> None:
    """CSV and Parquet are read from a URL, whatever its ending and its query."""
    buffer = io.BytesIO()
    pd.DataFrame({"a": [1], "b": [2]}).to_parquet(buffer)
    _Files.content["/t.parquet"] = buffer.getvalue()
    for path in ("/t?key=1", "/t.parquet"):
        assert read_table(server + path).to_dict("list") == {"a": [1], "b": [2]}


@pytest.mark.parametrize(
    ("path", "words"), [("/gone.csv?key=secret", "404"), ("/page.csv", "web page")]
)
def test_url_without_a_table(server: str, path: str, words: str) -> None:
    """A missing file and a web page are named for what they are, without the query's secrets."""
    with pytest.raises(TableError, match=words) as caught:
        read_table(server + path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/t.csv", "http://", "http://[1/t.csv"])
def test_url_that_cannot_be_fetched(url: str) -> None:
    """A server that does not answer, or an address that is none, is a clear error."""
    with pytest.raises(TableError, match="cannot be fetched"):
        read_table(url)


def test_data_set_folder_comes_first(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is looked for in the TABLECAST_DATA folder before anywhere else."""
    folder = nowhere / "data"
    folder.mkdir()
    (folder / "tiny.csv").write_text("a\n1\n")
    (nowhere / "tiny.csv").write_text("a\n2\n")
    assert read_table("tiny")["a"].tolist() == [2]
    monkeypatch.setenv("TABLECAST_DATA", str(folder))
    assert read_table("tiny")["a"].tolist() == [1]


def test_data_set_is_fetched_once(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """A data set from PyCaret's address is kept in the cache, byte for byte."""
    monkeypatch.setattr(table_module, "DATA_SETS", server + "/{name}")
    first = read_table("t")
    assert (nowhere / "cache/tablecast/t.csv").read_bytes() == _Files.content["/t"]
    monkeypatch.setattr(table_module, "DATA_SETS", server + "/gone/{name}")
    pd.testing.assert_frame_equal(read_table("t"), first)


def test_get_data_knows_the_rest(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What PyCaret's address does not have is asked of get_data, and cached too."""
    asked = []

    def get_data(name: str, verbose: bool) -> pd.DataFrame:
        asked.append((name, verbose))
        return pd.DataFrame({"a": [1, 2]})

    monkeypatch.setitem(sys.modules, "pycaret.datasets", types.SimpleNamespace(get_data=get_data))
    assert read_table("airline")["a"].tolist() == [1, 2]
    assert read_table("airline")["a"].tolist() == [1, 2]
    assert asked == [("airline", False)]
    assert (nowhere / "cache/tablecast/airline.csv").is_file()


def test_unknown_data_set(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name found nowhere is answered with the nearest known one, and leaves no file."""
    (nowhere / "insurance.csv").write_text("a\n1\n")
    monkeypatch.setitem(sys.modules, "pycaret.datasets", None)
    with pytest.raises(TableError, match="Did you mean 'insurance'"):
        read_table("insurence")
    assert not (nowhere / "cache").exists()


# --- what is refused -------------------------------------------------------------------------


def test_no_such_file_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt path is answered with the file that was probably meant."""
    (tmp_path / "insurance.csv").write_text("a\n1\n")
    with pytest.raises(TableError, match=r"Did you mean '.*insurance\.csv'"):
        read_table(tmp_path / "insurence.csv")
    with pytest.raises(TableError, match="folder does not exist"):
        read_table(tmp_path / "none" / "t.csv")
    with pytest.raises(TableError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(TableError, match="no file"):
        read_table("a\0b.csv")


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "t.csv", "is empty"),
        (b"\xef\xbb\xbf\n \n", "t.csv", "is empty"),
        (b"", "t.parquet", "is empty"),
        (b"a,b\n", "t.csv", "header but no rows"),
        (b"PK\x03\x04 rest of a workbook", "t.csv", "not a text file"),
        (b"PK\x03\x04 rest of a workbook", "t.xlsx", "cannot be read as a workbook"),
        (b"\x1f\x8b rest of an archive", "t.csv.gz", "is damaged"),
        (b"a,b\n\x00\x01,2", "t.csv", "not a text file"),
        (b"a,b\n1,2", "t.parquet", "not a Parquet file"),
        (b"PAR1 cut short", "t.parquet", "damaged"),
        (b"a\n1", "t.docx", r"ends in '\.docx'"),
        (b"a,b\n1,2\n3\n", "t.csv", "Line 3 .* has 1 cell, but the header has 2"),
        (b'a,b\n1,2\n"3\n3",4\n5,6,7\n', "t.csv", "Line 5 .* has 3 cells"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "t.csv", "quotation mark"),
        (b'"x:","x["\n1,2\n', "t.csv", "'x:' and 'x\\['"),
        (b'":",x\n1,2\n', "t.csv", "only characters that PyCaret removes"),
        (b"prediction_label,x\n1,2\n", "t.csv", "'prediction_label'"),
    ],
)
def test_files_that_are_no_table(read: Read, content: bytes, name: str, words: str) -> None:
    """Each kind of broken file is named for what it is."""
    with pytest.raises(TableError, match=words):
        read(content, name)


def test_names_that_differ_in_case_are_two_columns(read: Read) -> None:
    """Only equal names are refused."""
    assert list(read("a,A\n1,2\n").columns) == ["a", "A"]


@pytest.mark.parametrize(
    ("table", "target", "words"),
    [
        (forty(), "Yy", "no column 'Yy'. Did you mean 'y'"),
        (forty(z=np.nan), "z", "missing in every row"),
        (forty(z="one"), "z", "has the same value, 'one'"),
        (forty(z=[at * 1e300 for at in range(40)]), "z", "too large, or too near to one another"),
        (forty(z=[at * 1e-300 for at in range(40)]), "z", "Give them in another unit"),
        (forty(z=np.inf), "z", "missing in every row"),
        (forty(big=[at * 1e300 for at in range(40)]), "y", "'big' holds 3.9e.301, .*--drop big"),
        (forty(z=[1.5] * 19 + [np.nan] * 21), "z", "Only 19 rows .* at least 20"),
        (forty().head(19), "y", "Only 19 rows"),
        (
            forty(z=["rare"] + ["common", "other", "other"] * 13), "z",
            "The value 'rare' of z occurs only once",
        ),
        (forty(z=pd.date_range("2024", periods=40)), "z", "holds dates"),
        (forty(z=[[1]] * 40), "z", "neither numbers nor text"),
        (forty()[["y"]], "y", "No column is left"),
        (forty()[["y"]].assign(id=range(40)), "y", "'id': it looks like an ID"),
    ],
)
def test_tables_that_cannot_be_trained_on(table: pd.DataFrame, target: str, words: str) -> None:
    """Each reason not to train is said before training starts."""
    with pytest.raises(TableError, match=words):
        prepare(table, target)


def test_regression_on_text_names_the_cell() -> None:
    """A number column with one stray text names that text."""
    table = forty(z=[*map(str, range(39)), "soon"])
    with pytest.raises(TableError, match=r"text such as 'soon'"):
        prepare(table, "z", task="regression")


# --- the task --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "target", "task"),
    [
        ("insurance", "charges", "regression"),
        ("insurance", "children", "regression"),
        ("insurance", "smoker", "classification"),
        ("house", "SalePrice", "regression"),
        ("house", "OverallQual", "regression"),
        ("iris", "species", "classification"),
        ("glass", "Type", "classification"),
        ("wine", "quality", "regression"),
        ("wine", "type", "classification"),
    ],
)
def test_task_of_the_real_tables(
    real_table: Callable[[str], Path], name: str, target: str, task: str
) -> None:
    """The task that a person would choose is inferred, and said with its reason."""
    prepared = prepare(read_table(real_table(name)), target)
    assert prepared.task == task
    assert prepared.table.columns[-1] == target
    (said,) = [str(note) for note in prepared.notes if str(note).startswith(f"Task: {task} (")]
    assert target in said


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1] * 20, "classification"),
        ([0.0, 1.0] * 20, "classification"),
        ([True, False] * 20, "classification"),
        (["a", "b", "c", "d"] * 10, "classification"),
        (pd.Categorical([1, 2, 3, 4] * 10), "classification"),
        ([0, 1, 2, 2] * 10, "classification"),
        (list(range(10)) * 20, "classification"),
        (list(range(11)) * 20, "classification"),
        (list(range(40)), "regression"),
        ([0.5, 1.0, 1.5, 2.0] * 10, "regression"),
        (list(range(12)) * 3, "regression"),
        ([0] * 90 + [1] * 60 + [2] * 30 + [3] * 10 + [4] * 2, "regression"),
        ([0] * 90 + [1] * 60 + [2] * 30 + [3] * 10 + [5] * 2, "classification"),
        ([0] * 90 + [1] * 10 + [2] * 90 + [3] * 10 + [4] * 2, "classification"),
    ],
)
def test_task_rules(values: Any, task: str) -> None:
    """Few, gapped, even or unordered whole numbers are codes; graded ones are amounts."""
    assert infer_task(pd.Series(values)) == task


def test_task_can_be_chosen(real_table: Callable[[str], Path]) -> None:
    """What is asked for overrides what would be inferred."""
    wine = read_table(real_table("wine"))
    assert prepare(wine, "quality", task="classification").task == "classification"


def test_codes_with_a_gap_in_the_column_stay_whole() -> None:
    """A class read as 1.0, because another row lacks one, is still class 1."""
    prepared = prepare(forty(z=[1.0, 2.0, 2.0, np.nan] * 10), "z")
    assert prepared.table["z"].dtype == "int64"
    assert any("10 rows without a value in z" in str(note) for note in prepared.notes)


# --- what is dropped and flagged ---------------------------------------------------------------


def test_house_keeps_its_levels_and_loses_its_id(real_table: Callable[[str], Path]) -> None:
    """The house table's Id goes, with a reason, and the level "None" stays."""
    prepared = prepare(read_table(real_table("house")), "SalePrice")
    assert [column.name for column in prepared.dropped] == ["Id"]
    assert prepared.table.shape == (1460, 80)
    assert (prepared.table["MasVnrType"] == "None").sum() == 864
    assert prepared.table["MasVnrType"].isna().sum() == 8
    assert any("Alley is missing in 93%" in str(note) for note in prepared.notes)


WORDS = ["the", "tenant", "wrote", "a", "long", "letter", "about", "the", "heating"]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ({"z": np.nan}, "empty"),
        ({"z": 7}, "same value (“7”)"),
        ({"z": ["a", None] * 20}, "only value is “a”"),
        ({"z": range(5, 45)}, "numbers the rows"),
        ({"z": [*range(20, 40), *range(20)]}, "numbers the rows"),
        ({"customer_id": np.arange(40) ** 2}, "looks like an ID"),
        ({"customerId": np.arange(40) ** 2}, "looks like an ID"),
        ({"z": [f"u-{at * 7919}" for at in range(40)]}, "a different text in every row"),
        ({"z": [" ".join([*WORDS[at % 9 :], str(at), *WORDS]) for at in range(40)]}, "free text"),
        ({"z": [[at] for at in range(40)]}, "neither"),
        ({"z": pd.to_timedelta(range(40), unit="h")}, "neither"),
    ],
)
def test_columns_that_are_no_features(column: dict[str, Any], reason: str) -> None:
    """Each is left out, with its reason."""
    found = reasons(forty(**column))
    assert list(found) == list(column)
    assert reason in found[next(iter(column))]


@pytest.mark.parametrize(
    "values",
    [
        np.arange(40) ** 2,
        np.linspace(0, 1, 40),
        range(1980, 2020),
        pd.date_range("2024-01-01", periods=40),
        [f"ticket {at // 2}" for at in range(40)],
    ],
    ids=["whole measures", "measures", "years", "dates", "shared tickets"],
)
def test_columns_that_only_look_like_ids_stay(values: Any) -> None:
    """A measure, a year or a date may differ in every row."""
    assert reasons(forty(z=values)) == {}


def test_flags_are_said() -> None:
    """Duplicate rows, mostly missing columns, near ids, infinite values: kept, and said."""
    table = forty(
        gaps=[1.0, 2.0, *[np.nan] * 38],
        order=np.arange(40) ** 2,
        ratio=[np.inf, *range(39)],
    )
    notes = " ".join(map(str, prepare(table, "y").notes))
    assert "gaps is missing in 95%" in notes
    assert "order increases from row to row" in notes
    assert "1 value of ratio is infinite and was treated as missing" in notes
    twice = pd.concat([forty(), forty().head(3)])
    assert any("3 duplicate rows" in str(note) for note in prepare(twice, "y").notes)


def test_near_ids_are_left_out_unless_they_are_kept() -> None:
    """A text that is another one in most rows tells rows apart; the note says how to keep it."""
    table = pd.concat([forty(seat=[f"s{at}" for at in range(40)])] * 2, ignore_index=True)
    table["seat"] = [f"s{at % 60}" for at in range(80)]
    prepared = prepare(table, "y")
    assert "seat" not in prepared.table
    (dropped,) = prepared.dropped
    assert str(dropped.note) == (
        "Ignored seat: it looks like an ID (60 different texts in 80 rows). To use it: --keep seat."
    )
    kept = prepare(table, "y", options=ReadingOptions(keep=["seat"]))
    assert "seat" in kept.table
    assert any("seat is almost an ID: it has 60" in str(note) for note in kept.notes)


def test_comma_notes_reach_the_terminal_once(read: Read) -> None:
    """What reading the file found out is said by prepare, and said once."""
    rows = "".join(f"{at % 5 + 1},{at % 5}00;{at * at}\n" for at in range(40))
    table = read(f"price;y\n{rows}")
    notes = [str(note) for note in prepare(table, "y").notes if "price" in str(note)]
    assert len(notes) == 1
    assert "“1,000” may be 1000 or 1.000" in notes[0]


def test_table_given_is_left_alone() -> None:
    """Preparing changes nothing in the caller's table."""
    table = forty(z=[" a ", "b"] * 20, flag=[True, False] * 20)
    before = table.copy(deep=True)
    prepared = prepare(table, " y ")
    pd.testing.assert_frame_equal(table, before)
    assert set(prepared.table["z"]) == {"a", "b"}


@pytest.mark.thorough
def test_prepared_table_is_prepared_for_good(real_table: Callable[[str], Path]) -> None:
    """Preparing a prepared table changes nothing more."""
    once = prepare(read_table(real_table("house")), "SalePrice").table
    pd.testing.assert_frame_equal(prepare(once, "SalePrice").table, once)


def test_a_separator_behind_each_row_is_said(tmp_path: Path) -> None:
    """A column without a name or a value is left out, with a note."""
    path = tmp_path / "in.csv"
    path.write_text("age,salary,\n" + "".join(f"{age},{age * 3},\n" for age in range(20, 60)))
    understood = inspect(path)
    assert [column["name"] for column in understood.to_json()["columns"]] == ["age", "salary"]
    assert "Ignored 1 column without a name or a value." in understood.to_json()["notes"]


def test_names_that_the_rows_do_not_fit_are_no_title(tmp_path: Path) -> None:
    """Grouped amounts without quotation marks are refused where the separator groups them."""
    path = tmp_path / "in.csv"
    rows = "".join(f"{n},1,{n},{100 + n},a\n" for n in range(20, 60))
    path.write_text("age,salary,town\n" + rows)
    with pytest.raises(TableError, match=r"Line 2 of 'in\.csv' has 5 cells, but the header has 3"):
        read_table(path)
