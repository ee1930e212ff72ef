"""Which encoding a file is in: by whether the text that it then is makes sense."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablecast.data.encoding import decode
from tablecast.errors import TableError

#: Words of a column and of a header, by the encoding that people there have written them in.
WRITTEN = {
    "gb18030": ("北京 上海 广州 已婚 未婚", "城市,面积,价格"),
    "big5": ("台北 高雄 台中 新竹", "城市,面積,價格"),
    "shift_jis": ("東京 大阪 名古屋 カタカナ", "都市,面積,価格"),
    "euc-kr": ("서울 부산 대구 인천", "도시,면적,가격"),
    "euc-jp": ("東京 大阪 名古屋 カタカナ", "都市,面積,価格"),
    "windows-1252": ("Köln Zürich Málaga Besançon", "Stadt,Größe,Preis"),
    "windows-1250": ("Łódź Kraków Gdańsk Poznań", "miasto,powierzchnia,cena"),
    "windows-1251": ("Москва Казань Омск", "город,площадь,цена"),
    "koi8-r": ("Москва Казань Омск", "город,площадь,цена"),
    "windows-1253": ("Αθήνα Πάτρα Βόλος", "πόλη,εμβαδόν,τιμή"),
    "windows-1254": ("İstanbul Eskişehir Muğla Ankara", "şehir,alan,ücret"),
    "windows-1255": ("ירושלים חיפה", "עיר,שטח,מחיר"),
    "windows-1256": ("القاهرة الرياض", "مدينة,مساحة,سعر"),
    "windows-1257": ("Vilnius Šiauliai Panevėžys", "miestas,plotas,kaina"),
    "iso8859-2": ("Łódź Kraków Gdańsk Poznań", "miasto,powierzchnia,cena"),
    "mac-roman": ("Köln Zürich Málaga Besançon", "Stadt,Größe,Preis"),
    "utf-16": ("Köln Zürich", "Stadt,Größe,Preis"),
    "utf-8": ("Köln 北京 Москва", "Stadt,Größe,Preis"),
}


def table(encoding: str, rows: int, seed: int = 1) -> str:
    words, header = WRITTEN[encoding]
    draw = random.Random(seed)
    body = (f"{draw.choice(words.split())},{draw.randint(20, 200)},7.5\n" for _ in range(rows))
    return f"{header}\n{''.join(body)}"


@pytest.mark.parametrize("rows", [15, 200])
@pytest.mark.parametrize("encoding", WRITTEN)
def test_text_is_read_as_it_was_written(encoding: str, rows: int) -> None:
    """Of each encoding the same text comes back, and anything but UTF says which it was."""
    text = table(encoding, rows)
    decoded = decode(text.encode(encoding), "t.csv")
    assert (decoded.text, decoded.encoding) == (text, encoding)
    assert bool(decoded.notes) == (not encoding.startswith("utf"))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_marks_and_zeros_tell_unicode(encoding: str) -> None:
    """UTF-16 without its mark, and each mark, are known without a doubt and without a note."""
    text = table("utf-8", 20)
    decoded = decode(text.encode(encoding), "t.csv")
    assert decoded.text.removeprefix("\ufeff") == text
    assert not decoded.notes


@pytest.mark.parametrize("encoding", [name for name in WRITTEN if name != "utf-16"])
@pytest.mark.parametrize("bad", [b"\x81", b"\xff"])
@pytest.mark.parametrize("behind", [b"\n", b"7.5"])
def test_one_bad_byte_is_one_bad_character(encoding: str, bad: bytes, behind: bytes) -> None:
    """Before a word or in a number, it does not turn the file into another language."""
    text = table(encoding, 60)
    content = text.encode(encoding)
    place = content.index(behind, 300) + len(behind)
    decoded = decode(content[:place] + bad + content[place:], "t.csv")
    assert decoded.encoding == encoding
    lines = zip(decoded.text.split("\n"), text.split("\n"), strict=False)
    assert sum(line != whole for line, whole in lines) == 1
    wrong = content.count(b"\n", 0, place) + 1
    named = any(f"line {wrong})" in str(note) for note in decoded.notes)
    assert named == ("\ufffd" in decoded.text)


@pytest.mark.parametrize(("words", "encoding"), [
    ("Łódź Kraków Gdańsk", "iso8859-2"), ("Győr Pécs Szeged", "windows-1250"),
    ("São Paulo Brasília Açores Aviões", "windows-1252"),
    ("Київ Львів Одеса", "windows-1251"), ("Iaşi Braşov Timişoara", "windows-1250"),
    ("niña Besançon façade año", "windows-1252"),
])  # fmt: skip
def test_letters_that_a_language_does_not_write_so_tell(words: str, encoding: str) -> None:
    """Gdañsk, £ódź and Gyõr are of no western language, and ç, ñ and õ in their places are."""
    text = "city,x\n" + "".join(f"{word},{at}\n" for at, word in enumerate(words.split() * 9))
    assert decode(text.encode(encoding), "t.csv").text == text


def test_a_byte_that_stands_for_no_sign_is_one_bad_character() -> None:
    """As a zero in a name, or what DOS wrote behind a text; many of them are no text."""
    decoded = decode(b"city,x\n" + b"Ulm,1\n" * 90 + b"Bo\x00nn,2\n\x1a", "t.csv")
    assert decoded.text.endswith("Ulm,1\nBo\ufffdnn,2\n")
    assert [str(note) for note in decoded.notes] == [
        "1 character cannot be read as utf-8 and is shown as \ufffd (line 92)."
    ]
    with pytest.raises(TableError, match="not a text file"):
        decode(b"city,x\n" + b"Ulm\x00,\x01\n" * 90, "t.csv")


def test_a_single_accent_is_western() -> None:
    """One byte beyond ASCII, with nothing else to tell by, is read as most people wrote it."""
    assert decode(b"place,y\ncaf\xe9,1\nbar,2\n", "t.csv").text.split(",")[1] == "y\ncafé"
    assert decode(b"price,y\n5 \x80,1\n", "t.csv").text == "price,y\n5 €,1\n"


def test_a_person_may_say_the_encoding() -> None:
    """What is said is believed, or refused with the line where it cannot be so."""
    content = "Straße".encode("cp850")
    assert decode(content, "t.csv", "cp850").text == "Straße"
    with pytest.raises(TableError, match=r"Line 2 .* is not ascii text.*--encoding"):
        decode("a\né".encode(), "t.csv", "ascii")
    with pytest.raises(TableError, match=r"no encoding 'klingon'.*--encoding"):
        decode(b"a", "t.csv", "klingon")


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    """No bytes raise anything but TableError."""
    try:
        decode(content, "t.csv")
    except TableError as error:
        assert "t.csv" in str(error)
