"""Text that is one of the training levels, or any text if the field is open."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from tablecast.errors import Remark
from tablecast.i18n.language import N_
from tablecast.schema.field import RADIO_LEVELS, Array, Choice, Field, Value
from tablecast.schema.kinds.yes_no import choices_of, label_of
from tablecast.schema.texts import canonical_text, fold, quoted

#: Blank text means a missing value. Python strips four separators and NEL, which are no spaces to
#: the regular expressions of JSON Schema.
NOT_BLANK = r"[^\s\x1c-\x1f\x85]"


class CategoryField(Field):
    """A text that is one of some levels."""

    kind_words = N_("One of a list")
    json_kind_words = N_("Text")
    is_text = True
    is_counted = True
    graph_input = "text"
    reading_option = "category"
    cells = "levels"

    def read_known(self, value: Any, *, text: bool) -> tuple[Value, Remark | None]:
        if not isinstance(value, str | int | float):
            raise self.refuse("Enter {field} as text.")
        written = canonical_text(value)
        level = self.match(written)
        if level is not None:
            return level, None
        if self.closed:
            levels = ", ".join(self.levels)
            raise self.refuse("{value} is not a choice for {field}. Choose one of: {levels}.",
                              levels=levels, value=quoted(value))
        return written, Remark(
            "{field}: {value} did not occur in training.",
            self.name, {"value": quoted(value)},
        )

    def rules(self) -> dict[str, Any]:
        return super().rules() | {
            "closed": self.closed,
            "levels": list(self.levels),
            "spellings": self._folded_levels,
        }

    def plain_reader(self) -> Callable[[Any], Value]:
        return {level: level for level in self.levels}.__getitem__

    def match(self, text: str) -> str | None:
        """The known level that a text means, whatever its letter case; None for no level."""
        return text if text in self._exact else self._folded_levels.get(fold(text))

    def json_known(self, value: Value) -> Any:
        return str(value)

    @property
    def json_choices(self) -> tuple[str, ...]:
        return self.levels if self.closed else ()

    def json_schema(self) -> dict[str, Any]:
        if self.closed:
            return {"type": "string", "enum": list(self.levels)}
        return {"type": "string", "pattern": NOT_BLANK}

    def json_edge(self) -> Any:
        return self.json_value(self.levels[-1]) if self.levels else "unknown"

    def in_words(self, value: Value) -> str:
        return label_of(self.show(value), self.levels, self.level_labels)

    def in_figures(self, text: str) -> str:
        """A level is no figure."""
        return text

    def control_for(self, _text: str) -> str:
        if not self.closed:
            return "suggest"
        return "radios" if len(self.levels) <= RADIO_LEVELS else "select"

    def held(self, text: str) -> str:
        level = self.match(text) if self.closed else None
        return text if level is None else level

    @property
    def choices(self) -> tuple[Choice, ...]:
        return choices_of(self.levels, self.level_labels)

    def array_of_table(self, column: Any) -> Array:
        cells = list(column)
        if not set(map(type, cells)) <= {str}:
            cells = ["" if _is_missing(cell) else canonical_text(cell) for cell in cells]
        return np.array(cells, dtype=object)

    def grid(
        self, points: int, most_levels: int, frequency: Mapping[Value, float],
        present: Value | None = None,
    ) -> list[Value]:
        first = sorted(self.levels, key=lambda level: -frequency.get(level, 0.0))[:most_levels]
        if present and present not in first:
            first = [*first[: most_levels - 1], str(present)]
        known = [level for level in self.levels if level in first]
        return [*known, *(level for level in first if level not in self.levels)]

    def spellings(self) -> list[tuple[str, str]]:
        """Texts, folded, and the level that each of them means."""
        return [(fold(level), level) for level in self.levels]

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(self.levels)

    @cached_property
    def _folded_levels(self) -> dict[str, str]:
        """Folded spelling to level, without spellings that two levels share."""
        levels: dict[str, str] = {}
        shared = set()
        for spelling, level in self.spellings():
            if levels.setdefault(spelling, level) != level:
                shared.add(spelling)
        return {spelling: level for spelling, level in levels.items() if spelling not in shared}




def _is_missing(value: Any) -> bool:
    """Whether a cell is None, NaN or NaT, which differ from themselves, or pandas' NA."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # NA says nothing of itself
        return True
