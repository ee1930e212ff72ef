"""Many rows at once: the rules of ``Schema.parse``, applied a column at a time.

``Field.read`` stays the only judge. Here it is asked once for each distinct text of a column, and
not at all for numbers that lie, as a whole column shows cheaply, where nothing is said of them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from tablecast.batch.formula_guard import without_apostrophe
from tablecast.errors import Remark
from tablecast.schema.field import Field, Refusal, Value
from tablecast.schema.missing import MISSING
from tablecast.schema.number_formats import DECIMAL_COMMA, PLAIN, Spelt
from tablecast.schema.schema import Schema
from tablecast.schema.texts import without_formula

#: Texts whose reading is remembered, over all columns: at about 300 bytes each, 30 MB.
REMEMBERED = 100_000

#: Of refused texts one in so many is: Python's collector looks at all of their remarks again and
#: again, and meanwhile the server answers nobody (60,000 of them: 90 ms).
FEWER_REFUSALS = 20

#: A longer text is hardly met twice, and would make what is remembered large.
REMEMBERED_LENGTH = 64

_MISSING_CELLS = frozenset(MISSING)

#: All that ``Field.read`` takes as a number is of these, and ``float`` takes nothing else of them
#: but exponents of five digits and more.
_NUMBER_BYTES = b"0123456789.+-eE \n"
_LONG_EXPONENT = re.compile(rb"[eE][+-]?[0-9]{5}")

#: To JSON a whole number, which has no sign where it is 0.
_MINUS_NOTHING = re.compile(rb"-0(?![.0-9])")


@dataclass(frozen=True)
class Reading:
    """What the cells of some rows mean.

    Attributes:
        columns: field name to values, (rows,); what stands for a missing value where a cell is
            missing or refused.
        refused: place of a row, from 0, to what is wrong with it, in the schema's order.
        warned: (rows,), whether there is anything to say about a row that is not refused.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    refused: Mapping[int, Sequence[Remark]]
    warned: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Outcome:
    """What ``Field.read`` says of one cell."""

    value: Value
    warning: Remark | None = None
    refusal: Remark | None = None


#: The values, where they are only to be warned of, and what to say of cells that need a closer
#: look, by their place.
_ColumnReading = tuple[
    npt.NDArray[Any], npt.NDArray[np.bool_] | None, Iterable[tuple[int, _Outcome]]
]


class RowsReader:
    """Reads rows given as columns of cells; remembers what it met for the next ones."""

    def __init__(self, schema: Schema) -> None:
        most = max(REMEMBERED // len(schema.fields), 100)
        self._columns = [COLUMNS[field.cells](field, most) for field in schema.fields]

    def read(self, cells: Mapping[str, Sequence[Any]], rows: int) -> Reading:
        """Read rows.

        Args:
            cells: field name to its cells: text, or the typed values of a Parquet file; a field
                that is not there is missing in every row.
            rows: how many rows there are.
        """
        values: dict[str, npt.NDArray[Any]] = {}
        refused: dict[int, list[Remark]] = {}
        warned = np.zeros(rows, dtype=bool)
        for column in self._columns:
            name = column.field.name
            values[name], outside, indices = column.read(cells.get(name) or [""] * rows)
            if outside is not None:
                warned |= outside
            for index, outcome in indices:
                values[name][index] = outcome.value
                if outcome.refusal:
                    refused.setdefault(index, []).append(outcome.refusal)
                elif outcome.warning:
                    warned[index] = True
        warned[list(refused)] = False
        return Reading(values, refused, warned)


class _Column:
    """Reads the cells of one field, each by itself."""

    def __init__(self, field: Field, most: int) -> None:
        self.field = field
        self.most = most
        self._accepted: dict[str, _Outcome] = {}
        self._refused: dict[str, _Outcome] = {}

    def judge(self, cell: Any) -> _Outcome:
        """What the field says of a cell; asked once for each text that comes again soon."""
        if not isinstance(cell, str) or len(cell) > REMEMBERED_LENGTH:
            return self._ask(cell)
        known = self._accepted.get(cell) or self._refused.get(cell)
        if known is not None:
            return known
        outcome = self._ask(cell)
        if outcome.refusal:
            _remember(self._refused, self.most // FEWER_REFUSALS, cell, outcome)
        else:
            _remember(self._accepted, self.most, cell, outcome)
        return outcome

    def read(self, cells: Sequence[Any]) -> _ColumnReading:
        """What the cells mean."""
        outcomes = [self.judge(cell) for cell in cells]
        return self.field.array([self.field.missing]).repeat(len(cells)), None, enumerate(outcomes)

    def _ask(self, cell: Any) -> _Outcome:
        try:
            return _Outcome(*self.field.read(meaning(self.field, cell), text=True))
        except Refusal as refusal:
            return _Outcome(self.field.missing, refusal=refusal.remark)


class _TextColumn(_Column):
    """Levels: each spelling that needs no remark is one look into a dictionary."""

    def __init__(self, field: Field, most: int) -> None:
        super().__init__(field, most)
        self._plain = _PlainLevels(self)

    def read(self, cells: Sequence[Any]) -> _ColumnReading:
        if set(map(type, cells)) <= {str}:
            levels = list(map(self._plain.__getitem__, cells))
        else:  # True, 1 and 1.0 would be one key of a dictionary
            levels = [""] * len(cells)
        values = np.array(levels, dtype=object)
        if all(levels):
            return values, None, ()
        return values, None, (
            (index, self.judge(cells[index])) for index, level in enumerate(levels) if not level
        )


class _PlainLevels(dict[str, str]):
    """Spelling to level; "" where there is a remark to make, which no level is."""

    def __init__(self, column: _TextColumn) -> None:
        super().__init__()
        self._column = column

    def __missing__(self, cell: str) -> str:
        outcome = self._column.judge(cell)
        level = "" if outcome.warning or outcome.refusal else str(outcome.value)
        if level and len(cell) <= REMEMBERED_LENGTH:
            _remember(self, self._column.most, cell, level)
        return level


def _remember(known: dict[str, Any], most: int, text: str, what: Any) -> None:
    """Remember one more text, and forget all others where there are too many."""
    if len(known) >= most:
        known.clear()
    known[text] = what


class _NumberColumn(_Column):
    """Numbers: a column of plain ones is read at once, all else cell by cell."""

    def __init__(self, field: Field, most: int) -> None:
        super().__init__(field, most)
        units = tuple(filter(None, (field.unit, field.written_unit)))
        self._spelt = Spelt(field.spelling, units) if field.spelling or field.written_unit else None
        self._by_program = False

    def read(self, cells: Sequence[Any]) -> _ColumnReading:
        if self._spelt and set(map(type, cells)) == {str}:
            return self._read_spelt(cells, self._spelt)
        return self._read_plain(cells)

    def _read_spelt(self, cells: Sequence[str], spelt: Spelt) -> _ColumnReading:
        """Cells of a column that people wrote; in one that a program wrote, 1.234 is refused."""
        self._by_program |= self.field.spelling == DECIMAL_COMMA and spelt.by_program(cells)
        if not self._by_program:
            return self._read_plain([spelt.plain(cell) for cell in cells])
        doubtful = {index for index, cell in enumerate(cells) if spelt.is_doubtful(cell)}
        known = ["" if index in doubtful else cell for index, cell in enumerate(cells)]
        values, outside, outcomes = self._read_plain([spelt.plain(cell) for cell in known])
        refused = [(at, self._two_meanings(cells[at])) for at in sorted(doubtful)]
        return (
            values,
            outside,
            [*(outcome for outcome in outcomes if outcome[0] not in doubtful), *refused],
        )

    def _two_meanings(self, cell: str) -> _Outcome:
        refusal = self.field.two_meanings(cell.strip())
        return self.judge(cell) if refusal is None else _Outcome(self.field.missing, None, refusal)

    def _read_plain(self, cells: Sequence[Any]) -> _ColumnReading:
        numbers = floats_of(cells)
        if numbers is None:
            return super().read(cells)
        accepted = self.field.accepted(numbers)
        indices = np.flatnonzero(~accepted).tolist()
        outcomes_there = ((index, self.judge(cells[index])) for index in indices)
        return numbers, accepted & self.field.unusual(numbers), outcomes_there


#: How a field's column is read, by what its kind says of its cells.
COLUMNS: Mapping[str, type[_Column]] = {
    "levels": _TextColumn, "numbers": _NumberColumn, "values": _Column,
}


def floats_of(cells: Sequence[Any]) -> npt.NDArray[np.float64] | None:
    """Cells as float64, NaN where one is not plainly a number; None for cells of mixed types."""
    kinds = set(map(type, cells))
    try:
        if kinds == {str}:
            return _floats_of_texts(cells)
        if kinds <= {int, float, NoneType}:
            return np.array(cells, dtype=np.float64)
    except OverflowError:  # a whole number past 1e308
        pass
    return None


def _floats_of_texts(cells: Sequence[str]) -> npt.NDArray[np.float64]:
    joined = "\n".join(cells).encode("utf-8", "surrogatepass")
    if not joined.translate(None, _NUMBER_BYTES) and not _LONG_EXPONENT.search(joined):
        for reading in (_read_as_json, _read_one_by_one):
            numbers = reading(cells, joined)
            if numbers is not None:
                return numbers
    plain = [cell if PLAIN.fullmatch(cell) else "nan" for cell in cells]
    return np.fromiter(map(float, plain), np.float64, len(cells))


def _read_as_json(cells: Sequence[str], joined: bytes) -> npt.NDArray[np.float64] | None:
    """The numbers, empty cells as NaN, in a third of ``float``'s time; None if one is not JSON's.

    orjson rounds a number's digits as ``float`` does.
    """
    if b"-0" in joined and _MINUS_NOTHING.search(joined):
        return None
    if "" in cells:
        joined = "\n".join([cell or "null" for cell in cells]).encode()
    try:
        numbers = orjson.loads(b"[%b]" % joined.replace(b"\n", b","))
    except orjson.JSONDecodeError:
        return None
    # A cell of more than one line would be more than one number.
    return np.array(numbers, dtype=np.float64) if len(numbers) == len(cells) else None


def _read_one_by_one(cells: Sequence[str], _joined: bytes) -> npt.NDArray[np.float64] | None:
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None


def meaning(field: Field, cell: Any) -> Any:
    """What a file's cell says, as ``Field.read`` takes it.

    A file has conventions that a form and JSON do not: ``NA`` and its like are missing, as they
    were when the training table was read; an apostrophe may keep a spreadsheet from reading a text
    as a formula, and a formula (="007") from reading it as a number. None of it holds where the
    text is a level itself.
    """
    if not isinstance(cell, str):
        return None if cell != cell else cell  # NaN differs from itself
    text = without_formula(cell.strip())
    if field.match(text) is not None:
        return text
    if text in _MISSING_CELLS:
        return ""
    return without_apostrophe(text)
