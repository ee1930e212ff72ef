"""``/batch`` in the OpenAPI document: the request and the response."""

import csv
import io
from typing import Any

from tablecast.batch.predict_file import ERROR_CHOICES, predict_csv
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError
from tablecast.i18n.language import N_, _
from tablecast.web.docs.answer_schemas import TEXT
from tablecast.web.docs.failures import ALLOW, FAILURES, REQUEST_ID, operation, problem_response
from tablecast.web.docs.row_schemas import example_rows
from tablecast.web.http.responses import problem_body

#: What differs from the failures of the JSON routes: meaning, title and detail, as the route words
#: them.
OWN_FAILURES = {
    400: (
        N_("The body ends too early, or its texts are not in UTF-8."),
        "Bad Request",
        "The form cannot be read: it must be complete, and its texts and file names in UTF-8.",
    ),
    413: (
        N_("The file is larger than this server reads in one request."),
        "The file is too large.",
        "The file is larger than {most} MB. Send it in parts, or use the command line (python -m "
        "tablecast predict), which takes files of any size.",
    ),
    415: (
        N_("The body is not multipart/form-data."),
        "Unsupported Media Type",
        "Send multipart/form-data with the CSV file as “file”.",
    ),
    422: (
        N_(
            "The file is missing, is not a CSV table with the required columns, or has refused "
            "rows."
        ),
        "The file could not be processed.",
        "Choose a CSV or Excel file.",
    ),
}

#: The statuses of failures of this route.
FAILING = (400, 405, 411, 413, 415, 422, 500)

ANSWERED = (
    "The file with columns added at the end of each row: prediction_label; for numbers "
    "prediction_low and prediction_high, the ends of the range, where the deployment knows it; for "
    "classes prediction_score and each class's prediction_score_CLASS. With errors=column also "
    "prediction_error."
)


def batch_paths(loaded: Deployment, max_upload: int) -> dict[str, Any]:
    """The paths of the batch page, its template and its upload.

    Args:
        loaded: the deployment.
        max_upload: most bytes of one file.
    """
    page = {"text/html": {"schema": TEXT}}
    template = {"text/csv": {"schema": TEXT}}
    return {
        "/batch": {
            "post": _uploading(loaded, max_upload),
            "get": _reading(
                "getBatchPage", _("The page to upload a file from"), _("For people."), page
            ),
        },
        "/batch/template.csv": {
            "get": _reading(
                "getBatchTemplate", _("A template file"),
                _("The columns and a typical row."), template,
            ),
        },
    }  # fmt: skip


def _uploading(loaded: Deployment, max_upload: int) -> dict[str, Any]:
    choice = {"type": "string", "enum": list(ERROR_CHOICES), "default": "fail"}
    file = {
        "type": "string",
        "format": "binary",
        "contentMediaType": "text/csv",
        "description": "UTF-8; its first line names the columns. Other columns are kept.",
    }
    body = {
        "schema": {
            "type": "object",
            "properties": {
                "file": file,
                "errors": choice | {
                    "description": "A refused row stops it, is left out, or says why in a column."
                },
            },
            "required": ["file"],
        },
        "encoding": {"file": {"contentType": "text/csv"}},
    }  # fmt: skip
    answered = {
        "description": ANSWERED,
        "headers": REQUEST_ID | {
            name: {"description": f"How many rows were {what}.", "schema": {"type": "integer"}}
            for name, what in (("X-Rows-Predicted", "answered"), ("X-Rows-Refused", "refused"))
        },
        "content": {"text/csv": {"schema": TEXT, **_example(loaded)}},
    }  # fmt: skip
    most = f"{max_upload / 1e6:g}"
    words = _(
        "Upload a table and get it back with predictions. Every row is checked. At most "
        "{most} MB; nothing is stored."
    )
    return operation(
        "predictFile", _("Predict a whole CSV file"), words.format(most=most), "prediction",
        {"200": answered} | _failures(FAILING, most),
        requestBody={"required": True, "content": {"multipart/form-data": body}},
    )


def _reading(
    name: str, summary: str, description: str, content: dict[str, Any]
) -> dict[str, Any]:
    answered = {"description": _("The response."), "headers": REQUEST_ID, "content": content}
    responses = {"200": answered} | _failures((405, 500), "")
    return operation(name, summary, description, "prediction", responses)


def _failures(statuses: tuple[int, ...], most: str) -> dict[str, Any]:
    """Problems for programs; whoever names HTML, as browsers do, gets a page."""
    described = {}
    for status in statuses:
        usual = FAILURES[status]
        words = (usual.meaning, usual.title, usual.detail)
        meaning, title, detail = OWN_FAILURES.get(status, words)
        described[str(status)] = response = problem_response(
            _(meaning), ALLOW if status == 405 else {},
            example=problem_body(status, title, detail.format(most=most)),
        )
        response["content"]["text/html"] = {"schema": TEXT}
    return described


def _example(loaded: Deployment) -> dict[str, Any]:
    """A short file's answer; nothing where the fields' names leave no room for the answer's."""
    schema = loaded.schema
    text, result = io.StringIO(), io.BytesIO()
    cells = [
        [field.show(value) for field, value in zip(schema.fields, row.values, strict=True)]
        for row in map(schema.parse, example_rows(schema))
    ]
    csv.writer(text).writerows([[field.name for field in schema.fields], *cells])
    source = io.BytesIO(text.getvalue().encode())
    try:
        predict_csv(loaded, source, result, name="rows.csv")
    except BatchError:
        return {}
    value = result.getvalue().decode().replace("\r\n", "\n")
    return {"examples": {"file": {"summary": _("Two rows"), "value": value}}}
