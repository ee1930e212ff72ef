"""Multi-layer perceptrons."""

from typing import Any

from tablecast.compiler import arithmetic as a
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, regresses


def _activate(builder: Builder, kind: str, x: str) -> str:
    if kind == "logistic":
        return a.expit(builder, x)
    if kind == "softmax":
        return a.softmax(builder, x)
    return x if kind == "identity" else builder.op(kind.capitalize(), x)


@regresses("sklearn.neural_network.MLPRegressor")
def _forward(builder: Builder, estimator: Any, x: Matrix) -> str:
    last = len(estimator.coefs_) - 1
    layer = x.name
    for number, (weights, bias) in enumerate(
        zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ):
        kind = estimator.out_activation_ if number == last else estimator.activation
        layer = _activate(builder, kind, a.affine(builder, layer, weights, bias))
    return layer


@classifies("sklearn.neural_network.MLPClassifier")
def perceptron_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """The last layer's logistic or softmax."""
    chances = _forward(builder, estimator, x)
    if len(estimator.classes_) > 2:
        return Classification(a.first_largest(builder, chances), chances)
    return Classification(a.is_above(builder, chances, 0.5), a.both_classes(builder, chances))
