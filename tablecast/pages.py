"""The HTML pages: the form, its answer, and the model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, render_template, request, url_for

from tablecast import metrics
from tablecast.api import card_of, deployment
from tablecast.errors import InvalidInput, Remark
from tablecast.field import Field
from tablecast.predictor import Label, Prediction
from tablecast.schema import Schema

blueprint = Blueprint("pages", __name__)

#: A category with more levels than this is a select and not radios: more do not fit a phone.
RADIO_LEVELS = 5

#: Units that are written before the number.
PREFIX_UNITS = frozenset("$€£¥₹")

#: The keyboard that a phone shows for a kind of field; text needs no hint.
INPUT_MODES = {"integer": "numeric", "number": "decimal"}

#: An error summary lists this many; a program that sends ten thousand unknown names gets a page
#: that a person can still read.
SUMMARY_LENGTH = 100


@dataclass(frozen=True)
class Control:
    """One field as the form shows it.

    Attributes:
        field: the field itself.
        id: a safe HTML id; column names may hold anything.
        widget: ``text``, ``radios`` or ``select``.
        value: what the control holds now, as text.
        error: the sentence beside the control, or "".
    """

    field: Field
    id: str
    widget: str
    value: str
    error: str = ""

    @property
    def hint(self) -> str:
        """The form file's hint, then what a date looks like, then the training range."""
        sentences = [self.field.hint]
        if self.field.kind == "date":
            sentences.append("Write it as year-month-day, such as 2024-01-31.")
        low, high = self.field.show(self.field.minimum), self.field.show(self.field.maximum)
        if low and self.prefix:
            sentences.append(f"Usually {self.prefix}{low} to {self.prefix}{high}.")
        elif low:
            sentences.append(f"Usually {with_unit(f'{low} to {high}', self.suffix)}.")
        return " ".join(sentence for sentence in sentences if sentence)

    @property
    def described_by(self) -> str:
        """The ids of the hint and the error, for ``aria-describedby``; "" where there is none."""
        ids = [f"{self.id}-hint"] if self.hint else []
        return " ".join([*ids, f"{self.id}-error"] if self.error else ids)

    @property
    def input_mode(self) -> str:
        return INPUT_MODES.get(self.field.kind, "")

    @property
    def prefix(self) -> str:
        return self.field.unit if self.field.unit in PREFIX_UNITS else ""

    @property
    def suffix(self) -> str:
        return "" if self.prefix else self.field.unit

    @property
    def shown(self) -> str:
        """The value in words, for the printed page."""
        if not self.value.strip():
            return "not given"
        if self.field.is_text:
            return self.field.show_level(self.value)
        return with_unit(self.value.strip(), self.field.unit)


@dataclass(frozen=True)
class Bar:
    """One class and its probability, from 0 to 1."""

    name: str
    share: float

    @property
    def percent(self) -> str:
        """The probability in words that never claim certainty."""
        if self.share < 0.001:
            return "under 0.1%"
        return "over 99.9%" if self.share > 0.999 else f"{self.share:.1%}"


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


@blueprint.get("/")
def form() -> Response:
    """The form with typical values, or with a link's; a link that holds every field is answered.

    Other names in the link, such as those that mail programs add, are left alone.
    """
    schema = deployment().schema
    args = request.args
    given = {field.name: args[field.name] for field in schema.fields if field.name in args}
    if len(given) == len(schema.fields):
        return _answered(given)
    return render_page("form.html", controls=controls_of(schema, _defaults(schema) | given))


@blueprint.post("/predict")
def predict() -> Response:
    """The answer as a page, with the answers given still in the form."""
    return _answered(request.form)


@blueprint.get("/model")
def model() -> Response:
    """The model card."""
    card = card_of(deployment())
    return render_page("model.html", card=card, figures=figures_of(card["metrics"]), measure=measure)


def problem_page(status: int, title: str, detail: str) -> Response:
    """An error that is not about a value, as a page."""
    return render_page("problem.html", status=status, title=title, detail=detail)


def controls_of(
    schema: Schema, given: Mapping[str, str], errors: Sequence[Remark] = ()
) -> list[Control]:
    """Every field as the form shows it, holding what the person gave."""
    said = {error.field: error.say(_label_of(schema, error)) for error in reversed(errors)}
    return [
        Control(
            field=field,
            id=f"field-{place}",
            widget=_widget(field),
            value=_held(field, given.get(field.name, "")),
            error=said.get(field.name, ""),
        )
        for place, field in enumerate(schema.fields)
    ]


def answer_of(schema: Schema, prediction: Prediction, given: Mapping[str, str]) -> Answer:
    """A prediction as the page shows it."""
    bars = [Bar(name, share) for name, share in (prediction.probabilities or {}).items()]
    return Answer(
        text=worded(prediction.prediction, schema.target_unit),
        bars=tuple(sorted(bars, key=lambda bar: -bar.share)),
        warnings=tuple(warning.say(_label_of(schema, warning)) for warning in prediction.warnings),
        link=link_to(schema, given),
    )


def link_to(schema: Schema, given: Mapping[str, str]) -> str:
    """The address that fills the form with these values and answers them again."""
    values = {field.name: given.get(field.name, "").strip() for field in schema.fields}
    return f"{url_for('pages.form')}?{urlencode(values)}#result"


def worded(label: Label, unit: str) -> str:
    """An answer with its unit: ``$20,931.40``, ``5.63 points`` or a class's name."""
    if not isinstance(label, float):
        return str(label)
    if unit in PREFIX_UNITS:
        sign = "-" if label < 0 else ""
        return f"{sign}{unit}{abs(label):,.2f}"
    number = f"{label:,.0f}" if abs(label) >= 10_000 else f"{label:,.4g}"
    return with_unit(number, unit)


def with_unit(text: str, unit: str) -> str:
    """A number and its unit, in the order in which people write them."""
    return f"{unit}{text}" if unit in PREFIX_UNITS else f"{text} {unit}".strip()


def figures_of(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The card's metrics by group, with a heading each; those that stand alone come first."""
    alone = {name: value for name, value in found.items() if not isinstance(value, Mapping)}
    groups = {
        name.replace("_", " ").capitalize(): dict(value)
        for name, value in found.items()
        if isinstance(value, Mapping)
    }
    return {"": alone} | groups if alone else groups


def measure(value: Any) -> str:
    """A figure of the model card, with the digits that a person compares."""
    if isinstance(value, Mapping) and "mean" in value:
        spread = f", ± {measure(value['std'])} between folds" if "std" in value else ""
        return f"{measure(value['mean'])}{spread}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def _answered(given: Mapping[str, str]) -> Response:
    """The page that answers these values, or says what is wrong with them."""
    loaded = deployment()
    schema = loaded.schema
    try:
        row = schema.parse(given, text=True)
    except InvalidInput as error:
        controls = controls_of(schema, given, error.errors)
        summary = _summary(controls, error.errors)
        return render_page("form.html", status=422, controls=controls, summary=summary)
    metrics.of_route("/predict").count_rows(1)
    answer = answer_of(schema, loaded.predictor.predict([row])[0], given)
    return render_page("form.html", controls=controls_of(schema, given), answer=answer)


def render_page(template: str, status: int = 200, **values: Any) -> Response:
    loaded = deployment()
    made = datetime.fromisoformat(loaded.description["created"])
    html = render_template(
        template,
        status=status,
        schema=loaded.schema,
        deployment=loaded.description,
        made_on=f"{made.day} {made:%B %Y}",
        endpoints=current_app.view_functions,
        **values,
    )
    return Response(html, status, content_type="text/html; charset=utf-8")


def _defaults(schema: Schema) -> dict[str, str]:
    return {field.name: field.show(field.default) for field in schema.fields}


def _held(field: Field, value: str) -> str:
    """What a control holds: a level in the spelling of its choice, else the person's own text."""
    if not (field.is_text and field.closed):
        return value
    level = field.match(value)
    return value if level is None else level


def _widget(field: Field) -> str:
    if not (field.is_text and field.closed):
        return "text"
    return "radios" if len(field.levels) <= RADIO_LEVELS else "select"


def _label_of(schema: Schema, remark: Remark) -> str | None:
    known = {field.name: field.label for field in schema.fields}
    return known.get(remark.field or "", remark.field)


def _summary(controls: Sequence[Control], errors: Sequence[Remark]) -> list[tuple[str, str]]:
    """The error summary: (id to link to, sentence), unknown fields without a link."""
    known = {control.field.name for control in controls}
    linked = [(control.id, control.error) for control in controls if control.error]
    unlinked = [("", error.say()) for error in errors if error.field not in known]
    return (linked + unlinked)[:SUMMARY_LENGTH]
