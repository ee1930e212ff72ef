"""Remarks: what training found out, kept as data and told in the reader's language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cards import charging_card
from markup import Page

from tablecast.data.leakage import _shared_ids, leaks_of
from tablecast.data.prepare import prepare
from tablecast.data.sources import read_table
from tablecast.deployment.opening import load
from tablecast.errors import Remark, counted
from tablecast.i18n import formats
from tablecast.i18n.language import Language, speaking
from tablecast.schema.readings import reading_of
from tablecast.training.experiment.trained import nothing_learnt
from tablecast.training.graph_cost import Cost
from tablecast.training.search.views import Recipe
from tablecast.web.card.card_remarks import Sentence, sentence_of
from tests.started import started

CHINESE = Language("zh_Hans")

ROOT = Path(__file__).parents[2]
ROWS = 200
PLACE = np.arange(ROWS)
TARGET = pd.Series(np.sin(PLACE) + PLACE % 7, name="y")

#: Columns that make training say something, by what it says. Names have no Latin letters.
COLUMNS: dict[str, Any] = {
    "missing in": [*range(20), *[None] * (ROWS - 20)],
    "increases from row to row": PLACE**2,
    "different texts in 200 rows": [f"№{2 * place // 3}" for place in PLACE],
    "are infinite": [*([np.inf] * 3), *np.cos(PLACE[3:])],
    "in every row": ["λ"] * ROWS,
    "numbers the rows": PLACE,
    "a different text in every row": [f"№{place}" for place in PLACE],
    "is empty": [None] * ROWS,
    "holds neither": [[1]] * ROWS,
    "free text": [f"№ {place} {place % 9} ξ ξξξξξξ ξξξξξξξξ ξξξξξξξξ ξξξξξξ" for place in PLACE],
    "in another form": 2 * TARGET + 1,
    "sorted by": pd.Timestamp("2020-01-01") + pd.to_timedelta(PLACE, "D"),
    "have a date": pd.Timestamp("2020-01-01") + pd.to_timedelta(PLACE * 77 % 199, "D"),
    "“,” as the decimal sign": [f"{place},5" for place in PLACE],
    "may be 1500 or 1.500": [f"{place % 5 + 1},500" for place in PLACE],
    "day first": [f"0{place % 9 + 1}/0{place % 8 + 1}/2020" for place in PLACE],
}

#: Targets, by what is said of the task that they ask for.
TARGETS: dict[str, Any] = {
    "text with": np.resize(["α", "β"], ROWS),
    "has 3 values": PLACE % 3,
    "a number with 200": TARGET + PLACE,
    "decimals": PLACE % 10 + 0.5,
    "equally common": PLACE % 12,
    "skip numbers": np.resize([1, 2, 3, 4, 8, 8, 8], ROWS),
    "grades": np.resize([3, 4, 4, 5, 5, 5, 5, 5, 5, 6, 6, 6, 7], ROWS),
    "whole number": np.resize([0, 0, 0, 0, 0, 0, *range(1, 15)], ROWS),
    "no order": np.resize([1, 1, 1, 2, 3, 3, 3, 4, 5, 5, 5], ROWS),
}


#: What is the same in every language.
NAMES = re.compile(
    r"--\w+( regression| classification)?|NAME|NA|python -m tablecast predict|Windows-1252|UTF-8|R2"
    r"|MB|κ_id"
)


def found_in(table: pd.DataFrame, task: Any = "auto") -> Iterator[Remark]:
    """Every remark on a table whose target is ``y``."""
    prepared = prepare(table, "y", task)
    yield from prepared.notes
    yield from (one.reason for one in prepared.dropped)
    yield from (one.message for one in leaks_of(prepared))


def kept(remark: Remark) -> Any:
    """A remark as a deployment's file keeps it."""
    return json.loads(json.dumps(remark.to_json()))


def is_chinese(remark: Remark) -> bool:
    """Whether it is translated, but for names, code and figures, once it has been kept."""
    with speaking(CHINESE):
        told = sentence_of(kept(remark))
    return not told.lang and not re.search("[A-Za-z]{2,}", NAMES.sub("", told.text))


@pytest.mark.parametrize("words", COLUMNS)
def test_findings_about_a_column_are_translated(words: str) -> None:
    """What the code says today of such a column, and all else that it says of the table."""
    other = pd.Series(np.cos(PLACE * 1.7))
    table = pd.DataFrame({"κ": other, "ω": pd.Series(COLUMNS[words]), "y": TARGET})
    found = list(found_in(table))
    assert any(words in str(remark) for remark in found), found
    assert [str(remark) for remark in found if not is_chinese(remark)] == []


@pytest.mark.parametrize("words", TARGETS)
def test_the_reason_for_a_task_is_translated(words: str) -> None:
    """Each of the reasons that the target itself gives."""
    table = pd.DataFrame({"κ": np.cos(PLACE), "y": TARGETS[words]})
    (remark,) = [one for one in found_in(table) if str(one).startswith("Task: ")]
    assert words in str(remark)
    assert is_chinese(remark)


def test_other_findings_are_translated(tmp_path: Any) -> None:
    """Of a table as a whole, of a file, of ids that rows share, and of what a search says."""
    table = pd.DataFrame({"κ_id": PLACE // 4, "κ": PLACE % 2, "ξ": np.cos(PLACE), "y": TARGET})
    table.loc[7, "y"] = np.nan
    found = list(found_in(pd.concat([table, table.tail(1)]), "regression"))
    file = tmp_path / "table.csv"
    file.write_bytes("é,y\n".encode("cp1252") + b"".join(b"%d,%d\n" % (n % 5, n) for n in PLACE))
    found += reading_of(read_table(file)).notes
    found += nothing_learnt([0.0, 0.0], {"R2": 0.0})
    slow, large = Cost(2_000, 10).too_slow(1_000), Cost(1, 9_000_000).too_large(1e6)
    found += [one for one in (slow, large) if one]
    found += [Recipe("scaled").remark, Recipe("plain").remark]
    told = ("without a value", "requested", "duplicate row", "looks like an ID", "UTF-8")
    for words in told:
        assert any(words in str(remark) for remark in found), words
    assert [str(remark) for remark in found if not is_chinese(remark)] == []


def test_a_number_is_written_by_its_message_in_the_readers_language() -> None:
    """So that training keeps 0.5 and not "50%": each language has signs of its own."""
    remark = Remark(
        "{share:.1%} of {count} rows, {gain:+.2f}, {loss}",
        values={"share": 0.1234, "count": 1234567, "gain": 1.0, "loss": 0.123456},
    )
    assert str(remark) == "12.3% of 1,234,567 rows, +1.00, 0.1235"
    european = replace(formats._forms(), decimal=",", group=".")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "_forms", lambda: european)
        assert str(remark) == "12,3% of 1.234.567 rows, +1,00, 0,1235"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_remark_on_things_that_are_counted_has_a_sentence_for_one(count: int) -> None:
    """In the file too, so that no page says "1 rows"."""
    remark = Remark.from_json(kept(counted("{count} row of {name}", "{count} rows of {name}",
                                           count, name="κ")))
    assert str(remark) == f"{count} row{'' if count == 1 else 's'} of κ"


def test_a_remark_within_another_one_is_translated_too() -> None:
    """Parts that are remarks, in a list as well, are kept and said as such."""
    inner = [Remark("plain features"), Remark("scaled features"), "κ"]
    remark = Remark("{name} with {features}", values={"name": "λ", "features": inner})
    assert str(remark) == "λ with plain features, scaled features, κ"
    with speaking(CHINESE):
        assert sentence_of(kept(remark)) == Sentence("λ（原有特征、标准化的特征、κ）")


@pytest.mark.parametrize(
    "values", [{}, {"name": "{field.__class__}"}, {"field": "λ"}, {"other": 1}],
)
@pytest.mark.parametrize(
    "message",
    [
        "{name.__class__.__mro__}", "{name!r}", "{name:>9999999999}", "{0}", "{}", "{", "{{name}}",
        "{name:.99999f}", "{missing}", "{field}",
    ],
)
def test_a_message_from_a_file_is_no_program(message: str, values: dict[str, str]) -> None:
    """A deployment's maker is not trusted: what ``str.format`` would do beyond names stays text."""
    told = str(Remark.from_json({"message": message, "values": values}))
    assert "class '" not in told
    assert len(told) < 100


@pytest.mark.parametrize(
    "stored",
    [
        {"message": "x"}, {"message": 1, "values": {}}, {"message": "x", "values": []},
        {"message": "x", "values": {"a": None}}, {"message": "x", "values": {"a": {"b": 1}}},
        {"message": "x", "many": "y", "values": {}}, {"message": "x", "values": {"a": 10**400}},
        {"message": "x", "many": "y", "values": {"count": "1"}},
        {"message": "x", "values": {"a": float("nan")}}, [], None, 7,
    ],
)
def test_what_is_no_remark_is_shown_as_it_is(stored: Any) -> None:
    """A file that was changed gives an odd sentence and no failure."""
    with pytest.raises(ValueError, match=r"not a remark|nothing is counted|neither a text"):
        Remark.from_json(stored)
    assert sentence_of(stored) == Sentence(str(stored))


def test_the_shipped_card_is_translated_but_for_names() -> None:
    """In Chinese every remark of it."""
    card = load(ROOT / "deployment_28042020", "onnx").description["card"]
    stored = [*card["notes"], *card["limits"]]
    stored += [entry[name] for entry in card["leaderboard"] for name in ("features", "why")]
    names = re.compile(r"Experiment \d|R²|charges")
    with speaking(CHINESE):
        told = [sentence_of(sentence) for sentence in stored]
    english = [one for one in told if re.search("[A-Za-z]{2,}", names.sub("", one.text))]
    assert english == [one for one in told if one.lang] == []


def test_the_card_is_in_one_language_but_for_what_nobody_can_translate() -> None:
    """A finding is told once, in the reader's language; an estimator's own words are English."""
    leak = _shared_ids("κ_id", 1000, 50).message.to_json()
    assert leak["values"] == {
        "name": "κ_id", "count": 1000, "ids": 50, "group": "--group 'κ_id'",
        "drop": "--drop 'κ_id'",
    }
    missing = Remark("{name} is missing in {share:.0%} of the rows.",
                     values={"name": "age", "share": 0.53})
    loaded = charging_card()
    loaded.description["card"] |= {
        "notes": [missing.to_json(), "As somebody else says.", leak],
        "leaks": [{"kind": "ids", "field": "κ_id", "message": leak}],
        "dropped": [{"name": "κ", "reason": Remark("it numbers the rows").to_json()}],
        "leaderboard": [
            {
                "model": "a", "name": "A", "features": Remark("plain features").to_json(),
                "why": Remark("{share:.1%} worse", values={"share": 0.034}).to_json(),
            },
            {"model": "b", "name": "B", "features": "plain features", "error": "no convergence"},
        ],
    }
    client = started(loaded).test_client()
    text = client.get("/model?lang=zh").text
    for words in ("“age”在 53% 的行中缺失。", "<code>κ</code>：是行的序号", "差 3.4%", "原有特征"):
        assert words in text, words
    marked = [one.text for one in Page(text).all("span", lang="en")]
    assert marked == ["It is a guess.", "As somebody else says.", "A", "B", "no convergence"]
    assert text.count("“κ_id”看起来像编号") == 1
    english = client.get("/model?lang=en").text
    assert 'lang="en">As somebody' not in english
    assert "Not fitted: no convergence" in english
    assert english.count("κ_id looks like an ID") == 1
    plain = client.get("/api/v1/model?lang=zh").json
    assert plain["notes"][0] == "age is missing in 53% of the rows."
    assert plain["leaks"][0]["message"] == plain["notes"][2]
    assert plain["dropped"] == [{"name": "κ", "reason": "it numbers the rows"}]
    assert plain["leaderboard"][0]["why"] == "3.4% worse"
