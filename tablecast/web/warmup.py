"""What a server does before the first person asks, so that nobody waits for it.

Templates are compiled, and pages that are the same for everybody rendered, where the application
is loaded: processes made of it afterwards share them. An engine's session belongs to one process,
so each opens its own.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tablecast.i18n.language import LANGUAGES, speaking
from tablecast.web.http.template_cache import KeptTemplates
from tablecast.web.pages import form_page


def prepare(app: Flask) -> None:
    """Compile every template, and render the form in every language.

    A fifth of the time of a start is compiling templates, unless an earlier start has kept them.
    """
    app.jinja_env.bytecode_cache = KeptTemplates(Path(__file__).parent / "__pycache__")
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    for language in LANGUAGES:
        with app.test_request_context("/"), speaking(language):
            form_page.form()


def rehearse(app: Flask) -> None:
    """In the process that serves: answer the typical case once, as a page where that is quick."""
    deployment = app.extensions["tablecast"]
    deployment.predictor.warm_up()
    if getattr(deployment.engine, "quick", False):
        with app.test_request_context("/"):
            form_page.rehearse()
