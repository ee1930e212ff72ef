"""The deployment that the request at hand is about, and what is kept of it.

A request that has begun with a deployment ends with it, whatever is opened meanwhile.
"""

from functools import cached_property
from typing import Any

from flask import current_app, g, request

from tablecast.deployment.deployment import Deployment
from tablecast.i18n.language import LANGUAGES, Language

#: The name by which a deployment's address asks for a language.
LANGUAGE_PARAMETER = "lang"

#: In a request's environment: the ``Opened`` that it is about, and where all deployments are.
OPENED, ROOT = "tablecast.opened", "tablecast.root"


class Opened:
    """A deployment as a process has it open.

    Attributes:
        loaded: the deployment.
        name: under which it is served beside others; "" where it is alone.
        shadow: what answers the same requests for the log alone; None for nothing.
        kept: what was worked out of it once, such as pages; it goes when the deployment does.
    """

    def __init__(
        self, loaded: Deployment, name: str = "", shadow: Deployment | None = None
    ) -> None:
        self.loaded = loaded
        self.name = name
        self.shadow = Opened(shadow, name) if shadow else None
        self.kept: dict[str, Any] = {}

    @property
    def logged_as(self) -> str:
        """By which name the log knows it: copies of one deployment have names of their own."""
        return self.name or self.loaded.name

    @cached_property
    def languages(self) -> tuple[Language, ...]:
        """The languages that its addresses may ask for.

        A column called ``lang`` is asked for by that; then only the browser's setting tells.
        """
        taken = any(field.name == LANGUAGE_PARAMETER for field in self.loaded.schema.fields)
        return () if taken else LANGUAGES


def opened() -> Opened:
    """What the request at hand is answered from."""
    if "opened" not in g:
        g.opened = request.environ.get(OPENED) or current_app.extensions["tablecast"].current()
    found: Opened = g.opened
    return found


def is_about_one() -> bool:
    """Whether the request is about a deployment, and not about a server of several."""
    return OPENED in request.environ or "tablecast" in current_app.extensions


def languages_offered() -> tuple[Language, ...]:
    """The languages that the request's address may ask for."""
    return opened().languages if is_about_one() else LANGUAGES


def home() -> str:
    """The endpoint of the page that all others lead back to."""
    return "form.form" if is_about_one() else "front.index"


def site_root() -> str:
    """Where the server's addresses begin, above the deployments that it serves."""
    root: str = request.environ.get(ROOT, request.script_root)
    return root
