"""What the log holds, read in small parts: it may have more rows than fit into memory.

Times are microseconds since 1970, UTC. A row is a dictionary of a table's columns (``tables``),
with JSON already read. Every function raises LogError where the log cannot be read.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from tablecast.log.database import errors_of_log
from tablecast.log.tables import OUTCOME, PREDICTION

Row = dict[str, Any]

#: Rows that are read at once.
AT_ONCE = 2_000


def answer_of(engine: sa.Engine, one: str) -> Row | None:
    """The answer of an id; None where there is none."""
    return next(iter(_rows(engine, sa.select(PREDICTION).where(PREDICTION.c.id == one))), None)


def known_as(engine: sa.Engine, *names: str) -> str:
    """The first of some names that the log has an answer of; the last one if it has none of any.

    A deployment in a folder is logged by the name of its files, which may be a copy's.
    """
    for name in names[:-1]:
        its = sa.select(PREDICTION.c.id).where(PREDICTION.c.deployment == name)
        if _rows(engine, its.limit(1)):
            return name
    return names[-1]


def deployments_of(engine: sa.Engine) -> list[str]:
    """The names of all whose answers the log has."""
    asked = sa.select(PREDICTION.c.deployment).distinct().order_by(PREDICTION.c.deployment)
    return [row["deployment"] for row in _rows(engine, asked)]


def outcome_of(engine: sa.Engine, one: str) -> Row | None:
    """What was told of an answer; None where nothing was."""
    return next(iter(_rows(engine, sa.select(OUTCOME).where(OUTCOME.c.prediction_id == one))), None)


def answers_of(engine: sa.Engine, deployment: str) -> Iterator[Row]:
    """What a deployment answered somebody, in the order of the ids.

    Each row has "outcome" and "outcome_at" too: None where nothing was told. Left out are a
    shadow's answers, and previews of which no outcome was told.
    """
    told = (OUTCOME.c.outcome, OUTCOME.c.at.label("outcome_at"))
    joined = PREDICTION.outerjoin(OUTCOME, OUTCOME.c.prediction_id == PREDICTION.c.id)
    known = OUTCOME.c.prediction_id.is_not(None)
    its = (PREDICTION.c.deployment == deployment, ~PREDICTION.c.shadow)
    asked = sa.select(PREDICTION, *told).select_from(joined).where(*its)
    asked = asked.where(sa.or_(~PREDICTION.c.preview, known)).order_by(PREDICTION.c.id)
    after = ""
    while True:
        rows = _rows(engine, asked.where(PREDICTION.c.id > after).limit(AT_ONCE))
        yield from rows
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["id"]


def last_predictions(
    engine: sa.Engine, deployment: str, sha256: str, count: int, among: int
) -> list[Row]:
    """The last answers of a deployment, in the order of their ids; previews are none.

    Args:
        engine: the log's.
        deployment, sha256: whose.
        count: at most how many.
        among: so many of the last rows are looked at, whosever they are.
    """
    last = sa.select(PREDICTION).order_by(PREDICTION.c.id.desc()).limit(among).subquery()
    its = sa.select(last).where(
        last.c.deployment == deployment, last.c.sha256 == sha256, ~last.c.preview
    )
    return _rows(engine, its.order_by(last.c.id.desc()).limit(count))[::-1]


def _rows(engine: sa.Engine, asked: Any) -> list[Row]:
    with errors_of_log(), engine.connect() as connection:
        return [dict(row) for row in connection.execute(asked).mappings()]
