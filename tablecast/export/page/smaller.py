"""The parts of a page in fewer characters."""

import gzip
import re
import zlib
from base64 import b85decode, b85encode
from collections.abc import Iterator

_RULE = re.compile(r"([^{}]+)(\{[^{}]*\})")
_EMPTY = re.compile(r"@[^{}]*\{\}")
_CLASS = re.compile(r"\.([a-z][\w-]*)", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+")
_FOLDED = re.compile(r'(?<=id="folded">)[^<]+')

#: Bytes. No page that tablecast writes unfolds to more, and a stranger's file may.
LARGEST_UNFOLDED = 100_000_000

#: Of the alphabet of base 85, what begins a tag or an entity, and what stands for it.
_WITHOUT_MARKUP = str.maketrans("<&", ",.")
_WITH_MARKUP = str.maketrans(",.", "<&")

#: What zlib calls gzip's format.
_GZIP = 31

#: What stands in a tag, and in it values that HTML reads without quotation marks.
_TAG = re.compile(r"<[a-z][^<>]*>")
_QUOTED = re.compile(r"""="([^\s"'=<>`/]+)"(?=[\s>])""")

#: End tags that HTML does without, since the next tag says the same.
_IMPLIED = re.compile(r"</(?:td|th|tr|thead|tbody|li|dt|dd|option)>")


def small_html(html: str) -> str:
    """Elements without needless space, quotation marks and end tags."""
    short = _IMPLIED.sub("", re.sub(r"\n\s+", "\n", html))
    return _TAG.sub(lambda tag: _QUOTED.sub(r"=\1", tag[0]), short)


def small_styles(styles: str, used_in: str, known: str = "") -> str:
    """Style sheets without comments, needless space, and rules for classes that are nowhere.

    Args:
        styles: style sheets, one after the other.
        used_in: the elements and the script that they are for.
        known: what this made of them for a part of ``used_in``, which is left out.
    """
    bare = re.sub(r"/\*.*?\*/", "", styles, flags=re.DOTALL)
    short = re.sub(r"\s*([{};,\n])\s*|(?<=:)\s+", r"\1", bare).strip()
    words, others = set(_WORD.findall(used_in)), set(_rules(known))

    def applied(rule: re.Match[str]) -> str:
        kept = [
            selector
            for selector in _selectors(rule[1])
            if words.issuperset(_CLASS.findall(selector)) and (selector, rule[2]) not in others
        ]
        return ",".join(kept) + rule[2] if kept else ""

    return _EMPTY.sub("", _RULE.sub(applied, short))


def _rules(styles: str) -> Iterator[tuple[str, str]]:
    """Each selector of some styles, with what is declared of it."""
    for rule in _RULE.finditer(styles):
        for selector in _selectors(rule[1]):
            yield selector, rule[2]


def _selectors(text: str) -> list[str]:
    """The selectors of a list; commas within brackets are no ends of one."""
    return re.split(r",(?![^(]*\))", text)


def folded(text: str) -> str:
    """A text, compressed with gzip and written in base 85, without signs that HTML reads."""
    return b85encode(gzip.compress(text.encode(), mtime=0)).decode().translate(_WITHOUT_MARKUP)


def unfolded(page: str) -> str:
    """A page with what is folded in it as text: two libraries compress the same in two ways.

    What cannot be unfolded stays as it is.
    """
    return _FOLDED.sub(lambda part: _plain(part[0]), page)


def _plain(text: str) -> str:
    try:
        stream = zlib.decompressobj(wbits=_GZIP)
        packed = b85decode(text.translate(_WITH_MARKUP))
        return stream.decompress(packed, LARGEST_UNFOLDED).decode()
    except (ValueError, zlib.error):
        return text
