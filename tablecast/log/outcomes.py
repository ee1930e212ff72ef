"""What answers should have been: told once, of an answer that is there, in the target's kind."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tablecast.deployment.deployment import Deployment
from tablecast.errors import Remark, TablecastError
from tablecast.i18n.language import N_
from tablecast.inference.engine import Label
from tablecast.log.daily import add, sums_of_outcomes
from tablecast.log.daily_sums import MOST_ERROR
from tablecast.log.database import reading, writing
from tablecast.log.statements import insertion
from tablecast.log.tables import OUTCOME, PREDICTION
from tablecast.schema.field import Field
from tablecast.schema.number_formats import DECIMAL_COMMA
from tablecast.schema.schema import Schema
from tablecast.schema.texts import quoted

#: What the outcome is called wherever it is told.
NAME = "outcome"

#: What an amount may look like, for sentences.
EXAMPLE = 1234.5

#: How many times as far from 0 as training's amounts a true one may be.
BEYOND = 1000

#: Characters of an id, which has 36.
MOST_ID = 99

#: How often outcomes are read and written where others tell, or erase, the same ones meanwhile.
TRIALS = 3

#: Ids that one statement asks for.
AT_ONCE = 500

#: What may be wrong with something told, and the status that says so.
UNKNOWN, ALREADY, INVALID = 404, 409, 422

NO_SUCH_ID = N_("There is no prediction with the id {id}. Copy the id as the prediction gave it.")
OF_ANOTHER = N_("The prediction {id} was made by {deployment}. Tell its outcome there.")
TOLD_OTHERWISE = N_(
    "The outcome of {id} is known as {known}, not {outcome}. If the earlier one is wrong, the "
    "person who runs this service can replace it (tablecast outcomes add FILE --replace)."
)
TOLD_TWICE = N_("The outcome of {id} is told twice, as {known} and as {outcome}. Send it once.")


class Told(NamedTuple):
    """An outcome: of which answer, and what it was."""

    id: str
    outcome: Label


class Counted(NamedTuple):
    """How many outcomes are new, and how many were known already."""

    added: int
    known: int


class OutcomesRefused(TablecastError):  # noqa: N818 - reads as a sentence where it is raised
    """Outcomes that cannot be kept, all of them at once; none of the others was kept either.

    Attributes:
        errors: what is wrong, with the place in the list, from 0.
        status: 404 where there is no such answer, 409 where another outcome is known, 422 where
            a value is of the wrong kind, or where these are mixed.
    """

    def __init__(self, errors: Sequence[tuple[int, Remark]]) -> None:
        self.errors = tuple(remark for _, remark in errors)
        statuses = {status for status, _ in errors}
        self.status = statuses.pop() if len(statuses) == 1 else INVALID
        super().__init__(" ".join(remark.say() for remark in self.errors[:5]))


def schema_of_outcomes(
    loaded: Deployment, shown: Schema | None = None, example: Label | None = None
) -> Schema:
    """What says which outcomes are valid: a schema of one field, ``NAME``, for forms and programs.

    Args:
        loaded: the deployment.
        shown: its schema in the reader's language; its own by default.
        example: an amount for sentences.
    """
    schema = shown or loaded.schema
    label = schema.target_label or schema.target
    if schema.task == "classification":
        levels = tuple(map(str, schema.classes))
        labels = {level: schema.show_class(level) for level in levels}
        field = Field(NAME, "category", "object", label, levels=levels, level_labels=labels,
                      closed=True)  # fmt: skip
    else:
        typical = example if isinstance(example, float) else EXAMPLE
        most = _most(loaded)
        spelling = DECIMAL_COMMA if schema.decimal_comma else ""
        field = Field(NAME, "number", "float64", label, unit=schema.target_unit, default=typical,
                      spelling=spelling, hard_minimum=-most, hard_maximum=most)  # fmt: skip
    return replace(schema, fields=(field,), translations={})


def _most(loaded: Deployment) -> float:
    """The largest amount that can be meant, a power of ten.

    The truth may lie far beyond training, but a slip of the hand, which no error on the watch would
    recover from, lies further.
    """
    histogram = loaded.background.histogram if loaded.background else None
    largest = max(map(abs, histogram.edges)) if histogram else 0.0
    return 10.0 ** math.ceil(math.log10(largest * BEYOND)) if largest else MOST_ERROR


def read_outcome(outcomes: Schema, raw: Any, *, text: bool = False) -> Label:
    """An outcome as the deployment answers: a number, or a class as the table spells it.

    Args:
        outcomes: what ``schema_of_outcomes`` gives.
        raw: what was told.
        text: whether it comes from a form or a file.

    Raises:
        InvalidInput: it is of another kind.
    """
    (value,) = outcomes.parse({NAME: raw}, text=text).values
    if outcomes.task == "regression":
        return float(value)
    return next(label for label in outcomes.classes if str(label) == value)


def add_outcomes(
    engine: sa.Engine, deployment: str, told: Sequence[Told], key: str | None, *,
    replacing: bool = False,
) -> Counted:  # fmt: skip
    """Keep outcomes: all of them, or none. To tell one again changes nothing.

    Args:
        engine: the log's.
        deployment: the name of the one whose answers they are.
        told: the outcomes.
        key: the name of the key that tells them.
        replacing: whether they replace those that are known.

    Raises:
        OutcomesRefused: an id is unknown, or another outcome is known.
        SQLAlchemyError: the database cannot be written to.
    """
    for _ in range(TRIALS - 1):
        try:
            return _added(engine, deployment, told, key, replacing)
        except IntegrityError:  # somebody told or erased one of them meanwhile: now that is known
            continue
    return _added(engine, deployment, told, key, replacing)


def _added(
    engine: sa.Engine, deployment: str, told: Sequence[Told], key: str | None, replacing: bool
) -> Counted:
    """Read first, and write then: who keeps answers should not wait for a file to be looked at."""
    ids = [one for one in dict.fromkeys(one.id for one in told) if may_be_id(one)]
    with reading(engine) as connection:
        of = dict(_pairs(connection, PREDICTION.c.id, PREDICTION.c.deployment, ids))
        known = dict(_pairs(connection, OUTCOME.c.prediction_id, OUTCOME.c.outcome, ids))
        if errors := list(_errors(told, deployment, of, {} if replacing else known)):
            raise OutcomesRefused(errors)
        new = {one.id: one.outcome for one in told if known.get(one.id) != one.outcome}
        sums = sums_of_outcomes(connection, new, known)
    if new:
        at = time.time_ns() // 1000
        rows = [{"prediction_id": one, "at": at, "outcome": outcome, "key": key}
                for one, outcome in new.items()]  # fmt: skip
        with writing(engine) as connection:
            _take_away(connection, {one: known[one] for one in new if one in known})
            insertion(OUTCOME, engine.dialect).run(connection, rows)
            add(connection, sums)
    return Counted(len(new), len(ids) - len(new))


def _take_away(connection: sa.Connection, known: Mapping[str, Label]) -> None:
    """Delete outcomes. Raises IntegrityError where they are not these any more."""
    delete = sa.delete(OUTCOME).returning(OUTCOME.c.prediction_id, OUTCOME.c.outcome)
    for part in _parts(list(known)):
        found = connection.execute(delete.where(OUTCOME.c.prediction_id.in_(part)))
        if {row.prediction_id: row.outcome for row in found} != {one: known[one] for one in part}:
            raise IntegrityError("other outcomes are known", None, ValueError())


def _errors(
    told: Sequence[Told], deployment: str, of: Mapping[str, str], known: Mapping[str, Label]
) -> Iterator[tuple[int, Remark]]:
    here: dict[str, Label] = {}
    for row, (one, outcome) in enumerate(told):
        if one not in of:
            yield UNKNOWN, Remark(NO_SUCH_ID, "id", {"id": quoted(one)}, row)
        elif of[one] != deployment:
            values = {"id": quoted(one), "deployment": of[one]}
            yield UNKNOWN, Remark(OF_ANOTHER, "id", values, row)
        elif known.get(one, outcome) != outcome:
            values = {"id": quoted(one), "known": str(known[one]), "outcome": str(outcome)}
            yield ALREADY, Remark(TOLD_OTHERWISE, NAME, values, row)
        elif here.setdefault(one, outcome) != outcome:
            values = {"id": quoted(one), "known": str(here[one]), "outcome": str(outcome)}
            yield ALREADY, Remark(TOLD_TWICE, NAME, values, row)


def may_be_id(text: str) -> bool:
    """Whether a text can be an id at all; a database refuses some texts."""
    return len(text) <= MOST_ID and text.isascii() and text.isprintable()


def _pairs(
    connection: sa.Connection, ids: sa.Column[Any], values: sa.Column[Any], wanted: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    for part in _parts(wanted):
        for row in connection.execute(sa.select(ids, values).where(ids.in_(part))):
            yield row[0], row[1]


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(ids), AT_ONCE):
        yield ids[begin : begin + AT_ONCE]
