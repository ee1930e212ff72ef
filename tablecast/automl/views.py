"""One way of preparing the table, transformed once for each fold and shared by all candidates."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tablecast.experiment import start

if TYPE_CHECKING:
    from tablecast.inspection import Prepared

Floats = NDArray[np.float64]

# A target that leans further than this is worth a transformation (a normal one leans by 0).
LEANING = 1.0
#: Enough folds to choose by, at half the cost of ten.
FOLDS = 5


@dataclass(frozen=True)
class Recipe:
    """What a view is made of.

    Attributes:
        features: "plain", or "searched": normalised, with terms that are searched for.
        straight: whether the target is brought nearer to a normal distribution (Yeo-Johnson).
    """

    features: str
    straight: bool = False

    @property
    def name(self) -> str:
        return f"{self.features} features" + (", straightened target" if self.straight else "")


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold, prepared: what an estimator learns from, and the rows to answer."""

    steps: Any
    x: Any
    y: Any
    unseen_x: Any
    unseen: NDArray[np.intp]

    def in_units(self, answers: Any) -> Floats:
        """An estimator's answers in the target's own units."""
        return np.asarray(self.steps.inverse_transform(answers), dtype=np.float64)


@dataclass(eq=False)
class View:
    """A PyCaret experiment and its folds; `preparing` is the seconds that one fold took."""

    recipe: Recipe
    experiment: Any
    task: str
    seed: int
    folds: list[Fold] = field(default_factory=list)

    def __post_init__(self) -> None:
        from sklearn.base import clone

        began = time.monotonic()
        table, target = self.experiment.X_train, self.experiment.y_train
        for learnt, unseen in self._split(target):
            steps = clone(self.experiment.pipeline)
            made = steps.fit_transform(table.iloc[learnt], target.iloc[learnt])
            x, y = made if isinstance(made, tuple) else (made, target.iloc[learnt])
            self.folds.append(Fold(steps, x, y, steps.transform(table.iloc[unseen]), unseen))
        self.preparing = (time.monotonic() - began) / len(self.folds)

    @property
    def target(self) -> Any:
        """The training part's target, as the estimators' answers are compared with it."""
        target = self.experiment.y_train
        return target.to_numpy(np.float64) if self.task == "regression" else target.to_numpy()

    def _split(self, target: Any) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """The same rows for every view of a table."""
        from sklearn.model_selection import KFold, StratifiedKFold

        if self.task == "regression":
            splitter: Any = KFold(FOLDS, shuffle=True, random_state=self.seed)
        else:
            folds = max(2, min(FOLDS, int(target.value_counts().min())))
            splitter = StratifiedKFold(folds, shuffle=True, random_state=self.seed)
        return list(splitter.split(np.zeros(len(target)), target))


def recipes(prepared: Prepared) -> list[Recipe]:
    """The views worth trying, the most telling first."""
    found = [Recipe("searched"), Recipe("plain")]
    if prepared.task == "regression" and abs(prepared.table[prepared.target].skew()) > LEANING:
        found = [*found, Recipe("searched", True), Recipe("plain", True)]
    return found


def view_of(prepared: Prepared, recipe: Recipe, seed: int) -> View:
    """Set up PyCaret for a recipe, and prepare its folds."""
    from tablecast.terms import SearchedTerms

    steps = [("terms", SearchedTerms())] if recipe.features == "searched" else []
    options = {"transform_target": True} if recipe.straight else {}
    return View(recipe, start(prepared, seed, steps, **options), prepared.task, seed)
