"""The fields: one description of what is valid, which everything else uses."""

import tablecast.schema.kinds  # noqa: F401 - each kind of field enters itself
from tablecast.schema.field import Field
from tablecast.schema.schema import Row, Schema, Task

__all__ = ["Field", "Row", "Schema", "Task"]
