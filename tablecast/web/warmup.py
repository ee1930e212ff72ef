"""What a server prepares before its first request, so that nobody waits for it.

Templates are compiled, and pages that are the same for everybody rendered, where the application
is loaded: processes made of it afterwards share them. An engine's session belongs to one process,
so each opens its own.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask, g

from tablecast.deployment.deployment import Deployment
from tablecast.errors import ArtifactError, InvalidInput, TablecastError
from tablecast.i18n.language import LANGUAGES, speaking
from tablecast.inference.engine import Answer, Columns
from tablecast.web import answer_log
from tablecast.web.http.opened import Opened
from tablecast.web.http.template_cache import KeptTemplates
from tablecast.web.pages import form_page

#: Addresses that show nothing of a deployment, and those that show answers.
OTHERS = ("/healthz", "/readyz", "/metrics", "/watch", "/api/v1/watch")
ASKING = ("/batch", "/compare", "/docs", "/openapi.json")

#: Seconds that a thread computes before another one may. Each that computes lets whoever answers
#: others wait so long, once at each call of the system, and a dozen threads may be computing.
#: Python's own 5 ms are many where an answer takes microseconds.
TURN = 0.0002


def prepare(app: Flask) -> None:
    """Compile every template, and render every page in every language.

    A fifth of the time of a start is compiling templates, unless an earlier start has kept them.

    Raises:
        ArtifactError: a page cannot be rendered of this deployment's description; that would
            otherwise turn out when somebody asks for it.
    """
    _compile(app)
    mount = app.extensions.get("tablecast")
    if mount is None:  # a folder's deployments are opened when somebody asks for them
        _compile(app.extensions["front"], "base.html", "brand.html", "deployments.html")
        return
    opened = mount.current()
    with _naming(opened.loaded):
        for language in LANGUAGES:
            with speaking(language):
                _render(app, opened)


def _compile(app: Flask, *names: str) -> None:
    """Compile these templates, or all."""
    app.jinja_env.bytecode_cache = KeptTemplates(Path(__file__).parent / "__pycache__")
    for name in names or app.jinja_env.list_templates(extensions=("html", "css")):
        app.jinja_env.get_template(name)


def check(app: Flask, opened: Opened) -> None:
    """See whether a deployment can be used at all.

    Raises:
        ArtifactError: its description cannot.
        SettingError: the settings ask for what it does not have.
    """
    answer_log.check(app, opened)
    with _naming(opened.loaded):
        schema = opened.loaded.predictor.schema
        for field in schema.fields:
            with suppress(InvalidInput):
                schema.parse({field.name: field.show(field.default)}, text=True)


@contextmanager
def _naming(loaded: Deployment) -> Iterator[None]:
    try:
        yield
    except TablecastError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ArtifactError(
            f"The description of {loaded.name!r} cannot be used ({reason}); train it again, or "
            "serve another deployment."
        ) from error


def _render(app: Flask, opened: Opened) -> None:
    """Render every page; those that show answers, with others than the model's.

    Its engine belongs to the process that answers, so what was rendered of them is not kept.
    """
    loaded = opened.loaded
    uncertain = Opened(replace(loaded, engine=_Uncertain(loaded)))
    for path, view in _pages(app):
        with _asking(app, path, uncertain if path in ASKING else opened):
            app.make_response(view())


@contextmanager
def _asking(app: Flask, path: str, opened: Opened) -> Iterator[None]:
    """A request for a page, which nobody sends: by none of the names that the server goes by."""
    names = app.config["TRUSTED_HOSTS"]
    app.config["TRUSTED_HOSTS"] = None
    try:
        with app.test_request_context(path):
            g.opened = opened
            yield
    finally:
        app.config["TRUSTED_HOSTS"] = names


class _Uncertain:
    """Answers every row alike."""

    def __init__(self, loaded: Deployment) -> None:
        self._classes = loaded.schema.classes

    def answer(self, columns: Columns) -> Answer:
        rows = len(next(iter(columns.values())))
        if not self._classes:
            return Answer(np.zeros(rows))
        labels = np.array([self._classes[0]] * rows, dtype=object)
        return Answer(labels, np.full((rows, len(self._classes)), 1 / len(self._classes)))


def _pages(app: Flask) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every address that is asked for as it stands, and its view."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.rule not in OTHERS:
            yield rule.rule, app.view_functions[rule.endpoint]


def rehearse(app: Flask) -> None:
    """In the process that serves: answer the typical case once, as a page where that is quick.

    What is opened later is seen to answer before anybody is answered from it. From now on threads
    take short turns, so that nobody waits long for those that answer whole files.
    """
    sys.setswitchinterval(TURN)

    def prepare_one(opened: Opened) -> None:
        check(app, opened)
        _warm_up(opened)

    if "fleet" in app.extensions:
        app.extensions["fleet"].prepare = prepare_one
        return
    mount = app.extensions["tablecast"]
    opened = mount.current()
    _warm_up(opened)
    if getattr(opened.loaded.engine, "quick", False):
        with _asking(app, "/", opened):
            form_page.rehearse()
    mount.prepare = prepare_one


def _warm_up(opened: Opened) -> None:
    opened.loaded.predictor.warm_up()
    if opened.shadow:
        opened.shadow.loaded.predictor.warm_up()
