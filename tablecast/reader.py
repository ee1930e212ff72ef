"""The reader's language on the pages: chosen for each request, kept by links, named in headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, g, request
from markupsafe import Markup

from tablecast.figures import between_sentences, listed, number
from tablecast.language import (
    ENGLISH,
    choose,
    current_language,
    gettext,
    language_of,
    ngettext,
    set_language,
)

#: The name by which an address asks for a language.
PARAMETER = "lang"

#: Blueprints whose addresses keep the language that was asked for; the rest is for programs.
PAGES = ("pages.", "batch.", "openapi.docs")


def install(app: Flask, program_paths: tuple[str, ...]) -> None:
    """Let an application speak its reader's language.

    Args:
        app: the application.
        program_paths: where paths begin that answer programs. They speak English, whatever a
            library's default headers accept, unless the address asks for a language.
    """
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True
    )
    app.jinja_env.globals["language"] = current_language
    app.jinja_env.filters |= {"listed": listed, "number": number, "sentences": _sentences}

    def begin() -> None:
        asked = request.args.get(PARAMETER)
        g.asked_language = language_of(asked) if asked else None
        accepted = () if request.path.startswith(program_paths) else request.accept_languages
        set_language(choose(asked, tuple(accepted)))

    app.before_request(begin)
    app.after_request(_name_language)
    app.teardown_request(_forget)
    app.url_defaults(_keep_language)


def _sentences(said: Iterable[str]) -> Markup:
    """Sentences one after the other, without the empty ones; what is not HTML is escaped."""
    return Markup(between_sentences()).join(one for one in said if one)


def _name_language(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = current_language().tag
        response.vary.add("Accept-Language")
    return response


def _forget(_error: BaseException | None) -> None:
    # The thread goes on to answer others, some of them past Flask.
    set_language(ENGLISH)


def _keep_language(endpoint: str, values: dict[str, Any]) -> None:
    """A link from a page whose address asks for a language asks for it too."""
    asked = g.get("asked_language")
    if asked and endpoint.startswith(PAGES):
        values.setdefault(PARAMETER, asked.primary)
