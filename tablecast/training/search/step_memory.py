"""Steps that several views begin with, fitted once in each fold.

A view differs from another in its last steps. PyCaret's own before them, imputers and encoders,
take most of the time of preparing a small table, so they are remembered: a pipeline of PyCaret's
asks its ``memory`` for each step that it fits and for what the step makes of its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: Of a table with more cells, fits take most of the time, and what is remembered too much memory.
MOST_CELLS = 200_000


class StepMemory:
    """What PyCaret's pipelines take as their memory, within one process.

    joblib's own would hash all rows for each step. Here rows are known by the object that they are,
    which is kept for as long as this is.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self._rows: dict[str, tuple[pd.DataFrame, pd.Series | None]] = {}

    def cache(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which gives what it gave for the same step and rows."""
        return partial(self._call, function)

    def rows(
        self, table: pd.DataFrame, target: pd.Series | None
    ) -> tuple[pd.DataFrame, pd.Series | None]:
        """The same rows as before, as the same objects, however often they are taken anew."""
        import joblib

        return self._rows.setdefault(joblib.hash((table, target)), (table, target))

    def _call(
        self, function: Callable[..., Any], transformer: Any, X: Any = None, y: Any = None,
        **more: Any,
    ) -> Any:
        """One of the three functions of PyCaret's pipeline; a whole pipeline is not remembered."""
        import joblib

        if function.__name__ == "_fit_one":
            step: Any = joblib.hash(transformer)  # not fitted yet: its class and its settings
        elif function.__name__ == "_transform_one":
            step = id(transformer)
        else:
            return function(transformer, X, y, **more)
        key = (function.__name__, step, id(X), id(y))
        if key not in self._known:  # what is kept keeps its identity
            self._known[key] = (function(transformer, X, y, **more), transformer, X, y)
        return self._known[key][0]
