"""Cases side by side: what differs, and why their answers do."""

from collections.abc import Sequence

from flask import Response, redirect, request

from tablecast.i18n.language import N_
from tablecast.web import answer_log
from tablecast.web.form.cases import MOST_CASES, Case, address_of, cases_of
from tablecast.web.form.comparison import compared
from tablecast.web.http import metrics
from tablecast.web.http.navigation import PageBlueprint
from tablecast.web.http.rendering import render_page, schema_shown
from tablecast.web.http.responses import deployment
from tablecast.web.http.roles import FORM, ROLES

blueprint = PageBlueprint("compare", __name__)

#: Characters of an address that every server here takes, gunicorn's own most being 4,094.
MOST_ADDRESS = 3_900

ROLES[("POST", "/compare")] = FORM


@blueprint.page("/compare", title=N_("Compare"), order=15, role=FORM)
def compare() -> Response:
    """The cases of the address, side by side; without any, twice the typical one."""
    return _page(cases_of(schema_shown(), request.args))


@blueprint.post("/compare")
def change() -> Response:
    """Lead to the address of the cases that were filled in, with one more or one less if asked."""
    schema = schema_shown()
    cases = cases_of(schema, request.form)
    asked = request.form.get("do", "")
    if asked == "add" and len(cases) < MOST_CASES:
        cases.append(dict(cases[-1]))
    for number in range(len(cases), 1, -1):
        if asked == f"remove-{number}" and len(cases) > 2:
            del cases[number - 1]
    address = address_of(schema, cases)
    if len(address) > MOST_ADDRESS:
        return _page(cases)
    response: Response = redirect(address, 303)  # type: ignore[assignment]
    return response


def _page(cases: Sequence[Case]) -> Response:
    schema = schema_shown()
    shown = compared(deployment(), schema, cases)
    predictions = shown.predictions if request.values else ()  # typical cases are nobody's question
    if predictions:
        metrics.of_route("/compare").count_rows(len(predictions))
    response = render_page(
        "compare.html",
        status=422 if shown.summary else 200,
        shown=shown,
        link=address_of(schema, cases),
        most_cases=MOST_CASES,
    )
    return answer_log.kept(response, answer_log.ids_of(predictions), predictions)
