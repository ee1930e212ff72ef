"""The reader's language on the pages: chosen for each request, kept by links, sent in headers."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, request
from markupsafe import Markup, escape

from tablecast.i18n.formats import comma, listed, number, sentences, unit_name
from tablecast.i18n.language import (
    ENGLISH,
    Language,
    choose,
    current_language,
    gettext,
    language_of,
    ngettext,
    pgettext,
    set_language,
)
from tablecast.web.http.navigation import is_page
from tablecast.web.http.opened import LANGUAGE_PARAMETER, languages_offered

#: The name by which an address asks for a language.
PARAMETER = LANGUAGE_PARAMETER

#: What else an address may ask for that is about its form and not about the page.
NOT_OF_THE_PAGE = (PARAMETER, "part")


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
        gettext, ngettext, newstyle=True, pgettext=pgettext
    )
    app.jinja_env.globals |= {
        "asked_language": asked_language, "comma": comma, "language": current_language,
        "other_languages": other_languages,
    }  # fmt: skip
    app.jinja_env.filters |= {
        "listed": listed, "number": number, "sentences": _sentences, "unit": unit_name,
    }  # fmt: skip
    app.before_request(_beginning(program_paths))
    app.after_request(_name_language)
    # The thread goes on to answer others, some of them past Flask.
    app.teardown_request(lambda _error: set_language(ENGLISH))
    app.url_defaults(_keep_language)


def asked_language() -> str:
    """The language that the page's address asks for; "" where it asks for none."""
    asked = g.get("asked_language")
    return asked.primary if asked else ""


def address(path: str, values: Mapping[str, str], fragment: str = "") -> str:
    """An address that asks for these values, and for the language if this one did."""
    asked = asked_language()
    query = urlencode({**values, **({PARAMETER: asked} if asked else {})})
    return f"{path.partition('?')[0]}?{query}{'#' if fragment else ''}{fragment}"


def same_page(path: str, values: Mapping[str, str]) -> None:
    """Say which address shows the page that a form has sent for."""
    g.same_page = (path.partition("?")[0], values)


def other_languages() -> list[tuple[Language, str]]:
    """The languages that the page could be in, each with the page's address in it."""
    path, values = g.get("same_page") or ("", request.args)
    kept = {name: value for name, value in values.items() if name not in NOT_OF_THE_PAGE}
    return [
        (language, f"{path}?{urlencode({**kept, PARAMETER: language.primary})}")
        for language in languages_offered()
        if language != current_language()
    ]


def _beginning(program_paths: tuple[str, ...]) -> Callable[[], None]:
    def begin() -> None:
        asked = request.args.get(PARAMETER) if languages_offered() else None
        g.asked_language = language_of(asked) if asked else None
        accepted = () if request.path.startswith(program_paths) else request.accept_languages
        set_language(choose(asked, tuple(accepted)))

    return begin


def _sentences(texts: Iterable[str]) -> Markup:
    """Sentences one after the other, without the empty ones; what is not HTML is escaped."""
    return Markup(sentences(escape(text) for text in texts))


def _name_language(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = current_language().tag
        response.vary.add("Accept-Language")
    return response




def _keep_language(endpoint: str, values: dict[str, Any]) -> None:
    """A link from a page whose address asks for a language asks for it too."""
    asked = asked_language()
    if asked and is_page(endpoint):
        values.setdefault(PARAMETER, asked)
