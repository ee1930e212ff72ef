"""What is made of a field's value: the factors of searched terms and of ranges."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

#: What each kind of factor makes of a value, or of a column of them, given its cut and the lowest
#: training value. The compiler writes the same as nodes (``compiler.steps.terms``).
FORMULAS: Mapping[str, Callable[[Any, float, float], Any]] = {
    "value": lambda value, _cut, _low: value,
    "square": lambda value, _cut, _low: value * value,
    "inverse": lambda value, _cut, _low: 1.0 / value,
    "log": lambda value, _cut, low: np.log((value - low) + 1.0),
    "above": lambda value, cut, _low: (value > cut) * 1.0,
    "beyond": lambda value, cut, _low: (value > cut) * (value - cut),
}
