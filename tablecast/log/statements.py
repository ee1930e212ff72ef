"""Statements for the rows of every answer, made once: to make one takes longer than to run it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from tablecast.log.tables import Json


class Insertion(NamedTuple):
    """What inserts rows into a table.

    Attributes:
        statement: SQL as the database's driver takes it.
        columns: the names of the table's columns, in their order, and whether each is JSON.
        by_name: whether the driver takes a row as a mapping.
    """

    statement: str
    columns: tuple[tuple[str, bool], ...]
    by_name: bool

    def run(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows; nothing where there are none. Raises SQLAlchemyError."""
        if rows:
            connection.exec_driver_sql(self.statement, [self._written(row) for row in rows])

    def _written(self, row: Mapping[str, Any]) -> Any:
        values = [
            orjson.dumps(row[name]).decode() if is_json and row[name] is not None else row[name]
            for name, is_json in self.columns
        ]
        if not self.by_name:
            return tuple(values)
        return {name: value for (name, _), value in zip(self.columns, values, strict=True)}


def insertion(table: sa.Table, dialect: Dialect) -> Insertion:
    """What inserts rows with all of a table's columns."""
    compiled = sa.insert(table).compile(dialect=dialect)
    columns = tuple((column.name, isinstance(column.type, Json)) for column in table.columns)
    return Insertion(str(compiled), columns, not compiled.positional)
