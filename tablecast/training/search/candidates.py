"""The estimators that are tried, and the settings that tuning draws from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.features.bounded import Bounded

if TYPE_CHECKING:
    from tablecast.training.search.views import View

Settings = Mapping[str, Any]

#: Estimators of amounts whose answers go as far as a strange row's features do; none of classes.
UNBOUNDED: Mapping[str, Sequence[str]] = {
    "regression": ("br", "lasso", "mlp"), "classification": (),
}


@dataclass(frozen=True)
class Candidate:
    """An estimator of PyCaret's list with settings of ours.

    Attributes:
        model: PyCaret's id.
        settings: what differs from PyCaret's defaults.
        features: the features it is given, as ``views.Recipe`` names them.
        tuned: whether the settings were drawn while tuning.
    """

    model: str
    settings: Settings = field(default_factory=dict)
    features: str = "plain"
    tuned: bool = False

    @property
    def kind(self) -> tuple[str, int]:
        """What takes about as long to fit: the estimator, and how many of it."""
        return self.model, self.settings.get("networks", 1)


#: PyCaret's own setup with its own settings, quick and strong: whatever else a search finds is no
#: worse, after any budget. (id, features)
STOCK: Mapping[str, Sequence[tuple[str, str]]] = {
    "regression": (("lightgbm", "plain"), ("br", "plain")),
    "classification": (("lightgbm", "plain"), ("lr", "plain")),
}
#: PyCaret's LightGBM has at least 20 rows in each leaf, and so splits nothing where a fold (56% of
#: the rows) has fewer than 41: with so few rows the line comes first. So it does where columns are
#: more than rows, since trees then split by whichever of them chance favours, and are slow.
SPLIT_FROM = 75
LINES = ("br", "lr")
#: What follows, from quick to slow; but of amounts a third one with the plain features first, so
#: that they have a blend before lines on searched terms, which alone lead far astray.
TRIED: Mapping[str, Sequence[tuple[str, str]]] = {
    "regression": (
        ("gbr", "plain"), ("br", "searched"), ("lasso", "searched"), ("lightgbm", "plain"),
        ("et", "plain"), ("mlp", "plain"), ("rf", "plain"), ("gbr", "searched"),
        ("lightgbm", "searched"), ("et", "searched"),
    ),
    "classification": (
        ("lda", "scaled"), ("lr", "scaled"), ("lightgbm", "scaled"), ("mlp", "scaled"),
        ("rf", "scaled"), ("et", "scaled"), ("gbc", "scaled"), ("lda", "searched"),
        ("lr", "searched"), ("qda", "scaled"), ("rbfsvm", "scaled"), ("gbc", "plain"),
    ),
}
#: Estimators that take too long with more rows, to fit or to answer.
MOST_ROWS: Mapping[str, int] = {
    "rbfsvm": 3_000, "gbr": 30_000, "gbc": 30_000, "mlp": 50_000,
}
#: All of a process's support vector machines draw from one generator (libsvm's): two at once would
#: take turns with it as their threads happen to run, and so would their probabilities.
ONE_AT_A_TIME = ("rbfsvm",)

#: Estimators whose settings are drawn at random, and from what.
SPACES: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "lasso": {"alpha": tuple(np.geomspace(2e-4, 5e-2, 9))},  # times the target's deviation
    "lr": {"C": tuple(np.geomspace(0.02, 50, 9))},
    "rbfsvm": {"C": tuple(np.geomspace(0.3, 100, 9)), "gamma": ("scale", 0.01, 0.03, 0.3)},
    "mlp": {"alpha": (0.3, 1.0, 3.0, 10.0), "hidden_layer_sizes": ((32,), (32, 32), (64, 64))},
    "qda": {"reg_param": (0.02, 0.05, 0.2, 0.4)},
    "gbr": {
        "n_estimators": (80, 150, 300), "learning_rate": (0.03, 0.05, 0.08),
        "max_depth": (2, 3, 4, 5), "subsample": (0.5, 0.7, 0.9),
        "max_features": (0.2, 0.4, 0.7, 1.0), "min_samples_leaf": (1, 5, 10, 20),
    },
    "gbc": {
        "n_estimators": (50, 100, 200), "learning_rate": (0.03, 0.05, 0.1),
        "max_depth": (2, 3, 4), "subsample": (0.5, 0.7, 0.9),
        "max_features": (0.3, 0.6, 1.0), "min_samples_leaf": (1, 3, 8),
    },
    "lightgbm": {
        "n_estimators": (100, 200, 400), "learning_rate": (0.02, 0.04, 0.08),
        "num_leaves": (6, 12, 31, 63), "subsample": (0.6, 0.8), "subsample_freq": (1,),
        "colsample_bytree": (0.3, 0.6, 0.9), "min_child_samples": (5, 10, 20),
    },
    "et": {
        "max_features": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0), "min_samples_leaf": (1, 2, 3),
    },
    "rf": {"max_features": (0.1, 0.2, 0.3, 0.4, 0.6), "min_samples_leaf": (1, 2, 3)},
}
#: How a network is fitted: on all rows at once, which is quicker and better than in batches.
FULL_BATCH: Settings = {"solver": "lbfgs", "max_iter": 200}
#: So many networks that begin with other weights have a better mean than the best of them: at once
#: on a table of up to so many rows, else where there is time left for tuning.
NETWORKS, NETWORK_ROWS = 4, 2_000
#: The lasso's alpha to begin with, times the target's standard deviation (the middle of what is
#: drawn below), and its steps: five times scikit-learn's, since searched terms are correlated.
LASSO_ALPHA, LASSO_STEPS = 2e-3, 5_000
#: Where PyCaret's settings are too sure of themselves: its boosted trees and networks learn 200
#: rows by heart, and a wrong class then gets a probability of nearly 1.
BEGIN: Mapping[str, Settings] = {
    "gbc": {
        "learning_rate": 0.05, "subsample": 0.6, "max_features": 0.4, "min_samples_leaf": 3,
    },
    "rbfsvm": {"C": 5.0, "gamma": "scale"},
    "mlp": {"alpha": 3.0, "hidden_layer_sizes": (32, 32)},
    "qda": {"reg_param": 0.1},
    "lightgbm": {
        "n_estimators": 200, "learning_rate": 0.04, "num_leaves": 31, "subsample": 0.8,
        "subsample_freq": 1, "colsample_bytree": 0.6, "min_child_samples": 10,
    },
}
#: All fields at every split make trees alike: with half of them, R2 rose by .016, .022 and .003 on
#: three splits of the wines, and was the same on the houses. A network follows smooth functions of
#: several numbers, which trees have only steps for.
BEGIN_AMOUNTS: Mapping[str, Settings] = {
    "et": {"max_features": 0.5}, "mlp": {"alpha": 1.0, "hidden_layer_sizes": (32, 32)},
}
#: What a forest of classes may split by; log loss is also what is chosen by.
CRITERIA = ("gini", "log_loss")
#: What is tried once more of classes where these learn rows by heart: where chance tells most rows
#: apart, extra trees have a log loss of .93 with leaves of one row, .41 with three (titanic).
CALMER: Mapping[str, Settings] = {
    "et": {"min_samples_leaf": 3}, "rf": {"min_samples_leaf": 3},
    "lightgbm": {
        "n_estimators": 150, "learning_rate": 0.03, "num_leaves": 12, "subsample": 0.8,
        "subsample_freq": 1, "colsample_bytree": 0.6, "min_child_samples": 10,
    },
}
#: So many columns make LightGBM slow, mostly in looking through bins: on 1,500 rows of 500 numbers
#: a fit takes 0.35 s with smaller trees and a quarter of the bins, and has R2 .768; with PyCaret's
#: settings it takes 3.2 s and has .745.
WIDE = 200
BINS_WHERE_WIDE = 63
FIRST_WHERE_WIDE: Settings = {"num_leaves": 8}
#: A network of two layers, and trees that try every value of every column, take seconds a fit then.
SLOW_WHERE_WIDE = (("regression", "mlp"), ("regression", "gbr"))
#: From so many rows on, PyCaret's 100 trees of 31 leaves are too small for an amount, and complete
#: others in a product of classes, so that these are tried beside them at once. Extra trees follow:
#: they are quicker than what comes then, and a blend with them gains most.
MANY_ROWS = 10_000
LARGER_TREES: Settings = {
    "n_estimators": 400, "learning_rate": 0.04, "num_leaves": 63, "subsample": 0.8,
    "subsample_freq": 1, "colsample_bytree": 0.6, "min_child_samples": 10,
}

def first(task: str, rows: int, columns: int = 0) -> list[Candidate]:
    """What is tried at once on a table of so many rows and columns, in order; nothing twice."""
    if task == "classification":
        begin = {**BEGIN, **{model: {"criterion": CRITERIA[0]} for model in FORESTS}}
    else:
        begin = {**BEGIN, **BEGIN_AMOUNTS}
    networks = NETWORKS if rows <= NETWORK_ROWS else 1
    begin["mlp"] = {**begin["mlp"], "networks": networks}
    wide = columns >= WIDE
    light = [Candidate("lightgbm", FIRST_WHERE_WIDE)] if wide else []
    stock = [
        Candidate(model, features=features)
        for model, features in STOCK[task]
        if rows <= MOST_ROWS.get(model, rows)
    ]
    others = [
        Candidate(model, begin.get(model, {}), features)
        for model, features in TRIED[task]
        if rows <= MOST_ROWS.get(model, rows) and not (wide and (task, model) in SLOW_WHERE_WIDE)
    ]
    if rows >= MANY_ROWS:
        stock, others = _with_larger(task, stock, begin["et"], others)
    first_ones = [*light, *stock]
    if rows < max(SPLIT_FROM, columns):
        first_ones.sort(key=lambda one: one.model not in LINES)
    return [*first_ones, *(candidate for candidate in others if candidate not in first_ones)]


def _with_larger(
    task: str, stock: list[Candidate], extra: Settings, others: list[Candidate]
) -> tuple[list[Candidate], list[Candidate]]:
    """PyCaret's own and others of many rows: trees of their size come next.

    Those of classes stand in the view that has networks and lines too, since a product has members
    of one view; and the line on columns as they are, which takes long to end there, comes last.
    """
    features = "plain" if task == "regression" else "scaled"
    forest = {**extra, **BEGIN_AMOUNTS["et"]}
    larger = [Candidate("lightgbm", LARGER_TREES, features), Candidate("et", forest, features)]
    if task == "regression":
        return [*stock, *larger], others
    return [*stock[:1], *larger], [*others, *stock[1:]]


def drawn(candidate: Candidate, place: int) -> Candidate:
    """The candidate with the settings at a place of its space, which has all of their products."""
    space = space_of(candidate) or {}
    indices = np.unravel_index(place, [len(values) for values in space.values()])
    settings = {
        name: space[name][int(index)] for name, index in zip(space, indices, strict=True)
    }
    if "networks" in candidate.settings:
        settings["networks"] = candidate.settings["networks"]
    return Candidate(candidate.model, _plain(settings), candidate.features, tuned=True)


def _plain(settings: Settings) -> dict[str, Any]:
    """Numbers as Python has them, not numpy."""
    return {
        name: value.item() if hasattr(value, "item") else value for name, value in settings.items()
    }


def space_of(candidate: Candidate) -> Mapping[str, Sequence[Any]] | None:
    """The values that each setting may take; None where nothing is tuned."""
    space = SPACES.get(candidate.model)
    if space is not None and candidate.settings.get("criterion") in CRITERIA:
        return {**space, "criterion": CRITERIA}
    return space


def make(candidate: Candidate, view: View, target: Any) -> Any:
    """The estimator, not fitted, for the target that it will be given."""
    container = view.experiment._all_models[candidate.model]
    settings = dict(container.args) | dict(candidate.settings)
    if candidate.model == "mlp":
        return _networks(container.class_def, settings, view.task)
    if candidate.model == "lasso":
        alpha = settings.get("alpha", LASSO_ALPHA)
        settings["alpha"] = alpha * float(np.std(np.asarray(target)))
        settings["max_iter"] = LASSO_STEPS
    if candidate.model == "lightgbm":
        settings["verbose"] = -1
        if view.experiment.X_train.shape[1] >= WIDE:
            settings["max_bin"] = BINS_WHERE_WIDE
    estimator = container.class_def(**settings)
    return Bounded(estimator) if candidate.model in UNBOUNDED[view.task] else estimator


def _networks(kind: type[Any], settings: dict[str, Any], task: str) -> Any:
    """The mean of networks that begin with other weights, each on all rows.

    Amounts are learnt only where features and target have a usual size, and held as a line is.
    """
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import BaggingClassifier, BaggingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    count = settings.pop("networks", 1)
    network = kind(**settings | dict(FULL_BATCH))
    alike = {"n_estimators": count, "bootstrap": False, "random_state": network.random_state}
    if task == "classification":
        return BaggingClassifier(network, **alike)
    scaled = make_pipeline(StandardScaler(), BaggingRegressor(network, **alike))
    return Bounded(TransformedTargetRegressor(scaled, transformer=StandardScaler()))


def averaged(network: Candidate) -> Candidate | None:
    """The same with as many networks as there are at most; None where it has them."""
    settings = {**network.settings, "networks": NETWORKS}
    return None if settings == network.settings else replace(network, settings=settings)


FORESTS = ("et", "rf")
