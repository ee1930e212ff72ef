"""What a forest says, in one step: nodes of a graph that JavaScript evaluates together."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

#: The leaf that each tree reaches, as a whole number, what a table says of it, the running sum over
#: the trees, and of that the last tree's: all that the trees say, added in their order.
STEPS = ("TreeEnsembleRegressor", "Cast", "Gather", "CumSum", "Gather")


def with_tree_sums(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """A graph's nodes, those of ``STEPS`` as one ``TreeSum`` of rows and table.

    Between its trees and their sum a forest has a number for each row, tree and class, which is
    most of what a browser would compute.
    """
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    outputs = {output.name for output in graph.output}
    gone: set[str] = set()
    last: dict[str, onnx.NodeProto] = {}
    for node in graph.node:
        chain = _chain(node, readers, outputs)
        if chain and _is_sum(chain, constants):
            gone.update(step.output[0] for step in chain[:-1])
            last[chain[-1].output[0]] = _tree_sum(chain)
    return [last.get(node.output[0], node) for node in graph.node if node.output[0] not in gone]


def _chain(
    node: onnx.NodeProto, readers: Mapping[str, Sequence[onnx.NodeProto]], outputs: set[str]
) -> list[onnx.NodeProto] | None:
    """A node and those after it, where they are ``STEPS`` and nothing else reads between them."""
    chain = [node]
    while chain[-1].op_type == STEPS[len(chain) - 1]:
        if len(chain) == len(STEPS):
            return chain
        name = chain[-1].output[0]
        if len(readers.get(name, ())) != 1 or name in outputs:
            return None
        chain.append(readers[name][0])
    return None


def _is_sum(chain: Sequence[onnx.NodeProto], constants: Mapping[str, onnx.TensorProto]) -> bool:
    """Whether the steps go over the trees, each a target of its own, to the last of them."""
    trees, cast, said, sums, taken = chain
    table = constants.get(said.input[0])
    over, place = (constants.get(node.input[1]) for node in (sums, taken))
    if table is None or over is None or place is None:
        return False
    attributes = {item.name: helper.get_attribute_value(item) for item in trees.attribute}
    last = int(attributes["n_targets"]) - 1
    return (
        said.input[1] == cast.output[0]
        and taken.input[0] == sums.output[0]
        and _axis(said) == 0
        and _axis(taken) == 1
        and numpy_helper.to_array(over).tolist() == 1
        and numpy_helper.to_array(place).tolist() == last
        and not sums.attribute
        and _is_one_each(attributes)
    )


def _axis(node: onnx.NodeProto) -> int:
    return next((item.i for item in node.attribute if item.name == "axis"), 0)


def _is_one_each(attributes: Mapping[str, object]) -> bool:
    """Whether the leaves of each tree have its own number as their target."""
    return np.array_equal(
        np.asarray(attributes["target_ids"]), np.asarray(attributes["target_treeids"])
    )


def _tree_sum(chain: Sequence[onnx.NodeProto]) -> onnx.NodeProto:
    trees, _, said, _, taken = chain
    node = helper.make_node("TreeSum", [trees.input[0], said.input[0]], list(taken.output))
    node.attribute.extend(trees.attribute)
    return node
