"""The parts of a page in fewer characters."""

from __future__ import annotations

import binascii
import gzip
import re
import zlib
from base64 import b64decode, b64encode

_RULE = re.compile(r"([^{}]+)(\{[^{}]*\})")
_CLASS = re.compile(r"\.([a-z][\w-]*)", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+")
_FOLDED = re.compile(r'(?<=id="folded">)[A-Za-z0-9+/=]+')

#: Bytes. No page that tablecast writes unfolds to more, and a stranger's file may.
LARGEST_UNFOLDED = 100_000_000

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


def small_styles(styles: str, used_in: str) -> str:
    """Style sheets without comments, needless space, and rules for classes that are nowhere.

    Args:
        styles: style sheets, one after the other.
        used_in: the elements and the script that they are for.
    """
    bare = re.sub(r"/\*.*?\*/", "", styles, flags=re.DOTALL)
    short = re.sub(r"\s*([{};,\n])\s*|(?<=:)\s+", r"\1", bare).strip()
    words = set(_WORD.findall(used_in))

    def applied(rule: re.Match[str]) -> str:
        selectors = _selectors(rule[1])
        kept = [one for one in selectors if words.issuperset(_CLASS.findall(one))]
        return ",".join(kept) + rule[2] if kept else ""

    return _RULE.sub(applied, short)


def _selectors(text: str) -> list[str]:
    """The selectors of a list; commas within brackets are no ends of one."""
    return re.split(r",(?![^(]*\))", text)


def folded(text: str) -> str:
    """A text, compressed with gzip and written in base64."""
    return b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def unfolded(page: str) -> str:
    """A page with what is folded in it as text: two libraries compress the same in two ways.

    What cannot be unfolded stays as it is.
    """
    return _FOLDED.sub(lambda part: _plain(part[0]), page)


def _plain(text: str) -> str:
    try:
        stream = zlib.decompressobj(wbits=_GZIP)
        return stream.decompress(b64decode(text, validate=True), LARGEST_UNFOLDED).decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        return text
