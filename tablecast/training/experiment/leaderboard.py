"""The leaderboard as a table of text: for the terminal and the notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: What decides, the first that an entry has; the card's names and those for a person.
DECIDES = (("R2", "R2"), ("LogLoss", "Log loss"), ("AUC", "AUC"), ("Accuracy", "Accuracy"))
#: Characters of a candidate's name; a blend's full one is in the card.
LONGEST_NAME = 40
HEADINGS = ("±", "Folds", "Seconds", "µs per row", "Candidate", "Features", "Why")
ABSENT = "–"

Entry = Mapping[str, Any]


def as_text(leaderboard: Sequence[Entry]) -> str:
    """One line for each candidate, best first, under a line of headings.

    Args:
        leaderboard: as the card keeps it. An entry has "model" and "name"; and, where they are
            known, "features", "folds", each metric's mean, "spread" (the deviation over the folds
            of the metric that decides), "seconds" of all its folds together, "microseconds" of a
            row in its graph, and "why" it was or was not chosen.
    """
    key, title = next(
        (pair for pair in DECIDES if any(pair[0] in entry for entry in leaderboard)), DECIDES[0]
    )
    rows: list[Sequence[str]] = [(title, *HEADINGS)]
    rows += [ _cells(entry, key) for entry in leaderboard]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _cells(entry: Entry, key: str) -> Sequence[str]:
    name = str(entry.get("name", entry["model"]))
    if len(name) > LONGEST_NAME:
        name = name[: LONGEST_NAME - 1].rstrip(", ") + "…"
    return (
        _number(entry.get(key), ".4f"),
        _number(entry.get("spread"), ".4f"),
        _number(entry.get("folds"), "d"),
        _number(entry.get("seconds"), ".1f"),
        _number(entry.get("microseconds"), ".0f"),
        name + _tuned(entry),
        str(entry.get("features") or ABSENT).replace(" features", ""),
        str(entry.get("why") or entry.get("error") or ABSENT),
    )


def _tuned(entry: Entry) -> str:
    if not entry.get("tuned"):
        return ""
    return f" (tuned, {entry['trials']} times)" if entry.get("trials", 1) > 1 else " (tuned)"


def _number(value: Any, form: str) -> str:
    return ABSENT if value is None else format(value, form)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Numbers to the right, words to the left; nothing after the last word."""
    figures = [cell.rjust(width) for cell, width in zip(row[:5], widths[:5], strict=True)]
    words = [cell.ljust(width) for cell, width in zip(row[5:], widths[5:], strict=True)]
    return "  ".join([*figures, *words]).rstrip()
