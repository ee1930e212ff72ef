"""What would have to change for an answer that a person would rather have, on the answer's page.

The controls belong to the page's form: the wish is sent with the case as it stands.
Words and places only; ``templates/ways.html`` draws them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from tablecast.deployment.deployment import Deployment
from tablecast.errors import Remark
from tablecast.i18n.formats import prefix_of
from tablecast.i18n.language import N_, _
from tablecast.inference.alternatives import Alternatives, Way, alternatives
from tablecast.inference.predictor import Prediction
from tablecast.inference.wish import Wish
from tablecast.schema.field import Choice, Field, Refusal, Value
from tablecast.schema.number_formats import DECIMAL_COMMA
from tablecast.schema.schema import Row, Schema
from tablecast.web.display.amounts import Wording, prediction_in_words, wording_of_all
from tablecast.web.form.cases import MOST_CASES, address_of
from tablecast.web.form.controls import free_name

LEAST, MOST = "least", "most"

NO_CLASS = N_("Choose one of the listed answers.")


@dataclass(frozen=True)
class Sent:
    """A wish as it was sent.

    Attributes:
        wish_name, way_name: of the two controls, none of them a column's.
        text: a class, or an amount; "" for no wish.
        way: ``LEAST`` or ``MOST``, for an amount.
    """

    wish_name: str
    way_name: str
    text: str
    way: str

    @property
    def values(self) -> dict[str, str]:
        """As an address has it; empty without a wish."""
        return {self.wish_name: self.text, self.way_name: self.way} if self.text else {}


@dataclass(frozen=True)
class ShownWay:
    """One way: a sentence for each change, its answer, and where it stands beside the case."""

    changes: tuple[str, ...]
    answer: str
    link: str


@dataclass(frozen=True)
class Wishing:
    """What the page asks and shows.

    Attributes:
        sent: what the controls hold.
        choices: of classes, all but the case's own; empty for an amount.
        prefix, suffix: the amount's unit.
        error: what is wrong with the wish, or "".
        said: what was found, in a sentence; "" without a wish.
        ways: what leads to the wish.
        nearest: what comes nearest to it where nothing does.
        link: all ways beside the case; "" for fewer than two.
    """

    sent: Sent
    choices: tuple[Choice, ...]
    prefix: str
    suffix: str
    error: str = ""
    said: str = ""
    ways: tuple[ShownWay, ...] = ()
    nearest: ShownWay | None = None
    link: str = ""


def sent_wish(schema: Schema, sent: Mapping[str, str]) -> Sent:
    """What a form or an address says of a wish."""
    names = {field.name for field in schema.fields}
    wish_name, way_name = free_name("wish", names), free_name("wish-way", names)
    way = MOST if sent.get(way_name) == MOST else LEAST
    return Sent(wish_name, way_name, sent.get(wish_name, "").strip(), way)


def without_wish(schema: Schema, sent: Mapping[str, str]) -> dict[str, str]:
    """All that a form sent but the wish."""
    wish = sent_wish(schema, sent)
    return {
        name: text for name, text in sent.items() if name not in (wish.wish_name, wish.way_name)
    }


def wishing_of(
    loaded: Deployment, schema: Schema, row: Row, prediction: Prediction, sent: Sent,
    values: Mapping[str, str], *, searched: bool = True,
) -> Wishing:
    """The controls, and what was found for the wish that they hold.

    Args:
        loaded: what answers.
        schema: its schema in the reader's language.
        row, prediction: the case and its answer.
        sent: the wish.
        values: the case as the form holds it.
        searched: whether ways are looked for.
    """
    shown = Wishing(
        sent, _choices(schema, prediction), prefix_of(schema.target_unit),
        "" if prefix_of(schema.target_unit) else schema.target_unit,
    )
    if not sent.text or not searched:
        return shown
    try:
        wish = _read(schema, sent)
    except Refusal as refusal:
        return replace(shown, error=refusal.remark.say(schema.target_label.lower()))
    found = alternatives(loaded.predictor, loaded.background, row, wish)
    tried = [*found.ways, *([found.nearest] if found.nearest else [])]
    wording = wording_of_all(schema, (way.prediction for way in tried), loaded.background)
    told = partial(_shown, schema, row, values, wording)
    ways = tuple(map(told, found.ways))
    cases = [values, *(_case(schema, way, values) for way in found.ways)][:MOST_CASES]
    return replace(
        shown,
        said=_said(found),
        ways=ways,
        nearest=told(found.nearest) if found.nearest else None,
        link=address_of(schema, cases) if len(ways) > 1 else "",
    )


def _choices(schema: Schema, prediction: Prediction) -> tuple[Choice, ...]:
    return tuple(
        Choice(str(label), schema.show_class(label))
        for label in schema.classes
        if label != prediction.prediction
    )


def _read(schema: Schema, sent: Sent) -> Wish:
    """The wish that was sent. Raises Refusal, as a field's value does."""
    if schema.task == "classification":
        named = {str(label): label for label in schema.classes}
        if sent.text not in named:
            raise Refusal(Remark(NO_CLASS))
        return Wish(label=named[sent.text])
    spelling = DECIMAL_COMMA if schema.decimal_comma else ""
    target = Field(
        schema.target, "number", "float64", unit=schema.target_unit, spelling=spelling,
        default=1000.0,
    )
    amount = float(target.read(sent.text, text=True)[0])
    return Wish(at_most=amount) if sent.way == MOST else Wish(at_least=amount)


def _said(found: Alternatives) -> str:
    if found.is_met:
        return _("Your case has this answer already.")
    if found.ways:
        return _("Each of these changes leads there. All other values stay as they are.")
    if found.nearest:
        return _("No change of up to three values leads there. This comes nearest:")
    return _("No change of up to three values comes nearer to it.")


def _shown(
    schema: Schema, row: Row, values: Mapping[str, str], wording: Wording, way: Way
) -> ShownWay:
    old = dict(zip((field.name for field in schema.fields), row.values, strict=True))
    changes = tuple(_change(schema.field(name), old[name], new) for name, new in way.changes)
    answer = prediction_in_words(schema, way.prediction, wording)
    return ShownWay(changes, answer, address_of(schema, [values, _case(schema, way, values)]))


def _change(field: Field, old: Value, new: Value) -> str:
    return _("{field}: {new} instead of {old}").format(
        field=field.label, new=field.in_words(new),
        old=field.in_words(old) if field.show(old) else _("not given"),
    )


def _case(schema: Schema, way: Way, values: Mapping[str, str]) -> dict[str, str]:
    """A way as the form would hold it."""
    changed = {name: schema.field(name).show(value) for name, value in way.changes}
    return {field.name: values.get(field.name, "").strip() for field in schema.fields} | changed
