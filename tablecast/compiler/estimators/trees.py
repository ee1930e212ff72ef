"""Decision trees and forests of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from tablecast.compiler import arithmetic as a
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, regresses
from tablecast.errors import UnsupportedStep

# TreeEnsembleRegressor answers in float32, which counts exactly up to here.
_MOST_LEAVES = 2**24


@dataclass
class Nodes:
    """The nodes of all trees of one TreeEnsembleRegressor, tree after tree.

    ``true`` and ``false`` hold a node's children within its own tree; a leaf has feature -1.
    ``missing`` says whether a missing value goes to the true child.
    """

    tree: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    true: list[int] = field(default_factory=list)
    false: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)

    def add_tree(
        self, feature: Any, threshold: Any, true: Any, false: Any, missing: Any = None
    ) -> None:
        """Add one tree whose root is node 0."""
        number = self.tree[-1] + 1 if self.tree else 0
        count = len(feature)
        self.tree += [number] * count
        self.node += range(count)
        self.feature += [int(value) for value in feature]
        self.threshold += [float(value) for value in threshold]
        self.true += [int(value) for value in true]
        self.false += [int(value) for value in false]
        self.missing += [0] * count if missing is None else [int(value) for value in missing]


def leaf_numbers(builder: Builder, nodes: Nodes, x: str) -> str:
    """Which leaf each row reaches in each tree: int64 (rows, trees).

    Leaves count through all the trees in the order of ``nodes``. A row goes to the true child where
    its feature is at most the threshold; both are compared as float64.
    """
    leaves = [row for row, feature in enumerate(nodes.feature) if feature < 0]
    if len(leaves) > _MOST_LEAVES:
        raise UnsupportedStep("tree ensemble", f"its trees have {len(leaves)} leaves together")
    trees = [nodes.tree[row] for row in leaves]
    numbers = np.arange(len(leaves), dtype=np.float64)
    reached = builder.ml(
        "TreeEnsembleRegressor",
        x,
        n_targets=nodes.tree[-1] + 1,
        nodes_treeids=nodes.tree,
        nodes_nodeids=nodes.node,
        nodes_featureids=[max(feature, 0) for feature in nodes.feature],
        nodes_values_as_tensor=_doubles("values", nodes.threshold),
        nodes_modes=["LEAF" if feature < 0 else "BRANCH_LEQ" for feature in nodes.feature],
        nodes_truenodeids=nodes.true,
        nodes_falsenodeids=nodes.false,
        nodes_missing_value_tracks_true=nodes.missing,
        target_treeids=trees,
        target_nodeids=[nodes.node[row] for row in leaves],
        target_ids=trees,
        target_weights_as_tensor=_doubles("weights", numbers),
    )
    return builder.cast(reached, TensorProto.INT64)


def _doubles(name: str, values: Any) -> Any:
    return helper.make_tensor(name, TensorProto.DOUBLE, [len(values)], list(values))


def forest_values(
    builder: Builder,
    trees: Sequence[Any],
    x: Matrix,
    features: Sequence[Any] | None = None,
    table: Any = None,
) -> str:
    """What each tree of scikit-learn says: float64 (rows, trees, outputs).

    Args:
        trees: fitted decision trees.
        features: for each tree, the columns of ``x`` that it was fitted on; all of them if None.
        table: makes a tree's leaf values (leaves, outputs) from the tree; ``tree_.value`` if None.
    """
    nodes = Nodes()
    values = []
    for number, tree in enumerate(trees):
        structure = tree.tree_
        leaf = structure.children_left < 0
        column = np.where(leaf, -1, structure.feature)
        if features is not None:
            column = np.where(leaf, -1, np.asarray(features[number])[column])
        nodes.add_tree(
            column,
            np.where(leaf, 0.0, structure.threshold),
            np.where(leaf, 0, structure.children_left),
            np.where(leaf, 0, structure.children_right),
            np.where(leaf, 0, structure.missing_go_to_left),
        )
        values.append((table or leaf_values)(tree)[leaf])
    # scikit-learn compares float32 features with float64 thresholds.
    rows = leaf_numbers(builder, nodes, x.name if x.single else builder.round_to_single(x.name))
    return builder.op("Gather", builder.constant(np.concatenate(values)), rows, axis=0)


def leaf_values(tree: Any) -> Any:
    """What each node of a tree predicts: (nodes, outputs)."""
    return tree.tree_.value[:, 0, :]


def are_trees(estimators: Sequence[Any]) -> bool:
    """Whether all estimators are single decision trees, which then share one node."""
    return all(hasattr(estimator, "tree_") for estimator in estimators)


def _single_tree(builder: Builder, estimator: Any, x: Matrix) -> str:
    values = forest_values(builder, [estimator], x)
    return builder.op("Squeeze", values, builder.constant([1], np.int64))


@regresses("sklearn.tree.DecisionTreeRegressor", "sklearn.tree.ExtraTreeRegressor")
def tree_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """One tree: the value of the leaf."""
    return _single_tree(builder, estimator, x)


@classifies("sklearn.tree.DecisionTreeClassifier", "sklearn.tree.ExtraTreeClassifier")
def tree_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """One tree: the class proportions of the leaf."""
    chances = _single_tree(builder, estimator, x)
    return Classification(a.first_largest(builder, chances), chances)


def mean_over_trees(builder: Builder, values: str, count: int) -> str:
    """Average (rows, trees, outputs) over the trees, adding them in their order."""
    return builder.op(
        "Div", a.ordered_total(builder, values, count), builder.constant(float(count))
    )


@regresses("sklearn.ensemble.RandomForestRegressor", "sklearn.ensemble.ExtraTreesRegressor")
def forest_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The mean of the trees."""
    trees = estimator.estimators_
    return mean_over_trees(builder, forest_values(builder, trees, x), len(trees))


@classifies("sklearn.ensemble.RandomForestClassifier", "sklearn.ensemble.ExtraTreesClassifier")
def forest_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """The mean of the trees' class proportions."""
    trees = estimator.estimators_
    chances = mean_over_trees(builder, forest_values(builder, trees, x), len(trees))
    return Classification(a.first_largest(builder, chances), chances)
