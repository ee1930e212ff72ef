"""What is known of each row besides its fields: what it belongs to, when it was, what it counts.

scikit-learn calls this metadata: the groups and times that splitters ask for, and the weights that
estimators take. Each is a column that a person has named (``--group``, ``--time``, ``--weight``).
"""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.errors import Remark, TableError
from tablecast.schema.options import ReadingOptions
from tablecast.schema.table_notes import ALIKE_WEIGHTS, NO_GROUPS, NO_METADATA, ZERO_WEIGHTS

if TYPE_CHECKING:
    import pandas as pd

#: One for testing, and one in each of two folds.
FEWEST_GROUPS = 3
#: The last is for testing; a fold needs one to learn from and one to be judged on, and another
#: fold one more.
FEWEST_TIMES = 4

#: Why a column is no feature that only says something of the rows.
NO_FEATURE: Mapping[str, Remark] = {
    "group": Remark("it only says which rows belong together"),
    "weight": Remark("it only says how much a row counts"),
}


@dataclass(frozen=True, eq=False)
class RowMetadata:
    """Metadata of a table's rows, in their order; None for what nobody has named.

    Attributes:
        groups: rows of equal values stay together.
        times: numbers or dates; what is earlier is learnt from, what is later is predicted.
        weights: how much each row counts, above 0, 1 on average.
    """

    groups: pd.Series | None = None
    times: pd.Series | None = None
    weights: pd.Series | None = None

    @property
    def splits_at_random(self) -> bool:
        """Whether any row may stand on either side of a split."""
        return self.groups is None and self.times is None

    def taken(self, places: Any) -> RowMetadata:
        """That of the rows at these places, (rows,) whole numbers or truth values."""

        def of(column: pd.Series | None) -> pd.Series | None:
            return None if column is None else column.iloc[places].reset_index(drop=True)

        return RowMetadata(of(self.groups), of(self.times), of(self.weights))

    def weights_at(self, places: Any) -> Any:
        """The weights of the rows at these places, (rows,); None where all rows count alike."""
        return None if self.weights is None else self.weights.to_numpy()[places]


def metadata_of(
    table: pd.DataFrame, target: str, options: ReadingOptions, notes: list[Remark]
) -> tuple[pd.Series, RowMetadata]:
    """The metadata that a person has named.

    Args:
        table: a tidied table.
        target: the column to predict.
        options: with the columns' names as the table spells them.
        notes: gets what is worth knowing.

    Returns:
        Which rows can be used, (rows,), and the metadata of those.

    Raises:
        TableError: a column cannot be what it was named for; the message says why.
    """
    present = table[target].notna()
    for name, role in options.roles.items():
        if name == target:
            raise TableError(
                f"The target '{target}' cannot also be --{role}. Name another column, or leave "
                f"--{role} out."
            )
        _CHECKS[role](table[name][present])
        present &= _usable(table[name], role, present, notes)
    found = {}
    for name, role in options.roles.items():
        kept = table[name][present].reset_index(drop=True)
        found[f"{role}s"] = _MADE[role](kept, notes)
    return present, RowMetadata(**found)


def _usable(
    column: pd.Series, role: str, present: pd.Series, notes: list[Remark]
) -> pd.Series:
    """The rows that a role's column says something of."""
    usable, note = column.notna(), NO_METADATA
    if role == "weight":
        usable, note = column > 0, ZERO_WEIGHTS
    if without := int((present & ~usable).sum()):
        notes.append(note.filled(name=str(column.name), count=without, role=f"--{role}"))
    return usable


def _check_values(column: pd.Series) -> None:
    if column.isna().all():
        raise TableError(f"'{column.name}' is empty. Name a column that has values.")
    try:
        column.nunique()
    except TypeError:  # lists and dictionaries cannot be compared
        raise TableError(
            f"'{column.name}' holds neither numbers, dates nor text, so it cannot be --group."
        ) from None


def _check_times(column: pd.Series) -> None:
    if column.dtype.kind not in "iufM":
        raise TableError(
            f"'{column.name}' holds text such as '{_no_date(column)}', and --time needs dates "
            "or numbers. If these are dates, say how they are written: --date "
            f"{shlex.quote(f'{column.name}=%d/%m/%y')}."
        )
    if column.isna().all():
        raise TableError(f"'{column.name}' is empty. Name a column that has values.")


def _check_weights(column: pd.Series) -> None:
    name = column.name
    if column.dtype.kind not in "iuf":
        raise TableError(
            f"'{name}' holds '{_first_text(column)}', and --weight needs numbers. Correct the "
            "column, or leave --weight out."
        )
    if missing := int(column.isna().sum()):
        raise TableError(
            f"'{name}' has no value in {rows_in_words(missing)}, so it is unknown what they count. "
            "Fill in the weights, or leave those rows out of the table."
        )
    if (column < 0).any():
        raise TableError(
            f"'{name}' has {float(column.min()):g}, and a weight cannot be below 0. Correct the "
            "column, or leave --weight out."
        )
    if not (column > 0).any():
        raise TableError(
            f"All weights in '{name}' are 0, so no row counts. Correct the column, or leave "
            "--weight out."
        )


def _no_date(column: pd.Series) -> str:
    """The first value that does not look like a date, where most do; else the first text."""
    import pandas as pd

    known = column.dropna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that no one format fits is what is looked for
        odd = known[pd.to_datetime(known, errors="coerce").isna()]
    return str(odd.iloc[0]) if 0 < len(odd) < len(known) / 2 else _first_text(column)


def _first_text(column: pd.Series) -> str:
    """The first value that is no number."""
    import pandas as pd

    known = column.dropna()
    odd = known[pd.to_numeric(known, errors="coerce").isna()]
    return str(next(iter(odd if len(odd) else known), ""))


def _groups(column: pd.Series, notes: list[Remark]) -> pd.Series | None:
    count = int(column.nunique())
    if count == len(column):
        notes.append(NO_GROUPS.filled(name=str(column.name)))
        return None
    if count < FEWEST_GROUPS:
        values = "one value" if count == 1 else f"{count} values"
        raise TableError(
            f"'{column.name}' has only {values}, and --group needs at least {FEWEST_GROUPS}: two "
            "to learn from and another one to test on. Name a column with more, or leave --group "
            "out."
        )
    return column


def _times(column: pd.Series, _notes: list[Remark]) -> pd.Series:
    count = int(column.nunique())
    if count < FEWEST_TIMES:
        values = "one value" if count == 1 else f"{count} different values"
        raise TableError(
            f"'{column.name}' has only {values}, and --time needs at least {FEWEST_TIMES}, to be "
            "split into earlier and later rows more than once. Name a column with more, or leave "
            "--time out."
        )
    return column


def _weights(column: pd.Series, notes: list[Remark]) -> pd.Series | None:
    if column.nunique() == 1:
        notes.append(ALIKE_WEIGHTS.filled(name=str(column.name)))
        return None
    # Only their ratios count: an estimator's settings, such as the fewest rows of a leaf, are
    # made for rows that count 1.
    weights = column.astype(np.float64)
    return weights / weights.max() / (weights / weights.max()).mean()


def rows_in_words(count: int) -> str:
    """Such as “1 row” or “1,200 rows”."""
    return f"{count:,} row{'' if count == 1 else 's'}"


_CHECKS: Mapping[str, Callable[[pd.Series], None]] = {
    "group": _check_values, "time": _check_times, "weight": _check_weights,
}
_MADE: Mapping[str, Callable[[pd.Series, list[Remark]], pd.Series | None]] = {
    "group": _groups, "time": _times, "weight": _weights,
}
