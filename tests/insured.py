"""Rows of the shipped deployment's table, as many as a test wants."""

from __future__ import annotations

import random

HEADER = "age,sex,bmi,children,smoker,region"
#: More than four steps of 2,000 rows.
ROWS = 9_000


def rows_of(count: int = ROWS, seed: int = 1) -> list[str]:
    """Rows that are valid, of which no two neighbours are alike."""
    chance = random.Random(seed)
    regions = ("southwest", "southeast", "northwest", "northeast")
    return [
        f"{chance.randint(18, 64)},{chance.choice(('male', 'female'))},"
        f"{chance.uniform(16, 50):.3f},{chance.randint(0, 5)},{chance.choice(('yes', 'no'))},"
        f"{chance.choice(regions)}"
        for _ in range(count)
    ]


def with_bad(rows: list[str], *places: int) -> list[str]:
    """The same rows, where those at some places have no such level."""
    return [row.replace("male", "mule", 1) if at in places else row for at, row in enumerate(rows)]


def text(rows: list[str], header: str = HEADER, end: str = "\n") -> str:
    """The rows as a CSV file."""
    return end.join([header, *rows, ""])
