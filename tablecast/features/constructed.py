"""pandas' series and tables that are written by their values: as what constructs them.

A pickle holds them by pandas' inner parts, for which skops has no form. PyCaret's encoders keep
some.
"""

from typing import Any

import pandas as pd


class ConstructedSeries(pd.Series):  # type: ignore[misc]
    """A series that is written as what constructs it; what is made of it is pandas' own."""

    @property
    def _constructor(self) -> Any:
        return pd.Series

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.to_numpy(), self.index.to_numpy(), None, self.name)


class ConstructedFrame(pd.DataFrame):  # type: ignore[misc]
    """A table that is written as what constructs it; what is made of it is pandas' own."""

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    @property
    def _constructor_sliced(self) -> Any:
        return pd.Series

    def __reduce__(self) -> tuple[Any, ...]:
        columns = {name: self[name].to_numpy() for name in self.columns}
        return type(self), (columns, self.index.to_numpy())
