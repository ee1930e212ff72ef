"""Rendering of pages, and of a problem as a page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, current_app, render_template, request

from tablecast.i18n.formats import day
from tablecast.i18n.language import current_language
from tablecast.schema.schema import Schema
from tablecast.web.card.translate import stated_in_words
from tablecast.web.display.organisation import contact_of
from tablecast.web.http import accent_stylesheet
from tablecast.web.http.opened import home, is_about_one, opened, site_root
from tablecast.web.http.responses import deployment

#: A page that is about no deployment shows nothing of one.
OF_SERVER: Mapping[str, Any] = {"closed": True, "schema": None}


def wants_page() -> bool:
    """Whether the client names HTML, and no JSON above it: browsers do.

    curl and its like take anything, or say nothing, and are better served with JSON.
    """
    accepted = request.accept_mimetypes
    weights = {name.lower(): weight for name, weight in accepted}
    html = weights.get("text/html", 0)
    return html > 0 and html >= weights.get("application/json", 0)


def schema_shown() -> Schema:
    """What the deployment predicts from what, in the reader's words."""
    return deployment().schema.in_language(current_language())


def problem_page(status: int, title: str, detail: str, *, closed: bool = False) -> Response:
    """An error that is not about a value, as a page.

    Args:
        closed: for somebody who may know nothing of the deployment.
    """
    return render_page(
        "problem.html", status=status, title=title, detail=detail, closed=closed
    )


def render_page(template: str, status: int = 200, **values: Any) -> Response:
    shown = {**values, **(_of_deployment() if is_about_one() else OF_SERVER)}
    html = render_template(
        template, status=status, home=home(), endpoints=current_app.view_functions, **shown
    )
    return Response(html, status, content_type="text/html; charset=utf-8")


def _of_deployment() -> dict[str, Any]:
    """What every page shows of the deployment that it is about."""
    loaded = deployment()
    stated = stated_in_words(loaded, loaded.description["card"].get("stated", {}))
    return {
        "schema": schema_shown(),
        "deployment": loaded.description,
        "accent": accent_stylesheet.version(),
        "contact": contact_of(stated),
        "made_on": day(datetime.fromisoformat(loaded.description["created"])),
        "all_deployments": f"{site_root()}/" if opened().name else "",
    }
