"""The order of a form's fields, and which of them are folded away."""

from __future__ import annotations

import pytest

from tablecast.schema.field_order import arrange
from tablecast.schema.form_file import Form

NAMES = [f"f{at:02}" for at in range(20)]


def shown(arranged: dict[str, bool]) -> list[str]:
    return [name for name, folded in arranged.items() if not folded]


def test_a_short_form_shows_all_in_the_tables_order() -> None:
    """Those that the form file names go first; importance orders it only where that is asked."""
    features, importance = NAMES[:12], {name: at / 66 for at, name in enumerate(NAMES[:12])}
    named = Form(fields={"f03": {}, "f01": {}})
    rest = [name for name in features if name not in named.fields]
    assert list(arrange(features, named, importance)) == ["f03", "f01", *rest]
    assert not any(arrange(features, named, importance).values())
    ordered = arrange(features, Form(fields={"f03": {}}, by_importance=True), importance)
    assert list(ordered) == features[::-1]
    assert not any(ordered.values())
    unknown = Form(fields={"f03": {}}, by_importance=True)
    assert next(iter(arrange(features, unknown, None))) == "f03"


@pytest.mark.parametrize(
    ("shares", "count"),
    [
        ([1 / 20] * 20, 12),  # no more than twelve, however important the rest
        ([0.95], 6),  # at least six
        ([0.1] * 9 + [0.05, 0.05], 10),  # until they have 95%
        ([0.149] + [0.1] * 8 + [0.05], 10),
        ([0.125] * 7 + [0.075], 8),
    ],
)
def test_a_long_form_shows_its_most_important_fields(shares: list[float], count: int) -> None:
    """The others are folded away."""
    arranged = arrange(NAMES, Form(), dict(zip(NAMES, shares, strict=False)))
    assert list(arranged) == NAMES
    assert shown(arranged) == NAMES[:count]


def test_what_the_form_file_names_is_shown() -> None:
    """It goes before what is more important, and counts as shown."""
    importance = {"f19": 0.5, "f18": 0.45, "f17": 0.05}
    arranged = arrange(NAMES, Form(fields={name: {} for name in NAMES[:14]}), importance)
    assert list(arranged)[14:17] == ["f19", "f18", "f17"]
    assert shown(arranged) == NAMES[:14]
    few = arrange(NAMES, Form(fields={"f01": {}}), importance)
    assert shown(few) == ["f01", "f19", "f18", "f17", "f00", "f02"]
    assert not any(arrange(NAMES, Form(), None).values())
