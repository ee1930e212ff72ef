"""Arrays of numbers as JSON, in the shortest form that holds every one exactly."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: The typed arrays that ``tensors.js`` reads beside f8, smallest first.
SMALLER = ("u1", "u2", "i4", "f4")

#: Longer lists are never the shortest form.
MOST_LISTED = 1_000

#: A table of more values than this has codes as long as what they stand for.
MOST_VALUES = 2**16


def packed(values: ArrayLike) -> Any:
    """Numbers as ``unpack`` of ``tensors.js`` reads them, one after the other.

    Args:
        values: of any shape.
    """
    numbers = np.asarray(values).astype(np.float64).reshape(-1)
    return min(_forms(numbers), key=lambda form: len(json.dumps(form, separators=(",", ":"))))


def _forms(numbers: NDArray[np.float64]) -> Iterator[Any]:
    yield _typed(numbers)
    if len(numbers) <= MOST_LISTED and np.isfinite(numbers).all():
        yield [int(x) if x.is_integer() and x else x for x in numbers.tolist()]
    if np.array_equal(numbers, np.arange(len(numbers))):
        yield {"count": len(numbers)}
    # Of the bits, so that 0 and -0 stay apart and one NaN equals another.
    known, codes = np.unique(numbers.view(np.int64), return_inverse=True)
    if len(known) == 1:
        yield {"fill": _typed(numbers[:1]), "of": len(numbers)}
    elif len(known) <= MOST_VALUES:
        yield {"table": _typed(known.view(np.float64)), "codes": _typed(codes)}


def _typed(numbers: NDArray[Any]) -> dict[str, str]:
    kind = next((kind for kind in SMALLER if _is_exact(numbers, kind)), "f8")
    content = numbers.astype(f"<{kind}").tobytes()
    return {"type": kind, "base64": base64.b64encode(content).decode()}


def _is_exact(numbers: NDArray[Any], kind: str) -> bool:
    """Whether a smaller type holds every one of them to the last bit."""
    with np.errstate(all="ignore"):
        back = numbers.astype(kind).astype(numbers.dtype)
    return back.tobytes() == numbers.tobytes()
