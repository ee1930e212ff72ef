"""The response format that a program asks for, and the formats other than JSON."""

import io
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from flask import Response, request

from tablecast.batch.answers import Recorder
from tablecast.batch.csv_rows import write_csv_rows
from tablecast.batch.predict_file import predict_csv
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError, InvalidInput, Remark
from tablecast.i18n.language import _
from tablecast.schema.schema import Row
from tablecast.web import file_answers
from tablecast.web.bodies import CSV, JSON, NDJSON, READERS
from tablecast.web.http.responses import to_json


def asked_kind() -> str:
    """The kind that Accept names with the highest weight, the first of equals; else JSON."""
    named = [(name.partition(";")[0].strip().lower(), weight)
             for name, weight in request.accept_mimetypes]
    kinds = [(kind, weight) for kind, weight in named if kind in READERS and weight]
    return max(kinds, key=itemgetter(1), default=(JSON, 1))[0]


def ndjson_response(predictions: Sequence[Mapping[str, Any]]) -> Response:
    """One prediction a line."""
    return Response(b"".join(map(to_json, predictions)), content_type=NDJSON)


def csv_response(loaded: Deployment, rows: Sequence[Row], body: bytes) -> Response:
    """The rows with a batch's columns; a CSV body comes back as it was written, and complete.

    Raises:
        InvalidInput: a field of the deployment has the name of a result column.
    """
    recorder = file_answers.file_recorder()
    try:
        if request.mimetype == CSV:
            content = _csv_beside(loaded, body, recorder)
        else:
            content = write_csv_rows(loaded, rows, recorder)
    except BatchError as error:
        raise InvalidInput([Remark("{remark}", None, {"remark": str(error)})]) from None
    response = Response(content, content_type=f"{CSV}; charset=utf-8")
    return file_answers.kept_file(response, recorder, body)


def _csv_beside(loaded: Deployment, body: bytes, recorder: Recorder | None) -> bytes:
    result = io.BytesIO()
    predict_csv(loaded, io.BytesIO(body), result, name=_("the body"), recorder=recorder)
    return result.getvalue()
