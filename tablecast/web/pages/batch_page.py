"""Batches in the browser and with curl: upload a file, get it back with predictions.

Nothing is kept between two requests, and nothing is left behind: what is uploaded and what is
answered stand in temporary files without a name, which are gone with the request.
"""

import base64
import csv
import errno
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore
from typing import IO, Any, BinaryIO, cast

from flask import Response, current_app, request, send_file
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import (
    HTTPException,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnsupportedMediaType,
)

from tablecast.batch.answers import added_columns
from tablecast.batch.formula_guard import guarded
from tablecast.batch.limits import MANY_REFUSED, Limits
from tablecast.batch.paths import WORKBOOKS
from tablecast.batch.predict_file import ERROR_CHOICES, Errors, predict_csv
from tablecast.batch.summary import SHOWN_REFUSALS, RowsRefused, Summary, located
from tablecast.batch.workbook_source import first_rows
from tablecast.errors import BatchError
from tablecast.i18n.formats import listed, percent
from tablecast.i18n.language import N_, _
from tablecast.web import file_answers
from tablecast.web.http import metrics
from tablecast.web.http.navigation import PageBlueprint
from tablecast.web.http.opened import opened
from tablecast.web.http.rendering import render_page as page
from tablecast.web.http.rendering import wants_page
from tablecast.web.http.responses import deployment, problem
from tablecast.web.http.roles import BATCH

blueprint = PageBlueprint("batch", __name__)

log = logging.getLogger("tablecast")

#: Rows that the page shows with their predictions.
SHOWN_ROWS = 10

#: Columns that the page shows of them: first ones and the added ones.
SHOWN_COLUMNS = 30

#: Bytes up to which the page itself holds the answered file; a larger one is sent for.
LINKED_BYTES = 1_000_000

#: An answered file has at most so many times the bytes of the file that was sent, and some more.
MOST_TIMES, MOST_MORE = 3, 50_000_000

#: Bytes that a workbook may take to be opened: ten million cells are 320 MB.
MOST_MEMORY = 700_000_000

#: Files that a process answers at once. More of them only take turns, and let all others wait:
#: with two, clients that ask for rows waited twice as long (p99 under ``benchmarks.attack``).
MOST_AT_ONCE = 1

#: Seconds that a file waits for its turn; a file within the limits takes ten.
MOST_WAITING = 20

#: Characters of a file's name that are shown and sent back.
NAME_CHARACTERS = 150

#: What the system says where there is no room for a file, or no folder for it.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOENT, errno.EACCES, errno.EMFILE)

#: Where an application keeps which columns it adds: to know them, its model is asked.
ADDED = "tablecast.added"

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

NO_FILE = N_("Choose a CSV or Excel file.")
NO_ROWS = N_("The file has column names but no rows. Add rows below the first line.")


_turns = BoundedSemaphore(MOST_AT_ONCE)


class InsufficientStorage(HTTPException):
    """Werkzeug has no class for this status."""

    code = 507
    name = N_("Insufficient Storage")


@dataclass(frozen=True)
class Checked:
    """An uploaded file, checked and answered, as the page shows it.

    Attributes:
        name: the file's name; download_name: that of the answered file.
        summary: what became of its rows.
        header, rows: the beginning of the answered file.
        link: the whole answered file as a ``data:`` address; "" where it is too large for one.
    """

    name: str
    download_name: str
    summary: Summary
    header: list[str]
    rows: list[list[str]]
    link: str


@blueprint.page("/batch", title=N_("Batch"), order=20, role=BATCH)
def form() -> Response:
    """The upload form, and what a file must hold."""
    return _batch_page()


@blueprint.get("/batch/template.csv")
def template() -> Response:
    """A file to start from: the header and one typical row."""
    text = io.StringIO()
    defaults = deployment().schema.defaults
    csv.writer(text).writerows(guarded([list(defaults), list(defaults.values())]))
    name = f"{deployment().name}_template.csv"
    return send_file(
        io.BytesIO(text.getvalue().encode()),
        mimetype="text/csv",
        as_attachment=True,
        download_name=name,
        max_age=None,
    )


@blueprint.post("/batch")
def upload() -> Response:
    """Check an uploaded file, or answer it as a download.

    A browser sends ``do``, the button's value. Who does not is a program, and gets the answered
    file, or what is wrong with it as problem details.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType(_("Send multipart/form-data with the CSV file as “file”."))
    try:
        with _room():
            file = _sent_file()
            with _turn():
                if request.form.get("do") == "check":
                    return _batch_page(checked=_check(file))
                return _download(file)
    except BatchError as error:
        return _refusal(error)


def _sent_file() -> FileStorage:
    """The one file of the request. Raises BatchError where there is none, or another."""
    files = [file for file in request.files.getlist("file") if file.filename]
    if not files:
        raise BatchError(_(NO_FILE))
    if len(files) > 1:
        raise BatchError(_("Send one file at a time."))
    return files[0]


@contextmanager
def _turn() -> Iterator[None]:
    """A place among the files that are answered. Raises ServiceUnavailable where none gets free."""
    if not _turns.acquire(timeout=MOST_WAITING):
        words = _("The server is busy with other files. Send yours again in a moment.")
        raise ServiceUnavailable(words, retry_after=MOST_WAITING)
    try:
        yield
    finally:
        _turns.release()


@contextmanager
def _room() -> Iterator[None]:
    """Room for files. Raises InsufficientStorage where the system has none."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        log.error("there is no room for an uploaded file: %s", error)
        raise InsufficientStorage(
            _("The server has no space for the file now. Send a smaller file, or try again later.")
        ) from error


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> Response:
    """The page again, with what is too much; the file was never looked at."""
    if (request.content_length or 0) > current_app.config["MAX_UPLOAD"]:
        title, wrong = _("The file is too large."), _(
            "The file is larger than {most} MB. Send it in parts, or use the command line (python "
            "-m tablecast predict), which takes files of any size."
        ).format(most=_most_megabytes())
    elif error.description == RequestEntityTooLarge.description:  # Werkzeug's limits of a form
        title, wrong = _("The form is too large."), _("Send one file, and nothing else with it.")
    else:
        title, wrong = _("The file is too large."), error.description or ""
    if wants_page():
        return _batch_page(status=413, wrong=wrong)
    return problem(413, title, wrong)


def _check(file: FileStorage) -> Checked:
    with SpooledTemporaryFile(LINKED_BYTES) as result:
        summary = _predict(file, result, "column")
        if not summary.rows:
            raise BatchError(_(NO_ROWS))
        size = result.tell()
        result.seek(0)
        link = ""
        if size <= LINKED_BYTES:
            kind = _media_type(summary) + ("" if summary.is_workbook else ";charset=utf-8")
            link = f"data:{kind};base64,{base64.b64encode(result.read()).decode()}"
        header, *rows = _beginning_of(result, summary)
    name = _name_of(file)
    return Checked(name, _download_name(file, summary), summary, header, rows, link)


def _download(file: FileStorage) -> Response:
    # Closed with the response that sends it. A small one needs no disk.
    result = SpooledTemporaryFile(LINKED_BYTES)  # noqa: SIM115
    try:
        summary = _predict(file, result, _asked_errors())
    except BaseException:
        result.close()
        raise
    size = result.tell()
    result.seek(0)
    response = send_file(
        cast(BinaryIO, result),
        mimetype=_media_type(summary),
        as_attachment=True,
        download_name=_download_name(file, summary),
        max_age=None,
    )
    response.content_length = size
    response.headers["X-Rows-Predicted"] = str(summary.predicted)
    response.headers["X-Rows-Refused"] = str(summary.refused)
    return response


def _predict(file: FileStorage, result: IO[bytes], errors: Errors) -> Summary:
    with file_answers.recording() as recorder:
        summary = predict_csv(
            deployment(),
            cast(BinaryIO, file.stream),
            cast(BinaryIO, result),
            name=_name_of(file),
            errors=errors,
            limits=Limits(
                seconds=current_app.config["MAX_SECONDS"],
                times=MOST_TIMES,
                more=MOST_MORE,
                many_refused=MANY_REFUSED,
                memory=MOST_MEMORY,
            ),
            recorder=recorder,
        )
    metrics.of_route("/batch").count_rows(summary.predicted)
    return summary


def _asked_errors() -> Errors:
    """What the person chose; a program that chose nothing is told of the first errors."""
    asked = request.form.get("errors", "fail")
    if asked not in ERROR_CHOICES:
        words = _("errors must be one of {choices}.")
        raise BatchError(words.format(choices=listed(ERROR_CHOICES)))
    return cast(Errors, asked)


def _refusal(error: BatchError) -> Response:
    refusals = error.refusals if isinstance(error, RowsRefused) else ()
    title = _("The file could not be processed.")
    if "do" in request.form or wants_page():
        return _batch_page(status=422, wrong=str(error).split("\n")[0], refusals=refusals)
    return problem(422, title, str(error).split("\n")[0], located(refusals))


def _batch_page(status: int = 200, **values: Any) -> Response:
    return page(
        "batch.html",
        status=status,
        names=[field.name for field in deployment().schema.fields],
        added=_added_in_words(),
        most=_most_megabytes(),
        shown_refusals=SHOWN_REFUSALS,
        **values,
    )


def _added_in_words() -> list[tuple[str, str]]:
    """What the answered file has more: the columns' names, and what they hold."""
    kept = opened().kept
    named = kept.get(ADDED)
    if named is None:
        named = kept[ADDED] = _added_names()
    interval = deployment().predictor.interval
    level = percent(interval.level) if interval else ""
    words = {
        "prediction_label": _("The prediction"),
        "prediction_low": _("Low end of the range"),
        "prediction_high": _(
            "High end of the range; about {level} of true values fall in it"
        ).format(level=level),
        "prediction_score": _("The probability of the predicted class"),
        "prediction_error": _("Why the row has no prediction (empty if it has one)"),
    }
    return [(name, words.get(name) or _("The probability of this class")) for name in named]


def _added_names() -> list[str]:
    try:
        return list(added_columns(deployment(), with_errors=True))
    except BatchError:  # a field has such a name: no file will be answered, and each says why
        return []


def _most_megabytes() -> str:
    return f"{current_app.config['MAX_UPLOAD'] / 1e6:g}"




def _media_type(summary: Summary) -> str:
    return XLSX if summary.is_workbook else "text/csv"


def _beginning_of(result: IO[bytes], summary: Summary) -> list[list[str]]:
    """The answered file's header and first rows, not wider than a page can show."""
    result.seek(0)
    if summary.is_workbook:
        names = [field.name for field in deployment().schema.fields]
        return _narrow(first_rows(cast(BinaryIO, result), names, SHOWN_ROWS))
    text = io.TextIOWrapper(cast(BinaryIO, result), "utf-8-sig", newline="")
    line = text.readline()
    text.seek(0)
    separator = max(",;\t|", key=line.count)
    rows = list(islice(csv.reader(text, delimiter=separator), SHOWN_ROWS + 1))
    text.detach()
    return _narrow(rows)


def _narrow(rows: list[list[str]]) -> list[list[str]]:
    half = SHOWN_COLUMNS // 2
    if len(rows[0]) <= SHOWN_COLUMNS:
        return rows
    return [[*row[:half], "…", *row[-half:]] for row in rows]


def _name_of(file: FileStorage) -> str:
    """The file's own name, without folders, which some browsers send along.

    Nor with signs that no header and no page can hold.
    """
    name = PurePath((file.filename or "").replace("\\", "/")).name
    return "".join(filter(str.isprintable, name))[-NAME_CHARACTERS:] or _("The file")


def _download_name(file: FileStorage, summary: Summary) -> str:
    path = PurePath(_name_of(file))
    ending = WORKBOOKS.get(path.suffix.lower(), ".xlsx") if summary.is_workbook else ".csv"
    return f"{path.stem.removesuffix('.csv')}_predicted{ending}"
