"""What would have to change, in the API: the wish in the address, and what was found for it."""

import math
from collections.abc import Mapping
from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.errors import InvalidInput, Remark
from tablecast.i18n.formats import listed
from tablecast.i18n.language import N_
from tablecast.inference.alternatives import Way, alternatives
from tablecast.inference.wish import Wish
from tablecast.schema.schema import Row, Schema
from tablecast.schema.texts import quoted

#: What an address may wish for: a class, or an amount.
CLASS, AMOUNTS = "class", ("at_least", "at_most")
WISHES = (CLASS, *AMOUNTS)

#: Rows of one request for which ways are searched: 20 take two seconds of one core at most.
MOST_SEARCHED = 20

SEVERAL = N_("Ask for one of {names} in the address, not for several.")
NO_NUMBER = N_("{name} in the address must be a number, not {value}.")
NO_CLASSES = N_("This model predicts a number. Ask with at_least or at_most instead of class.")
NO_AMOUNTS = N_("This model predicts a class. Ask with class instead of {name}.")
UNKNOWN = N_("{value} is not a class. Choose one of: {classes}.")


def asked_wish(schema: Schema, asked: Mapping[str, str]) -> Wish | None:
    """What an address asks for; None where it wishes for nothing. Raises InvalidInput."""
    named = [name for name in WISHES if name in asked]
    if not named:
        return None
    if len(named) > 1:
        raise _refused(SEVERAL, names=listed(WISHES))
    (name,) = named
    return (_class if name == CLASS else _amount)(schema, name, asked[name])


def alternatives_json(loaded: Deployment, row: Row, wish: Wish) -> dict[str, Any]:
    """The smallest changes of a row that lead to an answer as wished."""
    found = alternatives(loaded.predictor, loaded.background, row, wish)
    return {
        "met": found.is_met,
        "ways": [_way_json(loaded.schema, way) for way in found.ways],
        "nearest": _way_json(loaded.schema, found.nearest) if found.nearest else None,
    }


def _way_json(schema: Schema, way: Way) -> dict[str, Any]:
    return {
        "changes": [
            {"field": name, "value": schema.field(name).json_value(value)}
            for name, value in way.changes
        ],
        "prediction": way.prediction.prediction,
    }


def _class(schema: Schema, _name: str, text: str) -> Wish:
    classes = {str(label): label for label in schema.classes}
    if not classes:
        raise _refused(NO_CLASSES)
    if text not in classes:
        raise _refused(UNKNOWN, value=quoted(text), classes=listed(classes))
    return Wish(label=classes[text])


def _amount(schema: Schema, name: str, text: str) -> Wish:
    if schema.classes:
        raise _refused(NO_AMOUNTS, name=name)
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise _refused(NO_NUMBER, name=name, value=quoted(text))
    return Wish(**{name: amount})


def _refused(words: str, **values: str) -> InvalidInput:
    return InvalidInput([Remark(words, None, values)])
