"""Steps that select or rename columns and change no value."""

from tablecast.compiler.frame import Cell, Frame, Step
from tablecast.compiler.registry import converts


@converts(
    "sklearn.feature_selection.SelectorMixin",
    "pycaret.internal.preprocess.transformers.RemoveMulticollinearity",
    "tablecast.features.AsFloat64",
    "tablecast.features.PossibleTarget",
)
def keep_by_name(frame: Frame, step: Step) -> dict[str, Cell]:
    """Columns that keep their names."""
    return {str(name): frame.cells[str(name)] for name in step.after.columns}


@converts("tablecast.features.FullRank")
def keep_by_index(frame: Frame, step: Step) -> dict[str, Cell]:
    """Columns by their indices, whatever they are called afterwards."""
    kept = [step.columns[index] for index in step.transformer.kept_]
    return {str(a): frame.cells[b] for a, b in zip(step.after.columns, kept, strict=True)}


@converts("pycaret.internal.preprocess.transformers.CleanColumnNames")
def rename(frame: Frame, step: Step) -> dict[str, Cell]:
    """The same columns in the same order under other names."""
    return {
        str(after): frame.cells[before]
        for after, before in zip(step.after.columns, step.columns, strict=True)
    }
