"""Sentences of the shipped deployment, which was made before remarks were kept as data.

Its files stay as they are, byte for byte, and hold these sentences in English. Each is read here as
the remark that training makes in its place today. This table is closed: a deployment that is made
now keeps remarks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from tablecast.errors import Remark, counted

#: How a sentence was worded, and the remark of today. In a name's braces: ``n`` is a number, ``%``
#: a percentage, ``r`` a sentence of this table or a message; else it is a text.
SENTENCES: Mapping[str, Remark] = {
    "The task is {task:r}, since '{name}': {reason:r}.": Remark("Task: {task} ({reason})."),
    "it holds numbers with {count:n} different values": Remark(
        "{name} is a number with {count} different values"
    ),
    "{count:n} row equal to an earlier row: if that is no coincidence, the holdout's figures are "
    "too good.": counted(
        "{count} duplicate row. If it is a copy of the same case, the test scores are too "
        "optimistic.",
        "{count} duplicate rows. If they are copies of the same case, the test scores are too "
        "optimistic.",
        1,
    ),
    "{chosen} is shipped: over {folds:n} folds of the training part {other} has {measure:r} "
    "{of_other:n}, {simpler} {of_simpler:n}. The difference, {gain:n}, is not more than one "
    "standard error of the folds, {error:n}, and the simpler one is preferred.": Remark(
        "{chosen} was chosen: over {folds} folds, {other} has {measure} {of_other:.4f} and "
        "{simpler} {of_simpler:.4f}. The difference, {gain:+.4f}, is at most one standard error of "
        "the folds, {error:.4f}, so the simpler one is preferred."
    ),
    "The holdout's figures are of rows that were not learnt from when they were measured, and that "
    "no choice has seen.": Remark(
        "The test scores come from rows that were used neither for training nor for the choice."
    ),
    "It answers from the rows that it was trained on; a value outside their range is answered with "
    "a warning, and is a guess.": Remark(
        "It knows only the rows that it was trained on. For values outside their range, "
        "predictions come with a warning and are guesses."
    ),
    "It shows what goes together in those rows, not what causes what.": Remark(
        "It shows correlation in these rows, not cause and effect."
    ),
    "{measure:r} {apart:n} above {name}": Remark("{measure} {apart:.4f} above {name}"),
    "{measure:r} {apart:n} below {name}": Remark("{measure} {apart:.4f} below {name}"),
    "tried for {name}: {why:r}": Remark("tried for {name}: {why}"),
    "{share:%} more loss": Remark("{share:.1%} worse"),
    "{features:r}, straightened target": Remark("{features}, transformed target"),
    "{count:n} columns": counted("{count} column", "{count} columns", 2),
    "conformal, on out-of-fold residuals; below: {lower:r}; above: {upper:r}": Remark(
        "Conformal prediction from out-of-fold errors. Low end: {lower}. High end: {upper}."
    ),
    "one offset from where most rows lie by their fields": Remark(
        "a fixed distance from the typical value for these fields"
    ),
    "an offset by the fields from where most rows lie": Remark(
        "a field-dependent distance from the typical value for these fields"
    ),
}

def _number(text: str) -> float:
    plain = text.replace(",", "")
    return float(plain) if "." in plain else int(plain)


#: What a part looks like, and how it is read.
PARTS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "": (".+?", str),
    "r": (".+", str),
    "n": (r"[+-]?[\d,]+(?:\.\d+)?", _number),
    "%": (r"-?[\d.]+%", lambda text: float(text[:-1]) / 100),
}


def remark_in(sentence: str, outer: Mapping[str, Any] | None = None) -> Remark:
    """The remark that a sentence stands for; one that is the sentence itself where it is none.

    Args:
        sentence: in English.
        outer: the values of the sentence that this one is part of.
    """
    for worded, remark in SENTENCES.items():
        regex, kinds = _regex(worded)
        match = regex.fullmatch(sentence)
        if match:
            read = {name: PARTS[kinds[name]][1](text) for name, text in match.groupdict().items()}
            values = {**(outer or {}), **read}
            parts = {name: remark_in(values[name], values) for name in kinds if kinds[name] == "r"}
            return replace(remark, values=values | parts)
    return Remark(sentence)


@cache
def _regex(worded: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """What a sentence of the table looks like, with a group for each part, and each part's kind."""
    kinds = dict(re.findall(r"\{(\w+):?([nr%]?)\}", worded))
    pieces = [
        f"(?P<{piece.partition(':')[0]}>{PARTS[piece.partition(':')[2]][0]})" if at % 2
        else re.escape(piece)
        for at, piece in enumerate(re.split(r"\{(\w+:?[nr%]?)\}", worded))
    ]
    return re.compile("".join(pieces)), kinds
