"""Estimators that combine the predictions of other estimators."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tablecast.compiler import arithmetic as a
from tablecast.compiler.estimators.trees import are_trees, forest_values, mean_over_trees
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, classify, regress, regresses
from tablecast.compiler.steps.power_and_quantile import invert_power
from tablecast.errors import UnsupportedStep


def _sum(builder: Builder, parts: Sequence[str]) -> str:
    """Add tensors in their order."""
    result = parts[0]
    for part in parts[1:]:
        result = builder.op("Add", result, part)
    return result


def _mean(builder: Builder, parts: Sequence[str]) -> str:
    return builder.op("Div", _sum(builder, parts), builder.constant(float(len(parts))))


def _needed(tensor: str | None, estimator: Any, what: str) -> str:
    if tensor is None:
        raise UnsupportedStep(type(estimator).__name__, f"it gives no {what}")
    return tensor


def _chances(builder: Builder, estimator: Any, x: Matrix) -> str:
    output = classify(builder, estimator, x)
    return _needed(output.probabilities, estimator, "probabilities")


# Bagging -----------------------------------------------------------------------------------------


def _part_of(builder: Builder, x: Matrix, indices: Any) -> Matrix:
    """The columns that a member was fitted on."""
    wanted = [int(index) for index in indices]
    if wanted == list(range(x.width)):
        return x
    return Matrix(builder.columns(x.name, wanted), len(wanted), x.single)


@regresses("sklearn.ensemble.BaggingRegressor")
def bagging_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The mean of the members, each on its own columns."""
    members, columns = estimator.estimators_, estimator.estimators_features_
    if are_trees(members):
        values = forest_values(builder, members, x, columns)
        return mean_over_trees(builder, values, len(members))
    return _mean(
        builder,
        [
            regress(builder, member, _part_of(builder, x, indices))
            for member, indices in zip(members, columns, strict=True)
        ],
    )


def _bagged_chances(builder: Builder, member: Any, output: Classification, classes: int) -> str:
    """A member's probabilities, or its vote, over all classes; it may have seen fewer."""
    seen = np.eye(classes)[np.asarray(member.classes_, dtype=np.int64)]
    if output.probabilities is None:
        return builder.op("Gather", builder.constant(seen), output.index, axis=0)
    if len(seen) == classes:
        return output.probabilities
    return builder.op("MatMul", output.probabilities, builder.constant(seen))


@classifies("sklearn.ensemble.BaggingClassifier")
def bagging_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """The mean of the members' probabilities, or of their votes."""
    members, columns = estimator.estimators_, estimator.estimators_features_
    classes = len(estimator.classes_)
    if are_trees(members) and all(len(member.classes_) == classes for member in members):
        values = forest_values(builder, members, x, columns)
        chances = mean_over_trees(builder, values, len(members))
        return Classification(a.first_largest(builder, chances), chances)
    outputs = [
        classify(builder, member, _part_of(builder, x, indices))
        for member, indices in zip(members, columns, strict=True)
    ]
    chances = _mean(
        builder,
        [
            _bagged_chances(builder, member, output, classes)
            for member, output in zip(members, outputs, strict=True)
        ],
    )
    scores = [output.decision for output in outputs if output.decision is not None]
    decision = _mean(builder, scores) if len(scores) == len(outputs) else None
    return Classification(a.first_largest(builder, chances), chances, decision)


# Voting ------------------------------------------------------------------------------------------


def _weighted(builder: Builder, parts: Sequence[str], weights: Any) -> str:
    """Numpy's average, with weights or without."""
    if weights is None:
        return _mean(builder, parts)
    factors = [builder.constant(float(weight)) for weight in weights]
    terms = [builder.op("Mul", part, by) for part, by in zip(parts, factors, strict=True)]
    return builder.op("Div", _sum(builder, terms), builder.constant(float(np.sum(weights))))


@regresses("sklearn.ensemble.VotingRegressor")
def voting_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The weighted mean of the members."""
    parts = [regress(builder, member, x) for member in estimator.estimators_]
    return _weighted(builder, parts, estimator._weights_not_none)


@regresses("tablecast.features.BoundedVote")
def bounded_vote(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The weighted mean of the members, of which some are held near the mean of the others."""
    parts = [regress(builder, member, x) for member in estimator.estimators_]
    weights, apart = estimator.weights, estimator.apart
    free = [index for index, bounds in enumerate(apart) if bounds is None]
    middle = _weighted(builder, [parts[at] for at in free], [weights[at] for at in free])
    for index, bounds in enumerate(apart):
        if bounds is not None:
            least, most = (builder.op("Add", middle, builder.constant(bound)) for bound in bounds)
            raised = builder.op("Max", parts[index], least)
            parts[index] = builder.op("Min", raised, most)
    return _weighted(builder, parts, weights)


@classifies("sklearn.ensemble.VotingClassifier")
def voting_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Soft: the weighted mean of probabilities. Hard: the most votes, and no probabilities."""
    members, weights = estimator.estimators_, estimator._weights_not_none
    if estimator.voting == "soft":
        chances = _weighted(builder, [_chances(builder, m, x) for m in members], weights)
        return Classification(a.first_largest(builder, chances), chances)
    votes = []
    for member in members:
        seen = np.eye(len(estimator.classes_))[np.asarray(member.classes_, dtype=np.int64)]
        index = classify(builder, member, x).index
        votes.append(builder.op("Gather", builder.constant(seen), index, axis=0))
    return Classification(a.first_largest(builder, _weighted(builder, votes, weights)))


# Stacking ----------------------------------------------------------------------------------------


def _stacked(builder: Builder, parts: list[str], widths: int, estimator: Any, x: Matrix) -> Matrix:
    """The members' answers, and behind them the features where they pass through."""
    if estimator.passthrough:
        return Matrix(a.join(builder, [*parts, x.name]), widths + x.width)
    return Matrix(a.join(builder, parts), widths)


@regresses("sklearn.ensemble.StackingRegressor")
def stacking_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """A regressor over the members' answers."""
    parts = [regress(builder, member, x) for member in estimator.estimators_]
    return regress(
        builder,
        estimator.final_estimator_,
        _stacked(builder, parts, len(parts), estimator, x),
    )


def _stack_part(builder: Builder, member: Any, method: str, x: Matrix) -> tuple[str, int]:
    """What a member hands on: a tensor and its width."""
    output = classify(builder, member, x)
    classes = len(member.classes_)
    if method == "predict_proba":
        chances = _needed(output.probabilities, member, "probabilities")
        return (a.column(builder, chances, 1), 1) if classes == 2 else (chances, classes)
    if method == "decision_function":
        decision = _needed(output.decision, member, "decision function")
        return decision, 1 if classes == 2 else classes
    labels = np.asarray(member.classes_, dtype=np.float64).reshape(-1, 1)
    return builder.op("Gather", builder.constant(labels), output.index, axis=0), 1


@classifies("sklearn.ensemble.StackingClassifier")
def stacking_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """A classifier over the members' probabilities, scores or labels."""
    if len(estimator.final_estimator_.classes_) != len(estimator.classes_):
        raise UnsupportedStep(type(estimator).__name__, "its last member has not seen every class")
    parts = [
        _stack_part(builder, member, method, x)
        for member, method in zip(estimator.estimators_, estimator.stack_method_, strict=True)
    ]
    width = sum(width for _, width in parts)
    matrix = _stacked(builder, [tensor for tensor, _ in parts], width, estimator, x)
    return classify(builder, estimator.final_estimator_, matrix)


# One against the rest ----------------------------------------------------------------------------


@classifies("sklearn.multiclass.OneVsRestClassifier")
def one_vs_rest(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """A classifier for each class; the last of several highest scores wins."""
    outputs = [classify(builder, member, x) for member in estimator.estimators_]
    chances = decision = None
    if all(output.probabilities is not None for output in outputs):
        columns = [a.column(builder, str(output.probabilities), 1) for output in outputs]
        chances = a.join(builder, columns)
    if all(output.decision is not None for output in outputs):
        decision = a.join(builder, [str(output.decision) for output in outputs])
    scores = _needed(decision or chances, estimator, "scores")
    if len(outputs) == 1:
        index = a.is_above(builder, scores, 0.5 if decision is None else 0.0)
        pair = None if chances is None else a.both_classes(builder, chances)
        return Classification(index, pair, decision)
    index = builder.op("ArgMax", scores, axis=1, keepdims=0, select_last_index=1)
    probabilities = None if chances is None else a.proportions(builder, chances)
    return Classification(index, probabilities, decision)


# Wrappers ----------------------------------------------------------------------------------------


@classifies("pycaret.internal.meta_estimators.CustomProbabilityThresholdClassifier")
def probability_threshold(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """PyCaret's own limit for the second of two classes."""
    inner = estimator.classifier_
    output = classify(builder, inner, x)
    if output.probabilities is None:
        return output
    if list(inner.classes_) != [0, 1]:
        raise UnsupportedStep(type(estimator).__name__, "its classes are not 0 and 1")
    second = a.column(builder, output.probabilities, 1)
    limit = float(estimator.probability_threshold)
    index = a.is_above(builder, second, limit, or_equal=True)
    return Classification(index, output.probabilities, output.decision)


@regresses("tablecast.features.Bounded")
def bounded(builder: Builder, estimator: Any, x: Matrix) -> str:
    """A regressor whose features and answers are held between two bounds each."""
    inside = builder.held(x.name, estimator.least_[None, :], estimator.most_[None, :])
    prediction = regress(builder, estimator.estimator_, Matrix(inside, x.width))
    return builder.held(prediction, estimator.low_, estimator.high_)


@regresses("sklearn.compose.TransformedTargetRegressor")
def transformed_target(builder: Builder, estimator: Any, x: Matrix) -> str:
    """A regressor fitted on a power of the target, or on a scaled one, turned back."""
    prediction = regress(builder, estimator.regressor_, x)
    transformer = estimator.transformer_
    kind = type(transformer).__name__
    if kind == "StandardScaler":
        return a.affine(builder, prediction, np.diag(transformer.scale_), transformer.mean_)
    if kind != "PowerTransformer":
        raise UnsupportedStep(type(estimator).__name__, f"it transforms the target by {kind}")
    return invert_power(builder, transformer, prediction)
