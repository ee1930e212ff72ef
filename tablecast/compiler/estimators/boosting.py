"""Boosted trees: scikit-learn's gradient boosting and AdaBoost, and LightGBM."""

from typing import Any

import numpy as np
from onnx import TensorProto

from tablecast.compiler import arithmetic as a
from tablecast.compiler.estimators.trees import Nodes, are_trees, forest_values, leaf_numbers
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, classify, regress, regresses
from tablecast.errors import UnsupportedStep


@regresses("sklearn.ensemble.GradientBoostingRegressor")
def _gradient_boosting_scores(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The start plus the shrunk trees, stage by stage: float64 (rows, outputs).

    It is the answer for every regression loss.
    """
    if estimator.init is not None and estimator.init != "zero":
        raise UnsupportedStep(type(estimator).__name__, "its init estimator is not the default")
    start = estimator._raw_predict_init(np.zeros((1, x.width), dtype=np.float32))
    stages, outputs = estimator.estimators_.shape
    rate = estimator.learning_rate
    parts = []
    for output in range(outputs):
        trees = estimator.estimators_[:, output]
        values = forest_values(builder, trees, x, table=lambda tree: rate * tree.tree_.value[:, 0])
        shift = np.zeros((1, stages, 1))
        shift[0, 0, 0] = start[0, output]
        values = builder.op("Add", values, builder.constant(shift))
        parts.append(a.ordered_total(builder, values, stages))
    return a.join(builder, parts)


@classifies("sklearn.ensemble.GradientBoostingClassifier")
def gradient_boosting_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Gradient boosting with the log loss, or with AdaBoost's exponential loss."""
    decision = _gradient_boosting_scores(builder, estimator, x)
    if len(estimator.classes_) > 2:
        index = a.first_largest(builder, decision)
        return Classification(index, a.softmax(builder, decision), decision)
    scale = 2.0 if estimator.loss == "exponential" else 1.0
    logits = builder.op("Mul", decision, builder.constant(scale))
    chances = a.both_classes(builder, a.expit(builder, logits))
    index = a.is_above(builder, decision, 0.0, or_equal=True)
    return Classification(index, chances, decision)


@regresses("sklearn.ensemble.AdaBoostRegressor")
def ada_boost_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The weighted median of the members."""
    members = estimator.estimators_
    if are_trees(members):
        values = forest_values(builder, members, x)
        values = builder.op("Squeeze", values, builder.constant([2], np.int64))
    else:
        values = a.join(builder, [regress(builder, member, x) for member in members])
    count = builder.constant([len(members)], np.int64)
    ranked, order = builder.ops("TopK", values, count, outputs=2, axis=1, largest=0)
    weights = builder.constant(np.asarray(estimator.estimator_weights_)[: len(members)])
    ranked_weights = builder.op("Gather", weights, order, axis=0)
    sums = builder.op("CumSum", ranked_weights, builder.constant(1, np.int64))
    half = builder.op("Mul", a.column(builder, sums, len(members) - 1), builder.constant(0.5))
    reached = builder.op("GreaterOrEqual", sums, half)
    first = builder.op("ArgMax", builder.cast(reached, TensorProto.INT32), axis=1, keepdims=1)
    return builder.op("GatherElements", ranked, first, axis=1)


def _real_votes(probabilities: Any, classes: int) -> Any:
    """What SAMME.R makes of class proportions (…, classes)."""
    logs = np.log(np.clip(probabilities, np.finfo(np.float64).eps, None))
    return (classes - 1) * (logs - (1.0 / classes) * logs.sum(axis=1)[:, np.newaxis])


def _discrete_votes(index: Any, weight: float, classes: int) -> Any:
    """What SAMME makes of predicted classes (n,): the weight, or a share of it against."""
    hit = np.asarray(index)[:, None] == np.arange(classes)[None, :]
    return np.where(hit, weight, -1 / (classes - 1) * weight)


def _tree_votes(builder: Builder, estimator: Any, x: Matrix, classes: int) -> str:
    members = estimator.estimators_
    weights = {id(m): w for m, w in zip(members, estimator.estimator_weights_, strict=False)}

    def table(tree: Any) -> Any:
        chances = tree.tree_.value[:, 0, :]
        if estimator.algorithm == "SAMME.R":
            return _real_votes(chances, classes)
        return _discrete_votes(chances.argmax(axis=1), weights[id(tree)], classes)

    return forest_values(builder, members, x, table=table)


def _member_votes(builder: Builder, estimator: Any, x: Matrix, classes: int) -> str:
    parts = []
    for member, weight in zip(estimator.estimators_, estimator.estimator_weights_, strict=False):
        output = classify(builder, member, x)
        if estimator.algorithm == "SAMME.R":
            votes = _real_votes_of(builder, str(output.probabilities), classes)
        else:
            table = _discrete_votes(np.arange(classes), weight, classes)
            votes = builder.op("Gather", builder.constant(table), output.index, axis=0)
        parts.append(builder.op("Unsqueeze", votes, builder.constant([1], np.int64)))
    return a.join(builder, parts)


def _real_votes_of(builder: Builder, probabilities: str, classes: int) -> str:
    least = builder.constant(np.finfo(np.float64).eps)
    logs = builder.op("Log", builder.op("Max", probabilities, least))
    mean = builder.op("Mul", builder.constant(1.0 / classes), a.total(builder, logs))
    centred = builder.op("Sub", logs, mean)
    return builder.op("Mul", builder.constant(float(classes - 1)), centred)


@classifies("sklearn.ensemble.AdaBoostClassifier")
def ada_boost_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """AdaBoost by SAMME or SAMME.R, over trees or any other members."""
    members = estimator.estimators_
    classes = len(estimator.classes_)
    if any(len(member.classes_) != classes for member in members):
        raise UnsupportedStep(type(estimator).__name__, "a member has not seen every class")
    find = _tree_votes if are_trees(members) else _member_votes
    votes = a.ordered_total(builder, find(builder, estimator, x, classes), len(members))
    weight = float(np.sum(estimator.estimator_weights_))
    votes = builder.op("Div", votes, builder.constant(weight))
    if classes > 2:
        scaled = builder.op("Div", votes, builder.constant(float(classes - 1)))
        index = a.first_largest(builder, votes)
        return Classification(index, a.softmax(builder, scaled), votes)
    decision = builder.op("Sub", a.column(builder, votes, 1), a.column(builder, votes, 0))
    pair = a.join(builder, [builder.op("Neg", decision), decision])
    chances = a.softmax(builder, builder.op("Div", pair, builder.constant(2.0)))
    return Classification(a.is_above(builder, decision, 0.0), chances, decision)


def _dumped(booster: Any) -> dict[str, Any]:
    """LightGBM's own description of its trees.

    Its JSON is none where a feature's name has a backslash, as a level of a category may; its text
    form, which knows all numbers to the last bit, can be given other names.
    """
    if any("\\" in name for name in booster.feature_name()):
        lines = booster.model_to_string().split("\n")
        index = next(at for at, line in enumerate(lines) if line.startswith("feature_names="))
        lines[index] = "feature_names=" + " ".join(f"f{at}" for at in range(booster.num_feature()))
        booster = type(booster)(model_str="\n".join(lines))
    return dict(booster.dump_model())


def _lightgbm_scores(builder: Builder, dump: dict[str, Any], x: Matrix) -> str:
    """The sum of LightGBM's trees: float64 (rows, outputs)."""
    outputs = dump["num_tree_per_iteration"]
    parts = []
    for output in range(outputs):
        nodes = Nodes()
        values: list[float] = []
        trees = dump["tree_info"][output::outputs]
        for tree in trees:
            values += _add_lightgbm_tree(nodes, tree["tree_structure"])
        rows = leaf_numbers(builder, nodes, x.name)
        leaves = builder.op("Gather", builder.constant(np.array(values)), rows, axis=0)
        sums = a.ordered_total(builder, leaves, len(trees))
        if dump["average_output"]:
            sums = builder.op("Div", sums, builder.constant(float(len(trees))))
        parts.append(builder.op("Unsqueeze", sums, builder.constant([1], np.int64)))
    return a.join(builder, parts)


def _add_lightgbm_tree(nodes: Nodes, root: dict[str, Any]) -> list[float]:
    """Add one dumped tree, and return the values of its leaves in order."""
    feature: list[int] = []
    threshold: list[float] = []
    children: list[tuple[int, int]] = []
    missing: list[bool] = []
    values: list[float] = []

    def visit(node: dict[str, Any]) -> int:
        number = len(feature)
        leaf = "split_feature" not in node
        feature.append(-1 if leaf else int(node["split_feature"]))
        threshold.append(0.0 if leaf else _lightgbm_threshold(node))
        missing.append(not leaf and _missing_goes_left(node))
        children.append((0, 0))
        if leaf:
            values.append(_lightgbm_leaf(node))
        else:
            children[number] = (visit(node["left_child"]), visit(node["right_child"]))
        return number

    visit(root)
    true, false = zip(*children, strict=True)
    nodes.add_tree(feature, threshold, true, false, missing)
    return values


def _lightgbm_leaf(node: dict[str, Any]) -> float:
    if node.get("leaf_features"):
        raise UnsupportedStep("LightGBM", "its leaves are linear models (linear_tree)")
    return float(node["leaf_value"])


def _lightgbm_threshold(node: dict[str, Any]) -> float:
    if node["decision_type"] != "<=":
        raise UnsupportedStep("LightGBM", f"it splits by {node['decision_type']!r}")
    if node["missing_type"] == "Zero":
        raise UnsupportedStep("LightGBM", "it takes zero for missing (zero_as_missing)")
    return float(node["threshold"])


def _missing_goes_left(node: dict[str, Any]) -> bool:
    """Where a missing value goes; without any in training LightGBM takes it for 0."""
    if node["missing_type"] == "NaN":
        return bool(node["default_left"])
    return bool(node["threshold"] >= 0.0)


def _objective(estimator: Any, dump: dict[str, Any], known: tuple[str, ...]) -> str:
    """The objective's name, when its link is known and has no further settings."""
    name, *settings = dump.get("objective", "none").split()
    if name not in known or "sqrt" in settings:
        reason = f"its objective is {dump.get('objective')!r}"
        raise UnsupportedStep(type(estimator).__name__, reason)
    return str(name)


_PLAIN = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
_LOGARITHMIC = ("poisson", "gamma", "tweedie")


@regresses("lightgbm.LGBMRegressor", "lightgbm.sklearn.LGBMRegressor")
def lightgbm_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """LightGBM with an objective whose sum is the answer, or its logarithm."""
    dump = _dumped(estimator.booster_)
    name = _objective(estimator, dump, _PLAIN + _LOGARITHMIC)
    scores = _lightgbm_scores(builder, dump, x)
    return builder.op("Exp", scores) if name in _LOGARITHMIC else scores


@classifies("lightgbm.LGBMClassifier", "lightgbm.sklearn.LGBMClassifier")
def lightgbm_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """LightGBM for two classes (logistic) or more (softmax)."""
    dump = _dumped(estimator.booster_)
    name = _objective(estimator, dump, ("binary", "multiclass"))
    scores = _lightgbm_scores(builder, dump, x)
    if name == "multiclass":
        chances = a.softmax(builder, scores)
    else:
        slope = float(dump["objective"].split("sigmoid:")[1])
        logits = builder.op("Mul", scores, builder.constant(slope))
        chances = a.both_classes(builder, a.expit(builder, logits))
    decision = scores if hasattr(estimator, "decision_function") else None
    return Classification(a.first_largest(builder, chances), chances, decision)
