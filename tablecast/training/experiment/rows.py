"""A table's columns as a finished pipeline expects them, read from its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tablecast.data.columns import tidy_names
from tablecast.data.prepare import MIN_ROWS, flags
from tablecast.data.prepared import Dropped, Prepared
from tablecast.data.row_metadata import metadata_of
from tablecast.data.task import TASKS
from tablecast.errors import Remark, TableError
from tablecast.inference.pycaret_api import (
    classes_of,
    heard_levels,
    names_of_labels,
    numbers_of,
    plain,
)
from tablecast.schema.options import ReadingOptions
from tablecast.schema.readings import reading_of
from tablecast.schema.schema import Schema
from tablecast.schema.table_notes import NO_ANSWER
from tablecast.schema.texts import canonical_text, class_names
from tablecast.training.experiment.foreign import check_columns
from tablecast.training.experiment.split_remarks import how_refitted

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.schema.form_file import Form
    from tablecast.training.experiment.finished import Finished

Role = Literal["number", "category", "date", "spelt"]

#: PyCaret's names of its steps, and what a column is that it gives to them. Later ones decide; but
#: what is both a number and encoded are "spelt" numbers: texts that it was told are numbers, or
#: numbers that it was told the order of.
STEPS: Mapping[str, Role] = {
    "numerical_imputer": "number",
    "date_feature_extractor": "date",
    "categorical_imputer": "category",
    "text_embedding": "category",
    "rare_category_grouping": "category",
    "ordinal_encoding": "category",
    "onehot_encoding": "category",
    "rest_encoding": "category",
}


def rows_of(
    finished: Finished, table: pd.DataFrame, options: ReadingOptions | None = None
) -> Prepared:
    """The rows that a pipeline learns from, typed as it reads them.

    Args:
        finished: the pipeline.
        table: its rows, with the target; further columns are left out, and said.
        options: may name columns that say how refits split and weigh rows.

    Raises:
        TableError: a column or the target is missing, or holds what the pipeline cannot read.
    """
    import pandas as pd

    names = [str(name) for name in finished.pipeline.feature_names_in_]
    check_columns(names, table)
    tidy_names(names)  # refuses what predict_model would overwrite
    needed = [finished.target, *dropping(finished.pipeline)]
    answered = table[needed].notna().all(axis=1)
    known = (options or ReadingOptions()).only_roles([str(name) for name in table.columns])
    if not known.roles and finished.group in table.columns:
        known = ReadingOptions(group=finished.group)
    about_notes: list[Remark] = []
    usable, about = metadata_of(table, finished.target, known, about_notes)
    present = answered & usable
    about = about.taken(present[usable].to_numpy())
    original, table = table, table[present].reset_index(drop=True)
    if len(table) < MIN_ROWS:
        raise TableError(
            f"Only {len(table)} rows with a value in {finished.target!r}; at least {MIN_ROWS} are "
            "needed to measure predictions. Publish with more rows."
        )
    roles, heard = roles_of(finished.pipeline), heard_levels(finished.pipeline)
    columns = {
        name: _typed(table[name], roles.get(name), heard.get(name, {})) for name in names[:-1]
    }
    dropped = [str(name) for name in table.columns if str(name) not in names]
    read = reading_of(original).notes
    task = Remark(
        "Task: {task} (from the pipeline).", values={"task": Remark(TASKS[finished.task])}
    )
    notes = [*read, task, *finished.notes, *about_notes, *how_refitted(about)]
    if without := int((~answered).sum()):
        notes.append(NO_ANSWER.filled(name=finished.target, count=without))
    typed = pd.DataFrame({**columns, finished.target: _targets(table[finished.target], finished)})
    typed.attrs = dict(table.attrs)  # how a file wrote its dates and numbers
    return Prepared(
        typed,
        finished.target,
        finished.task,
        tuple(Dropped(name, Remark("the pipeline does not use it")) for name in dropped),
        (*notes, *flags(typed[names[:-1]], typed, known.roles)),
        about=about,
    )


def schema_of(
    finished: Finished, prepared: Prepared, form: Form, importance: Mapping[str, float]
) -> Schema:
    """The schema of a pipeline's rows, with numbers that are categories, and its own classes.

    Args:
        finished: the pipeline.
        prepared: its rows, as ``rows_of`` gives them.
        form: what the form file says.
        importance: each feature's share.

    Raises:
        FormFileError: the form file names a column, level or class that the table lacks.
        UnsupportedStep: ``predict_model`` answers the same for two classes.
    """
    roles = roles_of(finished.pipeline)
    kinds: dict[str, str] = {
        str(name): "category"
        for name, dtype in prepared.table.dtypes.items()
        if roles.get(str(name)) in ("category", "spelt") and dtype.kind in "if"
    }
    schema = Schema.from_table(
        prepared.table, prepared.target, prepared.task, form, importance, kinds
    )
    if finished.task == "regression":
        return schema
    classes = classes_of(finished.pipeline)
    names_of_labels(classes)
    truths = {str(int(label)): str(label) for label in classes if isinstance(label, bool)}
    return replace(
        schema,
        classes=tuple(class_names(classes)),
        class_labels=truths | dict(schema.class_labels),
    )


def roles_of(pipeline: Any) -> dict[str, Role]:
    """What each raw column is to PyCaret's own steps, as far as they say."""
    steps = dict(pipeline.steps[:-1])
    roles: dict[str, Role] = {
        str(column): role
        for step, role in STEPS.items()
        for column in (getattr(steps.get(step), "include", None) or _dropped_on(steps.get(step)))
    }
    numbers = numbers_of(pipeline)
    return roles | {name: "spelt" for name in numbers if roles[name] == "category"}


def dropping(pipeline: Any) -> list[str]:
    """The columns without a value in which a row is dropped, and not answered."""
    return [column for _, step in pipeline.steps[:-1] for column in _dropped_on(step)]


def _dropped_on(step: Any) -> list[str]:
    transformer: Any = getattr(step, "transformer", None)
    return list(transformer.columns) if type(transformer).__name__ == "DropImputer" else []


def _typed(column: pd.Series, role: Role | None, levels: Mapping[str, Any]) -> pd.Series:
    """A column of one of the dtypes that ``tablecast.schema.field`` knows."""
    from pandas.api import types

    kind = column.dtype
    nullable = types.is_extension_array_dtype(kind) and types.is_bool_dtype(kind)
    if isinstance(kind, types.CategoricalDtype) or types.is_string_dtype(kind) or nullable:
        column = column.astype(object)
    column = column.mask(column.isna(), np.nan) if column.dtype == object else column
    if role == "date" or types.is_datetime64_any_dtype(kind):
        return _moments(column) if role != "category" else _levels(column, levels)
    if role == "number" and column.dtype == object:
        return _numbers(column)
    if role == "spelt" and column.dtype.kind in "iuf":
        return _plain(column)  # numbers with an order of their own, as ordinal_features names it
    if role == "spelt":
        texts = column.map(lambda value: canonical_text(plain(value)), na_action="ignore")
        return texts.astype(object)
    if role == "category":
        return _levels(column, levels)
    if types.is_bool_dtype(kind) and not column.isna().any():
        return column.astype(bool)
    if types.is_numeric_dtype(kind) and not types.is_bool_dtype(kind):
        return _plain(column)
    known = {str(value) for value in column.dropna().unique()}
    truths = known and known <= {"True", "False"}
    return _booleans(column) if truths else column.astype(object)


def _booleans(column: pd.Series) -> pd.Series:
    """Truth values that PyCaret passed by: ``bool`` where none is missing."""
    texts = column.map(str, na_action="ignore")
    return column.astype(object) if texts.isna().any() else texts == "True"


def _moments(column: pd.Series) -> pd.Series:
    import pandas as pd

    try:
        moments = pd.to_datetime(column)
    except (ValueError, TypeError) as error:
        raise TableError(
            f"{column.name!r} is a date in the pipeline, but the table has something else in it "
            f"({str(error).partition(chr(10))[0]}). Publish with the table that setup() was given."
        ) from None
    if moments.dt.tz is not None:
        moments = moments.dt.tz_convert(None)
    return moments.astype("datetime64[ns]")


def _numbers(column: pd.Series) -> pd.Series:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    odd = column[numbers.isna() & column.notna()]
    if len(odd):
        raise TableError(
            f"{column.name!r} is a number in the pipeline, but the table has {str(odd.iloc[0])!r} "
            f"in row {odd.index[0] + 1}. Publish with the table that setup() was given."
        )
    return _plain(numbers)


def _plain(column: pd.Series) -> pd.Series:
    """``int64`` or ``float64``; a float32 of an experiment's as the short number that it was."""
    import pandas as pd

    if column.dtype == "float32":
        return pd.Series([plain(value) for value in column], column.index, name=column.name)
    whole = column.dtype.kind in "iu" and not column.isna().any() and column.max() <= 2**63 - 1
    return column.astype("int64" if whole else "float64")


def _levels(column: pd.Series, levels: Mapping[str, Any]) -> pd.Series:
    """A category's values as the pipeline has them, however the table was read this time."""
    import pandas as pd
    from pandas.api import types

    if "" in levels:
        raise TableError(
            f"{column.name!r} has empty texts as a category, which look like missing values in a "
            "form. Replace them by NaN or a word, and run setup() again."
        )
    if levels and all(type(level) in (int, float) for level in levels.values()):
        column = _numbers(column)
    if types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype):
        column = _plain(column)
    if types.is_bool_dtype(column.dtype) and not column.isna().any():
        return column.astype(bool)
    values = column.dropna().unique()
    as_heard = {value: levels.get(canonical_text(value), value) for value in values}
    if all(value is heard or value == heard for value, heard in as_heard.items()):
        return column if column.dtype.kind in "if" else column.astype(object)
    return pd.Series(column.map(as_heard), dtype=object)


def _targets(column: pd.Series, finished: Finished) -> pd.Series:
    """The target: numbers, or the classes as ``class_names`` spells the pipeline's."""
    if finished.task == "regression":
        return _numbers(column.astype(object))
    classes = classes_of(finished.pipeline)
    names = dict(zip(map(canonical_text, classes), class_names(classes), strict=True))
    by_number = {float(label): names[canonical_text(label)] for label in classes
                 if type(label) in (int, float, bool)}
    known = {
        value: names.get(canonical_text(plain(value))) or by_number.get(_number_in(value))
        for value in column.astype(object).unique()
    }
    for value, name in known.items():
        if name is None:
            raise TableError(
                f"The target {column.name!r} has the class {str(value)!r}, which the pipeline does "
                f"not know; it knows {', '.join(names)}. Publish with the table that setup() was "
                "given."
            )
    return column.astype(object).map(known).infer_objects()


def _number_in(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
