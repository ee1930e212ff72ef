"""Estimators and pipelines of scikit-learn, wrapped into a pipeline of PyCaret."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tablecast.errors import ArtifactError, TableError
from tablecast.inference.pycaret_api import import_pycaret

if TYPE_CHECKING:
    import pandas as pd


def pycaret_pipeline(model: Any, table: pd.DataFrame | None, target: str | None) -> Any:
    """A fitted scikit-learn estimator or pipeline as one that ``predict_model`` takes.

    Its steps are its own; before them numbers become float64 again, in which they were fitted.

    Args:
        model: fitted, on named columns or on as many as the table has besides the target.
        table: rows that hold the columns.
        target: the name of what it predicts.

    Raises:
        ArtifactError: the table or the target is missing, or the columns are not the model's.
    """
    name = type(model).__name__
    if table is None or target is None:
        raise ArtifactError(
            f"{name} is not a PyCaret pipeline, so it does not know its rows and its target. "
            "Publish it with table= and target=, or with the experiment: publish(experiment, "
            "model)."
        )
    names = _columns_of(model, table, target)
    check_columns([*names, target], table)
    from tablecast.features import AsFloat64

    Pipeline = import_pycaret("pycaret.internal.pipeline").Pipeline
    TransformerWrapper = import_pycaret(
        "pycaret.internal.preprocess.transformers"
    ).TransformerWrapper

    *before, last = getattr(model, "steps", [("actual_estimator", model)])
    wrapped = [("float64", TransformerWrapper(AsFloat64().fit(table[names])))]
    if before:
        wrapped.append(("steps", TransformerWrapper(type(model)(before))))
    for _, wrapper in wrapped:
        wrapper.target_name_ = target  # which fit would have set
    pipeline = Pipeline([*wrapped, last])
    pipeline._feature_names_in = [*names, target]
    return pipeline


def _columns_of(model: Any, table: pd.DataFrame, target: str) -> list[str]:
    """The names of the columns that the model was fitted on, in its order."""
    known = getattr(model, "feature_names_in_", None)
    others = [str(column) for column in table.columns if column != target]
    if known is not None:
        return [str(column) for column in known]
    wanted = getattr(model, "n_features_in_", len(others))
    if wanted != len(others):
        raise ArtifactError(
            f"{type(model).__name__} was fitted on {wanted} columns without names, and the table "
            f"has {len(others)} besides {target!r}; publish it with a table of just those columns, "
            "in that order, and the target."
        )
    return others


def check_columns(names: list[str], table: pd.DataFrame) -> None:
    """Refuse a table that lacks one of a pipeline's columns, of which the last is the target.

    Raises:
        TableError: names the column, and one that is nearly called so.
    """
    known = {str(name).casefold(): str(name) for name in table.columns}
    for name in names:
        if name in table.columns:
            continue
        what = "target" if name == names[-1] else "column"
        if made_from := next((one for one in known.values() if name.startswith(f"{one}_")), ""):
            raise TableError(
                f"The table has no column {name!r}, which a step makes of {made_from!r} that this "
                "file lacks. Publish the whole pipeline: save_model without model_only=True, or "
                "publish(experiment, model)."
            )
        near = get_close_matches(name.casefold(), known, n=1, cutoff=0.5)
        hint = f" Is it now called {known[near[0]]!r}?" if near else ""
        raise TableError(
            f"The table has no column {name!r}, the pipeline's {what}.{hint} Publish with the "
            "table that setup() was given."
        )
