"""What training found out, told on the card in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cards import charging_card
from markup import Page

from tablecast.data.leakage import leaks_of
from tablecast.data.prepare import prepare
from tablecast.data.sources import read_table
from tablecast.i18n.language import Language, speaking
from tablecast.schema.readings import reading_of
from tablecast.training.experiment.trained import nothing_learnt
from tablecast.training.graph_cost import Cost
from tablecast.training.search.views import Recipe
from tablecast.web.app import create_app
from tablecast.web.card.training_notes import NESTED, PATTERNS, Said, said

CHINESE = Language("zh_Hans")

ROWS = 200
PLACE = np.arange(ROWS)
TARGET = pd.Series(np.sin(PLACE) + PLACE % 7, name="y")

#: Columns that make training say something, by what it says. Names have no Latin letters.
COLUMNS: dict[str, Any] = {
    "missing in": [*range(20), *[None] * (ROWS - 20)],
    "grows from row to row": PLACE**2,
    "nearly an id": [f"№{2 * place // 3}" for place in PLACE],
    "is infinite": [*([np.inf] * 3), *np.cos(PLACE[3:])],
    "in every row": ["λ"] * ROWS,
    "numbers the rows": PLACE,
    "a different text in every row": [f"№{place}" for place in PLACE],
    "is empty": [None] * ROWS,
    "holds neither": [[1]] * ROWS,
    "free text": [f"№ {place} {place % 9} ξ ξξξξξξ ξξξξξξξξ ξξξξξξξξ ξξξξξξ" for place in PLACE],
    "in disguise": 2 * TARGET + 1,
    "the order of": pd.Timestamp("2020-01-01") + pd.to_timedelta(PLACE, "D"),
    "have a date": pd.Timestamp("2020-01-01") + pd.to_timedelta(PLACE * 77 % 199, "D"),
    "',' as the decimal sign": [f"{place},5" for place in PLACE],
    "may be 1500 or 1.500": [f"{place % 5 + 1},500" for place in PLACE],
    "day first": [f"0{place % 9 + 1}/0{place % 8 + 1}/2020" for place in PLACE],
}

#: Targets, by what is said of the task that they ask for.
TARGETS: dict[str, Any] = {
    "text with": np.resize(["α", "β"], ROWS),
    "only": PLACE % 3,
    "numbers with 200": TARGET + PLACE,
    "fractions": PLACE % 10 + 0.5,
    "equally often": PLACE % 12,
    "gaps": np.resize([1, 2, 3, 4, 8, 8, 8], ROWS),
    "graded": np.resize([3, 4, 4, 5, 5, 5, 5, 5, 5, 6, 6, 6, 7], ROWS),
    "whole numbers": np.resize([0, 0, 0, 0, 0, 0, *range(1, 15)], ROWS),
    "no order": np.resize([1, 1, 1, 2, 3, 3, 3, 4, 5, 5, 5], ROWS),
}


#: What is the same in every language.
NAMES = re.compile(
    r"--\w+( regression| classification)?|NAME|NA|finalize_model|python -m tablecast predict"
    r"|Windows-1252|UTF-8|R2|MB|κ_id"
)


def found_in(table: pd.DataFrame, task: Any = "auto") -> Iterator[str]:
    """Every sentence about a table whose target is ``y``."""
    prepared = prepare(table, "y", task)
    yield from prepared.notes
    yield from (one.reason for one in prepared.dropped)
    yield from (one.message for one in leaks_of(prepared))


def is_chinese(sentence: str) -> bool:
    """Whether it is translated, but for names, code and figures."""
    with speaking(CHINESE):
        told = said(sentence)
    return not told.lang and not re.search("[A-Za-z]{2,}", NAMES.sub("", told.text))


@pytest.mark.parametrize("words", COLUMNS)
def test_findings_about_a_column_are_translated(words: str) -> None:
    """What the code says today of such a column, and all else that it says of the table."""
    other = pd.Series(np.cos(PLACE * 1.7))
    table = pd.DataFrame({"κ": other, "ω": pd.Series(COLUMNS[words]), "y": TARGET})
    found = list(found_in(table))
    assert any(words in sentence for sentence in found), found
    assert [sentence for sentence in found if not is_chinese(sentence)] == []


@pytest.mark.parametrize("words", TARGETS)
def test_the_reason_for_a_task_is_translated(words: str) -> None:
    """Each of the reasons that the target itself gives."""
    table = pd.DataFrame({"κ": np.cos(PLACE), "y": TARGETS[words]})
    (sentence,) = [one for one in found_in(table) if one.startswith("The task")]
    assert words in sentence
    assert is_chinese(sentence)


def test_other_findings_are_translated(tmp_path: Any) -> None:
    """Of a table as a whole, of a file, of ids that rows share, and of what a search says."""
    table = pd.DataFrame({"κ_id": PLACE // 4, "κ": PLACE % 2, "ξ": np.cos(PLACE), "y": TARGET})
    table.loc[7, "y"] = np.nan
    found = list(found_in(pd.concat([table, table.tail(1)]), "regression"))
    file = tmp_path / "table.csv"
    file.write_bytes("é,y\n".encode("cp1252") + b"".join(b"%d,%d\n" % (n % 5, n) for n in PLACE))
    found += reading_of(read_table(file)).notes
    found += nothing_learnt([0.0, 0.0], {"R2": 0.0})
    found += [Cost(2_000, 10).too_slow(1_000), Cost(1, 9_000_000).too_large(1e6)]
    found += [Recipe("scaled").name, Recipe("plain", straight=True).name]
    told = ("without a value", "as asked for", "equal to an earlier", "named like an id", "UTF-8")
    for words in told:
        assert any(words in sentence for sentence in found), words
    assert [sentence for sentence in found if not is_chinese(sentence)] == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_sentence_of_each_pattern_is_translated(pattern: str) -> None:
    """With its parts in it, and the English reader's sentence is the one that was written."""
    parts = {
        "rows": "1,200 rows", "task": "regression", "measure": "R2", "drop": "--drop κ",
        "keep": "--keep κ", "reason": "numbers the rows", "sign": ",",
        "features": "plain features", "command": "python -m tablecast predict",
        "part": "tuning",
        **dict.fromkeys(("name", "target", "example", "value", "names", "error"), "κ"),
        **dict.fromkeys(("first", "last"), "2020-01-01"),
    }  # fmt: skip
    given = {name: parts.get(name, "1,234") for name in re.findall(r"{(\w+)}", pattern)}
    sentence = pattern.format(**given)
    assert said(sentence) == Said(sentence)
    assert is_chinese(sentence)
    with speaking(CHINESE):
        told = said(sentence).text
    for name, value in given.items():
        assert name in (*NESTED, "rows") or value in told


def test_the_card_is_in_one_language_but_for_what_nobody_can_translate() -> None:
    """A finding is told once, in the reader's language; an estimator's own words are English."""
    leak = "Leak? 'κ_id' is named like an id, and 1,000 rows share 50 of them: rows of the same one"
    leak += " lie on both sides of the folds. The figures hold for known ones; for new ones they"
    leak += " are too good (--drop κ_id learns without it)."
    loaded = charging_card()
    loaded.description["card"] |= {
        "notes": ["'age' is missing in 53% of the rows.", "As somebody else says.", leak],
        "leaks": [{"kind": "ids", "field": "κ_id", "message": leak}],
        "dropped": [{"name": "κ", "reason": "numbers the rows"}],
        "leaderboard": [
            {"model": "a", "name": "A", "features": "plain features", "why": "3.4% more loss"},
            {"model": "b", "name": "B", "features": "plain features", "error": "no convergence"},
        ],
    }
    client = create_app(loaded).test_client()
    text = client.get("/model?lang=zh").text
    for words in ("“age”在 53% 的行中缺失。", "<code>κ</code>：是行的序号", "高 3.4%", "原有特征"):
        assert words in text, words
    marked = [one.text for one in Page(text).all("span", lang="en")]
    assert marked == ["As somebody else says.", "no convergence"]
    assert text.count("“κ_id”的名称像编号") == 1
    english = client.get("/model?lang=en").text
    assert 'lang="en">As somebody' not in english
    assert "Not fitted: no convergence" in english
    assert english.count("is named like an id") == 1
