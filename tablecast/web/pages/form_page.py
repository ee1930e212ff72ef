"""The form and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Response, request, url_for

from tablecast.errors import InvalidInput, Remark
from tablecast.i18n.formats import number, percent, prefix_of, with_unit
from tablecast.i18n.language import N_, _
from tablecast.inference.engine import Label
from tablecast.inference.predictor import Prediction
from tablecast.schema.schema import Row, Schema
from tablecast.web.display.amounts import MONEY
from tablecast.web.display.code_samples import curl_of, python_of, question_of
from tablecast.web.display.remarks import warning_of
from tablecast.web.form.answer import parts_of
from tablecast.web.form.controls import Control, controls_of, joined_dates
from tablecast.web.http import metrics, reader_language
from tablecast.web.http.navigation import PageBlueprint
from tablecast.web.http.page_cache import kept
from tablecast.web.http.rendering import render_page, schema_shown
from tablecast.web.http.responses import deployment
from tablecast.web.http.roles import FORM

blueprint = PageBlueprint("form", __name__)

#: An error summary lists this many; a program that sends ten thousand unknown names gets a page
#: that a person can still read.
SUMMARY_LENGTH = 100


@dataclass(frozen=True)
class Bar:
    """One class and its probability, from 0 to 1."""

    name: str
    probability: float

    @property
    def percent(self) -> str:
        """The probability in words that never claim certainty."""
        if self.probability < 0.001:
            return _("under {share}").format(share=percent(0.001, 1))
        if self.probability > 0.999:
            return _("over {share}").format(share=percent(0.999, 1))
        return percent(self.probability, 1)


@dataclass(frozen=True)
class Answer:
    """The answer as the page shows it.

    Attributes:
        text: the answer with its unit.
        bars: every class, the most probable first; empty for a number.
        warnings: sentences about the values that were given.
        link: the address that asks the same question again.
    """

    text: str
    bars: tuple[Bar, ...]
    warnings: tuple[str, ...]
    link: str


@blueprint.page("/", title=N_("Form"), order=10, role=FORM)
@kept
def form() -> Response:
    """The form with typical values, or with a link's; a link that holds every field is answered.

    Other names in the link, such as those that mail programs add, are left alone.
    """
    schema = schema_shown()
    args = request.args
    values = {field.name: args[field.name] for field in schema.fields if field.name in args}
    if len(values) == len(schema.fields):
        return _answered(values)
    return render_page("form.html", controls=controls_of(schema, _defaults(schema) | values))


@blueprint.post("/predict")
def predict() -> Response:
    """The answer as a page, with the answers given still in the form."""
    return _answered(joined_dates(schema_shown(), request.form))


def rehearse() -> None:
    """Answer the typical case, for nobody: what the first answer would wait for is then there."""
    schema = deployment().schema
    values = _defaults(schema)
    try:
        row = schema.parse(values, text=True)
    except InvalidInput:  # a field that must be given has no typical value
        return
    _answer_page(values, row)


def answer_of(schema: Schema, prediction: Prediction, values: Mapping[str, str]) -> Answer:
    """A prediction as the page shows it."""
    probabilities = prediction.probabilities or {}
    bars = [Bar(schema.show_class(name), each) for name, each in probabilities.items()]
    return Answer(
        text=answer_in_words(schema, prediction.prediction),
        bars=tuple(sorted(bars, key=lambda bar: -bar.probability)),
        warnings=tuple(warning_of(schema, warning) for warning in prediction.warnings),
        link=link_to(schema, values),
    )


def answer_in_words(schema: Schema, label: Label) -> str:
    """An answer as the page shows it: an amount with its unit, or what its class is called."""
    if schema.task == "classification":
        return schema.show_class(label)
    return worded(label, schema.target_unit)


def link_to(schema: Schema, sent: Mapping[str, str]) -> str:
    """The address that fills the form with these values and answers them again."""
    values = {field.name: sent.get(field.name, "").strip() for field in schema.fields}
    return reader_language.address(url_for("form.form"), values, "result")


def worded(label: Label, unit: str) -> str:
    """An answer with its unit: ``$20,931.40``, ``5.63 points`` or a class's name."""
    if not isinstance(label, float):
        return str(label)
    if prefix_of(unit):
        sign = "-" if label < 0 else ""
        return sign + with_unit(number(abs(label), f",.{MONEY}f"), unit)
    return with_unit(number(label, ",.0f" if abs(label) >= 10_000 else ",.4g"), unit)


def _answered(values: Mapping[str, str]) -> Response:
    """The page that answers these values, or says what is wrong with them."""
    schema = schema_shown()
    known = {field.name: values[field.name] for field in schema.fields if field.name in values}
    reader_language.same_page(url_for("form.form"), known)
    try:
        row = schema.parse(values, text=True)
    except InvalidInput as error:
        controls = controls_of(schema, values, error.errors)
        summary = _summary(controls, error.errors)
        template = "live_problem.html" if _is_part() else "form.html"
        return render_page(template, status=422, controls=controls, summary=summary)
    metrics.of_route("/predict").count_rows(1)
    return _answer_page(values, row)


def _answer_page(values: Mapping[str, str], row: Row) -> Response:
    loaded, schema = deployment(), schema_shown()
    prediction = loaded.predictor.predict([row])[0]
    controls = controls_of(schema, values)
    shown = {control.field.name: control.shown for control in controls}
    address = url_for("api.predict", _external=True)
    question = question_of(schema, row)
    return render_page(
        "live.html" if _is_part() else "form.html",
        controls=controls,
        answer=answer_of(schema, prediction, values),
        parts=parts_of(loaded, row, prediction, shown),
        programs={"curl": curl_of(address, question), "Python": python_of(address, question)},
    )


def _is_part() -> bool:
    """Whether a script asks for the answer alone, to put it into the page that it is on."""
    return request.args.get("part") == "answer"


def _defaults(schema: Schema) -> dict[str, str]:
    return {field.name: field.show(field.default) for field in schema.fields}


def _summary(controls: Sequence[Control], errors: Sequence[Remark]) -> list[tuple[str, str]]:
    """The error summary: (id to link to, sentence), unknown fields without a link."""
    known = {control.field.name for control in controls}
    linked = [(control.error_id, control.error) for control in controls if control.error]
    unlinked = [("", error.say()) for error in errors if error.field not in known]
    return (linked + unlinked)[:SUMMARY_LENGTH]
