"""The values that operators work on, and the operators' registry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tablecast.compiler.row_program.recorder import Recorder


@dataclass(frozen=True)
class Tensor:
    """A tensor's elements (see ``recorder``) in its shape for one row, and its TensorProto type."""

    values: NDArray[Any]
    kind: int


#: The recorder, the node and what the node reads -> what it makes; a list where it makes several.
Operator = Callable[..., Tensor | list[Tensor]]
OPERATORS: dict[str, Operator] = {}


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Register what the operators of these names do."""

    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


def elementwise(recorder: Recorder, kind: str, *arrays: NDArray[Any]) -> NDArray[Any]:
    """One step for each element, of arrays that are broadcast."""
    apply = np.frompyfunc(lambda *elements: recorder.apply(kind, *elements), len(arrays), 1)
    return np.asarray(apply(*arrays), dtype=object)
