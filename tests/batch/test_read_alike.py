"""A batch reads what training read: encodings, compression, what stands around a table."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tablecast.batch import csv_text
from tablecast.batch.csv_text import CsvText
from tablecast.batch.predict_file import predict_file
from tablecast.data.sources import prepare, read_table
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError
from tablecast.schema.field import Field, Refusal
from tablecast.schema.schema import Schema
from tests import stand_ins

HEADER = "age,sex,bmi,children,smoker,region"
ROWS = ["39,male,30.4,1,no,northwest", "19,female,27.9,0,yes,southwest"]
ANSWERS = ["9750.0", "24750.5"]
PLAIN = "\n".join([HEADER, *ROWS]) + "\n"


def answers(
    deployment: Deployment, content: bytes, folder: Path, name: str = "in.csv"
) -> list[str]:
    (folder / name).write_bytes(content)
    predict_file(deployment, folder / name, folder / "out.csv")
    lines = (folder / "out.csv").read_text(encoding="utf-8-sig").splitlines()
    separator = next(sign for sign in ";\t|, " if sign in lines[1])
    return [line.split(separator)[-1] for line in lines if line[-1:].isdigit()]


AROUND = {
    "a line that names the separator": "sep=;\r\n" + PLAIN.replace(",", ";"),
    "a title": f"Quarterly export\n\n{PLAIN}",
    "a title as wide as the table": f"Quarterly export,,,,,\n{PLAIN}",
    "a footer": f"{PLAIN}\nTotal rows: 2\n",
    "a footer of words": f"{PLAIN}Source: the registry of last year\n",
    "a padded footer": f"{PLAIN}Source: the registry of last year,,,,,\n",
    "a sum": f"{PLAIN}Total,58,,1,,\n",
    "a sum and footers": f"{PLAIN}Summe:,,58.3,,,\nA note of words,,,,,\n\nTotal rows: 2\n",
    "a sum without a first cell": f"{PLAIN},Total,58,,,\n",
    "a separator behind each row": PLAIN.replace("\n", ",\n"),
    "a separator behind each row, not the header": f"{HEADER}\n{ROWS[0]},\n{ROWS[1]},\n",
    "R's row names": f"{HEADER}\n1,{ROWS[0]}\n2,{ROWS[1]}\n",
    "an index without a name": f",{HEADER}\n0,{ROWS[0]}\n1,{ROWS[1]}\n",
    "names in other letters": PLAIN.replace("age", " Age ").replace("smoker", "SMOKER"),
    "levels in other letters": PLAIN.replace("northwest", "NorthWest").replace("yes", "YES "),
    "wide letters": PLAIN.replace("yes", "ｙｅｓ"),
    "names that are repeated": f"{PLAIN}{HEADER}\n".replace(ROWS[1], f"{HEADER}\n{ROWS[1]}"),
    "drawn lines": f"----------\n{HEADER}\n==========\n{ROWS[0]}\n{ROWS[1]}\n----------\n",
    "another table's row above": "EXTF,700,21,Stapel,12,2023,RE,1,1\n" + PLAIN,
    "a drawing of a table": ("+---+\n" + PLAIN.replace(HEADER, f"{HEADER}\n---,---,---,---,---,---")
                             + "+---+\n").replace(",", "|"),
    "DOS's end of a file": PLAIN + "\x1a",
    "markdown": "".join(
        f"| {line.replace(',', ' | ')} |\n" for line in (HEADER, "---,---,:-:,---", *ROWS[:2])
    ),
    "aligned by spaces": PLAIN.replace(",", "   "),
    "tabs": PLAIN.replace(",", "\t"),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_stands_around_a_table_is_no_row(
    fake_deployment: Deployment, tmp_path: Path, around: str, encoding: str
) -> None:
    """Training would read the same rows, and the batch answers both of them."""
    content = AROUND[around].encode(encoding)
    found = answers(fake_deployment, content, tmp_path)
    assert [answer for answer in found if "." in answer] == ANSWERS
    assert len(read_table(tmp_path / "in.csv")) == 2


def test_a_known_value_is_no_sum(fake_deployment: Deployment, tmp_path: Path) -> None:
    """A last row that begins as a sum does is a row where its column knows that value."""
    schema = fake_deployment.schema
    sold = Field("brand", "category", "object", levels=("Total", "Shell"), closed=True)
    engine = fake_deployment.predictor.engine
    known = stand_ins.deploy("sums", replace(schema, fields=(sold, *schema.fields)), engine)
    text = f"brand,{HEADER}\nShell,{ROWS[0]}\nTotal,{ROWS[1]}\n"
    assert answers(known, text.encode(), tmp_path) == ANSWERS
    text = f"brand,{HEADER}\n" + f"Total,{ROWS[0]}\n" * 2
    assert answers(fake_deployment, text.encode(), tmp_path) == ANSWERS[:1] * 2


def test_compressed_files_are_read(fake_deployment: Deployment, tmp_path: Path) -> None:
    """By how they begin, whatever they are called."""
    content = PLAIN.encode()
    assert answers(fake_deployment, gzip.compress(content), tmp_path, "in.csv.gz") == ANSWERS
    zstd = pytest.importorskip("backports.zstd")
    assert answers(fake_deployment, zstd.compress(content), tmp_path, "in.csv.zst") == ANSWERS
    assert len(read_table(tmp_path / "in.csv.zst")) == 2


def test_a_bomb_is_refused(fake_deployment: Deployment, tmp_path: Path) -> None:
    """What grows a thousandfold was made to fill memory or time."""
    lines = (ROWS[0] + "\n").encode() * 2_000_000
    packed = gzip.compress(gzip.compress(HEADER.encode() + b"\n" + lines))
    (tmp_path / "in.csv").write_bytes(gzip.decompress(packed)[:-20])
    with pytest.raises(BatchError, match=r"cannot be unpacked|expands to more"):
        predict_file(fake_deployment, tmp_path / "in.csv", tmp_path / "out.csv")


@pytest.fixture
def chinese() -> Deployment:
    """A deployment that was trained on a table in GB18030."""
    field = Field("城市", "category", "object", levels=("上海", "北京"), closed=True)
    size = Field("面积", "number", "float64", minimum=1, maximum=200)
    schema = Schema((field, size), "价格", "regression", reading={"encoding": "gb18030"})

    class Engine:
        def answer(self, columns):  # type: ignore[no-untyped-def]
            return stand_ins.Answer(columns["面积"] * 2.0)

    return stand_ins.deploy("flats", schema, Engine())


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-16"])
def test_a_batch_is_read_in_the_tables_encoding(
    chinese: Deployment, tmp_path: Path, encoding: str
) -> None:
    """Even where two words are all that there is to tell by; it is said, and written as UTF-8."""
    (tmp_path / "in.csv").write_bytes("城市,面积\n北京,20.5\n".encode(encoding))
    summary = predict_file(chinese, tmp_path / "in.csv", tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert text == "城市,面积,prediction_label\n北京,20.5,41.0\n"
    assert any("gb18030" in note for note in summary.notes) == (encoding == "gb18030")


@pytest.mark.parametrize(("encoding", "known"), [
    ("gb18030", "gb18030"), ("utf-8", "gb18030"), ("utf-8", "windows-1252"), ("euc-kr", "euc-kr"),
    ("windows-1252", "windows-1252"),
])  # fmt: skip
def test_one_bad_byte_leaves_a_batch_its_language(encoding: str, known: str) -> None:
    """However short it is: the table's own encoding is tried, and UTF-8 before that."""
    word = {"euc-kr": "서울", "windows-1252": "Zürich"}.get(encoding, "北京")
    content = f"a,b\n{word},1\n{word},2\n".encode(encoding)
    for bad in (b"\xff", b"\x81"):
        text = CsvText(io.BytesIO(content + b"x" + bad + b",3\n"), "t.csv", known).open().read()
        assert text.startswith(f"a,b\n{word},1\n{word},2\n")


def test_one_bad_byte_is_one_bad_cell(fake_deployment: Deployment, tmp_path: Path) -> None:
    """The row that holds it may be refused; the others are answered."""
    content = f"{HEADER},note\n{ROWS[0]},Zürich\n{ROWS[1]},".encode() + b"caf\xe9\n"
    (tmp_path / "in.csv").write_bytes(content)
    summary = predict_file(fake_deployment, tmp_path / "in.csv", tmp_path / "out.csv")
    assert summary.predicted == 2
    assert "Zürich" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert any("line 3" in note for note in summary.notes)


DATE = Field(
    "day", "date", "datetime64[ns]", minimum=0.0, maximum=1.6e9, hard_minimum=-1.6e9,
    hard_maximum=7.2e9, date_format="%d.%m.%y", placeholders=("?",), required=False,
)  # fmt: skip


@pytest.mark.parametrize("text", ["05.03.21", "5.3.21", "2021-03-05", "2021-03-05T00:00:00"])
def test_dates_are_read_as_training_wrote_them(text: str) -> None:
    """And as ISO 8601 writes them."""
    assert DATE.show(DATE.read(text, text=True)[0]) == "2021-03-05"


CELLS = {
    "signs of a calendar": [f"2021年{month}月1日" for month in range(1, 13)],
    "days without a zero": [f"2021-{month}-5" for month in range(1, 13)],
    "and with a time": [f"2021-{month}-5 9:{month:02}" for month in range(1, 13)],
    "two-digit years": [f"{month}.3.21" for month in range(1, 13)],
    "halves of a day": [f"3/{day}/2021 {day - 12}:05 PM" for day in range(13, 23)],
    "time zones": [f"2021-03-05T{hour:02}:00:00Z" for hour in range(20)],
    "ISO 8601": [f"2021-03-{day:02}" for day in range(1, 29)],
    "infinite numbers": ["1.5", "inf", "2.5", "-Infinity", "0.5"],
    "the year last": [f"Fri Apr {day} 03:26:00 2021" for day in range(10, 29)],
    "no cents": ["5.– Fr.", "7.- Fr.", "1'200.-- Fr.", "9 Fr."],
    "signs unseen": ["\ufeff5", "7\u200b", "1\u00ad2"],
    "a currency's point": ["Rs.500", "Rs. 1,200", "Rs.7"],
    "one and many": ["1 year", "2 years", "30 yrs"],
    "a minus before the currency": ["5,10- €", "7,25 €", "9,00 €"],
    "brackets": ["(5)", "7", "(9)", "10-"],
    "units": ["5 kg", "7 kg", "1,200.5 kg"],
}


@pytest.mark.parametrize("kind", CELLS)
def test_every_cell_that_training_read_is_read_alike(tmp_path: Path, kind: str) -> None:
    """Whatever a column of the table holds, a form and a batch take as what training took it."""
    cells = CELLS[kind]
    rows = "".join(f"{cell};{at % 7}\n" for at, cell in enumerate(cells * 10))
    (tmp_path / "t.csv").write_text("x;y\n" + rows, encoding="utf-8")
    prepared = prepare(read_table(tmp_path / "t.csv"), target="y")
    (field,) = Schema.from_table(prepared.table, prepared.target, prepared.task).fields
    known = field.array_of_table(read_table(tmp_path / "t.csv")["x"])[: len(cells)]
    read = [field.read(cell, text=True)[0] for cell in cells]
    np.testing.assert_array_equal(np.asarray(read, dtype=float), np.asarray(known, dtype=float))


def test_na_is_missing_wherever_it_comes_as_text(tmp_path: Path) -> None:
    """What training took as missing among texts, a form, a program and a batch take so too."""
    cells = ["garage", "NA", "street"] * 9
    rows = "".join(f"{cell},{at % 7},{at}\n" for at, cell in enumerate(cells))
    (tmp_path / "t.csv").write_text("v,x,y\n" + rows)
    prepared = prepare(read_table(tmp_path / "t.csv"), target="y")
    field = Schema.from_table(prepared.table, "y", prepared.task).field("v")
    for text in (True, False):
        value, warning = field.read("NA", text=text)
        assert (value, warning is not None) == ("", True)
    with pytest.raises(Refusal):
        field.read("n/a", text=True)


def test_numbers_of_sixteen_digits_are_within_their_own_limits() -> None:
    """Limits are written with twelve digits, and never exclude what training had."""
    numbers = [9_007_199_254_740_993 + 7919 * at for at in range(40)]
    table = pd.DataFrame({"x": numbers, "y": range(40)})
    field = Schema.from_table(table, "y", "regression").field("x")
    for number in numbers:
        assert field.read(str(number), text=True)[0] == float(number)


def test_time_goes_on() -> None:
    """A date after training is answered with a warning."""
    value, warning = DATE.read("2031-03-05", text=True)
    assert DATE.show(value) == "2031-03-05"
    assert warning
    with pytest.raises(Refusal):
        replace(DATE, hard_maximum=1.7e9).read("2031-03-05", text=True)


def test_a_placeholder_of_the_table_is_missing_in_a_form_too() -> None:
    """What training took as missing is missing wherever it comes as text."""
    for text in (True, False):
        value, warning = DATE.read("?", text=text)
        assert value != value
        assert warning
        assert "left day blank" in warning.say()


def test_a_file_whose_last_letter_is_cut_is_no_utf_8() -> None:
    """Its last bytes begin a letter and end before it does; another encoding is looked for."""
    whole = CsvText(io.BytesIO("x\nZürich ü".encode()), "t.csv")
    cut = CsvText(io.BytesIO("x\nZürich ü".encode()[:-1]), "t.csv")
    assert (whole._is("utf-8"), cut._is("utf-8")) == (True, False)


@pytest.mark.parametrize("labels", ["years,,kg/m²,,,", "How old?,Sex?,BMI?,Children?,S?,Where?"])
def test_rows_of_units_and_labels_are_left_out(
    fake_deployment: Deployment, tmp_path: Path, labels: str
) -> None:
    """As in training; a row of which a field takes a cell stays, whatever is wrong with it."""
    content = PLAIN.replace(HEADER, f"{HEADER}\n{labels}")
    assert answers(fake_deployment, content.encode(), tmp_path) == ANSWERS
    wrong = PLAIN.replace(HEADER, f"{HEADER}\nx,male,y,1,no,northwest")
    (tmp_path / "in.csv").write_text(wrong)
    summary = predict_file(
        fake_deployment, tmp_path / "in.csv", tmp_path / "out.csv", errors="column"
    )
    assert (summary.predicted, summary.refused) == (2, 1)


def test_excels_formulas_for_texts_are_texts(fake_deployment: Deployment, tmp_path: Path) -> None:
    """A file may keep Excel from taking a text for a number; the form and programs do not."""
    kept = PLAIN.replace("39,male", '="39",="male"').replace("0,yes", '"=""0""","=""yes"""')
    assert answers(fake_deployment, kept.encode(), tmp_path) == ANSWERS


def test_a_file_may_unpack_to_a_thousand_times_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """As equal rows do; what unpacks to more, where that is no small file, is refused."""
    monkeypatch.setattr(csv_text, "PIECE", 10_000)
    rows = HEADER + 3_000 * f"\n{ROWS[0]}"
    with CsvText(io.BytesIO(gzip.compress(rows.encode())), "in.csv").open() as text:
        assert text.read() == rows
    bomb = gzip.compress(HEADER.encode() + 9_000_000 * b"\n")
    assert 1_000 * len(bomb) < 9_000_000
    with pytest.raises(BatchError, match="more than 1,000 times its size"):
        CsvText(io.BytesIO(bomb), "in.csv").open().read()
