"""Workbooks of rows: answered beside what they hold, formats and other sheets kept."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tablecast.batch.predict_file import predict_file
from tablecast.batch.workbook_sink import _RELATION, part_of, sink_of
from tablecast.batch.workbook_source import WorkbookSource
from tablecast.data.inspection import inspect
from tablecast.data.sources import read_table
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError, TableError
from tablecast.schema.options import ReadingOptions

openpyxl = pytest.importorskip("openpyxl")
xlwt = pytest.importorskip("xlwt")
pytest.importorskip("python_calamine")

HEADER = ("age", "sex", "bmi", "children", "smoker", "region")
GOOD = (39, "Male", 30.4, 1, "no", "northwest")
DAY = datetime.datetime(2024, 3, 1)


def workbook(path: Path, rows: list[tuple[Any, ...]], header: tuple[str, ...] = HEADER) -> Path:
    """A sheet with a title, formats and a footer, beside another sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Rows & more"
    sheet["B1"] = "Quarterly export"
    for place, name in enumerate((*header, "day"), start=2):
        sheet.cell(3, place, name).font = openpyxl.styles.Font(bold=True)
    for line, row in enumerate(rows, start=4):
        for place, cell in enumerate((*row, DAY), start=2):
            sheet.cell(line, place, cell)
        sheet.cell(line, 4).number_format = "0.00"
    sheet.cell(len(rows) + 5, 2, "Source: the registry of last year")
    sheet.column_dimensions["C"].width = 40
    book.create_sheet("Other")["A1"] = "=1+1"
    book.save(path)
    return path


def open_document(path: Path, rows: list[tuple[Any, ...]]) -> Path:
    """The least that is an OpenDocument spreadsheet."""

    def cell(value: Any) -> str:
        kind = "string" if isinstance(value, str) else "float"
        told = "" if isinstance(value, str) else f' office:value="{value}"'
        return (f'<table:table-cell office:value-type="{kind}"{told}><text:p>{value}</text:p>'
                "</table:table-cell>")  # fmt: skip

    lines = "".join(
        f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in (HEADER, *rows)
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("mimetype", kind)
        parts.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content {spaces} office:version="1.2">'
            f'<office:body><office:spreadsheet><table:table table:name="Data">{lines}'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
        parts.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:'
            f'opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:media-type="{kind}" '
            'manifest:full-path="/"/></manifest:manifest>',
        )
    return path


def cells(path: Path, sheet: str, row: int) -> list[Any]:
    return [cell.value for cell in openpyxl.load_workbook(path)[sheet][row]]


def test_a_workbook_is_answered_beside_its_cells(
    fake_deployment: Deployment, tmp_path: Path
) -> None:
    """Formats, widths, other columns and other sheets stay; answers stand behind each row."""
    source = workbook(tmp_path / "in.xlsx", [GOOD, (19, "female", 27.9, 0, "YES", "southwest")])
    summary = predict_file(fake_deployment, source, tmp_path / "out.xlsx")
    assert (summary.rows, summary.predicted) == (2, 2)
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    sheet = book["Rows & more"]
    assert [cell.value for cell in sheet[3]] == [None, *HEADER, "day", "prediction_label"]
    assert [cell.value for cell in sheet[4]] == [None, *GOOD, DAY, 9750]
    assert [cell.value for cell in sheet[5]][-1] == 24750.5
    assert sheet["B3"].font.bold
    assert sheet["I3"].font.bold
    assert sheet["D4"].number_format == "0.00"
    assert sheet.column_dimensions["C"].width == 40
    assert (sheet["B1"].value, sheet["B7"].value) == (
        "Quarterly export", "Source: the registry of last year"
    )  # fmt: skip
    assert book.sheetnames == ["Rows & more", "Other"]
    assert book["Other"]["A1"].value == "=1+1"
    assert sheet.dimensions.endswith(":I7")
    assert any("Ignored 1 line below the table" in note for note in summary.notes)


def test_an_answered_workbook_may_be_sent_again(
    fake_deployment: Deployment, tmp_path: Path
) -> None:
    """A refused row is corrected in the output itself; its old answers are replaced."""
    source = workbook(tmp_path / "in.xlsx", [GOOD, (19, "other", 27.9, 0, "no", "southwest")])
    predict_file(fake_deployment, source, tmp_path / "out.xlsx", errors="column")
    wrong = cells(tmp_path / "out.xlsx", "Rows & more", 5)
    assert "Choose one of: female, male" in wrong[-1]
    assert wrong[-2] is None
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    book["Rows & more"]["C5"] = "female"
    book.save(tmp_path / "mended.xlsx")
    summary = predict_file(fake_deployment, tmp_path / "mended.xlsx", tmp_path / "again.xlsx")
    assert summary.refused == 0
    assert cells(tmp_path / "again.xlsx", "Rows & more", 3)[-2:] == ["day", "prediction_label"]
    assert cells(tmp_path / "again.xlsx", "Rows & more", 5)[-1] == 4750


def test_refused_rows_may_be_left_out(fake_deployment: Deployment, tmp_path: Path) -> None:
    """The rows below them take their places."""
    bad = (19, "other", 27.9, 0, "no", "southwest")
    source = workbook(tmp_path / "in.xlsx", [bad, GOOD, bad, GOOD])
    summary = predict_file(fake_deployment, source, tmp_path / "out.xlsx", errors="skip")
    assert (summary.predicted, summary.refused) == (2, 2)
    for row in (4, 5):
        assert cells(tmp_path / "out.xlsx", "Rows & more", row)[1:] == [*GOOD, DAY, 9750]
    with pytest.raises(BatchError, match="row 4: “other” is not a choice for sex"):
        predict_file(fake_deployment, source, tmp_path / "none.xlsx")


def test_other_workbooks_are_answered_as_xlsx(fake_deployment: Deployment, tmp_path: Path) -> None:
    """Their values are kept; a text is never a formula."""
    row = (*GOOD[:5], "=1+1")
    source = open_document(tmp_path / "in.ods", [GOOD, row])
    summary = predict_file(fake_deployment, source, tmp_path / "out.xlsx", errors="column")
    assert summary.refused == 1
    assert cells(tmp_path / "out.xlsx", "Data", 1)[:6] == list(HEADER)
    assert cells(tmp_path / "out.xlsx", "Data", 2)[:7] == [*GOOD, 9750]
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["Data"]
    assert (sheet["F3"].value, sheet["F3"].data_type) == ("=1+1", "s")


def test_kinds_of_files_go_together(fake_deployment: Deployment, tmp_path: Path) -> None:
    """A workbook is not written under a CSV's name, nor the other way round."""
    source = workbook(tmp_path / "in.xlsx", [GOOD])
    with pytest.raises(BatchError, match=r"must end in \.xlsx"):
        predict_file(fake_deployment, source, tmp_path / "out.csv")


@pytest.mark.thorough
def test_the_batch_page_takes_workbooks(client: FlaskClient, tmp_path: Path) -> None:
    """A program gets the workbook back, a person sees its first rows."""
    content = workbook(tmp_path / "in.xlsx", [GOOD]).read_bytes()

    def send(**form: str) -> Any:
        data = {"file": (io.BytesIO(content), "in.xlsx"), **form}
        return client.post("/batch", data=data, content_type="multipart/form-data")

    answer = send()
    assert answer.status_code == 200
    assert "spreadsheetml" in answer.content_type
    assert "in_predicted.xlsx" in answer.headers["Content-Disposition"]
    (tmp_path / "out.xlsx").write_bytes(answer.data)
    answer.close()
    assert cells(tmp_path / "out.xlsx", "Rows & more", 4)[-1] == 9750
    page = send(do="check").get_data(as_text=True)
    assert "in_predicted.xlsx" in page
    assert "northwest" in page


@pytest.mark.parametrize("make", [workbook, open_document], ids=["xlsx", "ods"])
def test_training_reads_workbooks(tmp_path: Path, make: Any) -> None:
    """Typed cells keep their types; a title and a footer are left out and said."""
    rows = [(20 + at, ("male", "female")[at % 2], 20.5 + at, 1, "no", "x") for at in range(30)]
    path = make(tmp_path / ("t.xlsx" if make is workbook else "t.ods"), rows)
    table = read_table(path)
    assert table["age"].tolist() == [row[0] for row in rows]
    assert table["bmi"].tolist() == [row[2] for row in rows]
    if make is workbook:
        assert table["day"].dtype == "datetime64[ns]"
        notes = " ".join(inspect(path).notes)
        assert "Quarterly export" in notes
        assert "Source: the registry" in notes
        assert "--sheet" in notes


@pytest.mark.thorough
def test_a_sheet_may_be_named(tmp_path: Path) -> None:
    """By its name or its number; what is not there is refused with those that are."""
    path = tmp_path / "t.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("Data")
    for row in [("a", "b"), (1, 2), (3, 4)]:
        sheet.append(row)
    book["Notes"].append(("c", "d"))
    book["Notes"].append((5, 6))
    book.save(path)
    assert read_table(path)["c"].tolist() == [5]
    for named in ("Data", "2"):
        assert read_table(path, ReadingOptions(sheet=named))["a"].tolist() == [1, 3]
    with pytest.raises(TableError, match=r"no sheet 'x'. Its sheets are: 'Notes', 'Data'"):
        read_table(path, ReadingOptions(sheet="x"))


def old_workbook(path: Path, rows: list[tuple[Any, ...]], header: tuple[str, ...]) -> Path:
    """A sheet as Excel wrote it until 2003."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    date = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for line, row in enumerate([header, *rows]):
        for place, cell in enumerate(row):
            is_date = isinstance(cell, datetime.datetime)
            sheet.write(line, place, cell, *([date] if is_date else []))
    book.save(path)
    return path


def test_old_workbooks_are_read(tmp_path: Path) -> None:
    """A real .xls: dates, booleans, whole numbers, gaps, and codes that are text."""
    rows = [
        (20 + at, DAY + datetime.timedelta(at), at % 3 == 0, f"{at % 4:03d}", at / 4 or None)
        for at in range(30)
    ]
    path = old_workbook(tmp_path / "t.xls", rows, ("age", "day", "member", "code", "dose"))
    table = read_table(path)
    assert table["age"].tolist() == [row[0] for row in rows]
    assert table["day"].tolist() == [row[1] for row in rows]
    assert table["member"].tolist() == [str(row[2]) for row in rows]
    assert table["code"].tolist() == [row[3] for row in rows]
    assert table["dose"].isna().sum() == 1
    kinds = {column.name: column.kind for column in inspect(path).columns}
    assert kinds == {"age": "integer", "day": "date", "member": "boolean", "code": "category",
                     "dose": "number"}  # fmt: skip


def test_old_workbooks_are_answered(fake_deployment: Deployment, tmp_path: Path) -> None:
    """A real .xls becomes .xlsx with the answers, its other columns kept."""
    header = (*HEADER, "day", "code", "member")
    source = old_workbook(tmp_path / "in.xls", [(*GOOD, DAY, "007", True)] * 2, header)
    summary = predict_file(fake_deployment, source, tmp_path / "out.xlsx")
    assert summary.predicted == 2
    assert cells(tmp_path / "out.xlsx", "Data", 3) == [*GOOD, DAY, "007", True, 9750]


def test_a_workbook_that_hides_its_sheet_is_refused() -> None:
    """Where a sheet's own file is not named, or is named in no readable way, it says what to do."""
    names = {
        "xl/_rels/workbook.xml.rels": b'<r><x Id="r1" Target="sheets/a.xml"/></r>',
        "xl/workbook.xml": b'<w xmlns:r="%s"><sheets><a:sheet xmlns:a="a" name="A" r:id="r1"/>'
                           b"</sheets></w>" % _RELATION[1:].partition("}")[0].encode(),
    }
    assert part_of(_zipped(names), "A") == "xl/sheets/a.xml"
    for book, sheet in ((names, "B"), ({**names, "xl/workbook.xml": b"<"}, "A"), ({}, "A")):
        with pytest.raises(BatchError, match=f"where its sheet '{sheet}' is. Save it again"):
            part_of(_zipped(book), sheet)


def _zipped(files: dict[str, bytes]) -> zipfile.ZipFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as book:
        for name, content in files.items():
            book.writestr(name, content)
    return zipfile.ZipFile(stream)


def test_answers_take_the_place_of_all_that_there_was() -> None:
    """Where every column is replaced, the answers begin at the first one."""
    given, result = io.BytesIO(), io.BytesIO()
    book = openpyxl.Workbook()
    for row in (("prediction_label", "prediction_low"), (1, 2), (3, 4)):
        book.active.append(row)
    book.save(given)
    given.seek(0)
    names = ["prediction_label", "prediction_low"]
    source = WorkbookSource(given, "in.xlsx", names)
    sink = sink_of(given, result, source, names[:1], names)
    for chunk in source.chunks():
        sink.write(chunk, None, {names[0]: [5.5] * len(chunk)})
    sink.close()
    rows = openpyxl.load_workbook(result).active.iter_rows(values_only=True)
    assert [tuple(row) for row in rows] == [("prediction_label",), (5.5,), (5.5,)]
