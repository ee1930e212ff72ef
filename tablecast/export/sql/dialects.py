"""What databases write in ways of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How a database writes what the statement needs. In templates ``{0}`` is the argument.

    Attributes:
        real, text: the types of float64 and of text.
        single: the nearest float32, as float64.
        whole: a number without its fraction.
        exp: the exponential function, 0 where it is too small.
        seconds: a date as seconds since 1970 (UTC).
        infinity: a number that has no end.
        most_columns: how many a query may have beside one another.
        name_key: what two names share that it takes for one.
    """

    real: str
    text: str
    single: str
    whole: str
    exp: str
    seconds: str
    infinity: str
    most_columns: int
    name_key: Callable[[str], object]


DIALECTS: Mapping[str, Dialect] = {
    "duckdb": Dialect(
        real="DOUBLE",
        text="VARCHAR",
        single="CAST(CAST({0} AS FLOAT) AS DOUBLE)",
        whole="trunc({0})",
        exp="exp({0})",
        seconds="epoch(CAST({0} AS TIMESTAMP))",
        infinity="CAST('Infinity' AS DOUBLE)",
        most_columns=100_000,
        name_key=str.lower,
    ),
    "postgresql": Dialect(
        real="double precision",
        text="text",
        single="CAST(CAST({0} AS real) AS double precision)",
        whole="trunc({0})",
        # Its own raises an error where the result is smaller than float64 holds, from -745 on.
        exp="CASE WHEN {0} < -700 THEN 0 ELSE exp({0}) END",
        seconds="CAST(EXTRACT(EPOCH FROM CAST({0} AS timestamp)) AS double precision)",
        infinity="CAST('Infinity' AS double precision)",
        most_columns=1_664,
        name_key=lambda name: name.encode()[:63],  # it cuts the rest off
    ),
    "sqlite": Dialect(
        real="REAL",
        text="TEXT",
        # It has no float32: Veltkamp's splitting keeps the first 24 of 53 bits, 2**29 + 1.
        single="({0} * 536870913.0 - ({0} * 536870913.0 - {0}))",
        whole="trunc({0})",
        exp="exp({0})",
        seconds="(julianday({0}) - 2440587.5) * 86400.0",
        infinity="9e999",
        most_columns=2_000,
        name_key=str.lower,
    ),
}
