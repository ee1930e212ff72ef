"""Pages that are the same for everybody: rendered once, and sent again only if they changed."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request

from tablecast.i18n.language import current_language
from tablecast.web.http.opened import opened
from tablecast.web.http.static_files import digest

#: Where a deployment that is open keeps its pages.
KEPT = "tablecast.web.http.page_cache"

#: Two pages in each language, at some addresses of a proxy. Past that they are rendered each time.
MOST_KEPT = 64

#: A browser may keep the page, and asks whether it is still the same; see the ``ETag``.
ASK_AGAIN = "no-cache"


def kept(view: Callable[[], Response]) -> Callable[[], Response]:
    """A view whose page, where the address asks nothing, is rendered once in each language.

    Such a page must depend on nothing but the deployment, the language, and where the application
    is mounted.
    """

    @wraps(view)
    def answer() -> Response:
        if request.query_string:
            return view()
        pages: dict[Any, tuple[bytes, str]] = opened().kept.setdefault(KEPT, {})
        key = (request.endpoint, request.script_root, current_language().tag)
        page = pages.get(key)
        if page is None:
            body = view().get_data()
            page = (body, digest(body))
            if len(pages) < MOST_KEPT:
                pages[key] = page
        return _response(*page)

    return answer


def _response(body: bytes, tag: str) -> Response:
    response = Response(body, content_type="text/html; charset=utf-8")
    response.set_etag(tag)
    return unless_known(response)


def unless_known(response: Response) -> Response:
    """A response that may be kept and asked after, or 304 Not Modified for whoever has it."""
    response.headers["Cache-Control"] = ASK_AGAIN
    response.add_etag()  # unless it has one
    response.make_conditional(request)
    return response
