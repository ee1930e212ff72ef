"""The Flask application: a factory, and everything that holds for every route.

HTML or JSON, the shape of errors, and the headers are decided here; the views only parse and
render.
"""

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import BadRequest, HTTPException

from tablecast.deployment.deployment import Deployment
from tablecast.errors import InvalidInput, Remark, SettingError, TablecastError
from tablecast.i18n.language import N_, _
from tablecast.log.open_log import open_log
from tablecast.settings import read_settings, unknown_settings
from tablecast.web import answer_log, api, pages, warmup
from tablecast.web.answer_log import AnswerLog
from tablecast.web.body_limits import limit_body
from tablecast.web.docs import document as openapi
from tablecast.web.fast_path import FastLane, Finder
from tablecast.web.http import (
    accent_stylesheet,
    access,
    content_encoding,
    metrics,
    navigation,
    origins,
    reader_language,
    static_files,
    tracing,
)
from tablecast.web.http.access_log import AccessLog, access_log_of
from tablecast.web.http.bounded_request import BoundedRequest
from tablecast.web.http.headers import Headers
from tablecast.web.http.opened import OPENED
from tablecast.web.http.origins import HOST_HEADER
from tablecast.web.http.proxies import TrustedProxies
from tablecast.web.http.rendering import problem_page, wants_page
from tablecast.web.http.responses import invalid, problem
from tablecast.web.http.template_cache import WithoutIndents
from tablecast.web.http.tracing import request_id_of, trace_of
from tablecast.web.mounts import dispatch, front
from tablecast.web.mounts.fleet import Fleet
from tablecast.web.mounts.mount import Mount
from tablecast.web.mounts.served import served_by

log = logging.getLogger("tablecast")

#: The version whose requests need no Host header, as gunicorn and as granian write it.
WITHOUT_HOST = ("HTTP/1.0", "HTTP/1")

#: Routes for programs only: their errors are JSON, whatever is asked for.
PROGRAM_PATHS = ("/api/", "/predict_api", "/openapi.json", "/healthz", "/readyz", "/metrics")

#: Routes of which the log keeps what they refuse, and the statuses that are about what was sent.
PREDICTING = ("api.predict_api", "api.predict")
NOTED = (400, 411, 413, 415)

#: Characters of a method that are logged: granian takes any word as one, of any length.
METHOD_CHARACTERS = 20

#: The first parts of addresses that a server of several deployments has besides theirs.
SERVER_PATHS = frozenset(("api", "healthz", "metrics", "readyz", "sign-in", "sign-out", "static"))

#: What Werkzeug says in English where a route raises nothing of its own.
FRAMEWORK_WORDS = (
    N_("Bad Request"),
    N_("The browser (or proxy) sent a request that this server could not understand."),
    N_("Not Found"),
    N_(
        "The requested URL was not found on the server. If you entered the URL manually please "
        "check your spelling and try again."
    ),
    N_("Method Not Allowed"),
    N_("The method is not allowed for the requested URL."),
    N_("Length Required"),
    N_("Request Entity Too Large"),
    N_("The data value transmitted exceeds the capacity limit."),
    N_("Unsupported Media Type"),
    N_("Service Unavailable"),
)

def create_app(deployment: Deployment | None = None) -> Flask:
    """Make the application for one deployment (default: what the settings name).

    Where they name a folder, it answers for each deployment of it, and for the folder as a whole.

    Raises:
        TablecastError: nothing can be served.
    """
    settings = read_settings()
    served = Mount(deployment) if deployment else served_by(settings, SERVER_PATHS)
    shared = _shared(settings)
    app = _application(settings, shared)
    answers = answer_log.install(app, open_log(settings, metrics.count_dropped))
    _add_routes(app, logged=bool(answers))
    if isinstance(served, Mount):
        app.extensions["tablecast"] = served
        opened = served.current()
        warmup.check(app, opened)
        app.config["QUICK"] = bool(getattr(opened.loaded.engine, "quick", False))
        find, behind = _alone(served), app.wsgi_app
    else:
        app.extensions["fleet"] = served
        app.config["QUICK"] = settings["engine"] == "onnx"
        find, behind = dispatch.finder(served), _for_all(served, app, settings, shared, answers)
    trusting = TrustedProxies(behind, settings["proxies"])
    app.wsgi_app = trusting  # type: ignore[method-assign]
    if not tracing.instrument(app):
        lane = FastLane(
            trusting, find, shared.allowed, shared.access_log, quick=app.config["QUICK"],
            hosts=app.config["TRUSTED_HOSTS"], cors=bool(shared.cors), answers=answers,
        )
        app.wsgi_app = lane  # type: ignore[method-assign]
    return app


def _add_routes(app: Flask, *, logged: bool) -> None:
    """Every page and route of a deployment; some are about the log, where there is one."""
    for module in (api, openapi, accent_stylesheet):
        app.register_blueprint(module.blueprint)
    for blueprint in pages.blueprints():
        app.register_blueprint(blueprint)
    if logged:
        from tablecast.web.outcomes import outcome_page, outcomes_api
        from tablecast.web.watch import gauges, watch_api

        app.register_blueprint(outcomes_api.blueprint)
        app.register_blueprint(outcome_page.blueprint)
        app.register_blueprint(watch_api.blueprint)
        app.extensions[metrics.MORE] = [gauges.gauges]


@dataclass(frozen=True)
class _Shared:
    """What the settings ask for, once for a whole server."""

    allowed: access.Access | None
    access_log: AccessLog | None
    headers: Headers
    cors: tuple[str, ...]


def _shared(settings: dict[str, Any]) -> _Shared:
    return _Shared(
        access.access_of(settings),
        access_log_of(settings),
        Headers(origins.frame_ancestors(settings["frames"], settings["space"])),
        origins.origins_of("TABLECAST_CORS_ORIGINS", settings["cors"]),
    )


def _application(settings: dict[str, Any], shared: _Shared) -> Flask:
    """An application with all that holds for every route, and no page yet."""
    root = _root()
    app = Flask(
        "tablecast", template_folder=str(root / "templates"), static_folder=str(root / "static")
    )
    app.request_class = BoundedRequest
    limits = ("max_rows", "max_body", "max_upload", "max_seconds")
    app.config.update({name.upper(): settings[name] for name in limits})
    app.config["TRUSTED_HOSTS"] = origins.hosts_of(settings["hosts"])
    app.extensions |= {"access_log": shared.access_log, "headers": shared.headers}
    app.register_blueprint(metrics.blueprint)
    navigation.install(app)
    reader_language.install(app, PROGRAM_PATHS)
    app.jinja_env.add_extension(WithoutIndents)
    static_files.install(app)
    app.before_request(_begin)
    origins.install(app, shared.cors)
    access.install(app, shared.allowed)
    app.before_request(limit_body)
    app.after_request(_finish)
    content_encoding.install(app)
    app.register_error_handler(InvalidInput, _invalid)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _unexpected)
    return app


def _alone(mount: Mount) -> Finder:
    return lambda path: (mount.ready(), path)


def _for_all(
    fleet: Fleet, app: Flask, settings: dict[str, Any], shared: _Shared, answers: AnswerLog | None
) -> dispatch.Dispatch:
    """What answers for a folder: the application for each deployment, and a page that lists them.

    All deployments share the application, so that one more costs no more than its graph.
    """
    front_app = _application(settings, shared)
    front_app.register_blueprint(front.blueprint)
    front_app.extensions[front.FLEET] = fleet
    if answers:
        from tablecast.web.watch.gauges import FolderGauges

        front_app.extensions[metrics.MORE] = [FolderGauges(answers.log, fleet.description)]
    app.extensions["front"] = front_app
    return dispatch.Dispatch(fleet, app.wsgi_app, front_app.wsgi_app)


def create_app_or_exit(make: Callable[[], Flask] = create_app) -> Flask:
    """``create_app``, ready for the first person.

    Ends the process with one line where the deployment cannot be served.
    """
    try:
        app = make()
        warmup.prepare(app)
        for sentence in unknown_settings():
            log.warning("%s", sentence)
    except TablecastError as error:
        sys.exit(f"tablecast: {error}")
    return app


def settings_or_exit() -> dict[str, Any]:
    """Every setting; ends the process with one line where one has a value that cannot be used."""
    try:
        return read_settings()
    except SettingError as error:
        sys.exit(f"tablecast: {error}")


def _root() -> Path:
    """The folder of templates and static files: the package's own, or the repository's root."""
    package = Path(__file__).parents[1]
    return package if (package / "templates").is_dir() else package.parent


def _begin() -> None:
    g.request_id = request_id_of(request.headers.get("X-Request-Id"))
    g.began = time.perf_counter()
    g.rows = 0
    g.key = None
    environ = request.environ
    host = environ.get("HTTP_HOST", "")
    if not host and environ.get("SERVER_PROTOCOL") not in WITHOUT_HOST:
        raise BadRequest(_("Send a Host header; HTTP/1.1 requires one."))
    if host and not HOST_HEADER.fullmatch(host):
        raise BadRequest(_("Send one Host header that holds a host name and nothing else."))


def _finish(response: Response) -> Response:
    headers = current_app.extensions["headers"]
    for name, value in headers.of(response.mimetype or "", secure=request.is_secure).items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.request_id
    route = request.url_rule.rule if request.url_rule else "none"
    seconds = time.perf_counter() - g.began
    metrics.of_route(route).observe(response.status_code, seconds)
    _log_access(response.status_code, route, seconds)
    return response


def _log_access(status: int, route: str, seconds: float) -> None:
    access_log = current_app.extensions["access_log"]
    if access_log is None:
        return
    about = request.environ.get(OPENED)
    if about and route != "none":  # beside others: the log says which it is
        route = f"/{about.name}{route}"
    trace = trace_of(request.headers.get("traceparent"))
    key = g.key.name if g.key else ""
    method = request.method[:METHOD_CHARACTERS]
    access_log.note(method, route, status, seconds, g.request_id, g.rows, key, trace)


def _wants_json() -> bool:
    """Programs get JSON; whoever asks for HTML, as browsers do, gets a page."""
    return request.path.startswith(PROGRAM_PATHS) or not wants_page()


def _invalid(error: InvalidInput) -> Response:
    try:
        if request.endpoint in PREDICTING:
            answer_log.note_refusal(error.errors)
    except HTTPException as unable:
        return _worded(unable)
    return invalid(error)


def _refused(error: HTTPException) -> Response:
    try:
        if request.endpoint in PREDICTING and error.code in NOTED:
            answer_log.note_refusal([Remark(error.name)])
    except HTTPException as unable:
        return _worded(unable)
    return _worded(error)


def _worded(error: HTTPException) -> Response:
    status = error.code or 500
    title, detail = _(error.name), _(error.description or error.name)
    if _wants_json():
        response = problem(status, title, detail)
    else:
        response = problem_page(status, title, detail)
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    log.error("request %s failed", g.request_id, exc_info=error)
    detail = _(
        "Something went wrong on our side. The error was logged. Try again. If it happens again, "
        "give the request id {request_id} to the person who runs this service."
    ).format(request_id=g.request_id)
    if _wants_json():
        return problem(500, _("Internal Server Error"), detail)
    return problem_page(500, _("Something went wrong"), detail)
