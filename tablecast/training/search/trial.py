"""One trial: a candidate, its out-of-fold predictions, and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tablecast.errors import Remark
from tablecast.features.bounded import BoundedVote
from tablecast.features.temperature import RaisedVote, Tempered, raised
from tablecast.training.graph_cost import Cost
from tablecast.training.search.candidates import ONE_AT_A_TIME, Candidate, make
from tablecast.training.search.views import View, variance

Floats = NDArray[np.float64]

# A probability of 0 for what happens costs without end; one in a million costs enough.
LEAST_PROBABILITY = 1e-6
# A fold without any error would outweigh all others in a geometric mean.
LEAST_LOSS = 1e-9
#: Why something that is good enough is not chosen.
TOO_LONG = Remark("too slow to fit within the budget")


@dataclass(frozen=True, eq=False)
class Trial:
    """An estimator, or a blend of several with the same view, with its out-of-fold answers.

    Attributes:
        view: what it was given.
        members: the candidates and their weights; one of weight 1 is no blend.
        predictions: as the members give them, before the power: (rows,), or probabilities (rows,
            classes).
        losses: the mean squared error, or the log loss, of each fold.
        seconds: of fitting it once, all members together.
        name: for a person.
        why: why it was stopped early; None where it was not.
        apart: in a blend of lines and others, how far each line may answer from them; see
            `blend_weights.apart`.
        multiplied: whether weights are powers of a product (`blend_weights.powers`).
        power: what its probabilities are raised to; see `temperature_scaling`.
        cost: of a row in its graph; None where it was not measured.
        fitted: the prepared steps and the estimator of the last fold, until they are measured.
    """

    view: View
    members: tuple[tuple[Candidate, float], ...]
    predictions: Floats
    losses: tuple[float, ...]
    seconds: float
    name: str = ""
    why: Remark | None = None
    apart: tuple[tuple[float, float] | None, ...] = ()
    multiplied: bool = False
    power: float = 1.0
    cost: Cost | None = None
    fitted: tuple[Any, Any] | None = None

    @property
    def loss(self) -> float:
        """What the choice goes by; see `of_folds`."""
        return of_folds(self.view, self.losses)

    @property
    def whole(self) -> bool:
        """Whether every fold was tried."""
        return len(self.losses) == len(self.view.folds)

    @property
    def answers(self) -> Floats:
        """The predictions, raised to the power."""
        return self.predictions if self.power == 1.0 else raised(self.predictions, self.power)

    @property
    def features(self) -> Remark:
        """The features, for a person."""
        return self.view.recipe.remark

    def estimator(self) -> Any:
        """It again, not fitted."""
        target = self.view.folds[0].y
        estimators = [make(candidate, self.view, target) for candidate, _ in self.members]
        candidate = estimators[0] if len(estimators) == 1 else self._together(estimators)
        return candidate if self.power == 1.0 else Tempered(candidate, self.power)

    def _together(self, estimators: list[Any]) -> Any:
        from sklearn.ensemble import VotingClassifier, VotingRegressor

        weights = [weight for _, weight in self.members]
        named = [
            (f"{candidate.model}_{at}", estimator)
            for at, ((candidate, _), estimator) in enumerate(
                zip(self.members, estimators, strict=True)
            )
        ]
        in_turn = sum(candidate.model in ONE_AT_A_TIME for candidate, _ in self.members) > 1
        jobs = 1 if in_turn else None
        if self.apart:
            return BoundedVote(named, weights=weights, apart=self.apart, n_jobs=jobs)
        if self.view.task == "regression":
            return VotingRegressor(named, weights=weights, n_jobs=jobs)
        vote = RaisedVote if self.multiplied else VotingClassifier
        return vote(named, voting="soft", weights=weights, n_jobs=jobs)


def fold_loss(view: View, number: int, predictions: Floats) -> float:
    """The loss on one fold's unseen rows; infinite where an answer is no number."""
    fold = view.folds[number]
    wanted, predicted = view.target[fold.unseen], predictions[fold.unseen]
    weights = _weights(view, number)
    if view.task == "regression":
        loss = float(np.average(np.square(wanted - fold.in_units(predicted)), weights=weights))
    else:
        own = predicted[np.arange(len(predicted)), view.labels[fold.unseen]]
        probabilities = np.clip(own, LEAST_PROBABILITY, 1.0)
        loss = float(-np.average(np.log(probabilities), weights=weights))
    return loss if np.isfinite(loss) else float("inf")


def _weights(view: View, number: int) -> Floats | None:
    """How much each of a fold's unseen rows counts; None where all count alike."""
    return None if view.weights is None else view.weights[view.folds[number].unseen]


def all_losses(view: View, predictions: Floats, folds: int | None = None) -> tuple[float, ...]:
    """The loss on each fold, or on the first ones."""
    return tuple(fold_loss(view, one, predictions) for one in range(folds or len(view.folds)))


def of_folds(view: View, losses: Sequence[float]) -> float:
    """One loss of the folds' losses: their mean for classes, their geometric mean for amounts.

    One strange row can make a fold's squared error ten times that of the others, and would then
    choose alone. In a geometric mean each fold counts by how many times better one is than another.
    """
    if view.task == "classification":
        return float(np.mean(losses))
    least = LEAST_LOSS * float(np.var(view.target))
    return float(np.exp(np.mean(np.log(np.maximum(losses, least)))))


def loss_of(view: View, predictions: Floats) -> float:
    """What the choice would go by for these answers."""
    return of_folds(view, all_losses(view, predictions))


def metrics(tried: Trial) -> dict[str, dict[str, float]]:
    """Mean and deviation over the folds, of PyCaret's names."""
    view = tried.view
    by_fold = [
        _fold_metrics(view, number, tried.answers) for number in range(len(tried.losses))
    ]
    return {
        name: {
            "mean": float(np.mean([figures[name] for figures in by_fold])),
            "std": float(np.std([figures[name] for figures in by_fold])),
        }
        for name in by_fold[0]
    }


def _fold_metrics(view: View, number: int, predictions: Floats) -> dict[str, float]:
    fold = view.folds[number]
    wanted, predicted = view.target[fold.unseen], predictions[fold.unseen]
    weights = _weights(view, number)
    if view.task == "classification":
        right = view.classes[predicted.argmax(axis=1)] == wanted
        accuracy = float(np.average(right, weights=weights))
        return {"Accuracy": accuracy, "LogLoss": fold_loss(view, number, predictions)}
    amounts = fold.in_units(predicted)
    error = wanted - amounts
    mse = float(np.average(np.square(error), weights=weights))
    spread = variance(wanted, weights)
    return {
        "R2": 1 - mse / spread if spread else 0.0,
        "MAE": float(np.average(np.abs(error), weights=weights)),
        "RMSE": mse**0.5,
    }


def distinct(ranked: Sequence[Trial], each: int) -> list[Trial]:
    """At most so many of each estimator: a blend lives on differences."""
    kept: list[Trial] = []
    for trial in ranked:
        model = trial.members[0][0].model
        if sum(other.members[0][0].model == model for other in kept) < each:
            kept.append(trial)
    return kept
