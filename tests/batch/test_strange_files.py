"""Files that nobody wrote: rows are answered, or it is said what is wrong."""

from __future__ import annotations

import gzip
import io
import os
import time
import zipfile
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tablecast.batch.limits import Limits
from tablecast.batch.predict_file import predict_csv
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError

xlsxwriter = pytest.importorskip("xlsxwriter")
pytest.importorskip("python_calamine")

#: Files of each kind. A longer run: TABLECAST_FILE_EXAMPLES=100000.
EXAMPLES = int(os.environ.get("TABLECAST_FILE_EXAMPLES", "150"))

#: What the web lets a file cost.
MEMORY = 700_000_000

HEADER = b"age,sex,bmi,children,smoker,region\n"
GOOD = b"39,male,30.4,1,no,northwest\n"
TABLE = HEADER + GOOD * 3

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"

many = settings(
    max_examples=EXAMPLES, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def limits(memory: float = float("inf")) -> Limits:
    return Limits(10, 3, 50_000_000, 10_000, memory)


def reads_or_says(deployment: Deployment, content: bytes, allowed: Limits | None = None) -> None:
    """Whatever the bytes are: an answer for each row, or a sentence, and both soon."""
    result, began = io.BytesIO(), time.thread_time()
    try:
        summary = predict_csv(
            deployment, io.BytesIO(content), result, name="in", errors="column",
            limits=allowed or limits(),
        )  # fmt: skip
        assert summary.rows == summary.predicted + summary.refused
    except BatchError as error:
        assert str(error)
    assert time.thread_time() - began < 10
    assert len(result.getvalue()) <= 3 * len(content) + 60_000_000


def changed(content: bytes) -> st.SearchStrategy[bytes]:
    """The content with some bytes cut out, put in or written over."""
    change = st.tuples(
        st.integers(0, len(content)), st.integers(0, 30),
        st.one_of(st.binary(max_size=12), st.sampled_from([b'"', b"\n", b"\r", b",", b"\0", b";"])),
    )  # fmt: skip

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        made = content
        for place, length, put in changes:
            made = made[:place] + put + made[place + length :]
        return made

    return st.lists(change, min_size=1, max_size=6).map(apply)


@pytest.mark.thorough
@many
@given(st.one_of(
    changed(TABLE), changed(TABLE.replace(b",", b";")), st.binary(max_size=200).map(HEADER.__add__),
    changed(TABLE.decode().encode("utf-16")), changed(gzip.compress(TABLE)), st.binary(max_size=99),
    st.text(max_size=80).map(lambda text: HEADER + text.encode("utf-8", "surrogatepass")),
))  # fmt: skip
@example(HEADER + b'"' + b"\n" * 200_000)
@example(b"\n" * 70_000 + HEADER)
@example(gzip.compress(HEADER + GOOD * 50 + b"\n" * 40_000_000))
def test_any_bytes_are_rows_or_a_sentence(fake_deployment: Deployment, content: bytes) -> None:
    """A CSV file, whole, damaged, packed or none at all."""
    reads_or_says(fake_deployment, content)


@cache
def parts() -> dict[str, bytes]:
    """The parts of a small workbook."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        for at, line in enumerate(TABLE.decode().split()):
            sheet.write_row(at, 0, line.split(","))
    with zipfile.ZipFile(content) as file:
        return {name: file.read(name) for name in file.namelist()}


def workbook(**changes: bytes) -> bytes:
    """A workbook with some parts replaced, which are named by the end of their name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts().items():
            file.writestr(name, changes.get(name.rpartition("/")[2].partition(".")[0], part))
    return content.getvalue()


def damaged_workbooks() -> st.SearchStrategy[bytes]:
    """Workbooks with a damaged part, or damaged as a whole."""
    names = st.sampled_from(sorted(parts()))
    part = names.flatmap(lambda name: changed(parts()[name]).map(lambda put: (name, put)))

    def made(named: tuple[str, bytes]) -> bytes:
        return workbook(**{named[0].rpartition("/")[2].partition(".")[0]: named[1]})

    return st.one_of(part.map(made), part.map(made), changed(workbook()))


@pytest.mark.slow
@many
@given(damaged_workbooks())
def test_any_workbook_is_rows_or_a_sentence(fake_deployment: Deployment, content: bytes) -> None:
    """A workbook whose XML or zip is damaged anywhere."""
    reads_or_says(fake_deployment, content)


def sheet_with(rows: bytes) -> bytes:
    return parts()[SHEET].replace(b"</sheetData>", rows + b"</sheetData>")


def far(cell: bytes) -> bytes:
    return workbook(sheet1=sheet_with(b'<row r="1048576"><c r="%b"><v>1</v></c></row>' % cell))


def one_text_everywhere() -> bytes:
    """A text of 200 kB in 60,000 cells, which are 12 GB."""
    rows = (
        b'<row r="%d">' % row
        + b"".join(b'<c r="%c%d" t="s"><v>0</v></c>' % (65 + place, row) for place in range(6))
        + b"</row>"
        for row in range(5, 10_005)
    )
    text = b"<si><t>" + b"x" * 200_000 + b"</t></si><si>"
    return workbook(
        sheet1=sheet_with(b"".join(rows)), sharedStrings=parts()[TEXTS].replace(b"<si>", text, 1)
    )


BOMBS: dict[str, Callable[[], bytes]] = {
    "a cell in the far corner": lambda: far(b"XFD1048576"),
    "a cell beyond every sheet": lambda: far(b"ZZZZZ99999999"),
    "one long text everywhere": one_text_everywhere,
    "space within": lambda: workbook(sheet1=sheet_with(b" " * 300_000_000)),
    "a large part that is no sheet": lambda: workbook(theme1=b"<a>" + b"x" * 300_000_000),
    "rows without an end in a comment": lambda: workbook(
        sheet1=sheet_with(b"<!--" + b"<row>" * 2_000_000 + b"-->")
    ),
    "cells without an end in a comment": lambda: workbook(
        sheet1=sheet_with(
            b'<row r="5"><!--' + b"<c>" * 2_000_000 + b"--><c><v>1</v></c></row>"
        )
    ),
    "dimensions without an end": lambda: workbook(
        sheet1=sheet_with(b"<!--" + b"<dimension " * 500_000 + b"-->")
    ),
    "rows that hold nothing": lambda: workbook(
        sheet1=sheet_with(b"".join(b'<row r="%d"/>' % row for row in range(5, 300_000)))
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_workbook_that_was_made_to_burst_is_refused(
    fake_deployment: Deployment, bomb: str
) -> None:
    """It costs a process of its own, little memory and little time; a plain one is answered."""
    before = memory()
    reads_or_says(fake_deployment, BOMBS[bomb](), limits(MEMORY))
    assert memory() - before < MEMORY


@pytest.mark.slow
def test_a_plain_workbook_is_answered(fake_deployment: Deployment) -> None:
    """What is tried in another process first is answered as ever."""
    summary = predict_csv(
        fake_deployment, io.BytesIO(workbook()), io.BytesIO(), name="in", limits=limits(MEMORY)
    )
    assert summary.predicted == 3


def memory() -> int:
    """Bytes that this process has in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
