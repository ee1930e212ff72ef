"""The days' sums in the log's database, kept in the transaction that keeps the rows.

A day's sums are one row for each of a few shares, so that processes which write at the same time
need not wait for one another; whoever reads adds them up. Rows that are deleted later, because they
are old or somebody asked for it, stay in the sums: nothing in them is about one row.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tablecast.log.sums import Counting, Sums, added
from tablecast.log.tables import DAILY

#: Microseconds.
DAY = 86_400_000_000

#: Processes that write to PostgreSQL at the same time, mostly; SQLite has one writer at a time.
SHARES = 16

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
        answered: Iterable[Mapping[str, Any]],
        refused: Iterable[Mapping[str, Any]],
    ) -> None:
        """Count rows that the same transaction writes."""
        sums: dict[Place, Sums] = {}
        for (sha256, day), rows in _by_place(answered).items():
            if sha256 in self._countings:
                sums[sha256, day] = self._countings[sha256].answers(rows)
        for (sha256, day), rows in _by_place(refused).items():
            if sha256 in self._countings:
                found = self._countings[sha256].refusals(rows)
                added(sums.setdefault((sha256, day), {}), found)
        add(connection, sums)


def note_outcomes(
    connection: sa.Connection,
    counting: Counting,
    pairs: Iterable[tuple[Mapping[str, Any], Any]],
) -> None:
    """Count what answers of one deployment should have been, on the days of the answers.

    Args:
        connection: a transaction that has just inserted these outcomes, and no others.
        counting: the deployment's.
        pairs: rows of ``tables.PREDICTION``, with their outcome.
    """
    sums: dict[Place, Sums] = {}
    for row, outcome in pairs:
        place = (row["sha256"], row["at"] // DAY)
        added(sums.setdefault(place, {}), counting.outcome(row, outcome))
    add(connection, sums)


def add(connection: sa.Connection, sums: Mapping[Place, Sums]) -> None:
    """Add sums to those that are there, in a transaction that writes."""
    share = os.getpid() % SHARES if connection.dialect.name == "postgresql" else 0
    for sha256, day in sorted(sums):  # in one order everywhere, so that none wait for one another
        there = sa.and_(DAILY.c.sha256 == sha256, DAILY.c.day == day, DAILY.c.share == share)
        found = sa.select(DAILY.c.sums).where(there).with_for_update()
        known = connection.execute(found).scalar()
        if known is None:
            insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            empty = insert(DAILY).values(sha256=sha256, day=day, share=share, sums={})
            connection.execute(empty.on_conflict_do_nothing())
            known = connection.execute(found).scalar_one()
        together = added(known, sums[sha256, day])
        connection.execute(sa.update(DAILY).where(there).values(sums=together))


def read(connection: sa.Connection, sha256: str, since: int = 0) -> dict[int, Sums]:
    """Day (since 1970, UTC) to its sums, in their order, of one deployment."""
    asked = sa.select(DAILY.c.day, DAILY.c.sums).where(
        DAILY.c.sha256 == sha256, DAILY.c.day >= since
    )
    days: dict[int, Sums] = {}
    for day, sums in connection.execute(asked.order_by(DAILY.c.day)):
        added(days.setdefault(day, {}), sums)
    return days


def _by_place(rows: Iterable[Mapping[str, Any]]) -> dict[Place, Sequence[Mapping[str, Any]]]:
    places: dict[Place, list[Mapping[str, Any]]] = {}
    for row in rows:
        places.setdefault((row["sha256"], row["at"] // DAY), []).append(row)
    return places  # type: ignore[return-value]
