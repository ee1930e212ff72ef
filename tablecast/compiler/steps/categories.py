"""Steps on categories, compiled by running the real step on every text that it knows."""


import pandas as pd

from tablecast.compiler.frame import Cell, Frame, Lookup, Step
from tablecast.compiler.registry import converts
from tablecast.errors import UnsupportedStep


@converts(
    "category_encoders.utils.BaseEncoder",
    "pycaret.internal.preprocess.transformers.RareCategoryGrouping",
    "sklearn.preprocessing.OneHotEncoder",
    "sklearn.preprocessing.OrdinalEncoder",
    "tablecast.features.CategoryMeans",
)
def by_probing(frame: Frame, step: Step) -> dict[str, Cell]:
    """Store what the step makes of each text; any step will do whose columns depend on one each."""
    return {str(name): _probed(frame, step, step.after[name]) for name in step.after.columns}


@converts("pycaret.internal.preprocess.transformers.EmbedTextFeatures")
def refuse_text(_frame: Frame, step: Step) -> dict[str, Cell]:
    raise UnsupportedStep(
        step.name,
        "it splits free text into words",
        "Train without text_features, or serve with TABLECAST_ENGINE=pycaret.",
    )


def _probed(frame: Frame, step: Step, column: pd.Series) -> Cell:
    name = str(column.name)
    sources = frame.probe.sources_of(column)
    before = frame.cells.get(name)
    if not sources:  # the same for every text, so any source will do; its own if it has one
        sources = [before.source] if isinstance(before, Lookup) else _any_source(frame, step)
    if len(sources) > 1:
        listed = " and ".join(map(repr, sources))
        raise UnsupportedStep(step.name, f"column {name!r} depends on {listed} together")
    if sources[0] not in frame.probe.text_columns:
        if name in step.before and before is not None and step.before[name].equals(column):
            return before
        raise _numbers_as_categories(step, sources[0])
    return frame.lookup(sources[0], column)


def _any_source(frame: Frame, step: Step) -> list[str]:
    for name in step.columns:
        cell = frame.cells[name]
        if isinstance(cell, Lookup):
            return [cell.source]
    raise _numbers_as_categories(step, step.columns[0])


def _numbers_as_categories(step: Step, column: str) -> UnsupportedStep:
    return UnsupportedStep(
        step.name,
        f"it takes the numbers of {column!r} for categories",
        "Give that column to the schema as a category.",
    )


