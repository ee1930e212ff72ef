"""How a request's answer gets into the prediction log, where there is one.

In strict mode an answer that cannot be kept is not given: 503, with Retry-After.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import BadRequest, ServiceUnavailable, UnprocessableEntity

from tablecast.deployment.deployment import Deployment
from tablecast.errors import Remark
from tablecast.i18n.language import N_, _
from tablecast.inference.predictor import Prediction
from tablecast.log.entries import Asked, Notes, Parcel, Repeated, new_ids

if TYPE_CHECKING:
    from tablecast.log.prediction_log import PredictionLog

HEADER = "X-Prediction-Id"

#: Where an application keeps its log.
EXTENSION = "prediction_log"

#: Ids that the header names: many programs take no header of more than 8 KB. After that many it
#: names the first, and those of a list count up by one.
MOST_NAMED = 100

#: Seconds after which to ask again where nothing could be kept: the log looks twice a second.
RETRY_AFTER = 2

#: Characters of an Idempotency-Key.
MOST_KEY = 255

NOT_KEPT = N_(
    "The answer could not be kept in the log, so it is not given. Try again in a few seconds."
)
ANOTHER_BODY = N_(
    "This Idempotency-Key was used for another request. Send a new key with each new request."
)
WRONG_KEY = N_("An Idempotency-Key must have 1 to {most} printable ASCII characters.")


@dataclass(frozen=True)
class AnswerLog:
    """A process's log, and what makes the entries of the deployment that an application serves."""

    log: PredictionLog
    notes: Notes

    def parcel(
        self, ids: Sequence[str], predictions: Sequence[Prediction], asked: Asked
    ) -> Parcel:
        """What is to be kept of the answers to a request."""
        return Parcel(self.notes.answered(ids, predictions, asked))


def install(app: Flask, log: PredictionLog | None, loaded: Deployment) -> AnswerLog | None:
    """Let an application keep its answers. Raises SettingError; see ``Notes``."""
    answers = AnswerLog(log, log.notes(loaded)) if log else None
    app.extensions[EXTENSION] = answers
    return answers


def ids_of(predictions: Sequence[Prediction]) -> Sequence[str]:
    """An id for each answer; none where there is no log."""
    return new_ids(len(predictions)) if _log() else ()


def kept(
    response: Response,
    ids: Sequence[str],
    predictions: Sequence[Prediction],
    content: bytes | None = None,
) -> Response:
    """The response, once its answers are kept; what was answered before to the same request.

    Args:
        response: what answers.
        ids: as ``ids_of`` gives them.
        predictions: the answers.
        content: the request's body, where it may be sent again with the same Idempotency-Key.

    Raises:
        ServiceUnavailable: it could not be kept.
        UnprocessableEntity: the Idempotency-Key was used for something else.
    """
    answers = _log()
    if answers is None:
        return response
    parcel = answers.parcel(ids, predictions, _asked())
    if content is not None and "Idempotency-Key" in request.headers:
        parcel.repeated = _repeated(response, ids, content)
    _keep(answers, parcel)
    if parcel.repeated and parcel.earlier:
        return _again(parcel.earlier, parcel.repeated.digest)
    if ids:
        response.headers[HEADER] = named(ids)
    return response


def note_refusal(remarks: Sequence[Remark]) -> None:
    """Keep why a request was refused. Raises ServiceUnavailable where that could not be kept."""
    answers = _log()
    if answers is not None:
        _keep(answers, Parcel(refused=[answers.notes.refused(remarks, _asked())]))


def named(ids: Sequence[str]) -> str:
    """Ids as a header has them."""
    return ", ".join(ids) if len(ids) <= MOST_NAMED else ids[0]


def _log() -> AnswerLog | None:
    answers: AnswerLog | None = current_app.extensions[EXTENSION]
    return answers


def _asked() -> Asked:
    key = g.key.name if g.key else None
    return Asked(g.request_id, key, 1000 * (time.perf_counter() - g.began))


def _keep(answers: AnswerLog, parcel: Parcel) -> None:
    if not answers.log.keep(parcel):
        raise ServiceUnavailable(_(NOT_KEPT), retry_after=RETRY_AFTER)


def _repeated(response: Response, ids: Sequence[str], content: bytes) -> Repeated:
    sent = request.headers["Idempotency-Key"]
    if not (0 < len(sent) <= MOST_KEY and sent.isascii() and sent.isprintable()):
        raise BadRequest(_(WRONG_KEY).format(most=MOST_KEY))
    about = [request.full_path, request.content_type or "", request.headers.get("Accept", "")]
    digest = hashlib.sha256("\n".join(about).encode() + b"\n" + content).hexdigest()
    return Repeated(
        idempotency_key=sent,
        key=g.key.name if g.key else "",
        digest=digest,
        answer=response.get_data(),
        content_type=response.content_type or "",
        ids=named(ids),
        request=g.request_id,
        at=time.time_ns() // 1000,
    )


def _again(earlier: Repeated, digest: str) -> Response:
    if earlier.digest != digest:
        raise UnprocessableEntity(_(ANOTHER_BODY))
    response = Response(earlier.answer, content_type=earlier.content_type)
    response.headers[HEADER] = earlier.ids
    response.headers["Idempotent-Replayed"] = "true"
    return response
