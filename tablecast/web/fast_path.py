"""The plain case, handled before Flask: one valid JSON row for either prediction route.

Flask spends several times longer on routing and contexts than a graph on its answer. This layer
has no rules of its own: it calls the same parser, the same predictor and the same serialiser, and
hands everything that is not plain, untouched, to the application behind it.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from werkzeug.sansio.utils import host_is_trusted

from tablecast.deployment.deployment import Deployment
from tablecast.errors import InvalidInput
from tablecast.inference.engine import Label
from tablecast.inference.predictor import Prediction
from tablecast.log.entries import Asked, Parcel, new_ids
from tablecast.web import api
from tablecast.web.answer_log import HEADER, AnswerLog
from tablecast.web.http import metrics
from tablecast.web.http.access import Access
from tablecast.web.http.access_log import AccessLog
from tablecast.web.http.headers import DATA
from tablecast.web.http.opened import Opened
from tablecast.web.http.origins import HOST_HEADER
from tablecast.web.http.proxies import Sender, TrustedProxies
from tablecast.web.http.responses import to_json
from tablecast.web.http.tracing import request_id_of, trace_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: Digits of the length of a plain body: a row of a table has less than 100,000 bytes, and a larger
#: body is read by Flask, which knows its limits.
PLAIN_LENGTH_DIGITS = 5

#: In Accept: a kind of answer that is not JSON may be asked for.
OTHER_KINDS = re.compile("csv|ndjson", re.IGNORECASE)


#: What answers for a path, and the rest of the path there; None where that takes opening it, or
#: where nothing does.
Finder = Callable[[str], tuple[Opened | None, str]]

#: The body of an answer, before it is JSON.
Worded = Callable[[Deployment, Sequence[Prediction], Sequence[str]], Any]


def _nothing() -> None:
    """All that there is to do."""


class Answered(NamedTuple):
    """An answer's body, the request's id, and what is to be kept before it is given.

    ``note`` is to be called once it is kept: it counts the request, and writes the access log. What
    is not given here is counted where it is refused.
    """

    body: bytes
    request_id: str
    parcel: Parcel | None = None
    note: Callable[[], None] = _nothing


class FastLane:
    """A WSGI application that answers plain prediction requests and passes on all others."""

    def __init__(
        self,
        app: TrustedProxies,
        find: Finder,
        access: Access | None = None,
        access_log: AccessLog | None = None,
        *,
        quick: bool = False,
        hosts: Sequence[str] | None = None,
        cors: bool = False,
        answers: AnswerLog | None = None,
    ) -> None:
        self._access_log = access_log
        self._answers = answers
        self._trusts = (
            lru_cache(lambda host: host_is_trusted(host.lower(), hosts)) if hosts else None
        )
        self._cors = cors
        self._app = app
        self._client_of = app.client_of
        self._access = access
        self._find = find
        #: Whether an answer takes so little that nobody needs to wait for it in a thread.
        self.quick = quick
        self._routes: dict[str, tuple[Worded, metrics.RouteMetrics]] = {
            "/predict_api": (_bare_answer, metrics.of_route("/predict_api")),
            "/api/v1/predict": (api.full_answer, metrics.of_route("/api/v1/predict")),
        }
        #: The headers that all plain answers have.
        json = "application/json"
        self.shared_headers = [("Content-Type", json), *DATA.items()]

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if not environ["PATH_INFO"].endswith(tuple(self._routes)) or not _is_plain(environ):
            return self._app(environ, start_response)
        length = int(environ["CONTENT_LENGTH"])
        content = environ["wsgi.input"].read(length)
        whole = len(content) == length  # else the client is gone, which the application notices
        path = environ["PATH_INFO"]
        answered = self.answer(path, content, _sender(environ)) if whole else None
        if answered is None or not self._keeps(answered):
            environ["wsgi.input"] = io.BytesIO(content)
            return self._app(environ, start_response)
        answered.note()
        start_response("200 OK", [*self.shared_headers, *self.own_headers(answered)])
        return [answered.body]

    def answer(self, path: str, content: bytes, sender: Sender) -> Answered | None:
        """What answers a JSON body posted to a path, counted and logged unless it is to be kept.

        Returns:
            None where it is not plain, or cannot be kept now: the application behind should look at
            the request.
        """
        if self._answers and self._answers.log.refuses:
            return None
        opened, inner = self._find(path)
        route = self._routes.get(inner)
        if opened is None or route is None or (self._cors and sender.origin is not None):
            return None
        if self._trusts is not None and not self._trusts(self._app.host_of(sender)):
            return None
        began = time.perf_counter()
        worded, measured = route
        ids = new_ids(1) if self._answers else ()
        said = self._answer(opened.loaded, content, worded, sender, ids)
        if said is None:
            return None
        body, prediction, key = said
        seconds = time.perf_counter() - began
        request_id = request_id_of(sender.request_id)
        about = (measured, path, seconds, request_id, key, sender.traceparent)
        if self._answers is None:
            self._note(*about)
            return Answered(body, request_id)
        asked = Asked(request_id, key or None, 1000 * seconds)
        parcel = self._answers.parcel(opened, ids, [prediction], asked)
        return Answered(body, request_id, parcel, partial(self._note, *about))

    def _note(
        self,
        measured: metrics.RouteMetrics,
        path: str,
        seconds: float,
        request_id: str,
        key: str,
        traceparent: str | None,
    ) -> None:
        """Count a request that is answered, and write it into the access log."""
        measured.observe(200, seconds, 1)
        if self._access_log:
            trace = trace_of(traceparent) if traceparent else ""
            self._access_log.note("POST", path, 200, seconds, request_id, 1, key, trace)

    def own_headers(self, answered: Answered) -> tuple[tuple[str, str], ...]:
        """The headers that one answer has besides the shared ones."""
        length = str(len(answered.body))
        own = ("Content-Length", length), ("X-Request-Id", answered.request_id)
        if answered.parcel is None:
            return own
        return *own, (HEADER, answered.parcel.answered[0]["id"])

    def awaited(self, answered: Answered, done: Callable[[bool], None]) -> Parcel | None:
        """What is to be submitted, and waited for, before an answer is given.

        Args:
            answered: the answer.
            done: is told in another thread whether it was kept.

        Returns:
            None where the answer may be given at once. Else ``answered.note`` is to be called once
            it is kept.
        """
        if self._answers is None or answered.parcel is None:
            return None
        if not self._answers.log.strict:
            self._answers.log.submit(answered.parcel)
            answered.note()
            return None
        answered.parcel.done = done
        return answered.parcel

    def submit(self, parcels: Iterable[Parcel]) -> None:
        """Have parcels written that ``awaited`` gave."""
        assert self._answers
        for parcel in parcels:
            self._answers.log.submit(parcel)

    def _keeps(self, answered: Answered) -> bool:
        """Whether an answer may be given now."""
        if self._answers is None or answered.parcel is None:
            return True
        return self._answers.log.keep(answered.parcel)

    def _answer(
        self, loaded: Deployment, content: bytes, worded: Worded, sender: Sender, ids: Sequence[str]
    ) -> tuple[bytes, Prediction, str] | None:
        """The answer's body, the answer, and the name of the key that asked.

        None where the request is not plain.
        """
        try:
            raw = orjson.loads(content)
            if type(raw) is not dict:
                return None
            row = loaded.schema.parse(raw)
            # Last, so that a request that the application looks at again is counted once.
            key = self._access.let_through(sender, self._client_of) if self._access else ""
            if key is None:
                return None
            predictions = loaded.predictor.predict([row])
            return to_json(worded(loaded, predictions, ids)), predictions[0], key
        except (orjson.JSONDecodeError, InvalidInput):
            return None
        except Exception:  # the application meets the same failure, logs it and words it
            return None


def _bare_answer(
    _loaded: Deployment, predictions: Sequence[Prediction], _ids: Sequence[str]
) -> Label:
    return api.bare_answer(predictions)


def _sender(environ: WSGIEnvironment) -> Sender:
    return Sender(
        environ.get("REMOTE_ADDR", ""),
        environ.get("HTTP_HOST", ""),
        environ.get("HTTP_AUTHORIZATION"),
        environ.get("HTTP_ORIGIN"),
        environ.get("HTTP_X_REQUEST_ID"),
        environ.get("HTTP_TRACEPARENT"),
        environ.get("HTTP_X_FORWARDED_FOR"),
        environ.get("HTTP_X_FORWARDED_HOST"),
    )


def _is_plain(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH") or ""
    return (
        environ["REQUEST_METHOD"] == "POST"
        and HOST_HEADER.fullmatch(environ.get("HTTP_HOST", "")) is not None
        and environ.get("CONTENT_TYPE") == "application/json"
        and not environ.get("QUERY_STRING")
        and OTHER_KINDS.search(environ.get("HTTP_ACCEPT", "")) is None
        and "HTTP_CONTENT_ENCODING" not in environ
        and "HTTP_IDEMPOTENCY_KEY" not in environ
        and length.isdecimal()
        and len(length) <= PLAIN_LENGTH_DIGITS
    )
