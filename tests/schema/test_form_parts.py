"""The parts of reading a form file, and of putting what it says on a schema."""

from __future__ import annotations

import json
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.errors import FormFileError, InvalidInput
from tablecast.i18n.language import LANGUAGES, language_of
from tablecast.schema import Field, form_starter, relabel
from tablecast.schema.form_file import Form, read_form
from tablecast.schema.form_keys import (
    CARD_KEYS,
    TOP_KEYS,
    check_choice,
    check_keys,
    check_texts,
    is_hashed,
    section_of,
)
from tablecast.schema.form_lines import FormText
from tablecast.schema.form_words import words_of
from tablecast.schema.missing import is_placeholder
from tablecast.schema.options import ReadingOptions
from tablecast.schema.readings import ColumnReading, TableReading, reading_of, with_reading
from tablecast.schema.schema import MOST_UNKNOWN, Row, Schema, classes_of
from tablecast.schema.translations import in_language, languages_in

ENGLISH, CHINESE = (language_of(tag) for tag in ("en", "zh"))
SIZE = Field("size", "number", "float64", label="Size", minimum=0.0, maximum=9.0, default=2.0)
ROOMS = Field("rooms", "integer", "int64", label="Rooms", minimum=1, maximum=5, default=2)
KIND = Field("kind", "category", "object", label="Kind", levels=("a", "b"), closed=True,
             default="a")  # fmt: skip
HOUSE = Schema((SIZE, ROOMS, KIND), "price_paid", "regression", title="Predict price paid",
               target_label="Price paid")  # fmt: skip
YES_NO = replace(HOUSE, task="classification", classes=("no", "yes"), target_label="Sold")


def form_of(folder: Path, text: str) -> Form:
    (folder / "form.toml").write_text(text, encoding="utf-8")
    return read_form(folder / "form.toml")


@pytest.mark.parametrize(
    ("data", "path", "words", "key"),
    [
        (3, ("card",), r"\[card\] must be a table of keys", ("card",)),
        ({"titel": ""}, (), "the form file: unknown key 'titel'. Did you mean 'title'", ("titel",)),
        ({"qqq": ""}, (), "unknown key 'qqq'. Valid keys: title, description, order", ("qqq",)),
        ({"title": 1}, (), "title has a value of the wrong type, 1. It must be a text", ("title",)),
        ({"title": True}, (), "wrong type, True", ("title",)),
    ],
)
def test_a_wrong_key_is_named(data: Any, path: Any, words: str, key: Any) -> None:
    """With its section, and the nearest key or all of them."""
    with pytest.raises(FormFileError, match=words) as refused:
        check_keys(data, TOP_KEYS, path)
    assert refused.value.key == key


def test_a_list_or_a_table_holds_texts() -> None:
    """The error names the list, or the key in the table; a text that is right is no error."""
    for texts, key in ((["a", 1], ("card", "intended")), ({"b": 1}, ("card", "intended", "b"))):
        with pytest.raises(FormFileError, match=r"\[card\]: intended has 1, which must") as refused:
            check_texts(texts, ("card", "intended"))
        assert refused.value.key == key
    with pytest.raises(FormFileError, match="intended has 1, which must be text"):
        check_keys({"intended": ["a", 1]}, CARD_KEYS, ("card",))
    check_keys({"intended": ["a"]}, CARD_KEYS, ("card",))
    check_choice({}, "order", ("file", "importance"))
    choose = r"\[a\.b\]: order is 'x'; choose one of: y, z"
    with pytest.raises(FormFileError, match=choose) as refused:
        check_choice({"order": "x"}, "order", ("y", "z"), "a", "b")
    assert refused.value.key == ("a", "b", "order")
    assert (section_of(()), section_of(("a", "b"))) == ("the form file", "[a.b]")


def test_a_hash_is_told_by_how_it_begins() -> None:
    """A number or another text is none."""
    assert [is_hashed(one) for one in ("hmac-sha256:ab", "sha256:ab", 5, None)] == [
        True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("?", True), ("N/A", True), ("nan", True), ("#DIV/0!", True), ("err:502", True), ("-", True),
     ("-1.#IND", True), ("1.#QNAN", True), ("-5", False), ("5", False), (".5", False),
     ("5 kg", False),
     ("+", False), ("keine angabe", True), ("Oslo", False), (": c", True), ("", True)],
)  # fmt: skip
def test_what_stands_for_no_number(text: str, is_one: bool) -> None:
    """Nothing that begins and ends as a number does."""
    assert is_placeholder(text) is is_one


def test_texts_in_other_languages() -> None:
    """Each language that has any; a text that lacks one is the English one, or the first."""
    data: dict[str, Any] = {
        "title": {"en": "T", "zh": "标题"}, "description": {"es": "D"}, "target": {"label": "L"},
        "fields": {"a": {"label": {"zh-CN": "甲"}, "levels": {"x": {"en": "X", "es": "Equis"}}}},
    }
    assert languages_in(data) == tuple(
        one.primary for one in LANGUAGES if one.primary in ("en", "zh", "es")
    )
    assert in_language(data, "es") == {
        "title": "T", "description": "D", "target": {"label": "L"},
        "fields": {"a": {"label": "甲", "levels": {"x": "Equis"}}},
    }
    assert in_language(data, "zh")["title"] == "标题"
    assert languages_in({"title": "T"}) == ()
    for texts, words in (({"xx": "T"}, "title has a text in 'xx'; the pages' languages are en, "),
                         ({}, "title has no text; write it in quotes")):  # fmt: skip
        with pytest.raises(FormFileError, match=words) as refused:
            languages_in({"title": texts})
        assert refused.value.key == ("title", *texts)


def test_what_a_form_file_changes_and_what_it_leaves(tmp_path: Path) -> None:
    """An empty title changes nothing, an empty text is empty; a language keeps what it had."""
    old = replace(HOUSE, description="Old", class_labels={"1": "One"}, translations={
        "es": {"title": "E", "card": {"source": "S"},
               "fields": {"size": {"label": "Talla", "hint": "H"}, "x": {"label": "X"}}},
    })  # fmt: skip
    text = 'title = ""\ndescription = ""\n[fields.size]\nlabel = { en = "S", es = "Tamaño" }\n'
    form = form_of(tmp_path, text + '[card]\nlicense = "L"\n')
    words = words_of(form, vars(old))
    assert words["description"] == ""
    assert words["class_labels"] == {"1": "One"}
    assert words["translations"]["es"] == {
        "title": "", "description": "", "card": {"source": "S", "license": "L"},
        "fields": {"size": {"label": "Tamaño", "hint": "H"}, "x": {"label": "X"}},
    }
    assert "title" not in words
    untouched = words_of(Form(), vars(old))
    assert untouched == {"class_labels": {"1": "One"}, "translations": old.translations}
    empty = words_of(Form(fields={"size": {"levels": {}, "hint": ""}}, languages={"zh": Form(
        fields={"size": {"levels": {}, "hint": "", "minimum": 1}}, card={"source": "Z"},
    )}), vars(HOUSE))  # fmt: skip
    chinese = {"fields": {"size": {"hint": ""}}, "card": {"source": "Z"}}
    assert empty["translations"] == {"zh": chinese}


def test_a_form_that_names_what_is_not_there(tmp_path: Path) -> None:
    """A field, a sensitive one, a class; what is there is no error."""
    form = Form(fields={"size": {}}, class_labels={"7": "x"}, card={"sensitive": ["kind"]})
    form.check(["size", "kind"], [7])
    with pytest.raises(FormFileError, match=r"names '7', .* The classes: 1, 2\.$") as refused:
        form.check(["size", "kind"], [1, 2])
    assert refused.value.key == ("target", "classes", "7")
    with pytest.raises(FormFileError, match=r"The classes: none, the target is an amount\.$"):
        form.check(["size", "kind"], [])
    with pytest.raises(FormFileError, match=r"\[fields.size\] is not a feature .* is 'kind'"):
        form.check(["kind"], [7])
    with pytest.raises(FormFileError, match=r"'kind' in \[card\] sensitive is not a feature"):
        form.check(["size"], [7])
    read = form_of(tmp_path, '[target.classes]\n1 = "x"\n')
    with pytest.raises(FormFileError, match=r"^Line 2 of 'form.toml'"), read.naming_lines():
        read.check([], [])


def test_what_cannot_be_read_is_no_form(tmp_path: Path) -> None:
    """A folder, bytes that are no text; what a person says goes before the file."""
    with pytest.raises(FormFileError, match="cannot be read: Is a directory"):
        read_form(tmp_path)
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(FormFileError, match="is not TOML"):
        read_form(tmp_path / "a.toml")
    own = ReadingOptions(decimal=",")
    assert read_form(None, own).reading is own
    (tmp_path / "b.toml").write_text('order = "importance"\n[table]\ndecimal = "."\nsheet = "2"\n')
    form = read_form(tmp_path / "b.toml", own)
    assert (form.reading.decimal, form.reading.sheet, form.by_importance) == (",", "2", True)
    (tmp_path / "c.toml").write_text('[table]\ndrop = ["a"]\nkeep = ["a"]\n')
    with pytest.raises(FormFileError, match=r"Line 1 of 'c.toml': \[table\]: 'a' is named by both"):
        read_form(tmp_path / "c.toml")


def test_whether_a_form_file_says_a_key() -> None:
    """The whole of its path."""
    source = FormText(Path("form.toml"), "[a]\nb = 1\n")
    assert [source.says(*key) for key in (("a",), ("a", "b"), ("a", "c"), ("b",))] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "labels", "seen", "whole"),
    [
        (ROOMS, {"3": "x"}, {2.0: 0.5, 4.0: 0.5, nan: 0.1}, ["2", "3", "4"]),
        (ROOMS, {"1": "x", "5": "y"}, {}, ["1", "5"]), (ROOMS, {"0": "x", "6": "y"}, {}, []),
        (ROOMS, {"two": "x"}, {}, []), (replace(ROOMS, minimum=-2), {"-1": "x"}, {}, ["-1"]),
        (replace(ROOMS, minimum=None), {"3": "x"}, {}, []),
        (replace(ROOMS, maximum=None), {"3": "x"}, {}, []),
        (replace(ROOMS, codes=("5", "4")), {}, {10.0: 1, 4.0: 1, 2.0: 1}, ["5", "4", "2", "10"]),
        (SIZE, {"3": "x"}, {3.0: 1.0}, []), (KIND, {"3": "x"}, {"3": 1.0}, []),
    ],
)  # fmt: skip
def test_whole_numbers_that_may_be_named(
    field: Field, labels: Any, seen: Any, whole: list[str]
) -> None:
    """Those offered, in their order; then those seen, and those within the range."""
    assert relabel._whole(field, labels, seen) == whole


def test_importance_orders_a_form_where_it_asks_for_it() -> None:
    """And folds it; else nothing changes of either."""
    fields = tuple(replace(SIZE, name=f"f{at:02}") for at in range(14))
    schema, importance = replace(HOUSE, fields=fields), {"f13": 0.9, "f12": 0.1}
    plain = relabel.relabelled(schema, Form(), importance)
    assert plain == schema
    ordered = relabel.relabelled(schema, Form(by_importance=True), importance)
    assert [field.name for field in ordered.fields[:3]] == ["f13", "f12", "f00"]
    assert [field.folded for field in ordered.fields] == [False] * 6 + [True] * 8


def test_two_schemas_say_the_same_in_every_language() -> None:
    """What one language lacks is what all share, on the card too."""
    mine = replace(HOUSE, title="Mine")
    spoken = replace(mine, translations={"zh": {"title": "Mine", "card": {"source": "S"}}})
    assert relabel.say_the_same(mine, spoken, {"source": "S"})
    assert not relabel.say_the_same(mine, spoken, {"source": "T"})
    other = replace(mine, translations={"zh": {"title": "标题"}})
    assert not relabel.say_the_same(mine, other, {})


@pytest.mark.parametrize(
    ("english", "texts", "written"),
    [("T", {}, '"T"'), ("T", {"zh": "T"}, '"T"'),
     ("T", {"zh": "标题"}, '{ en = "T", zh = "标题" }'),
     ("T", {"zh": ""}, '{ en = "T", zh = "" }'), (["a", "b"], {}, '["a", "b"]')],
)  # fmt: skip
def test_a_text_is_written_in_each_language(english: Any, texts: Any, written: str) -> None:
    """Once, where all say the same."""
    spoken = {tag: {"card": {"source": text}} for tag, text in texts.items()}
    writer = form_starter._Writer(replace(HOUSE, translations={**spoken, "es": {}}))
    assert writer._text(english, "card", "source") == written


def test_a_starter_says_what_is_known_and_shows_what_could_be() -> None:
    """A line that could change something is a comment; each key stands below its purpose."""
    said = replace(HOUSE, organisation="Lake", accent="#000000", accent_dark="#ffffff",
                   class_labels={"no": "Nope"}, classes=("no", "yes"))  # fmt: skip
    lines = form_starter.starter("x", said, {"source": "S"}).splitlines()
    for line in ('title = "Predict price paid"', '# description = ""', '# order = "file"',
                 'name = "Lake"', '# logo = "logo.svg"', 'accent = "#000000"', '[target]',
                 'label = "Price paid"', '# unit = ""', "[target.classes]", 'no = "Nope"',
                 '# yes = "yes"', 'source = "S"', "# sensitive = []", "[fields.size]",
                 'label = "Size"', "# minimum = 0", "# default = 2", "# folded = false",
                 '# only = "up"', '# log = "no"', "[fields.kind.levels]", '# a = "a"'):  # fmt: skip
        assert line in lines, line
    assert lines[lines.index('name = "Lake"') - 1].startswith("# Its name, in the head of every")
    kind = lines[lines.index("[fields.kind]") :]
    assert not [line for line in kind if "minimum" in line or "only" in line]
    derived = replace(said, accent_dark=form_starter.readable("#000000", form_starter.DARK))
    assert '# accent_dark = "#5ccabf"' in form_starter.starter("x", derived, {})
    assert [form_starter._key(name) for name in ("a-b_1", "a b", "")] == ["a-b_1", '"a b"', '""']


def refused(schema: Schema, raw: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        schema.parse(raw)
    return [error.say() for error in caught.value.errors]


def test_unknown_names_are_told_up_to_twenty() -> None:
    """Each with the nearest field; a body may have a million."""
    row = {"size": 1, "rooms": 2, "kind": "a"}
    many = row | {f"q{at}": 1 for at in range(MOST_UNKNOWN + 5)}
    assert len(refused(HOUSE, many)) == 20
    assert refused(HOUSE, row | {"sizes": 1}) == [
        "“sizes” is not a field of this form. The closest name is size."
    ]
    assert refused(HOUSE, row | {"": 1})[0].startswith("“” is not a field")
    upper = {name.upper(): value for name, value in row.items()}
    assert HOUSE.parse(upper) == HOUSE.parse(row)
    padded = upper | {f"q{at}": 1 for at in range(MOST_UNKNOWN)}
    assert len(refused(HOUSE, padded)) == 20
    assert len(refused(HOUSE, padded | {"q": 1})) == 20 + 3
    twice = Schema((SIZE, replace(SIZE, name="SIZE")), "y", "regression")
    assert len(refused(twice, {"Size": 1, "size": 2})) == 2
    assert refused(HOUSE, row | {"SIZE": 3}) == [
        "“SIZE” is not a field of this form. The closest name is size."
    ]


def test_classes_are_worded_as_the_reader_expects() -> None:
    """A yes or no says of what, unless the form file has words for it."""
    assert (YES_NO.show_class("yes"), YES_NO.name_class("no")) == ("Yes", "Sold: no")
    said = replace(YES_NO, class_labels={"yes": "Gone"})
    assert (said.name_class("yes"), said.name_class("no")) == ("Gone", "no")
    assert replace(YES_NO, classes=("x", "y")).name_class("x") == "x"


def test_a_schema_speaks_a_language_as_far_as_it_can() -> None:
    """A title that nobody gave is in the reader's language; the card's words are not of it."""
    said = {"fields": {"size": {"label": "尺寸"}}, "card": {}}
    spoken = replace(HOUSE, translations={"zh": said})
    chinese = spoken.in_language(CHINESE)
    assert chinese.field("size").label == "尺寸"
    assert chinese.title != spoken.title
    assert spoken.in_language(CHINESE) is chinese
    assert spoken.in_language(ENGLISH) is spoken
    titled = replace(HOUSE, title="Mine", translations={"zh": {"target_unit": "元"}})
    found = titled.in_language(CHINESE)
    assert (found.title, found.target_unit) == ("Mine", "元")


def test_rows_become_columns() -> None:
    """One row so many times, many rows, a typical one; fields by their names."""
    row = Row((1.5, 2, "a"))
    columns = HOUSE.columns_of_one(row, 3)
    assert {name: values.tolist() for name, values in columns.items()} == {
        "size": [1.5] * 3, "rooms": [2] * 3, "kind": ["a"] * 3,
    }
    together = HOUSE.columns_of_rows([row, Row((2.5, 3, "b"))])
    assert [values.tolist() for values in together.values()] == [[1.5, 2.5], [2, 3], ["a", "b"]]
    assert HOUSE.typical == Row((2.0, 2, "a"))
    assert (HOUSE.find("size"), HOUSE.find("x"), HOUSE.find(None)) == (SIZE, None, None)
    assert HOUSE.parse({"size": 1.5, "rooms": 2, "kind": "a"}) == row
    assert Schema.from_json(json.loads(json.dumps(HOUSE.to_json()))) == HOUSE


@pytest.mark.parametrize(
    ("values", "classes"),
    [(["b", "a", None], ["a", "b"]), ([10, 9], [9, 10]), ([1.0, nan, 0.0], [0, 1]),
     (["b", 2, 10], ["2", "10", "b"]), ([True, False], [0, 1])],
)  # fmt: skip
def test_classes_are_sorted(values: list[Any], classes: list[Any]) -> None:
    """Numbers before texts, by how much they are."""
    assert classes_of(pd.Series(values, dtype=object)) == classes


def test_a_table_knows_how_it_was_read() -> None:
    """Where nobody has said so it is nothing special."""
    table = pd.DataFrame({"a": np.arange(3)})
    assert reading_of(table) == TableReading()
    comma = ColumnReading("float64", ".,", "%d", "kg", ("?",))
    known = TableReading("cp1252", ";", ",", {"a": comma})
    assert reading_of(with_reading(table, known)) is known
    assert (known.decimal_comma, TableReading(columns={"a": ColumnReading()}).decimal_comma) == (
        True, False,
    )  # fmt: skip
    assert known.for_files == {"encoding": "cp1252", "decimal": ","}
    assert TableReading().for_files == {}
    assert (known.of("a"), known.of("b")) == (comma, ColumnReading())
    assert comma.for_field == {
        "spelling": ".,", "date_format": "%d", "unit": "kg", "written_unit": "kg",
        "placeholders": ("?",),
    }
