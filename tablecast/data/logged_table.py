"""How the table begins that ``tablecast log export`` writes: so it is known wherever it is read."""

import re
from collections.abc import Iterable, Sequence

from tablecast.schema.texts import fold

#: What the log says of an answer, before what was asked.
FIRST = ("id", "at", "deployment", "prediction")

#: What stands before such a name where the table has a column of that name itself.
ASIDE = "log_"
_ASIDE = re.compile(f"^(?:{ASIDE})+")


def first_columns(taken: Iterable[str]) -> list[str]:
    """``FIRST``, each named aside as often as it takes to be none of the names that are taken."""
    known, names = set(map(fold, taken)), []
    for name in FIRST:
        while fold(name) in known:
            name = ASIDE + name
        names.append(name)
    return names


def first_of(names: Sequence[str]) -> tuple[str, ...]:
    """How a table of these columns begins if the log wrote it; empty for any other."""
    first = tuple(names[: len(FIRST)])
    return first if tuple(_ASIDE.sub("", name) for name in first) == FIRST else ()
