"""Texts that mean the same, and values as sentences show them."""

from __future__ import annotations

from typing import Any

import pytest

from tablecast.schema.texts import (
    canonical_text,
    class_names,
    fold,
    folded_letters,
    quoted,
    show_number,
    tidy_text,
    without_formula,
    without_point,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [('="00123"', "00123"), ('=""', ""), ('="a', '="a'), ("=1+1", "=1+1"), ('="a"b"', '="a"b"')],
)
def test_a_text_that_is_kept_from_excel_is_that_text(text: str, plain: str) -> None:
    """A cell's formula for a text; any other formula stays."""
    assert without_formula(text) == plain


@pytest.mark.parametrize(
    ("text", "tidy"),
    [(" a b ", "a b"), ("\ufeff a\u00ad", "a"), ("e\u0301", "é"), ("\u200b", ""), ("Ａ", "Ａ")],
)
def test_a_tidy_text_has_no_signs_that_nobody_sees(text: str, tidy: str) -> None:
    """Nor spaces around it; letters are composed and otherwise stay."""
    assert tidy_text(text) == tidy


@pytest.mark.parametrize(
    ("text", "folded"),
    [("  A\t b ", "a b"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("’Ａ’", "'a'"),
     ("“x”", '"x"'), ("E\u0301", "é"), ("\ufeffa\u200b", "a"), ("`A´", "'a'")],
)  # fmt: skip
def test_texts_that_mean_the_same_fold_alike(text: str, folded: str) -> None:
    """Whatever the case, the spaces, the quotation marks and the forms of their letters."""
    assert fold(text) == folded
    assert fold("\u0390") == fold("\u03b9\u0308\u0301")


def test_letters_that_a_page_folds_by_a_table() -> None:
    """Those that are not what is written large and then small, beyond ASCII."""
    letters = folded_letters()
    assert letters["ı"] == "ı"
    assert not {"a", "é", "я", "ß"} & letters.keys()
    assert all(len(letter) == 1 and ord(letter) >= 128 for letter in letters)


@pytest.mark.parametrize(
    ("value", "text"),
    [(60, "60"), (60.0, "60"), ("60", "60"), ("60.0", "60.0"), (1.5, "1.5"), (True, "True"),
     (2.0**53 - 1, "9007199254740991"), (2.0**53, "9007199254740992.0"),
     (-(2.0**53), "-9007199254740992.0"), (1 - 2.0**53, "-9007199254740991")],
)  # fmt: skip
def test_a_category_has_one_text(value: Any, text: str) -> None:
    """Whole floats lose their point as long as they are exact."""
    assert canonical_text(value) == text
    assert type(without_point(7.0)) is int
    assert without_point("7.0") == "7.0"


@pytest.mark.parametrize(
    ("classes", "names"),
    [([0.0, 1.0], [0, 1]), ([0.5, 1.0], ["0.5", "1"]), (["a", 1], ["a", "1"]), ([], []),
     ([True, False], [1, 0])],
)  # fmt: skip
def test_classes_are_whole_numbers_or_texts(classes: list[Any], names: list[Any]) -> None:
    """All of them alike."""
    assert [(one, type(one)) for one in class_names(classes)] == [(n, type(n)) for n in names]


def test_numbers_have_twelve_digits_at_most() -> None:
    """And none that is not needed."""
    assert [show_number(one) for one in (3.0, 0.1 + 0.2, 1234567890123.0)] == [
        "3", "0.3", "1.23456789012e+12",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "words"),
    [("a" * 40, "“" + "a" * 40 + "”"), ("a" * 41, "“" + "a" * 39 + "…”"), ({"a": 1}, "“an object”"),
     ([1], "“a list”"), ((1,), "“a list”"), (True, "“true”"), (1.5, "“1.5”"), (None, "“None”")],
)  # fmt: skip
def test_a_persons_value_is_quoted_short(value: Any, words: str) -> None:
    """Up to forty characters of it; of what is no text, in a word what it is."""
    assert quoted(value) == words
