"""What is said where a CSV file cannot be read on."""

import csv

from tablecast.errors import BatchError
from tablecast.i18n.formats import number
from tablecast.i18n.language import N_, _, ngettext

#: What Python's reader says in English.
READER_WORDS = (
    N_("unexpected end of data"),
    N_("line contains NUL"),
)
LONG_CELL = "field larger than field limit (131072)"


def unreadable(name: str, reason: str, line: int) -> BatchError:
    """Python's reader gives up, for a reason of ``READER_WORDS`` or another, at a line."""
    if reason == LONG_CELL:
        words = _(
            "Line {line} of {name} cannot be read: it has a cell of more than {most} "
            "characters. Shorten that text or leave its column out; or, if a quotation mark "
            "before it is not closed, close it."
        )
        most = number(csv.field_size_limit())
        return BatchError(words.format(line=line, name=name, most=most))
    words = _("Line {line} of {name} cannot be read: {reason}. Check for a missing quotation mark.")
    return BatchError(words.format(line=line, name=name, reason=_(reason)))


def too_long(name: str, characters: int) -> BatchError:
    """A line is longer than so many characters."""
    words = _("{name} has a line of more than {most} characters. Put each row on its own line.")
    return BatchError(words.format(name=name, most=number(characters)))


def ragged(name: str, line: int, cells: int, width: int) -> BatchError:
    """A row has other cells than the header has."""
    words = ngettext(
        "Line {line} of {name} has {cells} cell, but the header has {width}. A separator "
        "inside a text needs quotation marks around the text.",
        "Line {line} of {name} has {cells} cells, but the header has {width}. A separator "
        "inside a text needs quotation marks around the text.",
        cells,
    )
    counts = {"cells": number(cells), "width": number(width)}
    return BatchError(words.format(line=line, name=name, **counts))
