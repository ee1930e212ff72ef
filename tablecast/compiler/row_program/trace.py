"""Walks a graph with one row whose numbers are not known yet."""

import inspect
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from tablecast.compiler.graph import columns_of
from tablecast.compiler.row_program import elementwise, shapes, sums, tree_ensemble  # noqa: F401 - each registers its operators
from tablecast.compiler.row_program.recorder import Recorder, Untraceable, renumbered
from tablecast.compiler.row_program.tensors import OPERATORS, Operator, Tensor

#: More arithmetic than this is onnxruntime's: 1,000 steps take Python about 12 µs, a small graph 14
#: to 22 (``python -m benchmarks.parts``).
MOST_STEPS = 1000

#: Numbers in all tables and trees together: the list is part of the deployment's description.
MOST_NUMBERS = 20_000


def row_program_of(model: onnx.ModelProto) -> dict[str, Any] | None:
    """The graph as ``row_program`` reads it, or None where onnxruntime is the better choice.

    Args:
        model: a finished graph (see ``tablecast.compiler.pipeline.compile_pipeline``).
    """
    try:
        program, cost = traced(model)
    except Untraceable:
        return None
    return None if cost > MOST_STEPS or _numbers(program["steps"]) > MOST_NUMBERS else program


def traced(model: onnx.ModelProto) -> tuple[dict[str, Any], int]:
    """The graph as ``row_program`` reads it, of any size, and its cost in steps of arithmetic.

    Raises:
        Untraceable: a node does what nobody wrote steps for.
    """
    recorder = Recorder()
    tensors = walk(model, recorder)
    label = recorder.step_of(tensors["prediction_label"].values.reshape(-1)[0])
    classes = tensors.get("probabilities")
    probabilities = classes and [recorder.step_of(x) for x in classes.values.reshape(-1)]
    needed = recorder.needed([label, *(probabilities or [])])
    numbers = {step: number for number, step in enumerate(needed)}
    program = {
        "inputs": [name for names in columns_of(model).values() for name in names],
        "steps": renumbered([recorder.steps[step] for step in needed], numbers),
        "label": numbers[label],
        "probabilities": probabilities and [numbers[step] for step in probabilities],
    }
    return program, recorder.cost_of(needed)


def walk(model: onnx.ModelProto, recorder: Recorder) -> dict[str, Tensor]:
    """Every tensor of a graph for one row, by its name; what it takes is in the recorder.

    Raises:
        Untraceable: a node does what nobody wrote steps for.
    """
    tensors = {
        tensor.name: _constant(tensor) for tensor in model.graph.initializer
    } | _inputs(recorder, model)
    for node in model.graph.node:
        operator = OPERATORS.get(node.op_type)
        if operator is None:
            raise Untraceable(node.op_type)
        read = [tensors[name] for name in node.input if name]
        if not _takes(operator, len(read)):
            raise Untraceable(f"{node.op_type} of {len(read)}")
        result = operator(recorder, node, *read)
        parts = result if isinstance(result, list) else [result]
        tensors |= dict(zip(node.output, parts, strict=True))
    return tensors


def _takes(operator: Operator, count: int) -> bool:
    """Whether an operator is written for this many tensors: what ONNX leaves out may be needed."""
    try:
        inspect.signature(operator).bind(None, None, *[None] * count)
    except TypeError:
        return False
    return True


def _constant(tensor: onnx.TensorProto) -> Tensor:
    return Tensor(numpy_helper.to_array(tensor).astype(object), tensor.data_type)


def _inputs(recorder: Recorder, model: onnx.ModelProto) -> dict[str, Tensor]:
    """The tensor of each input, whose steps read its columns by their place among all."""
    columns, tensors, first = columns_of(model), {}, 0
    for value in model.graph.input:
        kind = value.type.tensor_type.elem_type
        held = np.empty((1, len(columns[value.name])), dtype=object)
        for place in range(held.size):
            element = recorder.make("input", first + place)
            is_text = kind == TensorProto.STRING
            held[0, place] = element if is_text else recorder.make("float", element.step)
        tensors[value.name] = Tensor(held, kind)
        first += held.size
    return tensors


def _numbers(steps: list[Any]) -> int:
    return sum(_numbers(part) if isinstance(part, list) else 1 for part in steps)
