"""How a request's answer gets into the prediction log, where there is one.

In strict mode an answer that cannot be kept is not given: 503, with Retry-After.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import BadRequest, ServiceUnavailable, UnprocessableEntity

from tablecast.errors import Remark
from tablecast.i18n.language import N_, _
from tablecast.inference.predictor import Prediction
from tablecast.log.entries import Answered, Asked, Notes, Parcel, Repeated, new_ids
from tablecast.web.http.opened import Opened, opened

if TYPE_CHECKING:
    from tablecast.log.prediction_log import PredictionLog

log = logging.getLogger("tablecast")

HEADER = "X-Prediction-Id"

#: Where an application keeps its log.
EXTENSION = "prediction_log"

#: Where a deployment that is open keeps its ``Notes``.
NOTES = "tablecast.web.answer_log"

#: Where a shadow keeps whether the log has been told that it fails.
FAILED = "tablecast.web.answer_log.failed"

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
    """A process's log, and what makes its entries."""

    log: PredictionLog

    def notes(self, about: Opened) -> Notes:
        """What makes the entries of a deployment. Raises SettingError; see ``Notes``."""
        notes: Notes | None = about.kept.get(NOTES)
        if notes is None:
            notes = about.kept[NOTES] = self.log.notes(about.loaded, about.logged_as)
        return notes

    def parcel(
        self, about: Opened, ids: Sequence[str], predictions: Sequence[Prediction], asked: Asked
    ) -> Parcel:
        """What is to be kept of a deployment's answers to a request."""
        answered = self.notes(about).answered(ids, predictions, asked)
        if about.shadow:
            answered += self._shadowed(about, about.shadow, predictions, asked)
        return Parcel(answered)

    def _shadowed(
        self, about: Opened, shadow: Opened, predictions: Sequence[Prediction], asked: Asked
    ) -> list[Answered]:
        """What the shadow answers to the same rows; nothing where it cannot.

        Nobody waits for its failure, and nobody but the log is told.
        """
        began = time.perf_counter()
        try:
            rows = [shadow.loaded.schema.parse(_for_shadow(about, shadow, one))
                    for one in predictions]  # fmt: skip
            others = shadow.loaded.predictor.predict(rows)
        except Exception as error:
            if not shadow.kept.setdefault(FAILED, False):
                shadow.kept[FAILED] = True
                log.warning("The shadow of %s cannot answer: %s", about.loaded.name, error)
            return []
        asked = asked._replace(ms=1000 * (time.perf_counter() - began))
        answered = self.notes(shadow).answered(new_ids(len(others)), others, asked)
        return [{**row, "shadow": True} for row in answered]


def _for_shadow(about: Opened, shadow: Opened, prediction: Prediction) -> dict[str, object]:
    """A row's values as the shadow's fields take them; it may have fewer fields."""
    asked = {field.name for field in shadow.loaded.schema.fields}
    pairs = zip(about.loaded.schema.fields, prediction.values, strict=True)
    return {field.name: field.json_value(value) for field, value in pairs if field.name in asked}


def install(app: Flask, log: PredictionLog | None) -> AnswerLog | None:
    """Let an application keep its answers."""
    answers = AnswerLog(log) if log else None
    app.extensions[EXTENSION] = answers
    return answers


def check(app: Flask, about: Opened) -> None:
    """See whether a deployment's answers can be kept. Raises SettingError; see ``Notes``."""
    answers: AnswerLog | None = app.extensions[EXTENSION]
    if answers:
        answers.notes(about)


def ids_of(predictions: Sequence[Prediction]) -> Sequence[str]:
    """An id for each answer; none where there is no log."""
    return new_ids(len(predictions)) if answers_kept() else ()


def kept(
    response: Response,
    ids: Sequence[str],
    predictions: Sequence[Prediction],
    content: bytes | None = None,
    *,
    preview: bool = False,
) -> Response:
    """The response, once its answers are kept; what was answered before to the same request.

    Args:
        response: what answers.
        ids: as ``ids_of`` gives them.
        predictions: the answers.
        content: the request's body, where it may be sent again with the same Idempotency-Key.
        preview: whether somebody is typing, who may ask for something else next.

    Raises:
        ServiceUnavailable: it could not be kept.
        UnprocessableEntity: the Idempotency-Key was used for something else.
    """
    answers = answers_kept()
    if answers is None or not ids:
        return response
    asked = asked_now()._replace(preview=preview)
    parcel = answers.parcel(opened(), ids, predictions, asked)
    return given(answers, response, parcel, content)


def given(
    answers: AnswerLog, response: Response, parcel: Parcel, content: bytes | None
) -> Response:
    """A response, once the answers that a parcel has are kept; ``kept`` says what else."""
    ids = [row["id"] for row in parcel.answered]
    if content is not None and "Idempotency-Key" in request.headers:
        parcel.repeated = _repeated(response, ids, content)
    keep(answers, parcel)
    if parcel.repeated and parcel.earlier:
        return _again(parcel.earlier, parcel.repeated.digest)
    if ids:
        response.headers[HEADER] = named(ids)
    return response


def note_refusal(remarks: Sequence[Remark]) -> None:
    """Keep why a request was refused. Raises ServiceUnavailable where that could not be kept."""
    answers = answers_kept()
    if answers is not None:
        keep(answers, Parcel(refused=[answers.notes(opened()).refused(remarks, asked_now())]))


def named(ids: Sequence[str]) -> str:
    """Ids as a header has them."""
    return ", ".join(ids) if len(ids) <= MOST_NAMED else ids[0]


def answers_kept() -> AnswerLog | None:
    """What keeps the application's answers; None where there is no log."""
    answers: AnswerLog | None = current_app.extensions[EXTENSION]
    return answers


def asked_now() -> Asked:
    """The request at hand, as the log knows it."""
    key = g.key.name if g.key else None
    return Asked(g.request_id, key, 1000 * (time.perf_counter() - g.began))


def keep(answers: AnswerLog, parcel: Parcel) -> None:
    """Have a parcel written. Raises ServiceUnavailable where that could not be done."""
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
