"""The form and its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for

from tablecast.errors import InvalidInput, Remark
from tablecast.i18n.language import N_, _
from tablecast.inference.engine import Label
from tablecast.inference.predictor import Prediction
from tablecast.schema.schema import Row, Schema
from tablecast.schema.texts import show_number
from tablecast.web import answer_log
from tablecast.web.display.amounts import Wording, answer_in_words
from tablecast.web.display.code_samples import curl_of, python_of, question_of
from tablecast.web.display.remarks import warning_of
from tablecast.web.form import wishes
from tablecast.web.form.answer import parts_of
from tablecast.web.form.cases import address_of
from tablecast.web.form.controls import Control, controls_of, joined_dates
from tablecast.web.form.layout import layout_of
from tablecast.web.http import metrics, reader_language
from tablecast.web.http.navigation import PageBlueprint
from tablecast.web.http.page_cache import kept
from tablecast.web.http.reader_language import PARAMETER
from tablecast.web.http.rendering import render_page, schema_shown
from tablecast.web.http.responses import deployment
from tablecast.web.http.roles import FORM

blueprint = PageBlueprint("form", __name__)

#: An error summary lists this many; a program that sends ten thousand unknown names gets a page
#: that a person can still read.
SUMMARY_LENGTH = 100


@dataclass(frozen=True)
class Bar:
    """One class and its probability, from 0 to 1, and as a percentage in words."""

    name: str
    probability: float
    percent: str


@dataclass(frozen=True)
class Answer:
    """The answer as the page shows it.

    Attributes:
        text: the answer with its unit.
        name: what a sentence calls it: a yes or no says of what.
        bars: every class, the most probable first; empty for a number.
        warnings: sentences about the values that were given.
        link: the address that asks the same question again.
        figures: the answer and its range as plain figures, for tables of kept cases.
        comparison: the address that puts it beside another case.
    """

    text: str
    name: str
    bars: tuple[Bar, ...]
    warnings: tuple[str, ...]
    link: str
    figures: Mapping[str, str]
    comparison: str

    @property
    def in_short(self) -> str:
        """The answer in one line, a class with how likely it is: “Survived: no (91% likely)”."""
        if not self.bars:
            return self.name
        words = _("{answer} ({share} likely)")
        return words.format(answer=self.name, share=self.bars[0].percent)


@blueprint.page("/", title=N_("Form"), order=10, role=FORM)
@kept
def form() -> Response:
    """The form with typical values, or with a link's; a link that holds every field is answered.

    Other names in the link, such as those that mail programs add, are left alone.
    """
    schema = schema_shown()
    args = joined_dates(schema, request.args)
    values = {field.name: args[field.name] for field in schema.fields if field.name in args}
    if len(values) == len(schema.fields):
        return _answered(values)
    return _page("form.html", controls_of(schema, schema.defaults | values))


@blueprint.post("/predict")
def predict() -> Response:
    """The answer as a page, with the answers given still in the form."""
    schema = schema_shown()
    sent = joined_dates(schema, wishes.without_wish(schema, request.form))
    if all(field.name != PARAMETER for field in schema.fields):
        sent.pop(PARAMETER, None)  # the button's, for an address
    return _answered(sent)


def rehearse() -> None:
    """Answer the typical case, for nobody: what the first answer would wait for is then there."""
    schema = deployment().schema
    values = schema.defaults
    try:
        row = schema.parse(values, text=True)
    except InvalidInput:  # a field that must be given has no typical value
        return
    (prediction,) = deployment().predictor.predict([row])
    _answer_page(values, row, prediction, wishes.sent_wish(schema, {}))


def answer_of(
    schema: Schema, prediction: Prediction, values: Mapping[str, str], wording: Wording
) -> Answer:
    """A prediction as the page shows it."""
    probabilities = prediction.probabilities or {}
    bars = [
        Bar(schema.show_class(name), each, wording.of(each))
        for name, each in probabilities.items()
    ]
    return Answer(
        text=answer_in_words(schema, prediction.prediction, wording),
        name=_named(schema, prediction.prediction, wording),
        bars=tuple(sorted(bars, key=lambda bar: -bar.probability)),
        warnings=tuple(warning_of(schema, warning) for warning in prediction.warnings),
        link=link_to(schema, values),
        comparison=address_of(schema, [_given(schema, values)] * 2),
        figures=_figures(prediction),
    )


def _figures(prediction: Prediction) -> dict[str, str]:
    low, high = prediction.interval or (None, None)
    known = {"prediction": prediction.prediction, "low": low, "high": high}
    return {f"data-{key}": _figure(value) for key, value in known.items() if value is not None}


def _figure(value: Label) -> str:
    """As programs write it, with the digits that a person may want to compare."""
    return show_number(float(f"{value:.7g}")) if isinstance(value, float) else str(value)


def _named(schema: Schema, label: Label, wording: Wording) -> str:
    if schema.task == "classification":
        return schema.name_class(label)
    return answer_in_words(schema, label, wording)


def link_to(schema: Schema, sent: Mapping[str, str]) -> str:
    """The address that fills the form with these values and answers them again."""
    return reader_language.address(url_for("form.form"), _given(schema, sent), "result")


def _given(schema: Schema, sent: Mapping[str, str]) -> dict[str, str]:
    """Every field's text."""
    return {field.name: sent.get(field.name, "").strip() for field in schema.fields}


def _answered(values: Mapping[str, str]) -> Response:
    """The page that answers these values, or says what is wrong with them."""
    schema = schema_shown()
    known = {field.name: values[field.name] for field in schema.fields if field.name in values}
    wish = wishes.sent_wish(schema, request.values)
    reader_language.same_page(url_for("form.form"), known | wish.values)
    try:
        row = schema.parse(values, text=True)
    except InvalidInput as error:
        if not _is_preview():  # what is half typed was not asked for
            answer_log.note_refusal(error.errors)
        controls = controls_of(schema, values, error.errors)
        summary = _summary(controls, error.errors)
        template = "live_problem.html" if _is_part() else "form.html"
        return _page(template, controls, status=422, summary=summary)
    metrics.of_route("/predict").count_rows(1)
    predictions = deployment().predictor.predict([row])
    ids = answer_log.ids_of(predictions)
    page = _answer_page(values, row, predictions[0], wish, ids)
    return answer_log.kept(page, ids, predictions, preview=_is_preview())


def _answer_page(
    values: Mapping[str, str],
    row: Row,
    prediction: Prediction,
    wish: wishes.Sent,
    ids: Sequence[str] = (),
) -> Response:
    loaded, schema = deployment(), schema_shown()
    # A script that asks while somebody types gets no ways: they take the longest by far.
    wishing = wishes.wishing_of(
        loaded, schema, row, prediction, wish, values, searched=not _is_part()
    )
    controls = controls_of(schema, values)
    shown = {control.field.name: control.shown for control in controls}
    address = url_for("api.predict", _external=True)
    question = question_of(schema, row)
    parts = parts_of(loaded, row, prediction, shown)
    return _page(
        "live.html" if _is_part() else "form.html",
        controls,
        status=422 if wishing.error else 200,
        wishing=wishing,
        answer=answer_of(schema, prediction, values, parts.wording),
        parts=parts,
        ids=ids,
        programs={"curl": curl_of(address, question), "Python": python_of(address, question)},
    )


def _page(template: str, controls: Sequence[Control], **values: Any) -> Response:
    return render_page(template, controls=controls, layout=layout_of(controls), **values)


def _is_part() -> bool:
    """Whether a script asks for the answer alone, to put it into the page that it is on."""
    return request.args.get("part") == "answer"


def _is_preview() -> bool:
    """Whether somebody is typing, and has not stayed with these values yet."""
    return _is_part() and "meant" not in request.args




def _summary(controls: Sequence[Control], errors: Sequence[Remark]) -> list[tuple[str, str]]:
    """The error summary: (id to link to, sentence), unknown fields without a link."""
    known = {control.field.name for control in controls}
    linked = [(control.error_id, control.error) for control in controls if control.error]
    unlinked = [("", error.say()) for error in errors if error.field not in known]
    return (linked + unlinked)[:SUMMARY_LENGTH]
