"""How the table begins that ``tablecast log export`` writes: so it is known wherever it is read."""

import re
from collections.abc import Iterable, Sequence

from tablecast.schema.texts import fold

#: What the log says of an answer, before what was asked.
FIRST = ("id", "at", "deployment", "prediction")

#: What stands before such a name where the table has a column of that name itself.
ASIDE = "log_"
_ASIDE = re.compile(f"^(?:{ASIDE})+")

#: A UUID of version 7, as the log writes it.
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def first_columns(taken: Iterable[str]) -> list[str]:
    """``FIRST``, each named aside as often as it takes to be none of the names that are taken."""
    known, names = set(map(fold, taken)), []
    for name in FIRST:
        while fold(name) in known:
            name = ASIDE + name
        names.append(name)
    return names


def first_of(names: Sequence[str], one: object) -> tuple[str, ...]:
    """How a table begins if the log wrote it; empty for any other.

    Args:
        names: of its columns.
        one: a value of the first, which is an answer's id: somebody's own table may begin so too.
    """
    first = tuple(names[: len(FIRST)])
    wrote = _ID.fullmatch(str(one)) and tuple(_ASIDE.sub("", name) for name in first) == FIRST
    return first if wrote else ()
