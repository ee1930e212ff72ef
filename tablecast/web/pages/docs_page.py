"""The API for people: its document as a page, from which each request can be sent."""

from flask import Response, request

from tablecast.i18n.language import N_
from tablecast.web.docs.document import document_served
from tablecast.web.docs.operations import operations_of
from tablecast.web.http.navigation import PageBlueprint
from tablecast.web.http.page_cache import unless_known
from tablecast.web.http.rendering import render_page
from tablecast.web.http.roles import ASK

blueprint = PageBlueprint("docs", __name__)


@blueprint.page("/docs", title=N_("API"), order=40, role=ASK)
def docs() -> Response:
    """The document as a page."""
    document = document_served()
    page = render_page(
        "docs.html",
        document=document,
        operations=operations_of(document, request.url_root.rstrip("/")),
        script_root=request.script_root,
    )
    return unless_known(page)
