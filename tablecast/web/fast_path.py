"""The plain case, answered before Flask: one valid JSON row for either prediction route.

Flask spends several times longer on routing and contexts than a graph on its answer. This layer
has no rules of its own: it calls the same parser, the same predictor and the same serialiser, and
hands everything that is not plain, untouched, to the application behind it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import orjson

from tablecast.deployment.deployment import Deployment
from tablecast.errors import InvalidInput
from tablecast.web import api
from tablecast.web.http import metrics
from tablecast.web.http.headers import headers_of, new_request_id
from tablecast.web.http.responses import to_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Digits of the length of a plain body: a row of a table has less than 100,000 bytes, and a larger
#: body is read by Flask, which knows its limits.
PLAIN_LENGTH_DIGITS = 5


class FastLane:
    """A WSGI application that answers plain prediction requests and passes on all others."""

    def __init__(self, app: WSGIApplication, deployment: Deployment) -> None:
        self._app = app
        self._deployment = deployment
        self._parse = deployment.schema.parse
        self._predict = deployment.predictor.predict
        self._routes: dict[str, tuple[Callable[[Any], Any], metrics.RouteMetrics]] = {
            "/predict_api": (api.bare_answer, metrics.of_route("/predict_api")),
            "/api/v1/predict": (self._full_answer, metrics.of_route("/api/v1/predict")),
        }
        #: The headers that all plain answers have.
        json = "application/json"
        self.shared_headers = [("Content-Type", json), *headers_of(json).items()]

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in self._routes or not _is_plain(environ):
            return self._app(environ, start_response)
        content = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        body = self.answer(environ["PATH_INFO"], content)
        if body is None:
            environ["wsgi.input"] = io.BytesIO(content)
            return self._app(environ, start_response)
        start_response("200 OK", [*self.shared_headers, *self.own_headers(body)])
        return [body]

    @property
    def quick(self) -> bool:
        """Whether an answer takes so little that nobody needs to wait for it in a thread."""
        return bool(getattr(self._deployment.engine, "quick", False))

    def answer(self, path: str, content: bytes) -> bytes | None:
        """The body that answers a JSON body posted to a path, counted in the metrics.

        Returns:
            None where it is not plain: the application behind should look at the request.
        """
        route = self._routes.get(path)
        if route is None:
            return None
        began = time.perf_counter()
        worded, measured = route
        body = self._answer(content, worded)
        if body is not None:
            measured.observe(200, time.perf_counter() - began, 1)
        return body

    def own_headers(self, body: bytes) -> tuple[tuple[str, str], ...]:
        """The headers that one answer has besides the shared ones."""
        return ("Content-Length", str(len(body))), ("X-Request-Id", new_request_id())

    def _answer(self, content: bytes, worded: Callable[[Any], Any]) -> bytes | None:
        """The answer's body, or None where the application behind should look at the request."""
        try:
            raw = orjson.loads(content)
            if type(raw) is not dict:
                return None
            return to_json(worded(self._predict([self._parse(raw)])))
        except (orjson.JSONDecodeError, InvalidInput):
            return None
        except Exception:  # the application meets the same failure, logs it and words it
            return None

    def _full_answer(self, predictions: Any) -> Any:
        return api.full_answer(self._deployment, predictions)


def _is_plain(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH") or ""
    return (
        environ["REQUEST_METHOD"] == "POST"
        and environ.get("CONTENT_TYPE") == "application/json"
        and not environ.get("QUERY_STRING")
        and length.isdecimal()
        and len(length) <= PLAIN_LENGTH_DIGITS
    )
