"""A table that has to have the columns of a deployment: what a later training begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from typing import TYPE_CHECKING

from tablecast.deployment.graph_file import read_graph_description
from tablecast.deployment.versions import base_meant
from tablecast.errors import TableError
from tablecast.schema.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

#: Columns that a message names.
MOST_NAMED = 10


@dataclass(frozen=True)
class Expected:
    """The columns of a deployment's training table.

    Attributes:
        name: the deployment's.
        schema: its fields and its target.
        ignored: columns that were there, and were left out of the fields.
    """

    name: str
    schema: Schema
    ignored: tuple[str, ...]

    def check(self, table: pd.DataFrame, schema: Schema) -> None:
        """Raises TableError where columns are missing or new, or hold something else now.

        Args:
            table: as it was read.
            schema: what its columns were taken for.
        """
        faults = [*self._absent(table), *self._new(table), *self._changed(schema)]
        if faults:
            raise TableError(
                f"The table is not like the one that {self.name} was trained on: "
                f"{'; '.join(faults)}. Correct it, or train without --like."
            )

    def _absent(self, table: pd.DataFrame) -> Iterator[str]:
        wanted = [field.name for field in self.schema.fields] + [self.schema.target]
        there = [str(name) for name in table.columns]
        absent = []
        for name in (name for name in wanted if name not in there):
            near = get_close_matches(name, set(there) - set(wanted), n=1)
            absent.append(f"{name!r} (is it {near[0]!r}?)" if near else repr(name))
        if absent:
            yield f"it lacks {_listed(absent)}"

    def _new(self, table: pd.DataFrame) -> Iterator[str]:
        known = {field.name for field in self.schema.fields} | {self.schema.target, *self.ignored}
        new = [repr(str(name)) for name in table.columns if str(name) not in known]
        if new:
            yield f"it has {_listed(new)} besides"

    def _changed(self, schema: Schema) -> Iterator[str]:
        for field in schema.fields:
            before = self.schema.find(field.name)
            if before is not None and before.graph_input != field.graph_input:
                yield f"{field.name!r} was a {before.graph_input}, and is a {field.graph_input}"


def expected_of(name: str | PathLike[str]) -> Expected:
    """The columns of a deployment, by its path without ending or its package's name.

    Raises:
        ArtifactError: there is none.
    """
    base = base_meant(name)
    description = read_graph_description(base)
    ignored = tuple(str(one["name"]) for one in description["card"].get("dropped", ()))
    return Expected(base.name, Schema.from_json(description["schema"]), ignored)


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
