"""Folders, patterns and addresses in; a file or a folder of parts out; and going on."""

from __future__ import annotations

import errno
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import openpyxl
import pytest
from deployments import SHIPPED, shipped_deployment

from tablecast.batch import predict_parts as module
from tablecast.batch.parts import kept
from tablecast.batch.parts import locations as places
from tablecast.batch.predict_file import predict_file
from tablecast.batch.predict_parts import Workers, predict_parts
from tablecast.batch.summary import RowsRefused, Summary
from tablecast.cli.main import main
from tablecast.errors import BatchError
from tests.insured import HEADER, rows_of, text, with_bad

DEPLOYMENT = shipped_deployment("onnx")


def run(source: Path | str, output: Path | str, **options: Any) -> Summary:
    return predict_parts(DEPLOYMENT, str(source), str(output), Workers(), **options)[0]


def once(rows: list[str], folder: Path, header: str = HEADER, **options: Any) -> bytes:
    """What one process makes of the rows in one file."""
    folder.mkdir(exist_ok=True)
    (folder / "in.csv").write_text(text(rows, header))
    predict_file(DEPLOYMENT, folder / "in.csv", folder / "out.csv", **options)
    return (folder / "out.csv").read_bytes()


def put(folder: Path, **files: str) -> Path:
    """Files of a folder, by their names without ending; ``__`` is a slash, ``_is_`` "="."""
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/').replace('_is_', '=')}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def listed(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


A, B = rows_of(20, 1), rows_of(30, 2)


@pytest.mark.parametrize("pattern", ["", "/*.csv", "/[ab].csv"])
def test_the_files_of_a_folder_become_one(pattern: str, tmp_path: Path) -> None:
    """A folder's or a pattern's files, in the order of their names, are one file of answers."""
    put(tmp_path / "in", b=text(B), a=text(A))
    (tmp_path / "in" / "_SUCCESS").touch()
    (tmp_path / "in" / ".a.csv.crc").touch()
    summary = run(f"{tmp_path / 'in'}{pattern}", tmp_path / "out.csv")
    assert summary.rows == 50
    assert (tmp_path / "out.csv").read_bytes() == once(A + B, tmp_path / "once")
    assert listed(tmp_path) == ["in/.a.csv.crc", "in/_SUCCESS", "in/a.csv", "in/b.csv",
                                "once/in.csv", "once/out.csv", "out.csv"]  # fmt: skip


def test_a_file_becomes_a_folder_of_parts(tmp_path: Path) -> None:
    """Each part is a file of its own with a header; together they are the whole, and no more."""
    rows = rows_of(9_000)
    put(tmp_path, rows=text(rows))
    run(tmp_path / "rows.csv", f"{tmp_path / 'out'}/")
    names = listed(tmp_path / "out")
    assert names == [f"part-{number:05d}.csv" for number in range(5)]
    header, *lines = once(rows, tmp_path / "once").decode().splitlines()
    parts = [(tmp_path / "out" / name).read_text().splitlines() for name in names]
    assert {part[0] for part in parts} == {header}
    assert [line for part in parts for line in part[1:]] == lines


def test_folders_that_name_a_column_stay(tmp_path: Path) -> None:
    """What ``region=...`` gives is the field's text, and the output has the same folders."""
    rows = [row.rpartition(",") for row in A]
    header = HEADER.removesuffix(",region")
    without = {region: [row for row, _, at in rows if at == region] for _, _, region in rows}
    for region, some in without.items():
        put(tmp_path / "in", **{f"region_is_{region}__rows": text(some, header)})
    summary = run(tmp_path / "in", f"{tmp_path / 'out'}/")
    assert summary.predicted == len(A)
    names = listed(tmp_path / "out")
    assert [name.split("/")[0] for name in names] == [f"region={name}" for name in sorted(without)]
    for name in names:
        region = name.split("/")[0].removeprefix("region=")
        whole = once([f"{row},{region}" for row in without[region]], tmp_path / "once")
        assert [line.split(",")[-1] for line in (tmp_path / "out" / name).read_text().split()] == [
            line.split(",")[-1] for line in whole.decode().split()
        ]
    with pytest.raises(BatchError, match="partitioned by folders, and so is the output"):
        run(tmp_path / "in", tmp_path / "out.csv")


def test_rows_that_are_refused_are_told_with_their_file(tmp_path: Path) -> None:
    """The first file's bad row is what stops all, and nothing is written."""
    put(tmp_path / "in", a=text(A), b=text(with_bad(B, 4)), c=text(with_bad(B, 1)))
    with pytest.raises(RowsRefused, match=r"b.csv: 1 of the first 30 rows .*\n  line 6: “"):
        run(tmp_path / "in", f"{tmp_path / 'out'}/")
    assert listed(tmp_path) == ["in/a.csv", "in/b.csv", "in/c.csv"]
    assert not (tmp_path / "out").exists()


OTHER = text([f"1,{row}" for row in B], f"more,{HEADER}")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"b": OTHER}, "b.csv has other columns than a.csv: it has 'more'"),
        ({"b": text(B, HEADER.replace("age,sex", "sex,age"))}, "it has them in another order"),
        ({"b": text(B).replace(",", ";")}, "b.csv has another separator"),
        ({"b": text(B, end="\r\n")}, "or other line ends than a.csv"),
        ({"b.md": "# no table"}, "holds 'b.md', which is neither CSV nor Parquet"),
        ({"b.parquet": "x"}, "holds 'b.parquet', which is Parquet, while others are CSV"),
        ({"b": "age,sex\n1,male\n"}, "b.csv has no column"),
    ],
)
def test_what_does_not_fit_into_one_file(
    files: dict[str, str], words: str, tmp_path: Path
) -> None:
    """Other columns, another way of writing, or a file that is no table: one line says which."""
    put(tmp_path / "in", a=text(A))
    for name, content in files.items():
        name = name if "." in name else f"{name}.csv"
        (tmp_path / "in" / name).write_text(content, newline="")
    with pytest.raises(BatchError) as caught:
        run(tmp_path / "in", tmp_path / "out.csv")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_outputs_that_are_refused(tmp_path: Path) -> None:
    """A folder that holds something, the input itself, and a folder around it."""
    put(tmp_path / "in", a=text(A))
    put(tmp_path / "full", note="mine")
    for output, words in (
        (tmp_path / "full", "is not empty"),
        (tmp_path / "in", "holds the input 'a.csv'"),
        (tmp_path / "in" / "a.csv", "is also the input"),
        (tmp_path / "in.parquet", "must end in .csv"),
        (f"{tmp_path / 'full' / 'note.csv'}/", "is a file"),
    ):
        with pytest.raises(BatchError) as caught:
            run(tmp_path / "in" / "a.csv", output)
        assert words in str(caught.value)
    assert listed(tmp_path) == ["full/note.csv", "in/a.csv"]


@pytest.mark.parametrize("source", ["none.csv", "none/*.csv", "empty"])
def test_nothing_to_read(source: str, tmp_path: Path) -> None:
    """A path, a pattern or a folder without a table is named."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(BatchError, match=r"There is no file|holds no CSV or Parquet files"):
        run(tmp_path / source, f"{tmp_path / 'out'}/")


@pytest.fixture
def memory() -> Iterator[Any]:
    """A store of this process's memory, empty again behind the test."""
    files = fsspec.filesystem("memory")
    yield files
    files.rm("/", recursive=True)


def test_addresses_are_read_and_written(memory: Any, tmp_path: Path) -> None:
    """What fsspec reads is cut and answered as a file of the machine is."""
    rows = rows_of(9_000)
    memory.pipe_file("/in/a.csv", text(rows[:5_000]).encode())
    memory.pipe_file("/in/b.csv", text(rows[5_000:]).encode())
    arguments = ["predict", str(SHIPPED), "memory://in", "-o", "memory://out.csv"]
    assert main(arguments) == 0
    run("memory://in/*.csv", tmp_path / "out.csv")
    expected = once(rows[:4_000], tmp_path / "once")
    assert memory.cat_file("/out.csv")[: len(expected)] == expected
    assert (tmp_path / "out.csv").read_bytes() == memory.cat_file("/out.csv")
    run("memory://in/b.csv", "memory://parts/")
    assert memory.find("/parts") == ["/parts/part-00000.csv", "/parts/part-00001.csv"]


def test_an_address_of_no_kind_is_refused(tmp_path: Path, capsys: Any) -> None:
    """One line, and how to install what it needs where that is known."""
    out = str(tmp_path / "out.csv")
    for address, words in (
        ("gs://bucket/in.csv", "pip install 'tablecast[cloud]'"),
        ("GS://bucket/in.csv", "gs:// needs gcsfs"),
        ("http://127.0.0.1:9/in.csv", "http:// needs aiohttp"),
        ("smb://host/in.csv", 'smb:// cannot be used: SMB requires "smbprotocol"'),
        ("nonsense://in.csv", "nonsense://in.csv cannot be used"),
        ("memory://none.csv", "There is no file 'memory://none.csv'"),
    ):
        assert main(["predict", str(SHIPPED), address, "-o", out]) == 1
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


@pytest.fixture
def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """9,000 rows in rows.csv, whose run was interrupted behind two of five parts."""
    rows = rows_of(9_000)
    put(tmp_path, rows=text(rows))
    keep, calls = kept.Kept.keep, []

    def until_ctrl_c(self: Any, number: int, scored: Any) -> None:
        if number in calls:
            return
        calls.append(number)
        if len(calls) == 3:
            raise KeyboardInterrupt
        keep(self, number, scored)

    with monkeypatch.context() as patch:
        patch.setattr(kept.Kept, "keep", until_ctrl_c)
        with pytest.raises(KeyboardInterrupt) as caught:
            run(tmp_path / "rows.csv", tmp_path / "out.csv")
    assert "2 of 5 parts are done" in caught.value.__notes__[0]
    assert listed(tmp_path) == [
        "out.csv.parts/_tablecast/00000.json", "out.csv.parts/_tablecast/00001.json",
        "out.csv.parts/_tablecast/plan.json", "out.csv.parts/part-00000.csv",
        "out.csv.parts/part-00001.csv", "rows.csv",
    ]
    return rows


def scored_in(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where the parts begin that are answered from now on."""
    score, begun = module.score, []

    def noting(order: str, graph: bytes) -> Any:
        begun.append(json.loads(order)["part"]["start"] > 0)
        return score(order, graph)

    monkeypatch.setattr(module, "score", noting)
    return begun


def test_a_run_goes_on_where_it_was(
    interrupted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts that are done are not answered again, and the bytes are those of one run."""
    begun = scored_in(monkeypatch)
    summary = run(tmp_path / "rows.csv", tmp_path / "out.csv", resume=True)
    assert begun == [True, True, True]
    assert (summary.rows, summary.predicted) == (9_000, 9_000)
    assert (tmp_path / "out.csv").read_bytes() == once(interrupted, tmp_path / "once")
    assert listed(tmp_path) == ["once/in.csv", "once/out.csv", "out.csv", "rows.csv"]


def test_a_part_that_was_changed_is_answered_again(
    interrupted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that is not what was written is none that is done."""
    (tmp_path / "out.csv.parts" / "part-00000.csv").write_text("changed")
    begun = scored_in(monkeypatch)
    run(tmp_path / "rows.csv", tmp_path / "out.csv", resume=True)
    assert len(begun) == 4
    assert (tmp_path / "out.csv").read_bytes() == once(interrupted, tmp_path / "once")


@pytest.mark.parametrize("note", ["[]", "null", "{", "{}", '"sha256"', None])
def test_a_note_that_is_none_of_ours(
    interrupted: list[str], note: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part's is as if there were none; without the plan's nothing goes on."""
    notes = tmp_path / "out.csv.parts" / "_tablecast"
    if note is None:  # the right hash, and nothing of the rows
        note = json.dumps({"sha256": json.loads((notes / "00000.json").read_text())["sha256"]})
    plan = (notes / "plan.json").read_text()
    (notes / "plan.json").write_text(note)
    with pytest.raises(BatchError, match=r"cannot be resumed|is not empty"):
        run(tmp_path / "rows.csv", tmp_path / "out.csv", resume=True)
    (notes / "plan.json").write_text(plan)
    (notes / "00000.json").write_text(note)
    begun = scored_in(monkeypatch)
    run(tmp_path / "rows.csv", tmp_path / "out.csv", resume=True)
    assert len(begun) == 4
    assert (tmp_path / "out.csv").read_bytes() == once(interrupted, tmp_path / "once")


@pytest.mark.parametrize("options", [{}, {"errors": "skip", "resume": True}])
def test_what_is_not_the_same_run_does_not_go_on(
    interrupted: list[str], options: dict[str, Any], tmp_path: Path
) -> None:
    """Without --resume, with other options, or with another input, nothing is lost or mixed."""
    before = listed(tmp_path)
    with pytest.raises(BatchError, match=r"Add --resume|cannot be resumed: its options"):
        run(tmp_path / "rows.csv", tmp_path / "out.csv", **options)
    put(tmp_path, rows=text(interrupted[1:]))
    with pytest.raises(BatchError, match="cannot be resumed: the input changed since"):
        run(tmp_path / "rows.csv", tmp_path / "out.csv", resume=True)
    assert listed(tmp_path) == before


def test_the_same_file_by_another_path_is_the_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path, or a link, does not hide that the output is the input."""
    put(tmp_path, rows=text(A))
    (tmp_path / "link.csv").symlink_to("rows.csv")
    monkeypatch.chdir(tmp_path)
    for source, output in (("rows.csv", tmp_path / "rows.csv"), ("link.csv", "rows.csv"),
                           (tmp_path / "rows.csv", "./rows.csv")):  # fmt: skip
        with pytest.raises(BatchError, match="is also the input"):
            run(source, output)
    with pytest.raises(BatchError, match="holds the input"):
        run("./rows.csv", ".")
    assert (tmp_path / "rows.csv").read_text() == text(A)


def test_a_full_disk_keeps_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says so, and the run goes on once there is room."""
    rows = rows_of(9_000)
    put(tmp_path, rows=text(rows))
    pipe, written = places.LocalFiles.pipe_file, []

    def on_a_small_disk(self: Any, path: str, value: bytes) -> None:
        written.append(path)
        if len(written) > 4:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        pipe(self, path, value)

    with monkeypatch.context() as patch:
        patch.setattr(places.LocalFiles, "pipe_file", on_a_small_disk)
        with pytest.raises(BatchError, match=r"No space left on device.*1 of 5 parts are done"):
            run(tmp_path / "rows.csv", tmp_path / "out.csv")
    run(tmp_path / "rows.csv", tmp_path / "out.csv", resume=True)
    assert (tmp_path / "out.csv").read_bytes() == once(rows, tmp_path / "once")


def test_files_that_cannot_be_cut_become_one(tmp_path: Path) -> None:
    """Compressed files of a folder, each answered as a whole."""
    (tmp_path / "in").mkdir()
    for name, rows in (("a", A), ("b", B)):
        (tmp_path / "in" / f"{name}.csv.gz").write_bytes(gzip.compress(text(rows).encode()))
    run(tmp_path / "in", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == once(A + B, tmp_path / "once")


def test_a_workbook_is_answered_by_an_engine_too(tmp_path: Path) -> None:
    """As one part, with the sheet that was asked for."""
    book = openpyxl.Workbook()
    book.active.append(["nothing here"])
    sheet = book.create_sheet("rows")
    for line in text(A).split():
        sheet.append([float(cell) if cell[0].isdigit() else cell for cell in line.split(",")])
    book.save(tmp_path / "in.xlsx")
    summary = run(tmp_path / "in.xlsx", tmp_path / "out.xlsx", sheet="rows")
    assert (summary.rows, summary.is_workbook) == (20, True)
    found = openpyxl.load_workbook(tmp_path / "out.xlsx")["rows"]
    assert [cell.value for cell in found[1]][-3:] == ["prediction_label", "prediction_low",
                                                      "prediction_high"]  # fmt: skip
    with pytest.raises(BatchError, match="is not a workbook, so it has no sheet"):
        run(put(tmp_path, rows=text(A)) / "rows.csv", tmp_path / "out.csv", sheet="rows")


@pytest.mark.parametrize(
    ("source", "output"),
    [("in", "in/out.csv"), ("in", "in/out/"), ("in/*", "in/out/"), ("in/**/*.csv", "in/out.csv"),
     ("i*", "in2/"), ("*.csv*", "out.csv"), ("in/*.csv", "in/out.csv")],
)  # fmt: skip
def test_an_output_within_the_input_is_refused(
    source: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or what is done would be read as rows, by the next run and by --resume."""
    put(tmp_path, in__a=text(A), b=text(B))
    monkeypatch.chdir(tmp_path)
    before = listed(tmp_path)
    with pytest.raises(BatchError, match="lies in what is read"):
        run(source, output)
    assert listed(tmp_path) == before


@pytest.mark.parametrize(("source", "output"), [("in/*.csv", "in/out/"), ("b*.csv", "out.csv")])
def test_an_output_beside_the_input_is_not(
    source: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pattern says which files are read."""
    put(tmp_path, in__a=text(A), b=text(A))
    monkeypatch.chdir(tmp_path)
    assert run(source, output).rows == 20


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("source", ["out.csv.parts", "out.csv.parts/*.csv", "*"])
def test_parts_of_an_interrupted_run_are_no_input(source: str, tmp_path: Path) -> None:
    """Not all rows are there yet, and nobody would notice."""
    with pytest.raises(BatchError, match=r"holds the parts of a run that was interrupted"):
        run(f"{tmp_path}/{source}", tmp_path / "again.csv")


def test_an_empty_path_is_no_folder(tmp_path: Path) -> None:
    """As a variable that is not set gives it; it is not the folder that one is in."""
    put(tmp_path, a=text(A))
    for source, output in (("", tmp_path / "out.csv"), (tmp_path / "a.csv", "")):
        with pytest.raises(BatchError, match="path is empty"):
            run(source, output)
