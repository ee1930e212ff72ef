"""A table that is ready for training."""

from __future__ import annotations

import dataclasses
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tablecast.data.row_metadata import RowMetadata
from tablecast.data.task import Task
from tablecast.errors import Remark
from tablecast.schema.table_notes import LEFT_OUT, LEFT_OUT_UNLESS

if TYPE_CHECKING:
    import pandas as pd


_ID_NAME = re.compile(r"(?:.*[ _.-])?(?:id|key|uuid|guid|index|rownum|row)", re.IGNORECASE)


_ID_CAMEL = re.compile(r".*[a-z](?:Id|ID)")


@dataclass(frozen=True)
class Dropped:
    """A column that is no feature, and why.

    Attributes:
        name: the column's name.
        reason: why, as the second half of a sentence.
        keepable: whether a person may keep it all the same.
    """

    name: str
    reason: Remark
    keepable: bool = False

    @property
    def note(self) -> Remark:
        """The whole sentence, with the option that changes it."""
        if self.keepable:
            option = shlex.quote(self.name)
            return LEFT_OUT_UNLESS.filled(name=self.name, reason=self.reason, option=option)
        return LEFT_OUT.filled(name=self.name, reason=self.reason)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table that training can take.

    Attributes:
        table: rows that have a target, the features that are kept, the target last. Columns are
            ``int64``, ``float64``, ``datetime64[ns]`` or text (``object``, missing as ``NaN``).
        target: the target's name.
        task: what kind of answer is learnt.
        dropped: the columns left out, each with its reason.
        notes: for the terminal and the model card.
        leaks: what makes the figures too good; their messages are among the notes.
        about: what is known of each row besides its fields.
    """

    table: pd.DataFrame
    target: str
    task: Task
    dropped: tuple[Dropped, ...]
    notes: tuple[Remark, ...]
    leaks: tuple[Leak, ...] = ()
    about: RowMetadata = dataclasses.field(default_factory=RowMetadata)

    def taken(self, places: Any) -> Prepared:
        """The same of the rows at these places, (rows,) whole numbers or truth values."""
        table = self.table.iloc[places].reset_index(drop=True)
        return dataclasses.replace(self, table=table, about=self.about.taken(places))


def named_id(column: pd.Series) -> bool:
    """Whether a column is called as ids are: ``id``, ``order_no key``, ``customerId``."""
    name = str(column.name)
    return bool(_ID_NAME.fullmatch(name) or _ID_CAMEL.fullmatch(name))


@dataclass(frozen=True)
class Leak:
    """Something that makes figures too good.

    Attributes:
        kind: "disguise", "alone", "ids", "order" or "twins".
        field: the column's name; None where whole rows are meant.
        message: for the terminal and the card.
        figures: what was measured, for the card.
    """

    kind: str
    field: str | None
    message: Remark
    figures: dict[str, float] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As the card keeps it."""
        return {
            "kind": self.kind, "field": self.field, "message": self.message, **self.figures
        }
