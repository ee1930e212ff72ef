"""Tables of many files, and tables larger than memory, of which a sample is read in one pass."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tablecast.data import csv_parts, large_tables
from tablecast.data.inspection import inspect
from tablecast.data.large_tables import read_rows
from tablecast.data.reservoir import LEAST_OF_A_CLASS, Reservoir
from tablecast.data.sources import read_table
from tablecast.errors import TableError
from tablecast.schema.readings import reading_of

ROWS = 20_000


def table_of(rows: int = ROWS) -> pd.DataFrame:
    """Numbers, codes and classes of which one is rare, sorted by class as files often are."""
    random = np.random.default_rng(1)
    kinds = np.sort(random.choice(["other", "rare", "usual"], rows, p=[0.2, 0.001, 0.799]))
    return pd.DataFrame({
        "place": np.arange(rows),
        "x": random.normal(size=rows).round(3),
        "code": random.choice(["007", "012"], rows),
        "kind": kinds,
    })


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for about a fifth of the table."""
    monkeypatch.setattr(large_tables, "available", lambda: 6e6)


def taken(pieces: list[int], most: int, classes: list[str] | None = None) -> list[int]:
    """A sample of the numbers from 0 on, which come in pieces of these lengths."""
    reservoir, begin = Reservoir(most, seed=5), 0
    for length in pieces:
        rows = range(begin, begin + length)
        reservoir.add(rows, classes and classes[begin : begin + length])
        begin += length
    assert reservoir.total == begin
    return reservoir.sample()


def test_few_rows_are_all_of_the_sample() -> None:
    """In their order."""
    assert taken([3, 4], 7) == list(range(7))


def test_a_sample_does_not_depend_on_the_pieces() -> None:
    """Of 100,000 rows, at once or in pieces, the same thousand, in their order, from all over."""
    whole = taken([100_000], 1_000)
    assert len(whole) == 1_000
    assert whole == sorted(whole) == taken([999, 1, 40_000, 59_000], 1_000)
    assert np.mean(whole) == pytest.approx(50_000, rel=0.06)
    halves = np.histogram(whole, 4, (0, 100_000))[0]
    assert halves.min() > 200


def test_classes_have_their_shares_even_where_they_come_one_after_the_other() -> None:
    """Of a class that comes last as many as its share, of a rare one the fewest or all."""
    classes = ["first"] * 60_000 + ["rare"] * 30 + ["scarce"] * 300 + ["last"] * 39_670
    sample = taken([7_000] * 14 + [2_000], 5_000, classes)
    counts = Counter(classes[row] for row in sample)
    assert counts["first"] == 3_000
    assert counts["last"] in (1_983, 1_984)
    assert counts["rare"] == 30
    assert counts["scarce"] == LEAST_OF_A_CLASS
    last = [row for row in sample if classes[row] == "last"]
    assert np.mean(last) == pytest.approx(80_165, rel=0.01)


def test_amounts_are_one_class() -> None:
    """A target of very many values has no shares, and the sample no more rows for each."""
    assert len(taken([50_000], 2_000, [str(row) for row in range(50_000)])) == 2_000


def write(folder: Path, table: pd.DataFrame, ending: str) -> Path:
    path = folder / f"table{ending}"
    if ending == ".parquet":
        table.to_parquet(path)
    elif ending == ".csv.gz":
        path.write_bytes(gzip.compress(table.to_csv(index=False).encode()))
    else:
        table.to_csv(path, index=False)
    return path


@pytest.mark.thorough
@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("ending", [".csv", ".parquet", ".csv.gz"])
def test_of_a_table_larger_than_memory_a_sample_is_read(tmp_path: Path, ending: str) -> None:
    """Each class has its share, columns are read as those of the whole, and a note says so."""
    path = write(tmp_path, table_of(), ending)
    sample = read_rows(path, "kind")
    assert 1_000 < len(sample) < ROWS / 3
    assert sample["place"].is_monotonic_increasing
    assert sample["place"].is_unique
    shares = sample["kind"].value_counts(normalize=True)
    rare = int((table_of()["kind"] == "rare").sum())
    assert shares["other"] == pytest.approx(0.2, abs=0.01)
    assert (sample["kind"] == "rare").sum() == min(rare, LEAST_OF_A_CLASS)
    assert set(sample["code"]) == {"007", "012"}
    assert sample["x"].dtype == "float64"
    (note,) = [str(note) for note in reading_of(sample).notes if "rows, drawn" in str(note)]
    assert note.startswith(f"Read {len(sample):,} of the 20,000 rows, drawn at random")
    assert read_rows(path, "kind").equals(sample)
    assert len(read_rows(path, "kind", limit=lambda columns: 500 * columns)) <= 2_000 + 50


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".csv.gz"])
def test_a_table_that_fits_is_read_whole(tmp_path: Path, ending: str) -> None:
    """As ever."""
    path = write(tmp_path, table_of(2_000), ending)
    assert read_rows(path, "kind", limit=lambda _: 10).equals(read_table(path))


@pytest.mark.thorough
def test_a_file_that_is_not_plain_is_sampled_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A title, row names, semicolons, a decimal comma, line breaks in cells, totals, a footer."""
    monkeypatch.setattr(large_tables, "available", lambda: 6e6)
    answers = ("no", "yes")
    lines = [f'"{at}";{at},5;"a\nb {at % 3}";{answers[at % 2]}' for at in range(1, 9_000)]
    above, below = ["Sales of the year", '"";amount;text;y'], ["Total;40495500,5;;", "Source: us"]
    text = "\n".join([*above, *lines, *below])
    (tmp_path / "t.csv").write_bytes(text.encode("windows-1252"))
    sample = read_rows(tmp_path / "t.csv", "y")
    assert list(sample.columns) == ["amount", "text", "y"]
    assert len(sample) < 8_999
    assert sample["amount"].dtype == "float64"
    assert sample["amount"].max() < 9_000
    assert set(sample["y"]) == {"yes", "no"}
    notes = [str(note) for note in reading_of(sample).notes]
    assert any(note.startswith("Ignored the title above the table: Sales") for note in notes)
    assert any("total of the others" in note for note in notes)


def partitioned(folder: Path, ending: str) -> pd.DataFrame:
    """The table in folders for its codes, the second part's columns in another order."""
    table = table_of(400)
    for number, (code, part) in enumerate(table.groupby("code")):
        place = folder / f"code={code}" / f"part-{number}{ending}"
        place.parent.mkdir(parents=True)
        part = part.drop(columns="code")
        part = part[part.columns[::-1]] if number else part
        part.to_parquet(place) if ending == ".parquet" else part.to_csv(place, index=False)
    (folder / "_SUCCESS").touch()
    return table


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("pattern", ["", "/code=*/*"])
def test_a_folder_is_one_table(tmp_path: Path, ending: str, pattern: str) -> None:
    """Its files, and what its folders' names say; the same by a pattern."""
    table = partitioned(tmp_path / "sales", ending)
    read = read_rows(f"{tmp_path}/sales{pattern}", "kind")
    again = read.sort_values("place")[list(table.columns)].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, table)
    assert reading_of(read).notes == reading_of(read_rows(f"{tmp_path}/sales")).notes


def test_a_partition_of_numbers_is_numbers(tmp_path: Path) -> None:
    """And one without a value is missing."""
    for year in ("2023", "2024", "__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / f"year={year}").mkdir()
        pd.DataFrame({"y": [1.5, 2.5]}).to_parquet(tmp_path / f"year={year}" / "a.parquet")
    years = read_rows(tmp_path)["year"]
    assert years.tolist()[:4] == [2023, 2023, 2024, 2024]
    assert years.isna().sum() == 2


@pytest.mark.thorough
@pytest.mark.usefixtures("small_memory")
def test_a_sample_is_taken_of_all_parts(tmp_path: Path) -> None:
    """From each as many as it has of the whole."""
    for number in range(4):
        part = table_of().iloc[number * ROWS // 4 : (number + 1) * ROWS // 4]
        part.to_csv(tmp_path / f"part-{number}.csv", index=False)
    sample = read_rows(tmp_path, "kind")
    assert 1_000 < len(sample) < ROWS / 3
    parts = np.histogram(sample["place"], 4, (0, ROWS))[0]
    assert parts.min() > 0.8 * len(sample) / 4


def test_inspect_looks_at_a_folder_too(tmp_path: Path) -> None:
    """All rows of its parts."""
    partitioned(tmp_path / "sales", ".csv")
    assert inspect(tmp_path / "sales", "kind").rows == 400


def refusal(source: object) -> str:
    with pytest.raises(TableError) as refused:
        read_rows(str(source), "y")
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_is_no_table_of_parts_is_refused_in_one_line(tmp_path: Path) -> None:
    """Naming the file, and what to do."""
    assert "has no CSV or Parquet file" in refusal(tmp_path)
    assert "No file matches" in refusal(tmp_path / "*.csv")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    (tmp_path / "b.csv").write_text("x,z\n1,2\n3,4\n")
    assert "'b.csv' has other columns than the part before it: it lacks y and it also has z" in (
        refusal(tmp_path)
    )
    (tmp_path / "b.csv").write_text("x,y\n1,2\n1,2\n3,4,5\n1,2\n" + "1,2\n" * 20)
    assert "Line 4 of 'b.csv' has 3 cells, but the header has 2" in refusal(tmp_path)
    (tmp_path / "b.csv").unlink()
    (tmp_path / "notes.docx").touch()
    assert "notes.docx' is neither CSV nor Parquet" in refusal(tmp_path)
    (tmp_path / "notes.docx").unlink()
    pd.DataFrame({"x": [1], "y": [2]}).to_parquet(tmp_path / "b.parquet")
    assert "of different kinds" in refusal(tmp_path)
    (tmp_path / "a.csv").unlink()
    pd.DataFrame({"x": ["a"], "y": [2]}).to_parquet(tmp_path / "c.parquet")
    assert "'c.parquet' has 'x' as string, and the part before it as int64" in (
        refusal(tmp_path).replace("large_string", "string")
    )
    (tmp_path / "c.parquet").write_bytes(b"PAR1 no")
    assert "'c.parquet' is not a Parquet file" in refusal(tmp_path)
    (tmp_path / "c.parquet").unlink()
    (tmp_path / "k=1").mkdir()
    (tmp_path / "b.parquet").rename(tmp_path / "k=1" / "b.parquet")
    pd.DataFrame({"x": [1], "y": [2]}).to_parquet(tmp_path / "c.parquet")
    assert "not in folders for the same columns" in refusal(tmp_path)


def test_memory_for_next_to_no_row_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sample that nothing can be learnt from is not begun."""
    monkeypatch.setattr(large_tables, "available", lambda: 0.3e6)
    path = write(tmp_path, table_of(3_000), ".csv")
    assert "of the 3,000 rows of 'table.csv' fit into the 0.0 GB" in refusal(path)


def test_an_encoding_that_ends_in_the_middle_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What begins as UTF-8 and goes on otherwise is not read as something else silently."""
    monkeypatch.setattr(large_tables, "available", lambda: 1e6)
    monkeypatch.setattr(csv_parts, "BEGINNING", 10_000)
    lines = b"".join(b"%d,plain,1\n" % at for at in range(10_000))
    (tmp_path / "t.csv").write_bytes(b"x,text,y\n" + lines + "1,Köln,2\n".encode("latin-1"))
    assert "begins as utf-8, but is not all of it" in refusal(tmp_path / "t.csv")
