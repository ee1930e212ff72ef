"""Every error of the API, described once for the document and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tablecast.errors import InvalidInput
from tablecast.i18n.language import ENGLISH, N_, _, speaking
from tablecast.schema.schema import Schema
from tablecast.web.docs.answer_schemas import TEXT, ref
from tablecast.web.docs.row_schemas import example_rows
from tablecast.web.http.responses import invalid, problem_body

#: What every answer carries.
REQUEST_ID = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
#: The failures of a route that reads, and of one that takes rows.
READING = (405, 500)
SENDING = (400, 405, 411, 413, 415, 422, 500)

ALLOW = {"Allow": {"description": "The methods that the route has.", "schema": TEXT}}


@dataclass(frozen=True)
class Failure:
    """One kind of failure: its component's name, what it means, and what the routes say."""

    name: str
    meaning: str
    title: str
    detail: str


#: By status. Titles and details are what the routes answer, word for word; a test compares them.
FAILURES = {
    400: Failure(
        "NotJson",
        N_("The body is not JSON."),
        "Bad Request",
        "The body is not JSON: unexpected end of data: line 1 column 2 (char 1).",
    ),
    405: Failure(
        "MethodNotAllowed",
        N_("This route does not support this method. The Allow header lists the supported ones."),
        "Method Not Allowed",
        "The method is not allowed for the requested URL.",
    ),
    411: Failure(
        "LengthRequired",
        N_("The request has no Content-Length header."),
        "Length Required",
        "Send a Content-Length header. Chunked requests are not supported.",
    ),
    413: Failure(
        "TooLarge",
        N_("The body, or the list in it, is larger than this server reads in one request."),
        "Request Entity Too Large",
        "The list has more than {rows:,} rows. Send it in parts.",
    ),
    415: Failure(
        "NotSentAsJson",
        N_("The Content-Type header does not say application/json."),
        "Unsupported Media Type",
        "Send JSON, with the header Content-Type: application/json.",
    ),
    422: Failure(
        "InvalidValues",
        N_("Some values are refused. The response names each of them."),
        "Some values are not valid.",
        "",
    ),
    500: Failure(
        "ServerError",
        N_("Something went wrong on the server. The error was logged."),
        "Internal Server Error",
        "Something went wrong on our side and was written to the log. Try again; if it happens "
        "again, give the person who runs this service the request id 3f9c0e1d2b4a5968.",
    ),
}


#: What differs where rows come as NDJSON and CSV too.
FAILURES_OF_ROWS = {
    400: Failure(
        "NotReadable",
        N_("The body is not JSON, NDJSON or CSV, whichever its Content-Type says."),
        FAILURES[400].title,
        FAILURES[400].detail,
    ),
    415: Failure(
        "NotSentAsRows",
        N_("The Content-Type header says neither JSON, NDJSON nor CSV."),
        FAILURES[415].title,
        "Send JSON, NDJSON or CSV, with the header Content-Type: application/json, "
        "application/x-ndjson or text/csv.",
    ),
}


def operation(
    name: str, summary: str, description: str, tag: str, responses: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """One method of a path; ``responses`` has that of success first."""
    named = {"operationId": name, "summary": summary, "description": description, "tags": [tag]}
    return {**named, **more, "responses": responses}


def problem_response(
    meaning: str, headers: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """A response with a problem; ``more`` is said of its body, such as an example."""
    content = {"application/problem+json": {"schema": ref("Problem"), **more}}
    return {"description": meaning, "headers": {**REQUEST_ID, **headers}, "content": content}


def unavailable(meaning: str, detail: str) -> dict[str, Any]:
    """The response where the log is away; ``detail`` is what the route says."""
    after = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return problem_response(
        meaning, after, example=problem_body(503, "Service Unavailable", detail)
    )


def failure_responses(schema: Schema, max_rows: int) -> dict[str, Any]:
    """Every failure as a named response with an example."""
    return {
        failure.name: problem_response(
            _(failure.meaning), ALLOW if status == 405 else {},
            example=_example(status, failure, schema, max_rows),
        )
        for status, failure in (*FAILURES.items(), *FAILURES_OF_ROWS.items())
    }


def responses(
    content: dict[str, Any], statuses: Sequence[int], own: Mapping[int, Failure] = FAILURES
) -> dict[str, Any]:
    """The response of success, and references to those of failures; ``own``: a route's own."""
    answered = {"description": _("The response."), "headers": REQUEST_ID, "content": content}
    names = {str(status): (own.get(status) or FAILURES[status]).name for status in statuses}
    refs = {status: {"$ref": f"#/components/responses/{name}"} for status, name in names.items()}
    return {"200": answered, **refs}


def refused_row(schema: Schema) -> dict[str, Any]:
    """A typical row with a misspelt name in it, which the schema refuses."""
    row = example_rows(schema)[0]
    return row | {max(row, key=len) + "_": 1}


def _example(status: int, failure: Failure, schema: Schema, max_rows: int) -> Any:
    if status != 422:
        return problem_body(status, failure.title, failure.detail.format(rows=max_rows))
    try:
        schema.parse(refused_row(schema))
    except InvalidInput as error:
        with speaking(ENGLISH):  # as programs are answered
            return invalid(error).get_json()
    raise AssertionError("a misspelt name was taken")
