"""Pipelines measured on the same rows and folds, and the choice of one of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tablecast.errors import Remark, TrainingError, UnsupportedStep
from tablecast.i18n.language import N_
from tablecast.training.comparison import notebook_plots as plots
from tablecast.training.comparison.card_entries import leaderboard_of, notes_of
from tablecast.training.comparison.measured import SHOWN, Measured, Measurements
from tablecast.training.experiment.out_of_fold import refitted
from tablecast.training.experiment.scores import answers_of
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.experiment.trained import Trained, feature_names, metrics_by_fold

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_BETTER = N_(
    "{chosen} was chosen: over {folds} folds, {other} has {measure} {of_other:.4f} and {simpler} "
    "{of_simpler:.4f}. The difference, {gain:+.4f}, is more than one standard error of the folds, "
    "{error:.4f}."
)
_NO_BETTER = N_(
    "{chosen} was chosen: over {folds} folds, {other} has {measure} {of_other:.4f} and {simpler} "
    "{of_simpler:.4f}. The difference, {gain:+.4f}, is at most one standard error of the folds, "
    "{error:.4f}, so the simpler one is preferred."
)


@dataclass(frozen=True, eq=False)
class Choice:
    """The pipeline to ship.

    Attributes:
        name: as it was called in the comparison.
        pipeline: fitted as it was given, for ``save_model``.
        why: in a sentence or two.
        card: its figures, the leaderboard and the reason, for ``tablecast.publish``.
    """

    name: str
    pipeline: Any
    why: Remark
    card: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Comparison(Measurements):
    """Pipelines by name, measured on the same rows: shown, drawn, and chosen from."""

    @property
    def table(self) -> pd.DataFrame:
        """A row for each pipeline: mean and deviation over the folds, the holdout, and its size."""
        import pandas as pd

        rows = {}
        for name, measured in self.measured.items():
            row: dict[str, float | None] = {}
            for metric in SHOWN[self.task]:
                figures = measured.folds[metric]
                row |= {metric: figures.mean(), f"{metric} ±": figures.std(ddof=0)}
            row |= {f"{metric}, holdout": measured.holdout[metric] for metric in SHOWN[self.task]}
            rows[name] = row | {
                "features": len(measured.features),
                "µs per row": measured.microseconds,
            }
        return pd.DataFrame.from_dict(rows, orient="index")

    def plot(self, what: Literal["residuals", "answers", "folds"], *names: str) -> Figure:
        """Draw residuals, or answers against actual values, of a regression side by side; or the
        folds' figures of any task.

        Args:
            what: see above.
            names: of the pipelines to draw; none for all.
        """
        chosen = {name: self.measured[name] for name in names or self.measured}
        figure: Figure = getattr(plots, what)(Measurements(self.task, chosen))
        return figure

    def choose(self, simpler: str, other: str) -> Choice:
        """The other pipeline where it is better by more than one standard error of the folds, else
        the simpler one.

        The rule is that of Breiman, Friedman, Olshen and Stone (*Classification and regression
        trees*, 1984, section 3.4.3): folds cannot tell apart what lies within one standard error
        of the better one's mean, and there the simpler one is the better bet. The holdout has no
        say, so that its figures stay honest.

        Args:
            simpler, other: names of two that were compared.
        """
        means = self.folds.mean()
        gain = float(means[other] - means[simpler])
        error = self.standard_error(other)
        chosen = other if gain > error else simpler
        why = Remark(_BETTER if gain > error else _NO_BETTER, values={
            "chosen": chosen, "folds": len(self.folds), "measure": Remark(self.decides),
            "other": other, "of_other": float(means[other]), "gain": gain,
            "simpler": simpler, "of_simpler": float(means[simpler]), "error": error,
        })
        measured = self.measured[chosen]
        return Choice(chosen, measured.pipeline, why, self._card(chosen, why))

    def difference(self, one: str, other: str) -> pd.DataFrame:
        """By how much one is above the other, fold by fold: for each metric the mean, its standard
        error, and in how many folds it is above.

        A fold that is hard for one is hard for both, so that this error is smaller than that of
        either mean.
        """
        import pandas as pd

        apart = self.measured[one].folds - self.measured[other].folds
        rows = {
            metric: {
                "difference": apart[metric].mean(),
                "standard error": apart[metric].std(ddof=1) / len(apart) ** 0.5,
                "folds above": f"{(apart[metric] > 0).sum()} of {len(apart)}",
            }
            for metric in SHOWN[self.task]
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    def _card(self, chosen: str, why: Remark) -> dict[str, Any]:
        measured = self.measured[chosen]
        by_fold = {str(name): measured.folds[name].tolist() for name in measured.folds}
        return {
            "model": measured.model,
            "folds": len(measured.folds),
            "features": list(measured.features),
            "metrics": {"cross_validation": metrics_by_fold(by_fold), "holdout": measured.holdout},
            "leaderboard": leaderboard_of(self, chosen, why),
            "notes": notes_of(measured, why),
        }


def compare(experiment: Any, pipelines: Mapping[str, Any]) -> Comparison:
    """Measure pipelines on an experiment's folds and holdout, each by refits that are fitted anew.

    Features that a step chooses are chosen again in each fold. A choice that was made on these
    rows before, such as a search's among its candidates, still makes the folds' figures a little
    too good; the holdout's are not.

    Args:
        experiment: PyCaret's, set up on the table: ``get_current_experiment()`` in a notebook.
        pipelines: by name; what ``finalize_model`` or ``tablecast.training.train.train`` gave.

    Raises:
        TrainingError: a pipeline wants columns that the experiment's table has not.
    """
    with quiet_and_single():
        measured = {
            name: _measured(experiment, name, pipeline) for name, pipeline in pipelines.items()
        }
    return Comparison(_task(experiment), measured)


def _measured(experiment: Any, name: str, source: Any) -> Measured:
    import pandas as pd
    from sklearn.base import clone

    trained = source if isinstance(source, Trained) else None
    pipeline = trained.pipeline if trained else source
    _check_columns(experiment, name, pipeline)
    model, estimator = _called(experiment, pipeline)
    names = trained.feature_names if trained else feature_names(pipeline, _features(experiment))
    began = time.monotonic()
    folds, parts = _by_fold(experiment, pipeline)
    seconds = time.monotonic() - began
    learn, target = experiment.train, experiment.target_param
    fitted = clone(pipeline).fit(learn.drop(columns=target), learn[target])
    predicted, holdout = _predictions_of(experiment, fitted, experiment.test)
    return Measured(
        pipeline=pipeline,
        model=trained.model if trained else model,
        estimator=estimator,
        features=tuple(names),
        folds=folds,
        holdout=holdout,
        answers=pd.concat([parts, predicted.assign(held_out=True)]),
        seconds=seconds,
        microseconds=_microseconds(experiment, pipeline),
        trained=trained,
    )


def _by_fold(experiment: Any, pipeline: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """PyCaret's figures of each fold, and all answers."""
    import pandas as pd

    learn, target = experiment.train, experiment.target_param
    groups = experiment.fold_groups_param
    if groups is not None:
        groups = groups.loc[learn.index]
    split = experiment.fold_generator.split(learn, learn[target], groups)
    both = [
        _predictions_of(experiment, fitted, learn.iloc[unseen])
        for _, unseen, fitted in refitted(
            pipeline, learn.drop(columns=target), learn[target], split
        )
    ]
    return pd.DataFrame([figures for _, figures in both]), pd.concat([part for part, _ in both])


def _predictions_of(
    experiment: Any, fitted: Any, unseen: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, float]]:
    """A clone's answers to unseen rows, and PyCaret's figures of them."""
    import pandas as pd

    target = experiment.target_param
    predicted, figures = answers_of(experiment, fitted, unseen)
    predictions = pd.DataFrame(
        {"actual": unseen[target], "predicted": predicted["prediction_label"], "held_out": False}
    )
    return predictions, figures


def _check_columns(experiment: Any, name: str, pipeline: Any) -> None:
    absent = [column for column in pipeline.feature_names_in_ if column not in experiment.dataset]
    if absent:
        raise TrainingError(
            f"{name} cannot be compared: it reads the column '{absent[0]}', which the experiment's "
            "table does not have. Call setup() with the table that all of them were trained on."
        )


def _features(experiment: Any) -> pd.DataFrame:
    table: pd.DataFrame = experiment.dataset.drop(columns=experiment.target_param)
    return table


def _task(experiment: Any) -> str:
    return str(experiment._ml_usecase.name.lower())


def _called(experiment: Any, pipeline: Any) -> tuple[str, str]:
    """PyCaret's id and name of a pipeline's estimator; its class's name where it has none."""
    last = pipeline.steps[-1][1]
    for key, container in experiment._all_models.items():
        if type(last) is container.class_def:
            return str(key), str(container.name)
    return type(last).__name__, type(last).__name__


def _microseconds(experiment: Any, pipeline: Any) -> float | None:
    from tablecast.data.prepared import Prepared
    from tablecast.training.graph_cost import measure

    task: Any = _task(experiment)
    prepared = Prepared(experiment.dataset, experiment.target_param, task, (), ())
    try:
        return round(measure(pipeline, prepared).microseconds, 1)
    except UnsupportedStep:
        return None
