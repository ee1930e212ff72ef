"""A view: one way of preparing the table, fitted once in each fold for all candidates."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tablecast.data.row_metadata import RowMetadata
from tablecast.errors import Remark
from tablecast.i18n.language import N_
from tablecast.training.cluster.executor import Executor, Runner, Threads
from tablecast.training.experiment import splits
from tablecast.training.experiment.setup import start
from tablecast.training.search.step_memory import MOST_CELLS, StepMemory

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

Floats = NDArray[np.float64]

#: Enough folds to choose by, at half the cost of ten.
FOLDS = 5
# Where fewer rows choose, one division into folds decides by luck: their mean over several ones
# does less so (repeated cross-validation; Kim, 2009). A table of many columns would take the time
# that its search needs more.
REPEATED_ROWS, REPEATED_CELLS = 1_000, 20_000
# Three divisions of 333 rows cost as much as one of 1,000.
REPEATS = 3

#: What a reader calls a recipe's features.
FEATURES = {
    "plain": N_("plain features"),
    "scaled": N_("scaled features"),
    "searched": N_("searched features"),
}
# Cards of searches that also straightened the target, and blended across views, still say so.
N_("{features}, transformed target")
N_("each member's own features")


@dataclass(frozen=True)
class Recipe:
    """What a view is made of.

    Attributes:
        features: "plain"; "scaled": normalised, so that distances and networks can use them beside
            trees; or "searched": normalised, with terms that are searched for.
    """

    features: str

    @property
    def name(self) -> str:
        """In English; the draws of a search go by it."""
        return f"{self.features} features"

    @property
    def remark(self) -> Remark:
        """For the leaderboard."""
        return Remark(FEATURES[self.features])


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold, prepared: what an estimator learns from, and the rows to answer.

    Attributes:
        unseen: places of those rows in ``View.target``.
        weights: how much each row that is learnt from counts; None where all count alike.
    """

    steps: Any
    x: Any
    y: Any
    unseen_x: Any
    unseen: NDArray[np.intp]
    weights: Floats | None = None

    def in_units(self, predictions: Any) -> Floats:
        """An estimator's answers as the pipeline gives them, whose steps may hold them."""
        return np.asarray(self.steps.inverse_transform(predictions), dtype=np.float64)


@dataclass(eq=False)
class View:
    """A PyCaret experiment and its folds.

    `preparing` is the seconds that one fold took.

    A small table's rows are divided into folds several times, and each row is answered as often:
    `target` and all answers then hold the training part's rows so many times, one after the other.
    By time the earliest rows are answered by no fold, and are not among them.

    Attributes:
        about: of the training part's rows.
        executor: fits candidates on the folds.
        memory: of steps that other views of the same table begin with too.
        ahead: candidates that were fitted before they are asked for, each with what its folds gave.
        sized: forests, each with as many trees as there is room for.
        target: of the rows that are answered, (answers,), in the order of all answers.
        weights: how much each of these counts; None where all count alike.
    """

    recipe: Recipe
    experiment: Any
    task: str
    seed: int
    about: RowMetadata = field(default_factory=RowMetadata)
    executor: Executor = field(default_factory=Threads)
    memory: StepMemory = field(default_factory=StepMemory)
    folds: list[Fold] = field(default_factory=list)
    ahead: list[tuple[Any, list[Any]]] = field(default_factory=list)
    sized: list[tuple[Any, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        from sklearn.base import clone

        began = time.monotonic()
        table, target = self.experiment.X_train, self.experiment.y_train
        small = len(table) < REPEATED_ROWS and table.size <= REPEATED_CELLS
        self.repeats = splits.repeats_of(self.about, REPEATS if small else 1)
        divided = splits.folds(
            target, self.about, self.task, self._most_folds(), self.seed, self.repeats
        )
        once = len(divided) // self.repeats
        answered = np.unique(np.concatenate([one for _, one in divided[:once]]))
        self._note(answered)
        for number, (learnt, unseen) in enumerate(divided):
            steps = clone(self.experiment.pipeline)
            x, y, unseen_x = self._transformed(steps, learnt, unseen)
            rows = np.searchsorted(answered, unseen) + number // once * len(answered)
            weights = self.about.weights_at(learnt)
            self.folds.append(Fold(steps, x, y, unseen_x, rows, weights))
        self.preparing = (time.monotonic() - began) / len(self.folds)

    def _transformed(
        self, steps: Any, learnt: NDArray[np.intp], unseen: NDArray[np.intp]
    ) -> tuple[Any, Any, Any]:
        """Fit the steps on one side of a split; both sides' features, and the target learnt from.
        """
        table, target = self.experiment.X_train, self.experiment.y_train
        x, y, other = table.iloc[learnt], target.iloc[learnt], table.iloc[unseen]
        is_small = table.size <= MOST_CELLS
        if is_small:
            (x, y), (other, _) = self.memory.rows(x, y), self.memory.rows(other, None)
            steps.memory = self.memory
        made, unseen_x = steps.fit_transform(x, y), steps.transform(other)
        steps.memory = None
        return (*made, unseen_x) if isinstance(made, tuple) else (made, y, unseen_x)

    def _note(self, answered: NDArray[np.intp]) -> None:
        """Keep the target and the weights of the rows that are answered, as often as they are."""
        target = self.experiment.y_train
        numbers = target.to_numpy(np.float64) if self.task == "regression" else target.to_numpy()
        self.target = np.tile(numbers[answered], self.repeats)
        weights = self.about.weights_at(answered)
        self.weights = None if weights is None else np.tile(weights, self.repeats)

    @property
    def variance(self) -> float:
        """Of a target of numbers: what is lost, on average, where always its mean is answered."""
        return variance(self.target, self.weights)

    @cached_property
    def classes(self) -> NDArray[Any]:
        """Of a target of classes, in the order of probabilities."""
        return np.asarray(np.unique(self.target))

    @cached_property
    def labels(self) -> NDArray[np.intp]:
        """The place of each answer's class, (answers,)."""
        return np.searchsorted(self.classes, self.target)

    @cached_property
    def runner(self) -> Runner:
        """Fits on the folds, which are sent to whoever does so; steps are of no use there."""
        return self.executor.share([replace(fold, steps=None) for fold in self.folds])

    @property
    def multiplied(self) -> bool:
        """Whether rows are enough to fit a power for each classifier."""
        enough = len(self.experiment.y_train) >= REPEATED_ROWS
        return self.task == "classification" and enough

    def _most_folds(self) -> int:
        """As many as the smallest class has rows, up to five."""
        if self.task == "regression":
            return FOLDS
        return max(2, min(FOLDS, int(self.experiment.y_train.value_counts().min())))


def variance(values: Floats, weights: Floats | None) -> float:
    """The mean squared distance from the mean; of rows that count as their weights say."""
    middle = np.average(values, weights=weights)
    return float(np.average(np.square(values - middle), weights=weights))


def view_of(
    prepared: Prepared,
    recipe: Recipe,
    seed: int,
    executor: Executor | None = None,
    memory: StepMemory | None = None,
) -> View:
    """Set up PyCaret for a recipe, and prepare its folds."""
    from tablecast.features.searched_terms import SearchedTerms

    steps = [("terms", SearchedTerms())] if recipe.features == "searched" else []
    options: dict[str, Any] = {"normalize": True} if recipe.features == "scaled" else {}
    experiment = start(prepared, seed, steps, **options)
    about = prepared.about.taken(experiment.X_train.index)
    return View(
        recipe, experiment, prepared.task, seed, about, executor or Threads(),
        memory or StepMemory(),
    )
