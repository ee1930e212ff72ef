"""PyCaret's experiments, set up to be exact, quiet and repeatable."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tablecast.inference.pycaret_api import (
    grids_made_once,
    import_pycaret,
    quick_collections,
    short_names,
)
from tablecast.training.cluster.executor import threads
from tablecast.training.experiment.splits import check_holdout, folds, folds_wanted, held_out

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.prepared import Prepared


def start(
    prepared: Prepared, seed: int, steps: Sequence[tuple[str, Any]], **more: Any
) -> Any:
    """Set up a PyCaret experiment that computes in float64 from the first step to the last.

    Args:
        prepared: the table.
        seed: PyCaret's ``session_id``.
        steps: feature steps after PyCaret's own; with them the features are normalised.
        more: further options of PyCaret's ``setup``.

    Returns:
        A ``RegressionExperiment`` or ``ClassificationExperiment``, set up.

    Raises:
        TrainingError: the table has too few rows for its classes, or a side of a split lacks one.
    """
    from tablecast.features import CategoryMeans

    options: dict[str, Any] = {"normalize": bool(steps)} | more
    if prepared.task == "classification":
        check_holdout(prepared)
        options["data_split_stratify"] = True
    table, divided = _divided(prepared, seed)
    return _experiment(prepared).setup(
        table,
        target=prepared.target,
        session_id=seed,
        fold=folds_wanted(prepared),
        # AsFloat64 a second time: the date step makes int32 of float64.
        custom_pipeline=[("float64_features", _as_float64()), *steps],
        encoding_method=CategoryMeans(seed),  # PyCaret's own shows each row its own answer
        n_jobs=1,  # estimators that each start threads on few cores stall one another
        memory=False,  # PyCaret would keep transformed rows in the folder for temporary files
        html=False,
        verbose=False,
        system_log=False,
        **options,
        **divided,
    )


def _divided(prepared: Prepared, seed: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """What PyCaret is told of test rows and folds that it would draw otherwise."""
    from sklearn.model_selection import check_cv

    split = held_out(prepared, seed)
    if split is None:
        return prepared.table, {}
    table, (learnt, test) = prepared.table.iloc[split[0]], split
    made = folds(
        table[prepared.target], prepared.about.taken(learnt), prepared.task,
        folds_wanted(prepared), seed,
    )
    return table, {"test_data": prepared.table.iloc[test], "fold_strategy": check_cv(made)}


@contextmanager
def quiet_and_single() -> Iterator[None]:
    """One thread for linear algebra, no log file in the current folder, no warnings of others.

    On matrices of a few columns, as nearly all are here, a second thread only waits for the first:
    learning the ranges of the insurance table took 17 s of the processor with two, 5 s with one.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    import_pycaret("pycaret.regression")
    with (
        warnings.catch_warnings(),
        threadpool_limits(limits=1),
        short_names(),
        grids_made_once(),
        quick_collections(),
    ):
        warnings.simplefilter("ignore")  # a fold that warns does so thousands of times
        yield


def members_at_once() -> Any:
    """A context in which the members of a blend, and the networks of a mean, are fitted at once.

    Threads, for those that say nothing of jobs; their answers do not depend on it.
    """
    from joblib import parallel_config

    return parallel_config(backend="threading", n_jobs=threads())


def _as_float64() -> Any:
    from tablecast.features import AsFloat64

    return AsFloat64()


def _experiment(prepared: Prepared) -> Any:
    """PyCaret's experiment, with steps of ours before its own."""
    from pycaret.classification import ClassificationExperiment
    from pycaret.internal.preprocess.transformers import TransformerWrapper
    from pycaret.regression import RegressionExperiment

    from tablecast.features import FillDates, PossibleTarget

    table = prepared.table.drop(columns=prepared.target)
    dates = table.select_dtypes("datetime")
    gaps = [name for name in dates if dates[name].isna().any()]
    kind: Any = RegressionExperiment if prepared.task == "regression" else ClassificationExperiment

    class FirstInFloat64(kind):  # type: ignore[misc]
        """``custom_pipeline_position`` gives one place only, and we need the first and the last."""

        def _prepare_dataset(self, X: Any, y: Any = None) -> Any:
            table = super()._prepare_dataset(X, y)
            if isinstance(y, str) and X[y].dtype.kind == "f":
                table[y] = X[y].to_numpy("float64")  # in float32 Yeo-Johnson's powers overflow
            return table

        def _calculate_metrics(
            self, y_test: Any, pred: Any, pred_prob: Any, weights: Any = None, **more: Any
        ) -> Any:
            if prepared.about.weights is not None:
                weights = prepared.about.weights_at(y_test.index)
            return super()._calculate_metrics(y_test, pred, pred_prob, weights, **more)

        def _add_custom_pipeline(self, custom_pipeline: Any, custom_pipeline_position: int) -> None:
            super()._add_custom_pipeline(custom_pipeline, custom_pipeline_position)
            first: list[tuple[str, Any]] = [("float64", TransformerWrapper(_as_float64()))]
            if prepared.task == "regression":
                first.insert(0, ("possible_answers", PossibleTarget()))
            if gaps:
                first.append(("date_imputer", TransformerWrapper(FillDates(), include=gaps)))
            self.pipeline.steps[1:1] = first  # after PyCaret's placeholder, which it removes
            _keep_empty_texts(self.pipeline)

    return FirstInFloat64()


def _keep_empty_texts(pipeline: Any) -> None:
    """Let a text column stay where the rows that are learnt from have no value of it.

    A column with few values may have none in the training part, or in a fold: the imputer would
    leave it out, and the encoder after it would fail. In a fold PyCaret counts that as a score
    of 0.
    """
    from sklearn.impute import SimpleImputer

    for _, step in pipeline.steps:
        imputer = getattr(step, "transformer", None)
        if isinstance(imputer, SimpleImputer) and imputer.strategy == "most_frequent":
            imputer.set_params(keep_empty_features=True)
