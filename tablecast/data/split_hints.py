"""Columns that look like groups or times: rows that folds drawn at random would tear apart."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tablecast.data.prepared import named_id
from tablecast.errors import Remark
from tablecast.schema.table_notes import MAYBE_GROUP, MAYBE_TIME

if TYPE_CHECKING:
    import pandas as pd

#: Fewer different values are kinds of rows that new ones belong to as well.
FEWEST_VALUES = 20
#: Rows of each value, on average, below which hardly any belong together.
ROWS_A_VALUE = 2.0
#: What has several rows of its own in many tables: who, or what, was measured more than once.
_WHO = (
    "person|patient|subject|participant|respondent|customer|client|user|member|player|student|"
    "pupil|employee|driver|owner|household|family|animal|machine|device|sensor|store|shop|school|"
    "hospital|company|site"
)
_WHO_NAME = re.compile(rf"(?:.*[ _.-])?(?:{_WHO})(?:[ _.-]?(?:id|no|nr|number|code|name))?", re.I)
#: P017, cust-0042; Anna Berg, O'Neil, Mary Ann.
_CODE = re.compile(r"[A-Za-z]{1,8}[-_ #.]?\d{2,}")
_PERSON = re.compile(r"[A-Z][\w'’.-]+(?:,? [A-Z][\w'’.-]*){1,3}")
_WHEN_NAME = re.compile(r"year|yr|date|time|timestamp|datetime|period|jahr|datum|zeit", re.I)
#: Values of a column that are looked at.
LOOKED_AT = 100
#: Of those, as many are codes or names as in a column of nothing else.
NEARLY_ALL = 0.95


def hints(features: pd.DataFrame) -> Iterator[Remark]:
    """A note for each column that looks like a group or a time, with the option that uses it.

    Dates, and ids by their name, are told of as leaks (``tablecast.data.leakage``).
    """
    for name in map(str, features.columns):
        column = features[name]
        option = shlex.quote(name)
        if looks_like_groups(column) and not named_id(column):
            yield MAYBE_GROUP.filled(name=name, count=int(column.nunique()), option=option)
        elif _looks_like_time(column):
            yield MAYBE_TIME.filled(name=name, option=option)


def looks_like_groups(column: pd.Series) -> bool:
    """Whether many values have several rows each, and are called or written as ids or names."""
    if column.dtype.kind not in "iO":
        return False
    count = column.nunique()
    if count < FEWEST_VALUES or column.count() < ROWS_A_VALUE * count:
        return False
    named = named_id(column) or bool(_WHO_NAME.fullmatch(str(column.name)))
    return named or (column.dtype == object and _written_as_ids(column))


def _written_as_ids(column: pd.Series) -> bool:
    texts = [text for text in column.dropna().unique()[:LOOKED_AT] if isinstance(text, str)]
    return any(
        sum(bool(form.fullmatch(text)) for text in texts) >= NEARLY_ALL * len(texts) > 0
        for form in (_CODE, _PERSON)
    )


def _looks_like_time(column: pd.Series) -> bool:
    """Whether numbers are called as times are."""
    return (
        column.dtype.kind in "if"
        and column.nunique() >= 2
        and bool(_WHEN_NAME.fullmatch(str(column.name)))
    )
