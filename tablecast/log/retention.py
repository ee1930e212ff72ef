"""What is deleted from the log: old rows, and rows that somebody names."""

import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tablecast.log.daily import DAY, Daily, drop_totals, uncount
from tablecast.log.database import forget_deleted, writing
from tablecast.log.entries import first_id
from tablecast.log.tables import OUTCOME, PREDICTION, REFUSAL, REPEATED, UNCOUNTED
from tablecast.schema.form_keys import is_hashed

#: Days for which the same Idempotency-Key gets the same answer: a client that tries again does so
#: within minutes.
REPEATED_DAYS = 1

#: Rows that one transaction deletes: others wait for it to end.
AT_ONCE = 5_000

#: Microseconds within which a shadow answers the same request.
SHADOWED = 60_000_000


def delete_old(engine: sa.Engine, days: int, now: int | None = None) -> int:
    """Delete answers, refusals and outcomes that are older than so many days (0: none).

    Args:
        engine: the log's.
        days: of the age of what was asked.
        now: microseconds since 1970; the clock's by default.

    Returns:
        How many answers were deleted.

    Raises:
        SQLAlchemyError: the database cannot be written to.
    """
    now = time.time_ns() // 1000 if now is None else now
    columns = REPEATED.c
    with writing(engine) as connection:
        connection.execute(sa.delete(REPEATED).where(columns.at < now - REPEATED_DAYS * DAY))
    if not days:
        return 0
    bound = first_id(now - days * DAY)
    with writing(engine) as connection:
        drop_totals(connection, (now - days * DAY) // DAY)
    for table in (REFUSAL, UNCOUNTED):
        _delete_below(engine, table, bound)
    return _delete_below(engine, PREDICTION, bound)


def _delete_below(engine: sa.Engine, table: sa.Table, bound: str) -> int:
    ids = table.c.id
    deleted = 0
    while True:
        some = sa.select(ids).where(ids < bound).order_by(ids).limit(AT_ONCE)
        with writing(engine) as connection:
            found = connection.execute(sa.delete(table).where(ids.in_(some))).rowcount
        deleted += found
        if found < AT_ONCE:
            return deleted


def erase(engine: sa.Engine, one: str) -> bool:
    """Delete an answer, its outcome, its shadow's, and what its request would be answered again.

    Returns:
        Whether there was one.

    Raises:
        SQLAlchemyError: the database cannot be written to.
    """
    with writing(engine) as connection:
        asked = sa.select(PREDICTION).where(PREDICTION.c.id == one)
        row = connection.execute(asked).mappings().one_or_none()
        if row is not None:
            connection.execute(sa.delete(REPEATED).where(REPEATED.c.request == row["request"]))
            for its in (row, *_shadows(connection, row)):
                uncount(connection, its)
                connection.execute(sa.delete(OUTCOME).where(OUTCOME.c.prediction_id == its["id"]))
                connection.execute(sa.delete(PREDICTION).where(PREDICTION.c.id == its["id"]))
    forget_deleted(engine)
    return row is not None


def _shadows(connection: sa.Connection, row: Any) -> list[Any]:
    """What a shadow was asked along with an answer: the same values, in the same request."""
    columns = PREDICTION.c
    between = columns.id.between(first_id(row["at"] - SHADOWED), first_id(row["at"] + SHADOWED))
    its = sa.and_(between, columns.request == row["request"], columns.shadow)
    found = connection.execute(sa.select(PREDICTION).where(its)).mappings().all()
    return [one for one in found if one["id"] != row["id"] and _alike(row["given"], one["given"])]


def _alike(given: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two have the same values, as far as both can be read."""
    shared = [(given[name], other[name]) for name in given.keys() & other.keys()]
    return all(x == y for x, y in shared if not (is_hashed(x) or is_hashed(y)))


def withdraw(engine: sa.Engine, daily: Daily, first: str, last: str, request: str) -> None:
    """Delete the answers to one request, whose ids are known to lie between two.

    Args:
        engine: the log's.
        daily: what counted them, and counts them no more.
        first, last: the ids.
        request: that of the answers.

    Raises:
        SQLAlchemyError: the database cannot be written to.
    """
    columns = PREDICTION.c
    its = sa.and_(columns.id >= first, columns.id <= last, columns.request == request)
    some = sa.select(PREDICTION).where(its).order_by(columns.id).limit(AT_ONCE)
    while True:
        with writing(engine) as connection:
            rows = connection.execute(some).mappings().all()
            if not rows:
                return
            until = columns.id <= rows[-1]["id"]
            connection.execute(sa.delete(PREDICTION).where(its, until))
            daily.forget(connection, rows)
