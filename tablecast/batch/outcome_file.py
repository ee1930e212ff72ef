"""A file of outcomes: a CSV file or a workbook with a column of ids and one of what it was.

The answered file of a batch is one, with the true values in a column of the target's name.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tablecast.batch.answers import ID_COLUMN
from tablecast.batch.paths import file_errors
from tablecast.batch.row_source import row_source
from tablecast.batch.summary import SHOWN_REFUSALS, Refused, RowsRefused, Summary, location_in_words
from tablecast.data.logged_table import first_columns
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError, InvalidInput, Remark
from tablecast.i18n.language import N_, _
from tablecast.log.entries import read_id
from tablecast.log.outcomes import NAME, OutcomesRefused, Told, read_outcome, schema_of_outcomes
from tablecast.schema.schema import Schema
from tablecast.schema.texts import fold

NO_ID = N_("There is no id beside this outcome.")


class OutcomesNotKept(RowsRefused):
    """Rows of a file of outcomes are refused, and so none of them was kept."""

    def _words(self) -> str:
        return _("{name}: {refused} of {rows} outcomes are refused, so none was kept.")


@dataclass(frozen=True)
class Outcomes:
    """What a file of outcomes holds.

    Attributes:
        name: what messages call it.
        told: the outcomes; rows without one are left out.
        locations: where each of them stands, in words.
        empty: how many rows have no outcome yet.
    """

    name: str
    told: Sequence[Told]
    locations: Sequence[str]
    empty: int

    def not_kept(self, refused: OutcomesRefused) -> OutcomesNotKept:
        """What was refused of them, by its place in the file."""
        summary = Summary(rows=len(self.told))
        for remark in refused.errors:
            row = remark.row or 0
            summary.refused += 1
            if len(summary.refusals) < SHOWN_REFUSALS:
                summary.refusals.append(Refused(row, self.locations[row], (remark,)))
        return OutcomesNotKept(self.name, summary)


def read_outcome_file(loaded: Deployment, path: Path) -> Outcomes:
    """The outcomes of a file. Raises BatchError; see ``read_outcomes``."""
    with file_errors(), path.open("rb") as stream:
        return read_outcomes(loaded, stream, path.name)


def read_outcomes(loaded: Deployment, stream: BinaryIO, name: str) -> Outcomes:
    """The outcomes of a CSV file or a workbook.

    Args:
        loaded: the deployment.
        stream: seekable, at its beginning.
        name: what messages call the file.

    Raises:
        BatchError: it cannot be read, lacks a column, or has values of another kind.
    """
    more = [*_id_names(loaded.schema), NAME, loaded.schema.target]
    with closing(row_source(stream, name, loaded.schema, more)) as source:
        return _outcomes_of(loaded, source)


def _outcomes_of(loaded: Deployment, source: Any) -> Outcomes:
    ids = _column(source.name, source.names, _id_names(loaded.schema))
    outcomes = _outcome_column(source, loaded.schema, ids)
    valid = schema_of_outcomes(loaded)
    told: list[Told] = []
    locations: list[str] = []
    summary = Summary()
    empty = 0
    for chunk in source.chunks():
        pairs = zip(chunk.column(ids), chunk.column(outcomes), strict=True)
        for place, (one, raw) in enumerate(pairs):
            if _is_blank(raw):
                empty += 1
                continue
            location = location_in_words(*chunk.location_of(place))
            summary.rows += 1
            try:
                told.append(_told(valid, one, raw))
                locations.append(location)
            except InvalidInput as error:
                summary.refused += 1
                if len(summary.refusals) < SHOWN_REFUSALS:
                    row = summary.rows - 1
                    summary.refusals.append(Refused(row, location, tuple(error.errors)))
    if summary.refused:
        raise OutcomesNotKept(source.name, summary)
    return Outcomes(source.name, told, locations, empty)


def _told(valid: Schema, one: Any, raw: Any) -> Told:
    if _is_blank(one):
        raise InvalidInput([Remark(NO_ID, "id")])
    return Told(read_id(str(one)), read_outcome(valid, raw, text=isinstance(raw, str)))


def _is_blank(cell: Any) -> bool:
    return cell is None or not str(cell).strip() or cell != cell  # NaN differs from itself


def _id_names(schema: Schema) -> list[str]:
    """What the column of ids may be called; of those that are there it is the last."""
    taken = [*(field.name for field in schema.fields), schema.target]
    own = first_columns(taken)[0]
    return ["id", *(name for name in (ID_COLUMN, own) if name not in ("id", *taken))]


def _outcome_column(source: Any, schema: Schema, ids: int) -> int:
    """The place of the column of outcomes. Raises BatchError where there is none, or two."""
    others = [name if place != ids else "" for place, name in enumerate(source.names)]
    known = {fold(name) for name in others}
    names: tuple[str, ...] = (NAME, schema.target)
    if any(fold(field.name) == NAME for field in schema.fields):  # what was asked, not what it was
        names = names[1:]
    elif len({fold(name) for name in names} & known) > 1:
        words = _(
            "{file} has both a column {first} and a column {second}. Keep the one that says what "
            "it was."
        )
        first, second = map(repr, names)
        raise BatchError(words.format(file=source.name, first=first, second=second))
    return _column(source.name, others, names)


def _column(file: str, there: Sequence[str], names: Sequence[str]) -> int:
    """The place of the last of these columns that is there. Raises BatchError where none is."""
    known = [fold(name) for name in there]
    for name in reversed(names):
        if fold(name) in known:
            return known.index(fold(name))
    words = _("{file} has no column {names}. Its first line must contain the column names.")
    first, *others = map(repr, names)
    either = _("{first} or {second}").format(first=first, second=others[0]) if others else first
    raise BatchError(words.format(file=file, names=either))
