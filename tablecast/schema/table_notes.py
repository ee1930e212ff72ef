"""What reading a table has to say: sentences whose words are kept apart from their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tablecast.i18n.language import N_


class Note(str):
    """An English sentence about a table, and what it is made of.

    Attributes:
        message: the sentence with the names of its values in braces; gettext translates it.
        column: the column that it is about, ``{name}`` in the message; None for the whole table.
        values: the other values, as text.
    """

    message: str
    column: str | None
    values: Mapping[str, str]

    def __new__(cls, message: str, column: str | None = None, /, **values: str) -> Note:
        self = super().__new__(cls, message.format(name=column, **values))
        self.message, self.column, self.values = message, column, values
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _note, (self.message, self.column, dict(self.values))


def _note(message: str, column: str | None, values: dict[str, str]) -> Note:
    return Note(message, column, **values)


OTHER_ENCODING = N_(
    "The file is not UTF-8 (line {line}), so it was read as {encoding}. If letters look wrong, "
    "name its encoding (--encoding NAME)."
)
BAD_BYTES = N_(
    "{count} characters cannot be read as {encoding} and are shown as �, the first in line "
    "{line}."
)
TITLE = N_("The title above the table is left out: {text}")
FOOTER = N_("A line below the table is left out: {text}")
TOTAL = N_("The last row is left out, since it sums up the others: {text}")
ROW_NAMES = N_("The first column has no name; it holds row names ({first} …) and is left out.")
SAME_COLUMN = N_("The table has '{name}' twice with the same cells; one is left out.")
RENAMED = N_("More than one column is named '{other}'; one of them is called '{name}' here.")
NAMELESS = N_("A column has no name; it is called '{name}' here.")
SHEET = N_("Of the workbook's sheets, '{sheet}' is read, and not {rest} (--sheet NAME).")

CODES = N_(
    "'{name}' is read as text, since '{example}' begins with 0, as codes do; --number {option} "
    "reads numbers."
)
SPELT = N_("'{name}' is read as numbers, with '{sign}' as the decimal sign, as in '{example}'.")
GROUPED = N_("'{name}' is read as numbers, without what stands between thousands in '{example}'.")
UNIT = N_("'{name}' is read as numbers in {unit}, such as '{example}'.")
DECIMAL_SIGN = N_(
    "'{name}' is read with '{sign}' as the decimal sign: '{example}' is {number}. If it means "
    "{other}, say so (--decimal {option})."
)
COMMA_OPEN = N_(
    "'{name}' is read as text: '{example}' may be {number} or {other}. Say which sign begins the "
    "decimals (--decimal . or --decimal ,)."
)
MIXED = N_(
    "'{name}' is read as text, since its numbers are written in more than one way, such as "
    "'{example}' and '{other}'. Write them alike, and --number {option} reads them."
)
UNITS = N_(
    "'{name}' is read as text: '{example}' (line {line}) is not in {unit}, as others are. Write "
    "all numbers in one unit, or name that text as missing (--missing {option})."
)
ODD = N_(
    "'{name}' is read as text because of '{example}' (line {line}), one of {count} texts that are"
    " no numbers. If it means that nothing is known, say --missing {option}."
)
ODD_DATE = N_(
    "'{name}' is read as text because of '{example}' (line {line}), one of {count} texts that are"
    " no dates like the others. If it means that nothing is known, say --missing {option}."
)
PLACEHOLDERS = N_("'{name}': {count} cells say {texts}, taken as missing.")
INFINITE = N_("'{name}' is infinite in {count} of its rows, taken as missing.")
NA_LEVEL = N_(
    "'{name}': NA is a level like {like} ({count} rows); --missing NA takes it as missing."
)
NA_MISSING = N_(
    "'{name}': {count} cells say {text}, taken as missing; --level {option} makes it a level."
)
MERGED = N_(
    "'{name}': '{other}' is taken as '{level}' ({count} rows), since only letter case, spaces or "
    "signs differ; --level {option} keeps it."
)
TRUE_FALSE = N_("'{name}': '{example}' is read as {level}.")
AS_TEXT = N_("'{name}' is read as text, as asked for.")
TWO_ORDERS = N_(
    "'{name}': '{example}' may be day first or month first; it is read as {date}. Say otherwise "
    "with --date {option}."
)
SHORT_YEARS = N_("'{name}' has years of two digits, read as {first} to {last}.")
DATE_FORMAT = N_("'{name}' is read as dates, such as '{example}' as {date}.")
OPEN_END = N_(
    "'{name}': {count} cells say {texts}, beyond any date that can be meant, taken as missing."
)

NO_ANSWER = N_("{rows} without a value in '{name}' left out.")
TASK_ASKED = N_("The task is {task}, as asked for.")
TASK = N_("The task is {task}, since '{name}': {reason}.")
TASK_OR = N_("The task is {task}, since '{name}': {reason}. --task {option} has the other.")
REPEATED = N_(
    "{rows} equal to an earlier row: if that is no coincidence, the holdout's figures are too "
    "good."
)
GAPS = N_("'{name}' is missing in {share}% of the rows.")
GROWS = N_("'{name}' grows from row to row: is it an id or a time? --drop {option} leaves it out.")
NEAR_ID = N_("'{name}' is nearly an id: {count} different texts.")
LEFT_OUT = N_("Ignored '{name}': it {reason}.")
LEFT_OUT_UNLESS = N_("Ignored '{name}': it {reason} (--keep {option} keeps it).")
AS_ASKED = N_("is left out as asked")

#: All of them, for who translates a sentence that is already made.
TABLE_NOTES: tuple[str, ...] = tuple(
    words for name, words in list(globals().items())
    if name.isupper() and isinstance(words, str) and words != AS_ASKED
)
