"""The application as a server starts it, for every test of a page or a route."""

from __future__ import annotations

from flask import Flask

from tablecast.deployment.deployment import Deployment
from tablecast.web import warmup
from tablecast.web.app import create_app, create_app_or_exit


def started(deployment: Deployment) -> Flask:
    """An application that went through what gunicorn and granian do before the first request.

    Pages that are rendered once are rendered by then, as nobody; a test of a bare ``create_app``
    would be shown others.
    """
    app = create_app_or_exit(lambda: create_app(deployment))
    warmup.rehearse(app)
    return app
