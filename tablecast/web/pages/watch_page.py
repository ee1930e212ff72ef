"""The watch: how the model is used, and how good it was."""

from flask import Response

from tablecast.i18n.language import N_
from tablecast.web.http.navigation import PageBlueprint
from tablecast.web.http.rendering import render_page, schema_shown
from tablecast.web.http.roles import WATCH
from tablecast.web.watch.reading import is_logged, report
from tablecast.web.watch.watch_parts import page_of

blueprint = PageBlueprint("watch", __name__)


@blueprint.page("/watch", title=N_("Watch"), order=35, role=WATCH)
def watch() -> Response:
    """What the prediction log tells; without a log, how to keep one."""
    if not is_logged():
        return render_page("watch.html", shown=None)
    return render_page("watch.html", shown=page_of(schema_shown(), report()))
