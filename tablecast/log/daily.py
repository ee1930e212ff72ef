"""The days' sums in the log's database, kept in the transaction that keeps the rows.

A day's sums are one row for each of a few shares, so that processes which write at the same time
need not wait for one another; whoever reads adds them up. Rows that are deleted later, because they
are old or somebody asked for it, stay in the sums: nothing in them is about one row.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tablecast.log.daily_sums import Counting, Sums, added, negated, of_outcome
from tablecast.log.entries import Answered, Refused
from tablecast.log.tables import DAILY, PREDICTION

#: Microseconds.
DAY = 86_400_000_000

#: Processes that write to PostgreSQL at the same time, mostly; SQLite has one writer at a time.
SHARES = 16

#: Ids that one statement asks for.
AT_ONCE = 500

#: A deployment and a day.
Place = tuple[str, int]


class Daily:
    """Adds to the days' sums. Only deployments that it was told of are counted."""

    def __init__(self) -> None:
        self._countings: dict[str, Counting] = {}

    def learn(self, description: Mapping[str, Any]) -> None:
        """Count a deployment's rows from now on."""
        self._countings[str(description["sha256"])] = Counting.of(description)

    def note(
        self,
        connection: sa.Connection,
        answered: Iterable[Answered],
        refused: Iterable[Refused],
    ) -> None:
        """Count rows that the same transaction writes."""
        sums = self._answers(answered)
        for (sha256, day), rows in _by_place(refused).items():
            if sha256 in self._countings:
                found = self._countings[sha256].refusals(rows)
                added(sums.setdefault((sha256, day), {}), found)
        add(connection, sums)

    def forget(self, connection: sa.Connection, answered: Iterable[Any]) -> None:
        """Count answers no more that nobody was given, and that the same transaction deletes."""
        sums = self._answers(answered)
        add(connection, {place: negated(of_day) for place, of_day in sums.items()})

    def _answers(self, answered: Iterable[Any]) -> dict[Place, Sums]:
        return {
            (sha256, day): self._countings[sha256].answers(rows)
            for (sha256, day), rows in _by_place(answered).items()
            if sha256 in self._countings
        }


def note_outcomes(
    connection: sa.Connection, told: Mapping[str, Any], before: Mapping[str, Any]
) -> None:
    """Count what answers should have been, on the days of the answers.

    Args:
        connection: a transaction that has just written these outcomes.
        told: the id of an answer to its outcome.
        before: the outcomes that some of them replace, which do not count any more.
    """
    sums: dict[Place, Sums] = {}
    for row in _answers(connection, list(told)):
        of_day = sums.setdefault((row["sha256"], row["at"] // DAY), {})
        added(of_day, of_outcome(row, told[row["id"]]))
        if row["id"] in before:
            added(of_day, negated(of_outcome(row, before[row["id"]])))
    add(connection, sums)


def _answers(connection: sa.Connection, ids: Sequence[str]) -> Iterator[Any]:
    columns = PREDICTION.c
    asked = sa.select(
        columns.id, columns.sha256, columns.at, columns.prediction, columns.low, columns.high,
        columns.probabilities,
    )
    for begin in range(0, len(ids), AT_ONCE):
        some = columns.id.in_(ids[begin : begin + AT_ONCE])
        yield from connection.execute(asked.where(some)).mappings()


def add(connection: sa.Connection, sums: Mapping[Place, Sums]) -> None:
    """Add sums to those that are there, in a transaction that writes."""
    share = os.getpid() % SHARES if connection.dialect.name == "postgresql" else 0
    for sha256, day in sorted(sums):  # in one order everywhere, so that none wait for one another
        there = {"its_sha256": sha256, "its_day": day, "its_share": share}
        known = connection.execute(_FIND, there).scalar()
        if known is None:
            insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            empty = insert(DAILY).values(sha256=sha256, day=day, share=share, sums={})
            connection.execute(empty.on_conflict_do_nothing())
            known = connection.execute(_FIND, there).scalar_one()
        together = added(known, sums[sha256, day])
        connection.execute(_CHANGE, there | {"sums": together})


# Made once: to make them takes as long as to run them.
_THERE = sa.and_(
    DAILY.c.sha256 == sa.bindparam("its_sha256"),
    DAILY.c.day == sa.bindparam("its_day"),
    DAILY.c.share == sa.bindparam("its_share"),
)
_FIND = sa.select(DAILY.c.sums).where(_THERE).with_for_update()
_CHANGE = sa.update(DAILY).where(_THERE)


def read(connection: sa.Connection, sha256: str, since: int = 0) -> dict[int, Sums]:
    """Day (since 1970, UTC) to its sums, in their order, of one deployment."""
    asked = sa.select(DAILY.c.day, DAILY.c.sums).where(
        DAILY.c.sha256 == sha256, DAILY.c.day >= since
    )
    days: dict[int, Sums] = {}
    for day, sums in connection.execute(asked.order_by(DAILY.c.day)):
        added(days.setdefault(day, {}), sums)
    return days


def _by_place(rows: Iterable[Any]) -> dict[Place, list[Any]]:
    places: dict[Place, list[Any]] = {}
    for row in rows:
        places.setdefault((row["sha256"], row["at"] // DAY), []).append(row)
    return places
