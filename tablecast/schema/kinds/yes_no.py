"""Levels that mean yes and no, shown in the reader's language."""

from collections.abc import Mapping, Sequence

from tablecast.i18n.language import _
from tablecast.schema.field import Choice
from tablecast.schema.texts import fold

#: What a person may write for either level of a boolean field.
YES_WORDS = ("true", "yes", "y", "1", "1.0", "on")
NO_WORDS = ("false", "no", "n", "0", "0.0", "off")


def choices_of(levels: Sequence[str], labels: Mapping[str, str]) -> tuple[Choice, ...]:
    """Levels as choices: as the form file labels them, or else yes before no, or as they are."""
    if not labels and are_yes_and_no(levels):
        levels = sorted(levels, key=lambda level: fold(level) in NO_WORDS)
    return tuple(Choice(level, label_of(level, levels, labels)) for level in levels)


def label_of(text: str, levels: Sequence[str], labels: Mapping[str, str]) -> str:
    """What one level is called; any other text as it is."""
    if labels or text not in levels or not are_yes_and_no(levels):
        return labels.get(text, text)
    return _("Yes") if fold(text) in YES_WORDS else _("No")


def are_yes_and_no(levels: Sequence[str]) -> bool:
    """Whether two levels mean yes and no."""
    folded = {fold(level) for level in levels} if len(levels) == 2 else set()
    return bool(folded & set(YES_WORDS)) and bool(folded & set(NO_WORDS))
