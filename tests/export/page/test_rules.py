"""A page's JavaScript reads and refuses what Python does, with the same sentences."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from babel.messages.pofile import read_po

from tablecast.errors import InvalidInput
from tablecast.export.page import script
from tablecast.export.page.javascript import JavaScript
from tablecast.export.page.rules import COMMA, GROUP, rules_of, words_of
from tablecast.export.page.script import messages
from tablecast.i18n.language import LANGUAGES, speaking
from tablecast.schema.field import DAY, Field, Refusal
from tablecast.schema.schema import Schema

#: Of each field.
INPUTS = 10_000

_READ = """JSON.parse(inputs).map((x) => {
  const {row, warnings, errors} = rules.read({[name]: x});
  return [row && row[name], [...errors, ...warnings].map((r) => [r.field, say(r, words, label)])];
})"""
_ERRORS = "JSON.parse(rows).map((row) => rules.read(row).errors.map((remark) => say(remark)))"

_ODD = (
    "0123456789.,-+()'eE $€£¥%_/:;~#\"\\\t\n\r\x00\x1c\x85\xa0\u2003\u2009\u200b\u202f\u3000\ufeff"
    "−–‐’‘´“”«»٣٫٬१๗１２．，－＋𝟘𝟝²½ⅣⅫ五万元岁aAbBzZiIİıſßẞÄöŒĳﬁǅσςΣАяⱯꭰᏰṠe\u0301n\u0303😀"
)
_NUMBERS = (
    "39", "27.9", "-5", "+7", "1e3", "1E-4", ".5", "5.", "1,234", "1.234", "1,234.5", "1.234,5",
    "12,34,567", "1 234", "1'234", "$1,234.50", "1.234,50 €", "(12)", "12-", "12 kg", "12kg",
    "12.-", "12,–", "Fr. 3'000.—", "Rs.500", "Rs. 1,200", "$.50", "²,5", ", 5", ",",
    "12,50- €", "12- kg",
    "7%", "USD 5", "5 CHF", "1e999", "-1e999", "nan", "Infinity", "0x10", "1_000", "٣٩", "３９",
    "100000000000.5", "123456789012.5", "0.00001", "1e15", "123456.789012345", "60/100", "12 m2",
    "five", "-0", "1e-320",
)  # fmt: skip
_DATES = (
    "2020-03-05", "2020-3-5", "20200305", "2020-W10", "2020W104", "2020-W10-4", "2020-W53-7",
    "2020-064", "2020-03-05T10:20", "2020-03-05 10:20:30", "2020-03-05T10:20:30.5",
    "2020-03-05T10:20:30,123456789Z", "2020-03-05T10+02:00", "2020-03-05T102030-0530",
    "2020-02-30", "2021-02-29", "5.3.2020", "05.03.2020", "5 March 2020", "5. März 2020",
    "March 5th, 2020", "Thu 5 mars 2020", "5/3/2020", "2020年3月5日", "2020年3月5日 10时20分",
    "5 de enero de 2020", "5 Mar 20", "5-Mar-2020", "05.03.2020 10:20", "5 March 2020 10:20 PM",
    "5 March 2020 10 p.m.", "5 Mar 2020 10:20 GMT+2", "2020-03-05é", "yesterday", "٥ March 2020",
    "2020-03-05T10:20\0", "Thu Mar 5 10:20:30 2020", "Thu Mar 05 10:20:30 -0800 2020",
    "0000-01-01", "9999-12-31", "2020-03-05T24:00", "2020-03-05T10:20+24:00",
)  # fmt: skip
_LEVELS = (
    "red", "RED ", " Red", "ｒｅｄ", "Straße", "STRASSE", "straße", "İstanbul", "istanbul",
    "I\u0307stanbul", "o’brien", "O'Brien", "co\u0301rdoba", "CÓRDOBA", "a  b", "a\u00a0b", "ﬁne",
    "FINE", "60", "60.0", "n/a", "N/A", "yes", "No", "TRUE", "f", "1", "0", "on", "1.0", "x" * 39,
    "x" * 40, "x" * 41, "😀" * 41, "ΣΑΣ", "σας",
)  # fmt: skip
_OTHERS = (
    None, True, False, 0, 1, 60, 39, -3, 2.5, 60.25, 1e-7, 1.5e-5, 2**53 - 1, 12.3456789012345,
    [], [1], {}, {"a": 1},
)  # fmt: skip

_TEXTS = ("red", "Straße", "İstanbul", "O'Brien", "Córdoba", "a b", "fine", "60", "ΣΑΣ")


def _fields() -> list[Field]:
    amount = Field(
        "bmi", "number", "float64", label="Body mass", unit="kg", minimum=15.96, maximum=53.13,
        hard_minimum=0, hard_maximum=90.3, default=30.4,
    )  # fmt: skip
    when = pd.Timestamp("2020-01-01").timestamp()
    date = Field(
        "bought on", "date", "datetime64[ns]", label="Day", minimum=when, maximum=when + 400 * DAY,
        hard_minimum=when - 400 * DAY, hard_maximum=when + 800 * DAY, default=when,
    )  # fmt: skip
    closed = Field("größe", "category", "object", label="Colour", levels=_TEXTS, closed=True)
    return [
        amount,
        replace(amount, name="preis", spelling=".,", unit="€", written_unit="EUR", required=False),
        replace(amount, name="large", spelling=",.", minimum=-1e13, maximum=1e14, hard_minimum=None,
                hard_maximum=None, placeholders=("n/a", "5.")),
        Field("age", "integer", "int64", label="Age", minimum=18, maximum=64, hard_minimum=0,
              hard_maximum=110, default=39),
        closed,
        replace(closed, name="ticket", closed=False, required=False, placeholders=("n/a", "60")),
        Field("smoker", "boolean", "bool", label="Smoker", levels=("False", "True"), closed=True),
        date,
        replace(date, name="day", date_format="%d.%m.%Y", required=False),
        replace(date, name="moment", date_format="%d %b %Y %I:%M %p", minimum=when + 3600.5),
        replace(date, name="zone", date_format="%d %b %Y %H:%M%z", hard_minimum=-3e10,
                hard_maximum=1e11),
    ]  # fmt: skip


def _inputs(kind: str, seed: int) -> list[Any]:
    rng = random.Random(seed)
    own = {"number": _NUMBERS, "integer": _NUMBERS, "date": _DATES}.get(kind, _LEVELS)
    seeds = [*own, *own, *own, *_NUMBERS, *_LEVELS, ""]
    return [*_OTHERS, *seeds, *(_changed(rng, rng.choice(seeds)) for _ in range(INPUTS))]


def _changed(rng: random.Random, text: str) -> str:
    signs = list(text)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        place = rng.randrange(len(signs) + 1)
        change = rng.randrange(4)
        if change == 0:
            signs.insert(place, rng.choice(_ODD))
        elif change == 1 and signs:
            signs[place % len(signs)] = rng.choice(_ODD)
        elif change == 2 and signs:
            del signs[place % len(signs)]
        else:
            case = rng.choice((str.upper, str.lower, str.title, str.swapcase))
            signs = list(case("".join(signs)))
    return rng.choice(("", "", " ", "\u3000")) + "".join(signs) + rng.choice(("", "", " ", "\n"))


def _read(field: Field, value: Any, label: str) -> list[Any]:
    try:
        read, warning = field.read(value, text=True)
    except Refusal as refusal:
        return [None, [[refusal.remark.field, refusal.remark.say(label)]]]
    return [read, [[warning.field, warning.say(label)]] if warning else []]


@pytest.mark.slow
@pytest.mark.parametrize("field", _fields(), ids=lambda field: field.name)
def test_each_kind_is_read_alike(field: Field) -> None:
    """Ten thousand odd values have the same verdict, value and sentence in V8 as in Python."""
    script = JavaScript()
    script.open("rules", "openRules", rules_of(Schema((field,), 'y', 'regression')))
    inputs = _inputs(field.kind, seed=len(field.name))
    for language in LANGUAGES:
        label = field.label if language.is_source else field.name
        found = script.ask(
            _READ, inputs=json.dumps(inputs), name=field.name, words=words_of(language), label=label
        )
        with speaking(language):
            expected = [_read(field, value, label) for value in inputs]
        differ = [
            (value, own, other)
            for value, own, other in zip(inputs, expected, found, strict=True)
            if not _same(own, other)
        ]
        assert differ[:8] == [], len(differ)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    """A misspelt name is refused with the same name offered; other letters are the field itself."""
    fields = tuple(replace(field, required=False, closed=False) for field in _fields())
    schema = Schema(fields, "y", "regression")
    script = JavaScript()
    script.open("rules", "openRules", rules_of(schema))
    rng = random.Random(5)
    names = [field.name for field in fields]
    rows = [{_changed(rng, rng.choice(names)): None} for _ in range(500)]
    rows += [{"BMI": "30", "bmi": "31"}, {"GRÖSSE": "60"}, {"x" * 60: 1}]
    rows += [{f"n{i}": 1 for i in range(25)}]
    found = script.ask(_ERRORS, rows=json.dumps(rows))
    for row, errors in zip(rows, found, strict=True):
        try:
            schema.parse(row)
            expected = []
        except InvalidInput as error:
            expected = [remark.say() for remark in error.errors]
        assert errors == expected, row


def test_every_sentence_is_in_the_catalogues() -> None:
    """What the JavaScript says is what Python says: the catalogues have each sentence."""
    for language in LANGUAGES[1:]:
        path = language.locale / language.folder / "LC_MESSAGES" / "tablecast.po"
        with path.open("rb") as file:
            entries = [entry.id for entry in read_po(file)]
        known = {text for one in entries for text in ((one,) if isinstance(one, str) else one)}
        assert set(messages()) - {COMMA, GROUP} <= known


def _same(own: list[Any], other: list[Any]) -> bool:
    return own[1] == other[1] and (own[0] == other[0] or (_is_nan(own[0]) and _is_nan(other[0])))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and bool(np.isnan(value))


@pytest.mark.parametrize("modules", [script.MODULES, script.RULES, script.PAGE])
def test_no_name_is_defined_twice_in_a_script(modules: Sequence[str]) -> None:
    """The modules of a script share one room, where the later definition would win in silence."""
    defined = [
        name
        for module in modules
        for name in re.findall(
            r"^(?:export )?(?:async )?(?:function\*? |const |let |class )(\w+)",
            (script.FOLDER / f"{module}.js").read_text(encoding="utf-8"), re.MULTILINE,
        )
    ]
    assert [name for name, count in Counter(defined).items() if count > 1] == []
