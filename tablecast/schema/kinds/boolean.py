"""True or false, however it is written; in the graph a category of two levels."""

from typing import Any

from tablecast.i18n.language import N_
from tablecast.schema.field import Value
from tablecast.schema.kinds.category import CategoryField
from tablecast.schema.kinds.yes_no import NO_WORDS, YES_WORDS
from tablecast.schema.texts import fold


class BooleanField(CategoryField):
    """True or false."""

    kind_words = N_("Yes or no")
    json_kind_words = N_("true or false")
    reading_option = ""

    def json_known(self, value: Value) -> bool:
        return fold(str(value)) in YES_WORDS

    @property
    def json_choices(self) -> tuple[str, ...]:
        return ("true", "false")

    def json_schema(self) -> dict[str, Any]:
        values = sorted({self.json_value(level) for level in self.levels})
        return {"type": "boolean"} if len(values) == 2 else {"type": "boolean", "enum": values}

    def spellings(self) -> list[tuple[str, str]]:
        """The levels, and all words that mean yes and no."""
        words = [
            (word, level)
            for level in self.levels
            for group in (YES_WORDS, NO_WORDS)
            if fold(level) in group
            for word in group
        ]
        return [*super().spellings(), *words]
