"""A finished PyCaret experiment, pipeline or file, read for ``tablecast.publish``.

The task, the columns, their kinds and the target are asked of the pipeline, which has learnt them,
and not guessed from a table: a grade may have been learnt as a class or as an amount, a number as a
category, and columns may have been ignored.
"""

from __future__ import annotations

import re
import sys
import warnings
from copy import deepcopy
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tablecast.data.row_metadata import FEWEST_GROUPS
from tablecast.data.task import TASKS
from tablecast.deployment.files import with_ending, without_ending
from tablecast.errors import ArtifactError, Remark
from tablecast.inference.pycaret_api import import_pycaret
from tablecast.schema.schema import Task
from tablecast.training.experiment.foreign import pycaret_pipeline

if TYPE_CHECKING:
    import pandas as pd

NEXT = "Publish what finalize_model returns, the file that save_model wrote, or the experiment."


@dataclass(frozen=True, eq=False)
class Finished:
    """A pipeline that answers, and what is known of it.

    Attributes:
        pipeline: a fitted PyCaret pipeline that ends in an estimator.
        task: what the estimator answers.
        table: the rows that the experiment was set up with; None where there is no experiment.
        pickle: the file that holds this very pipeline; None where none does.
        notes: for the card.
        group: the experiment's ``fold_groups``, where that is a column of its table.
    """

    pipeline: Any
    task: Task
    table: pd.DataFrame | None
    pickle: Path | None = None
    notes: tuple[Remark, ...] = ()
    group: str | None = None

    @property
    def target(self) -> str:
        return str(self.pipeline.feature_names_in_[-1])


def finished(
    source: Any, model: Any = None, table: Any = None, target: str | None = None
) -> Finished:
    """Ask what somebody has finished.

    Args:
        source: the path of what ``save_model`` wrote; a pipeline or an estimator; an experiment, or
            PyCaret's functional module, which stands for its current experiment.
        model: of an experiment, the pipeline or estimator; None for the best that it has
            cross-validated, fitted on all rows.
        table: the rows, which an estimator that is not PyCaret's needs to have its columns named.
        target: the target's name, which such an estimator does not know.

    Raises:
        ArtifactError: there is nothing in it that answers; the message says what is missing.
    """
    experiment = _experiment_of(source)
    notes: tuple[Remark, ...] = ()
    pickle = None
    if experiment is None and isinstance(source, str | PathLike):
        pickle = _file(Path(source))
        model = _opened(pickle)
    elif experiment is None:
        model = source
    elif model is None:
        model, notes = _best_of(experiment)
    task = _task_of(model)
    experiment = experiment or _current_experiment(model, task, target)
    if _is_pycaret_pipeline(model):
        pipeline = model
    elif experiment is not None:  # as save_model does it
        pipeline = deepcopy(experiment.pipeline)
        pipeline.steps.append(("trained_model", model))
        learnt, known = len(experiment.train), len(experiment.data)
        notes = (Remark(
            "It was trained on {count} of {total} rows. To train on all rows, use finalize_model.",
            values={"count": learnt, "total": known},
        ),)
    else:
        pipeline = pycaret_pipeline(model, table, target)
    if target not in (None, pipeline.feature_names_in_[-1]):
        raise ArtifactError(
            f"The pipeline predicts {pipeline.feature_names_in_[-1]!r}, not {target!r}. Leave the "
            "target out, or publish another pipeline."
        )
    rows = None if experiment is None else experiment.data
    group = _group_of(experiment)
    return Finished(pipeline, task, rows, pickle if pipeline is model else None, notes, group)


def _group_of(experiment: Any) -> str | None:
    groups: Any = getattr(experiment, "fold_groups_param", None)
    name = getattr(groups, "name", None)
    if name is None or name not in experiment.data or groups.nunique() < FEWEST_GROUPS:
        return None
    return str(name)


def _experiment_of(source: Any) -> Any:
    """The experiment that was given; None where it is something else."""
    if isinstance(source, ModuleType):
        experiment = getattr(source, "get_current_experiment", lambda: None)()
        if experiment is None:
            raise ArtifactError(f"{source.__name__} has no experiment: call its setup() first.")
        source = experiment
    if not hasattr(type(source), "_ml_usecase") and not hasattr(source, "_ml_usecase"):
        return None
    usecase = source._ml_usecase.name.casefold()
    if usecase not in TASKS:
        raise ArtifactError(
            f"{type(source).__name__} predicts neither a number nor a class, so it cannot have a "
            "form. Publish a regression or a classification experiment."
        )
    if not getattr(source, "_setup_ran", False):
        raise ArtifactError(
            f"This {type(source).__name__} was not set up: call its setup(), and train a model."
        )
    return source


def _best_of(experiment: Any) -> tuple[Any, tuple[Remark, ...]]:
    """The best model that an experiment has cross-validated, fitted on all of its rows."""
    measure = "R2" if experiment._ml_usecase.name == "REGRESSION" else "Accuracy"
    tried = {
        float(entry["scores"].loc["Mean", measure]): entry["model"]
        for entry in reversed(experiment._master_model_container)
        if "Mean" in entry["scores"].index
    }
    if not tried:
        raise ArtifactError(
            "The experiment has compared no models: call compare_models() or create_model() first, "
            "or publish(experiment, model)."
        )
    score = max(tried)
    name = type(tried[score]).__name__
    best = Remark(
        "{name} is the experiment's best model by cross-validation ({measure} {score:.3f}). It was "
        "trained on all rows.",
        values={"name": name, "measure": Remark(measure), "score": score},
    )
    return experiment.finalize_model(tried[score]), (best,)


def _file(path: Path) -> Path:
    """A file that is there, by its name with or without the ending that ``save_model`` gives it."""
    if not path.is_file():
        path = with_ending(without_ending(path), ".pkl")
    if not path.is_file():
        raise ArtifactError(
            f"There is no {path.name} in {str(path.parent)!r}. save_model(model, NAME) writes "
            "NAME.pkl into the folder that the notebook runs in."
        )
    return path


def _opened(path: Path) -> Any:
    """What is in a file that ``save_model``, joblib or pickle wrote."""
    import joblib

    import_pycaret("pycaret.internal.pipeline")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the modules that it names, and of other versions
        try:
            return joblib.load(path)
        except Exception as error:  # whatever the classes that are named in it raise
            reason = str(error).strip().partition("\n")[0]
            raise ArtifactError(
                f"{path.name} cannot be opened ({type(error).__name__}: {reason}). It is not a "
                "pickle, or was made with other versions. Install those, or save it again."
            ) from error


def _task_of(model: Any) -> Task:
    """What a model answers.

    Raises:
        ArtifactError: it answers nothing that can be published.
    """
    from sklearn.base import is_classifier, is_regressor
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    last = model.steps[-1][1] if _steps(model) else model
    name = type(last).__name__
    if not (is_classifier(last) or is_regressor(last)):
        raise ArtifactError(
            f"{name} predicts neither a number nor a class, so it cannot have a form. {NEXT}"
        )
    try:
        check_is_fitted(last)
    except NotFittedError:
        raise ArtifactError(f"{name} is not fitted. {NEXT}") from None
    except TypeError:  # no scikit-learn estimator, and so for its own pipeline to say
        pass
    return "classification" if is_classifier(last) else "regression"


def _is_pycaret_pipeline(model: Any) -> bool:
    return type(model).__module__.startswith("pycaret.") and bool(_steps(model))


def _steps(model: Any) -> list[Any]:
    """A pipeline's own steps; PyCaret's pipelines pass all other names on to their estimator."""
    steps: list[Any] = getattr(model, "__dict__", {}).get("steps", [])
    return steps


def _current_experiment(model: Any, task: Task, target: str | None) -> Any:
    """The functional module's current experiment, where the model comes from it; else None."""
    module = sys.modules.get(f"pycaret.{task}.functional")
    experiment = getattr(module, "_CURRENT_EXPERIMENT", None)
    if experiment is None or not getattr(experiment, "_setup_ran", False):
        return None
    if target not in (None, experiment.target_param):
        return None
    if _is_pycaret_pipeline(model):
        same = list(model.feature_names_in_) == list(experiment.pipeline.feature_names_in_)
    else:
        same = _fits(model, experiment)
    return experiment if same else None


def _fits(model: Any, experiment: Any) -> bool:
    """Whether an estimator may come from an experiment: it saw the same columns and classes."""
    features, targets = experiment.X_train_transformed, experiment.y_train_transformed
    names = getattr(model, "feature_names_in_", features.columns)
    width = getattr(model, "n_features_in_", len(names))
    classes = getattr(model, "classes_", ())
    return (
        width == features.shape[1]
        and [_as_lightgbm(name) for name in names] == [_as_lightgbm(name) for name in features]
        and set(classes) <= set(targets.unique())
    )


def _as_lightgbm(name: Any) -> str:
    """A column's name as LightGBM keeps it."""
    return re.sub(r"\s", "_", str(name))
