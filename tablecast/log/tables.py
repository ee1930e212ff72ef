"""The tables of the prediction log.

SQLAlchemy is imported here, and in the modules that use these tables: a server without a log
imports none of them. A change of a table needs a migration in ``migrations/versions``.
"""

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Json(TypeDecorator[Any]):
    """JSON as text: a database's own type changes numbers (SQLite) or refuses texts (PostgreSQL).

    None is NULL.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.loads(value)


METADATA = sa.MetaData()

def _of_a_request() -> tuple[sa.Column[Any], ...]:
    """What an answer and a refusal have in common, first in either table."""
    return (
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),  # microseconds since 1970, UTC
        sa.Column("deployment", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),  # of the deployment's pickle
        sa.Column("key", sa.Text),  # the name of the key that asked
        sa.Column("request", sa.Text, nullable=False),  # X-Request-Id
    )


#: An answer. Ids sort by time, and rows stand in their order: no index is needed to find a day's.
PREDICTION = sa.Table(
    "prediction",
    METADATA,
    *_of_a_request(),
    sa.Column("engine", sa.Text, nullable=False),
    sa.Column("ms", sa.Double, nullable=False),
    # Field to value, as the API writes it; without those that the form file leaves out.
    sa.Column("given", Json, nullable=False),
    sa.Column("prediction", Json, nullable=False),  # a number or a text
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
    sa.Column("probabilities", Json),  # class to probability
    sa.Column("warnings", Json, nullable=False),  # [{"field", "kind"}]: the sentence, unfilled
    sa.Column("shadow", sa.Boolean, nullable=False, default=False),
    # While somebody typed: they may have asked for something else a moment later.
    sa.Column("preview", sa.Boolean, nullable=False, default=False),
    sqlite_with_rowid=False,
)

#: A request that was refused: nothing of its values is kept.
REFUSAL = sa.Table(
    "refusal",
    METADATA,
    *_of_a_request(),
    sa.Column("reasons", Json, nullable=False),  # [{"field", "kind"}]: the sentence, unfilled
    sqlite_with_rowid=False,
)

#: What an answer should have been.
OUTCOME = sa.Table(
    "outcome",
    METADATA,
    sa.Column(
        "prediction_id",
        sa.Text,
        sa.ForeignKey("prediction.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),  # when it was told
    sa.Column("outcome", Json, nullable=False),  # a number or a text
    sa.Column("key", sa.Text),  # the name of the key that told it
    sqlite_with_rowid=False,
)

#: Answers to requests with an Idempotency-Key, which are given again.
REPEATED = sa.Table(
    "repeated",
    METADATA,
    sa.Column("idempotency_key", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),  # whose it is; "" without keys
    sa.Column("digest", sa.Text, nullable=False),  # of what was asked
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("ids", sa.Text, nullable=False),  # X-Prediction-Id
    sa.Column("request", sa.Text, nullable=False),  # as its predictions have it
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

#: What happened on a day, in sums: they stay when rows are deleted.
DAILY = sa.Table(
    "daily",
    METADATA,
    sa.Column("deployment", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True),  # since 1970, UTC; of the answer, not its truth
    sa.Column("share", sa.Integer, primary_key=True),  # processes that write at the same time
    sa.Column("sums", Json, nullable=False),  # see daily_sums.py
    sqlite_with_rowid=False,
)

#: Answers and refusals that are not in the days' sums yet: one row for each commit that kept some.
UNCOUNTED = sa.Table(
    "uncounted",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),  # the first of them
    sa.Column("deployment", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("ids", Json, nullable=False),
    sqlite_with_rowid=False,
)
