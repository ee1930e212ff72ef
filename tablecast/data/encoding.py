"""The encoding of a file, found by whether its text makes sense.

UTF-8 and UTF-16 say so themselves. Of the older encodings, in which nearly any bytes are *some*
text, each candidate is judged by the words that it gives: letters of one language, capitals at
their beginnings only, no signs in their midst; of Chinese, Japanese and Korean, the common
characters. Where several make sense charset-normalizer, which knows how often letters occur, has
the last word. One bad byte is one bad character, and not another language.
"""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from tablecast.errors import Remark, TableError
from tablecast.schema.table_notes import BAD_BYTES, OTHER_ENCODING

#: How files begin that are no text; with the ending by which each is better known.
BINARY = (
    *(b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xd0\xcf\x11\xe0"),
    *(b"%PDF", b"\x89PNG"),
)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROLS = re.compile(_CONTROL.pattern.decode())
#: What DOS wrote behind a text.
END_OF_FILE = "\x1a"

#: Distinct words that are judged, from the first so many bytes: enough to tell encodings apart, and
#: no more work for a long file than for a short one.
WORDS = 2_000
SAMPLE = 2_000_000
#: A word counts as often as it is there, and at most so many times: a stray byte is there once, and
#: a word that stands in each row does not outvote all others.
MOST_TIMES = 8

#: Of all that is not ASCII, the share that may be wrong in a file of that encoding all the same.
MOST_BAD = 0.05
#: However short the file: one bad byte may be two bad characters.
FEWEST_BAD = 2

#: Bytes that stand for no sign, as a share of a text's beginning, and one more: a mistake.
MOST_CONTROLS = 0.001

#: Below this share of sense a text is no text.
LEAST_SENSE = 0.6

_WESTERN = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíóúüñ", "áâãàçéêíóôõúü", "àèéìòù", "åäöæøé", "ëïéèöüá",
    "áðéíóúýþæö", "àçèéíïòóúü·",
)
#: What no western language writes, and others do in another encoding: Gdañsk, pilsçta, Gyõr, £ódź.
_NOT_WESTERN = re.compile(
    r"ñ[b-df-hj-np-tvwxz]|ç[b-df-hj-np-tvwxzei]|õ(?![es])"
    r"|[£¥¢¼½¾](?=[^\W\d_])|(?<=[^\W\d_])[£¥¢¼½¾]"
)
_CENTRAL = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţșț", "čćđšž", "äöüß",
)
_CYRILLIC = ("".join(map(chr, range(0x430, 0x450))) + "ё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
             "абвгдђежзијклљмнњопрстћуфхцчџш", "абвгдеёжзійклмнопрстуўфхцчшыьэюя")  # fmt: skip

#: Encodings of one byte a letter, the most usual first, and the letters of their languages.
_LETTERS = {
    "windows-1252": _WESTERN,
    "windows-1251": _CYRILLIC,
    "windows-1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "windows-1253": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",),
    "windows-1254": ("çğıöşüâîûi̇",),
    "windows-1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
    "windows-1255": ("".join(map(chr, range(0x5D0, 0x5EB))),),
    "windows-1256": ("".join(map(chr, range(0x621, 0x64B))), "پچژگکیءآابتثجحخدذرزسشصضطظعغفقلمنوهة"),
    "windows-1258": ("àáâãèéêìíòóôõùúýăđĩũơư\u0300\u0301\u0303\u0309\u0323",),
    "cp874": ("".join(map(chr, range(0xE01, 0xE5C))),),
    "koi8-r": _CYRILLIC,
    "mac-roman": _WESTERN,
    "cp850": _WESTERN,
    "cp866": _CYRILLIC,
    "mac-cyrillic": _CYRILLIC,
}
#: Icelandic's letters stand where Turkish has its own.
_RARE = ("áðéíóúýþæö",)
_LATIN = {encoding for encoding, alphabets in _LETTERS.items() if "ü" in "".join(alphabets)}
_LATIN |= {"windows-1257", "windows-1258"}
_VOWELLED = {
    *(encoding for encoding, letters in _LETTERS.items() if letters is _CYRILLIC),
    "windows-1253",
}
_VOWELS = frozenset("аеёиоуыэюяіїєαεηιουωάέήίόύώϊϋΐΰ")
#: Where a country's own standard has its common characters, by its first byte, and the standard.
_COMMON = {
    "gb18030": ("gb2312", range(0xB0, 0xD8)),
    "big5": ("big5", range(0xA4, 0xC7)),
    "shift_jis": ("shift_jis", range(0x82, 0x98)),
    "euc-kr": ("euc-kr", range(0xB0, 0xC9)),
    "euc-jp": ("euc-jp", (0xA4, 0xA5, *range(0xB0, 0xD0))),
}
#: What reads a little more than the encoding that is named.
_READ_AS = {"shift_jis": "cp932", "euc-kr": "cp949", "big5": "big5hkscs"}
_SIGNS = frozenset(
    "«»“”‘’„‚–—…€£¥§°²³µ·½¼¾•™®©×÷±¿¡ºª№\xa0¢‰†、。，：；（）％￥・「」～ー《》【】！？＄"
)


@dataclass(frozen=True)
class Decoded:
    """A file's text, the encoding that it was read in, and what to know of that."""

    text: str
    encoding: str
    notes: tuple[Remark, ...] = ()


def decode(content: bytes, name: str, encoding: str | None = None) -> Decoded:
    """The text of a file.

    Args:
        content: its bytes.
        name: what messages call it.
        encoding: the one that it is in, where a person or a deployment says so.

    Raises:
        TableError: it is no text, or none in that encoding, or there is no such encoding.
    """
    if encoding:
        return _decoded_as(content, name, encoding)
    for mark, marked in _MARKS:
        if content.startswith(mark):
            return _marked(content, name, marked)
    if content.startswith(BINARY):
        raise _binary(name)
    if unmarked_utf16(content):
        return _unmarked(content, name)
    controls = has_controls(content[:65536])
    if controls is None:
        raise _binary(name)
    try:
        decoded = Decoded(content.decode(), "utf-8")
    except UnicodeDecodeError:
        decoded = _judged(content, name)
    text = decoded.text.removesuffix(END_OF_FILE)
    if not controls:
        return replace(decoded, text=text)
    text = _CONTROLS.sub("\ufffd", text)
    others = [note for note in decoded.notes if note.message != BAD_BYTES.message]
    return Decoded(text, decoded.encoding, (*others, *_bad_note(text, decoded.encoding)))


def has_controls(beginning: bytes) -> bool | None:
    """Whether some bytes stand for no sign; None where they are too many for a text."""
    count = len(_CONTROL.findall(beginning.removesuffix(END_OF_FILE.encode())))
    return None if count > 1 + MOST_CONTROLS * len(beginning) else count > 0


def python_name(encoding: str) -> str:
    """What Python calls an encoding that ``Decoded`` names."""
    return _READ_AS.get(encoding, encoding)


def _decoded_as(content: bytes, name: str, encoding: str) -> Decoded:
    try:
        text = content.decode(python_name(encoding))
    except LookupError:
        raise TableError(
            f"There is no encoding {encoding!r}. Common ones are utf-8, windows-1252, gb18030, "
            "big5, shift_jis and euc-kr (--encoding NAME)."
        ) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TableError(
            f"Line {line} of '{name}' is not {encoding} text. Give another encoding, or leave out "
            "--encoding to detect it."
        ) from None
    return Decoded(text.removeprefix("\ufeff"), encoding)


def _marked(content: bytes, name: str, encoding: str) -> Decoded:
    text = content.decode(encoding, "replace")
    if "\0" in text[:65536]:
        raise _binary(name)
    bad = text.count("\ufffd")
    if bad > MOST_BAD * len(text):
        raise _binary(name)
    named = encoding.removesuffix("-sig")
    return Decoded(text, named, _bad_note(text, named))


def unmarked_utf16(content: bytes) -> str:
    """The kind of UTF-16 that bytes are by every other one of them being 0; else nothing."""
    sample = content[:4096]
    for encoding, zeros, others in (
        ("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])
    ):  # fmt: skip
        if len(sample) >= 8 and 2 * zeros.count(0) > len(zeros) and not others.count(0):
            return encoding
    return ""


def _unmarked(content: bytes, name: str) -> Decoded:
    text = content.decode(unmarked_utf16(content), "replace")
    if "\0" in text or text.count("\ufffd") > MOST_BAD * len(text):
        raise _binary(name)
    return Decoded(text, "utf-16", _bad_note(text, "utf-16"))


def _judged(content: bytes, name: str) -> Decoded:
    """The text in the encoding in which it makes the most sense."""
    sample = content[:SAMPLE]
    scores = {encoding: _sense(sample, encoding) for encoding in ("utf-8", *_LETTERS, *_COMMON)}
    best = max(scores.values())
    near = [encoding for encoding, score in scores.items() if score > best - 0.1]
    proposed = _proposed(sample, near) if len(near) > 1 and set(near) & set(_COMMON) else ""
    chosen = proposed if proposed in near else max(scores, key=scores.__getitem__)
    line = _first_line_beyond_ascii(content)
    if best < LEAST_SENSE:
        raise TableError(
            f"The encoding of '{name}' cannot be recognized (see line {line}). Save the file as "
            "UTF-8, or give its encoding (--encoding NAME)."
        )
    text = content.decode(python_name(chosen), "replace")
    notes = _bad_note(text, chosen)
    if chosen != "utf-8":
        shown = {"windows-1252": "Windows-1252"}.get(chosen, chosen)
        notes = (OTHER_ENCODING.filled(line=line, encoding=shown), *notes)
    return Decoded(text, chosen, notes)


def _bad_note(text: str, encoding: str) -> tuple[Remark, ...]:
    bad = text.count("\ufffd")
    if not bad:
        return ()
    line = text.count("\n", 0, text.index("\ufffd")) + 1
    return (BAD_BYTES.filled(count=bad, encoding=encoding, line=line),)


def _proposed(sample: bytes, near: Sequence[str]) -> str:
    """charset-normalizer's choice, as encodings are named here; "" where it is not installed.

    It is shown the lines that are text in each of some encodings: a bad byte makes it give up.
    """
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return ""
    lines = (line for line in sample.split(b"\n") if not line.isascii())
    whole = (line for line in lines if all(_is_in(line, encoding) for encoding in near))
    guess = from_bytes(b"\n".join(islice(whole, 2_000))).best()
    names = {python_name(name).replace("-", "_"): name for name in (*_LETTERS, *_COMMON)}
    names |= {"gbk": "gb18030", "gb2312": "gb18030", "big5": "big5", "euc_jis_2004": "euc-jp"}
    names |= {"shift_jis_2004": "shift_jis", "euc_jisx0213": "euc-jp", "euc_kr": "euc-kr"}
    return names.get(guess.encoding, "") if guess else ""


def _is_in(line: bytes, encoding: str) -> bool:
    try:
        line.decode(python_name(encoding))
    except UnicodeDecodeError:
        return False
    return True


def _first_line_beyond_ascii(content: bytes) -> int:
    match = re.search(rb"[\x80-\xff]", content)
    return content.count(b"\n", 0, match.start()) + 1 if match else 1


def _sense(sample: bytes, encoding: str) -> float:
    """From 0 to 1, how much of what is not ASCII makes sense in an encoding."""
    text = sample.decode(python_name(encoding), "replace")
    beyond = sum(1 for sign in text if not sign.isascii())
    bad = text.count("\ufffd")
    if encoding == "utf-8":  # that other text passes for UTF-8 is a rare chance
        return 1 - 0.1 * bad / (beyond - bad) if bad <= beyond // 2 else 0.0
    words = _words(text)
    if bad > max(FEWEST_BAD, MOST_BAD * beyond) or not words:
        return 0.0
    every = sum(words.values())
    if encoding in _COMMON:
        common = sum(times * _common_fraction(word, encoding) for word, times in words.items())
        return common / every - 2 * bad / beyond
    senses = {
        word: [_word_sense(word, letters, encoding) for letters in _LETTERS[encoding]]
        for word in words
    }
    each = sum(times * max(senses[word]) for word, times in words.items()) / every
    # One language for all is likelier than as many as there are words.
    together = max(map(sum, zip(*senses.values(), strict=True))) / len(words)
    score = 0.8 * each + 0.2 * together
    return score - 2 * bad / beyond - 0.01 * list(_LETTERS).index(encoding) / len(_LETTERS)


def _words(text: str) -> dict[str, int]:
    """Words with a letter beyond ASCII, without digits and the signs of a table, and how often they
    count."""
    matches = re.finditer(r"[^\s\x00-\x2c\x2e-\x40\x5b-\x60\x7b-\x7f\ufffd]+", text)
    counts = Counter(match[0] for match in matches if not match[0].isascii())
    return {word: min(times, MOST_TIMES) for word, times in islice(counts.items(), WORDS)}


def _word_sense(word: str, alphabet: str, encoding: str) -> float:
    """How much a word looks like one of a language with such letters beyond ASCII."""
    bare = word.strip("".join(_SIGNS))
    if not bare or bare.isascii():
        return 0.9
    lower = bare.lower()
    letters = [sign for sign in lower if not sign.isascii()]
    strange = sum(not (sign.isalpha() or sign in "’'-.·") for sign in bare)
    # Capitals behind small letters are nobody's way of writing: мОСКВА, PlzeÒ.
    odd = 0.6 * any(a.islower() and b.isupper() for a, b in pairwise(bare))
    odd += 0.3 * (len(bare) == 1 and bare.isupper()) + 0.1 * (alphabet in _RARE)
    odd += 0.6 * (_LETTERS[encoding] is _WESTERN and _NOT_WESTERN.search(word.lower()) is not None)
    if encoding not in _LATIN:  # whose words are either Latin or not
        odd += 0.6 * any(sign.isascii() and sign.isalpha() for sign in bare)
        odd += 0.3 * (len(bare) > 2 and not set(lower) & _VOWELS and encoding in _VOWELLED)
    odd += 0.1 * (encoding == "koi8-r" and bare.isupper())  # as Hebrew is in it
    if encoding == "windows-1253":  # a Greek word of some length has one accent
        odd += 0.3 * (len(bare) > 3 and sum(sign in "άέήίόύώΐΰ" for sign in lower) != 1)
    known = sum(sign in alphabet for sign in letters) / len(letters)
    return max(0.0, known - strange / len(bare) - odd)


def _common_fraction(word: str, encoding: str) -> float:
    """The share of a country's common characters, all of them in words of their own."""
    standard, rows = _COMMON[encoding]
    signs = [sign for sign in word if not sign.isascii() and sign not in _SIGNS]
    if not signs:
        return 0.9
    common = 0
    for sign in signs:
        written = sign.encode(standard, "ignore")
        common += (len(written) == 2 and written[0] in rows) or "\uff66" <= sign <= "\uff9f"
    if encoding == "gb18030":  # which holds the kana too
        common -= sum("\u3040" <= sign <= "\u30ff" for sign in signs)
    # A letter swallowed with its neighbour leaves the rest of its word beside it: K鰈n.
    glued = sum(sign.isascii() and sign.isalpha() for sign in word) / len(word)
    return max(0.0, common / len(signs) - glued)


def _binary(name: str) -> TableError:
    return TableError(
        f"'{name}' is not a text file, so it cannot be CSV. Save it as CSV, Excel or Parquet, with "
        "the ending that fits."
    )
