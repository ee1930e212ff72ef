"""The order of a form's fields, and which of them are folded away at first."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from tablecast.schema.form_file import Form

#: A form of up to this many fields shows them all: a person sees where it ends.
MOST_OPEN = 12

#: A longer one shows at least this many of its most important fields,
FEWEST_OPEN = 6

#: and more until those shown have this share of all importance.
IMPORTANCE_OPEN = 0.95


def arrange(
    features: Sequence[str], form: Form, importance: Mapping[str, float] | None
) -> dict[str, bool]:
    """The features in the form's order, each with whether it is folded away at first.

    Fields that the form file names come first, in its order, unless it leaves the order to the
    importance. In a form of more than 12 fields whose importance is known, the others follow by
    importance and all but the most important ones are folded; else they follow in the table's
    order. What the form file says of a field's folding is for the caller to put first.

    Args:
        features: the column names, in the table's order.
        form: what the form file says.
        importance: each feature's share of the importance, or None where it is not known.
    """
    named = [] if form.by_importance and importance else list(form.fields)
    rest = [name for name in features if name not in named]
    if importance is None or (len(features) <= MOST_OPEN and not form.by_importance):
        return dict.fromkeys([*named, *rest], False)
    rest.sort(key=lambda name: -importance.get(name, 0.0))
    importances = [importance.get(name, 0.0) for name in [*named, *rest]]
    before = accumulate(importances, initial=0.0)
    return {
        name: index >= len(named) and _is_enough(index, covered, len(features))
        for index, (name, covered) in enumerate(zip([*named, *rest], before, strict=False))
    }


def _is_enough(shown: int, covered: float, fields: int) -> bool:
    """Whether the fields before this one are all that the form needs to show at first."""
    if fields <= MOST_OPEN or shown < FEWEST_OPEN:
        return False
    return shown >= MOST_OPEN or covered >= IMPORTANCE_OPEN
