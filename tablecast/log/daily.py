"""The days' sums in the log's database.

To add to a day's sums takes longer than to keep a row, and whoever asked would wait for it. So a
commit only notes which of its rows are not counted yet; they are counted soon after, whoever wrote
them, and even if that process has ended meanwhile.

A day's sums are one row for each of a few shares, so that processes which write at the same time
need not wait for one another; whoever reads adds them up.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tablecast.log.bins import value_of
from tablecast.log.daily_sums import Counting, Sums, added, negated, of_outcome, total_of
from tablecast.log.database import writing
from tablecast.log.tables import DAILY, PREDICTION, REFUSAL, UNCOUNTED

#: Microseconds.
DAY = 86_400_000_000

#: Processes that write to PostgreSQL at the same time, mostly; SQLite has one writer at a time.
SHARES = 16

#: Commits, and about how many rows, that are counted together: others compute meanwhile.
MOST_COMMITS, MOST_ROWS = 250, 500


class Place(NamedTuple):
    """Whose sums: of the name that a deployment is served under, of its pickle, of a day."""

    deployment: str
    sha256: str
    day: int


class Daily:
    """Counts the rows of deployments that it was told of; others are left to whoever knows them."""

    def __init__(self) -> None:
        #: By name and pickle: of two copies one may hide a field.
        self._countings: dict[tuple[str, str], Counting] = {}

    def learn(self, name: str, description: Mapping[str, Any]) -> None:
        """Count the rows of a deployment, which is served under a name, from now on."""
        self._countings[name, str(description["sha256"])] = Counting.of(description)

    def fold(
        self, engine: sa.Engine, turn: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> bool:
        """Count some of what is kept and not counted yet.

        Args:
            engine: the log's.
            turn: makes what others wait for while it is written.

        Returns:
            Whether there may be more.

        Raises:
            SQLAlchemyError: the database cannot be used.
        """
        with engine.connect() as connection:
            commits = self._uncounted(connection)
            rows = _rows_of(connection, [one for commit in commits for one in commit.ids])
        if not commits:
            return False
        sums = self._sums(rows)
        with turn(), writing(engine) as connection:
            # Somebody else may have counted them meanwhile, or deleted some: then all is left to
            # them, or to the next time.
            named = UNCOUNTED.c.id.in_([commit.id for commit in commits])
            claimed = connection.execute(sa.delete(UNCOUNTED).where(named)).rowcount
            if claimed == len(commits) and _are_there(connection, rows):
                add(connection, sums)
            else:
                connection.rollback()
        return len(commits) == MOST_COMMITS or sum(map(len, rows)) >= MOST_ROWS

    def read(
        self, connection: sa.Connection, deployment: str, sha256: str, since: int = 0
    ) -> dict[int, Sums]:
        """Day (since 1970, UTC) to its sums, with what is not counted yet, in their order."""
        days = read(connection, deployment, sha256, since)
        if (deployment, sha256) in self._countings:
            commits = _commits(connection, _COMMITS.where(_its(deployment, sha256)))
            rows = _rows_of(connection, [one for commit in commits for one in commit.ids])
            for place, sums in self._sums(rows).items():
                if place.day >= since:
                    added(days.setdefault(place.day, {}), sums)
        return dict(sorted(days.items()))

    def forget(self, connection: sa.Connection, answered: Sequence[Any]) -> None:
        """Count answers no more that the same transaction deletes."""
        waiting = uncounted_ids(connection)
        sums = self._sums(([row for row in answered if row["id"] not in waiting], []))
        add(connection, {place: negated(of_day) for place, of_day in sums.items()})

    def _uncounted(self, connection: sa.Connection) -> list[Commit]:
        """The oldest commits that can be counted, of not many more rows than ``MOST_ROWS``."""
        known = sa.or_(sa.false(), *(_its(*whose) for whose in list(self._countings)))
        some: list[Commit] = []
        rows = 0
        for commit in _commits(connection, _COMMITS.where(known).limit(MOST_COMMITS)):
            if rows < MOST_ROWS:
                some.append(commit)
            rows += len(commit.ids)
        return some

    def _sums(self, rows: tuple[Sequence[Any], Sequence[Any]]) -> dict[Place, Sums]:
        """Of answers and refusals."""
        answered, refused = rows
        sums = {
            place: self._countings[place[:2]].answers(of_day)
            for place, of_day in by_place(answered).items()
            if place[:2] in self._countings
        }
        for place, of_day in by_place(refused).items():
            if place[:2] in self._countings:
                found = self._countings[place[:2]].refusals(of_day)
                added(sums.setdefault(place, {}), found)
        return sums


class Commit(NamedTuple):
    """A row of ``tables.UNCOUNTED``."""

    id: str
    ids: list[str]


def uncounted_of(*kept: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of ``tables.UNCOUNTED`` for answers and refusals that one transaction keeps.

    An answer while somebody types is no question yet, and does not count.
    """
    ids: dict[tuple[str, str], list[str]] = {}
    for rows in kept:
        for row in rows:
            if not row.get("preview"):
                ids.setdefault((row["deployment"], row["sha256"]), []).append(row["id"])
    return [
        {"id": its[0], "deployment": deployment, "sha256": sha256, "ids": its}
        for (deployment, sha256), its in ids.items()
    ]


def uncounted_ids(connection: sa.Connection) -> set[str]:
    """What is not in the sums yet; nobody counts any of it before the transaction ends."""
    asked = sa.select(UNCOUNTED.c.ids).with_for_update()
    return {one for ids in connection.execute(asked).scalars() for one in ids}


_COMMITS = sa.select(UNCOUNTED.c.id, UNCOUNTED.c.ids).order_by(UNCOUNTED.c.id)


def _its(deployment: str, sha256: str) -> sa.ColumnElement[bool]:
    return sa.and_(UNCOUNTED.c.deployment == deployment, UNCOUNTED.c.sha256 == sha256)


def _commits(connection: sa.Connection, asked: sa.Select[Any]) -> list[Commit]:
    return [Commit(*row) for row in connection.execute(asked)]


def _rows_of(connection: sa.Connection, ids: Sequence[str]) -> tuple[list[Any], list[Any]]:
    """The answers and the refusals of some ids, as far as they are there."""
    some = _listed(connection, ids)
    answered, refused = (
        list(connection.execute(asked.where(asked.selected_columns.id.in_(some))).mappings())
        for asked in (_ANSWERED, _REFUSED)
    )
    return answered, refused


def _are_there(connection: sa.Connection, rows: tuple[Sequence[Any], Sequence[Any]]) -> bool:
    for table, found in zip((PREDICTION, REFUSAL), rows, strict=True):
        count = sa.select(sa.func.count()).select_from(table)
        some = _listed(connection, [row["id"] for row in found])
        if connection.execute(count.where(table.c.id.in_(some))).scalar_one() != len(found):
            return False
    return True


def _listed(connection: sa.Connection, ids: Sequence[str]) -> sa.Select[Any]:
    """Ids as a table of one value: to write each into a statement takes longer than to find it."""
    text = sa.literal(orjson.dumps(ids).decode())
    if connection.dialect.name == "sqlite":
        return sa.select(sa.func.json_each(text).table_valued("value").c.value)
    values = sa.func.json_array_elements_text(sa.cast(text, sa.JSON))
    return sa.select(values.column_valued())


def sums_of_outcomes(
    connection: sa.Connection, told: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[Place, Sums]:
    """What to add where it is told what answers should have been, on the days of the answers.

    Args:
        connection: what reads the answers.
        told: the id of an answer to its outcome.
        before: the outcomes that some of them replace, which do not count any more.
    """
    sums: dict[Place, Sums] = {}
    for row in _judged(connection, list(told)):
        of_day = sums.setdefault(_place(row), {})
        added(of_day, of_outcome(row, told[row["id"]]))
        if row["id"] in before:
            added(of_day, negated(of_outcome(row, before[row["id"]])))
    return sums


def _judged(connection: sa.Connection, ids: Sequence[str]) -> Iterator[Any]:
    columns = PREDICTION.c
    asked = sa.select(
        columns.id, columns.deployment, columns.sha256, columns.at, columns.prediction,
        columns.low, columns.high, columns.probabilities,
    )
    yield from connection.execute(asked.where(columns.id.in_(_listed(connection, ids)))).mappings()


def uncount(connection: sa.Connection, row: Any) -> None:
    """Let nothing of an answer be kept that the same transaction deletes, but that there was one.

    Who knows the others' numbers could work out its own from their sum.
    """
    if row["preview"]:
        return
    asked = _COMMITS.where(_its(row["deployment"], row["sha256"])).with_for_update()
    for commit in _commits(connection, asked):
        if row["id"] in commit.ids:
            _leave_out(connection, commit, row["id"])
            return
    _take_out_values(connection, row)


def _leave_out(connection: sa.Connection, commit: Commit, one: str) -> None:
    """Of what is not counted yet."""
    others = [other for other in commit.ids if other != one]
    its = UNCOUNTED.c.id == commit.id
    if others:
        connection.execute(sa.update(UNCOUNTED).where(its).values(id=others[0], ids=others))
    else:
        connection.execute(sa.delete(UNCOUNTED).where(its))


def _take_out_values(connection: sa.Connection, row: Any) -> None:
    """Of its day's sums."""
    place = _place(row)
    known = read(connection, place.deployment, place.sha256, place.day).get(place.day, {})
    numbers = {name: value_of(name, row) for name in known.get("totals", {})}
    given = {name: value for name, value in numbers.items() if value is not None}
    if given:
        taken = {name: negated(total_of([value])) for name, value in given.items()}
        add(connection, {place: {"totals": taken}})


def drop_totals(connection: sa.Connection, day: int) -> None:
    """Keep only how many there were of the days before one: a day's sum may be of one number."""
    with_some = sa.type_coerce(DAILY.c.sums, sa.Text).contains('"totals"')
    asked = sa.select(DAILY).where(DAILY.c.day < day, with_some).with_for_update()
    for row in connection.execute(asked).mappings().all():
        if row["sums"].pop("totals", None) is not None:
            there = {f"its_{name}": row[name] for name in (*Place._fields, "share")}
            connection.execute(_CHANGE, there | {"sums": row["sums"]})


def add(connection: sa.Connection, sums: Mapping[Place, Sums]) -> None:
    """Add sums to those that are there, in a transaction that writes."""
    share = os.getpid() % SHARES if connection.dialect.name == "postgresql" else 0
    for place in sorted(sums):  # in one order everywhere, so that none wait for one another
        there = {f"its_{name}": value for name, value in place._asdict().items()}
        there["its_share"] = share
        known = connection.execute(_FIND, there).scalar()
        if known is None:
            insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            empty = insert(DAILY).values(**place._asdict(), share=share, sums={})
            connection.execute(empty.on_conflict_do_nothing())
            known = connection.execute(_FIND, there).scalar_one()
        together = added(known, sums[place])
        connection.execute(_CHANGE, there | {"sums": together})


# Made once: to make them takes as long as to run them.
_THERE = sa.and_(
    *(DAILY.c[name] == sa.bindparam(f"its_{name}") for name in (*Place._fields, "share"))
)
_FIND = sa.select(DAILY.c.sums).where(_THERE).with_for_update()
_CHANGE = sa.update(DAILY).where(_THERE)
_ANSWERED = sa.select(
    *(PREDICTION.c[name]
      for name in ("id", "deployment", "sha256", "at", "given", "prediction", "ms", "warnings"))
)  # fmt: skip
_REFUSED = sa.select(
    *(REFUSAL.c[name] for name in ("id", "deployment", "sha256", "at", "reasons"))
)


def read(
    connection: sa.Connection, deployment: str, sha256: str, since: int = 0
) -> dict[int, Sums]:
    """Day (since 1970, UTC) to its sums of what is counted, in their order, of one deployment."""
    asked = sa.select(DAILY.c.day, DAILY.c.sums).where(
        DAILY.c.deployment == deployment, DAILY.c.sha256 == sha256, DAILY.c.day >= since
    )
    days: dict[int, Sums] = {}
    for day, sums in connection.execute(asked.order_by(DAILY.c.day)):
        added(days.setdefault(day, {}), sums)
    return days


def by_place(rows: Iterable[Any]) -> dict[Place, list[Any]]:
    """Rows by whose sums they count in."""
    places: dict[Place, list[Any]] = {}
    for row in rows:
        places.setdefault(_place(row), []).append(row)
    return places


def _place(row: Any) -> Place:
    return Place(row["deployment"], row["sha256"], row["at"] // DAY)
