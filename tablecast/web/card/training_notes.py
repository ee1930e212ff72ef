"""What training says in the card, in the reader's language.

Training words its findings in English, for the terminal, for programs and for the card alike, and
the deployment keeps them so. A sentence that is made from a pattern below is taken apart here and
put together again from the translated pattern; one that is not, such as an estimator's own failure,
stays English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from tablecast.i18n.language import ENGLISH, N_, _, current_language, ngettext
from tablecast.schema.table_notes import AS_ASKED, TABLE_NOTES

#: Why a task was chosen, and why a column was left out.
REASONS = (
    N_("it holds text with {count} different values"),
    N_("it holds only {count} different values"),
    N_("it holds numbers with {count} different values"),
    N_("it holds numbers with fractions"),
    N_("it holds {count} different values in only {total} rows"),
    N_("it holds whole numbers with {count} different values"),
    N_("its {count} different values occur about equally often, as codes do"),
    N_("its {count} different values have gaps in their numbering, as codes do"),
    N_("its {count} different values are graded: next to each other, and rare at an end"),
    N_("its {count} different values follow no order in how often they occur"),
    N_("is empty in every row"),
    N_("has the same value, '{value}', in every row"),
    N_("is an id: named like one, and different in every row"),
    N_("is an id: a different text in every row"),
    N_("numbers the rows"),
    N_("holds free text, which a form's choices cannot stand for"),
    N_("holds neither numbers, dates nor text"),
    N_("is nearly an id: {count} different texts in {total} rows"),
    AS_ASKED,
)

#: Sentences of ``reading.leaks`` and ``experiments.trained`` about figures that are too good.
LEAKS = (
    N_(
        "'{name}' is the target '{target}' in disguise: each of its values stands for one answer. "
        "Leave it out ({drop}); or, if it really is known before '{target}' is, say so ({keep})."
    ),
    N_(
        "Leak? '{name}' alone predicts '{target}' almost perfectly ({measure} {score}; the next "
        "field {next}). If it becomes known only with the answer or after it, every figure here is "
        "too good: leave it out ({drop})."
    ),
    N_(
        "Leak? '{name}' is named like an id, and {count} rows share {ids} of them: rows of the "
        "same one lie on both sides of the folds. The figures hold for known ones; for new ones "
        "they are too good ({drop} learns without it)."
    ),
    N_(
        "The rows are in the order of '{name}' ({first} to {last}), and the folds and the holdout "
        "are drawn at random: they look into the future. If later rows are to be answered from "
        "earlier ones, the figures are too good; train on the earlier rows and try the later ones "
        "({command})."
    ),
    N_(
        "The rows have a date, '{name}' ({first} to {last}), and the folds and the holdout are "
        "drawn at random: they look into the future. If later rows are to be answered from earlier "
        "ones, the figures are too good; train on the earlier rows and try the later ones "
        "({command})."
    ),
    N_(
        "{count} of the holdout's {total} rows equal one that was learnt from, and so it is "
        "between the folds."
    ),
    N_(
        "{count} of the holdout's {total} rows equal one that was learnt from, and so it is "
        "between the folds. {measure} is {whole} on all of them and {others} on the others: expect "
        "the latter, unless such repetitions are usual."
    ),
)

#: Sentences of ``tablecast.training.search``, and its few words for each line of the leaderboard.
SEARCH = (
    N_(
        "Chosen by cross-validation on 70% of the rows ({measure} {score}); the holdout's figures "
        "are of the other 30%, which no choice has seen."
    ),
    N_(
        "Nothing could be learnt: beyond chance, the best pipeline is no better than always giving "
        "the same answer. The columns may have nothing to do with the target."
    ),
    N_(
        "For want of time, what is said of unseen rows was learnt from {clones} clones of the "
        "pipeline; a longer budget does more."
    ),
    N_(
        "Trained on {count} of the {total} rows, drawn at random: a budget of {seconds} s is too "
        "short for all; a longer one takes more."
    ),
    N_("The budget of {seconds} s left out {count} trials: {names}."),
    N_(
        "The search made {count} trials: the same seed and --trials give the same answers."
    ),
    N_(
        "The search came to its own end after {count} trials; for the same answers on every run, "
        "give it --trials."
    ),
    N_(
        "The time ended the search in {part}, after {count} trials; for the same answers on every "
        "run, give it --trials."
    ),
    N_(
        "The search was interrupted after {count} trials; for the same answers on every run, give "
        "it --trials."
    ),
    N_("its first round"),
    N_("tuning"),
    N_("chosen"),
    N_("asked for"),
    N_("{share}% more loss"),
    N_("far behind after {count} folds"),
    N_("hardly better than its best member alone"),
    N_("takes too long to fit for the budget"),
    N_("its graph takes equally near rows in another order"),
    N_("no time left for it"),
    N_("no trial left for it"),
    N_("could not be fitted: {error}"),
    N_("a row takes {microseconds} µs in the graph; {most} are allowed"),
    N_("its graph has {size} MB, and {most} are allowed"),
    N_("the recipe's features"),
    N_("{features}, straightened target"),
    N_("plain features"),
    N_("scaled features"),
    N_("searched features"),
)

#: Sentences of ``training.publish`` and what it asks.
PUBLISHED = (
    N_("The task is {task}, as the pipeline has it."),
    N_("is not read by the pipeline"),
    N_("It was trained on {count} of {total} rows; finalize_model trains on all of them."),
    N_(
        "{name} is the best of the experiment's models by cross-validation ({measure} {score}), "
        "trained on all rows."
    ),
    N_(
        "How good it is on unseen rows is not known: it cannot be trained on a part of the rows "
        "({error})."
    ),
)

#: Words that stand within a sentence.
WORDS = (
    N_("regression"),
    N_("classification"),
    N_("balanced accuracy"),
    N_("log loss"),
    N_("Accuracy"),
)

#: Parts of a sentence that are sentences themselves, or words that are translated. All others are
#: names and figures of the table.
NESTED = ("task", "reason", "measure", "features", "part")

#: The longest first: one sentence may go on where another one ends.
PATTERNS = tuple(
    sorted((*TABLE_NOTES, *REASONS, *LEAKS, *SEARCH, *PUBLISHED, *WORDS), key=len, reverse=True)
)

#: What a part may be, so that no pattern fits another one's sentence; the others are any text.
_FIGURE = r"-?[\d,.]+"
_KINDS = {
    **dict.fromkeys(
        ("count", "total", "ids", "share", "line", "seconds", "clones", "microseconds", "most",
         "size", "score", "next", "whole", "others"), _FIGURE,
    ),
    "rows": rf"{_FIGURE} rows?",
    "task": "regression|classification",
    "measure": "R2|Accuracy|balanced accuracy|log loss",
    "part": "its first round|tuning",
    "drop": "--drop .+",
    "keep": "--keep .+",
}


@dataclass(frozen=True)
class Said:
    """A sentence for a page.

    Attributes:
        text: the sentence.
        lang: the language that it is in, where that is not the reader's; else "".
    """

    text: str
    lang: str = ""


def said(sentence: str) -> Said:
    """A sentence of training in the reader's language; in English where it has no pattern."""
    if current_language() == ENGLISH:
        return Said(sentence)
    words = _in_words(sentence)
    return Said(sentence, ENGLISH.tag) if words is None else Said(words)


def _in_words(sentence: str) -> str | None:
    for pattern in PATTERNS:
        found = _regex(pattern).fullmatch(sentence)
        if found:
            parts = {name: _part(name, value) for name, value in found.groupdict().items()}
            return _(pattern).format(**parts)
    return None


def _part(name: str, value: str) -> str:
    if name == "rows":
        count = value.partition(" ")[0]
        plural = int(count.replace(",", ""))
        return ngettext("{count} row", "{count} rows", plural).format(count=count)
    return (_in_words(value) or value) if name in NESTED else value


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    """What the sentences of a pattern look like, with a group for each part."""
    pieces, seen = [], set()
    for place, piece in enumerate(re.split(r"\{(\w+)\}", pattern)):
        if place % 2 == 0:
            pieces.append(re.escape(piece))
        elif piece in seen:
            pieces.append(f"(?P={piece})")
        else:
            seen.add(piece)
            pieces.append(f"(?P<{piece}>{_KINDS.get(piece, '.+?')})")
    return re.compile("".join(pieces), re.DOTALL)
