"""Numbers as people write them: read as they are meant, and alike by training, form and batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tablecast.batch.column_reader import RowsReader
from tablecast.data.sources import read_table
from tablecast.schema import missing
from tablecast.schema.from_column import field_of_column
from tablecast.schema.options import ReadingOptions
from tablecast.schema.readings import reading_of
from tablecast.schema.schema import Schema


def grouped(value: float, between: str, sign: str) -> str:
    return f"{value:,.2f}".translate(str.maketrans({",": between, ".": sign}))


def indian(value: float) -> str:
    whole, _, rest = f"{abs(value):.2f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    parts = []
    while head:
        parts.insert(0, head[-2:])
        head = head[:-2]
    return ("-" if value < 0 else "") + ",".join([*parts, tail]) + "." + rest


STYLES: dict[str, Callable[[float], str]] = {
    "plain": lambda value: f"{value:.2f}",
    "English": lambda value: grouped(value, ",", "."),
    "German": lambda value: grouped(value, ".", ","),
    "French": lambda value: grouped(value, "\u202f", ","),
    "Polish": lambda value: grouped(value, " ", ","),
    "Swiss": lambda value: grouped(value, "’", "."),
    "Indian": indian,
    "dollars": lambda value: ("-" if value < 0 else "") + "$" + grouped(abs(value), ",", "."),
    "euros": lambda value: grouped(value, ".", ",") + " €",
    "per cent": lambda value: f"{value:.2f}%",
    "kilograms": lambda value: f"{value:.2f} kg",
    "brackets": lambda value: f"({abs(value):.2f})" if value < 0 else f"{value:.2f}",
    "trailing minus": lambda value: f"{abs(value):.2f}-" if value < 0 else f"{value:.2f}",
    "true minus": lambda value: f"{value:.2f}".replace("-", "−"),
    "full width": lambda value: "".join(
        chr(ord(sign) + 0xFEE0) if sign.isdigit() else sign for sign in f"{value:.2f}"
    ),
    "Arabic digits": lambda value: "".join(
        chr(0x660 + int(sign)) if sign.isdigit() else sign for sign in f"{value:.2f}"
    ),
}
UNITS = {"dollars": "$", "euros": "€", "per cent": "%", "kilograms": "kg"}


def written(folder: Path, cells: list[str], separator: str = ";") -> Path:
    path = folder / "t.csv"
    rows = "".join(f'"{cell}"{separator}{at}\n' for at, cell in enumerate(cells))
    path.write_text(f"x{separator}n\n{rows}", encoding="utf-8")
    return path


@pytest.mark.parametrize(("cell", "number", "unit"), [
    ("103.-", 103, ""), ("12,– €", 12, "€"), ("Fr. 3'000.—", 3000, "Fr."), ("€ 12,--", 12, "€"),
    ("Rs.500", 500, "Rs."), ("Rs. 1,200", 1200, "Rs."), ("Rs.1,16,90,359", 11690359, "Rs."),
    ("12,50- €", -12.5, "€"), ("1 year", 1, "years"), ("CHF 12.50", 12.5, "CHF"),
    ("$.50", 0.5, "$"), ("12-", -12, ""), ("12 kr.", 12, "kr."),
])  # fmt: skip
def test_currencies_and_dashes_for_cents_are_read(
    tmp_path: Path, cell: str, number: float, unit: str
) -> None:
    """A dash for no cents is no minus, and the point of Rs. is no decimal sign; a note says so."""
    others = [cell.replace("2", "3").replace("0", "7"), cell.replace("5", "6").replace("1", "4")]
    if unit == "years":
        others = ["2 years", "3 years"]
    table = read_table(written(tmp_path, list(dict.fromkeys([cell, *others])), "\t"))
    assert table["x"][0] == number
    reading = reading_of(table).of("x")
    assert reading.unit == unit
    assert any(note.values.get("name") == "x" for note in reading_of(table).notes)
    field = field_of_column(table["x"], reading.for_field)
    assert field.read(cell, text=True)[0] == number


@pytest.mark.parametrize("style", STYLES)
@given(cents=st.lists(st.integers(-10**9, 10**9), min_size=2, max_size=12, unique=True))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_each_way_of_writing_is_read_as_meant(tmp_path: Path, style: str, cents: list[int]) -> None:
    """Training, the form and a batch read the same numbers from the same texts."""
    values = [cent / 100 for cent in cents]
    cells = [STYLES[style](value) for value in values]
    table = read_table(written(tmp_path, cells))
    assert table["x"].tolist() == values
    reading = reading_of(table).of("x")
    assert reading.unit == UNITS.get(style, "")
    field = field_of_column(table["x"], reading.for_field)
    assert [field.read(cell, text=True)[0] for cell in cells] == values
    batch = RowsReader(Schema((field,), "y", "regression")).read({"x": cells}, len(cells))
    assert not batch.refused
    assert batch.columns["x"].tolist() == values
    # What the form shows is what it reads.
    shown = [field.read(field.show(value), text=True)[0] for value in values]
    assert shown == pytest.approx(values)


@pytest.mark.thorough
@given(st.lists(st.integers(1, 999_999), min_size=3, max_size=12, unique=True))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_file_decides_what_a_column_leaves_open(tmp_path: Path, whole: list[int]) -> None:
    """12.345 is a thousand where another column has decimals after a comma."""
    assume(any(number >= 1000 for number in whole))
    path = tmp_path / "t.csv"
    rows = "".join(f"{n:,}".replace(",", ".") + f";{n / 7:.2f}\n".replace(".", ",") for n in whole)
    path.write_text(f"km;price\n{rows}", encoding="utf-8")
    table = read_table(path)
    assert table["km"].tolist() == whole
    notes = [str(note) for note in reading_of(table).notes if note.values.get("name") == "km"]
    assert any("--decimal ." in note for note in notes)


@pytest.mark.parametrize(
    ("cells", "separator", "decimal", "expected"),
    [
        (["1,234", "5,678"], ";", ".", [1234, 5678]),
        (["1,234", "5,678"], ";", ",", [1.234, 5.678]),
        (["1.234", "5.678"], ";", ".", [1.234, 5.678]),
        (["1.234", "5.678"], ";", ",", [1234, 5678]),
        (["1,234", "5,678"], ",", None, [1234, 5678]),
        (["1.234", "5.678"], ",", None, [1.234, 5.678]),
        (["1.234", "5.678"], "\t", None, [1.234, 5.678]),
        (["1.234", "5.678"], ";", None, ["1.234", "5.678"]),  # asked about
    ],
)
def test_a_person_may_say_the_decimal_sign(
    tmp_path: Path, cells: list[str], separator: str, decimal: str | None, expected: list[object]
) -> None:
    """Where no column tells, the separator may; what remains open is text, and asked about."""
    options = ReadingOptions(decimal=decimal)
    table = read_table(written(tmp_path, cells, separator), options)
    assert table["x"].tolist() == expected
    if isinstance(expected[0], str):
        assert any("--decimal" in str(note) for note in reading_of(table).notes)


@pytest.mark.parametrize(
    ("placeholder", "kind"),
    [(text, kind) for kind in ("number", "date") for text in (
        "?", "-", ".", "\\N", "missing", "Unknown", "#DIV/0!", "n.a.", "k.A.", "未知", "#NV",
    )],
)  # fmt: skip
def test_placeholders_among_numbers_and_dates_are_missing(
    tmp_path: Path, placeholder: str, kind: str
) -> None:
    """They are counted and named, and a batch takes them as missing, too."""
    usual = [f"{at}.5" if kind == "number" else f"2024-03-{at + 1:02}" for at in range(20)]
    table = read_table(written(tmp_path, [*usual, placeholder, placeholder]))
    assert table["x"].isna().sum() == 2
    assert table["x"].dtype.kind == ("f" if kind == "number" else "M")
    reading = reading_of(table)
    (note,) = [str(note) for note in reading.notes if "treated as missing" in str(note)]
    assert f"2 values of x (“{placeholder}”)" in note
    field = field_of_column(table["x"], reading.of("x").for_field)
    batch = RowsReader(Schema((field,), "y", "regression")).read({"x": [placeholder]}, 1)
    assert not batch.refused


def test_another_odd_text_is_named_with_its_line_and_the_option(tmp_path: Path) -> None:
    """One cell that is no number does not turn a column into levels without a word."""
    cells = [str(at) for at in range(30)]
    cells[7] = "about 12"
    path = written(tmp_path, cells)
    table = read_table(path)
    assert table["x"].dtype == object
    (note,) = [str(note) for note in reading_of(table).notes]
    assert "“about 12” (line 9) is not a number" in note
    assert "--missing 'about 12'" in note
    mended = read_table(path, ReadingOptions(missing=["about 12"]))
    assert mended["x"].dtype == "float64"
    assert mended["x"].isna().sum() == 1


def test_every_placeholder_is_known_as_one() -> None:
    """However it begins and ends; numbers, dates and codes are none."""
    for text in (*missing._PLACEHOLDERS, *missing.MISSING):
        assert missing.is_placeholder(text)
    for text in ("0", "-1.5", "+3", ".5", "1,5", "2024-03-01", "7 kg", "A1", "-a", "1.#"):
        assert not missing.is_placeholder(text)
