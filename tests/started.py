"""The application as a server starts it, for every test of a page or a route."""

from __future__ import annotations

import os

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


def shared(deployment: Deployment) -> Flask:
    """The one application of this deployment and these settings that tests share.

    A start renders every page in every language, which takes longer than most tests; what a test
    asks leaves nothing behind that another would see, except counts and what is cached.
    """
    settings = frozenset(item for item in os.environ.items() if item[0] != "PYTEST_CURRENT_TEST")
    key = id(deployment), settings  # an application keeps its deployment, and so its id
    if key not in _SHARED:
        _SHARED[key] = started(deployment)
    return _SHARED[key]


_SHARED: dict[tuple[int, frozenset[tuple[str, str]]], Flask] = {}
