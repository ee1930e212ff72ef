"""The model card."""

from flask import Response

from tablecast.i18n.language import N_
from tablecast.web.card.sections import page_of
from tablecast.web.http.navigation import PageBlueprint
from tablecast.web.http.page_cache import kept
from tablecast.web.http.rendering import render_page
from tablecast.web.http.responses import deployment
from tablecast.web.http.roles import FORM

blueprint = PageBlueprint("card", __name__)


@blueprint.page("/model", title=N_("Model card"), order=30, role=FORM)
@kept
def card() -> Response:
    """What the deployment is, and how good."""
    return render_page("model.html", **page_of(deployment()))
