"""An organisation's logo: a small picture that becomes part of every page."""

import base64
import struct
from pathlib import Path
from xml.etree import ElementTree

from tablecast.errors import FormFileError

#: Bytes of a logo at most: a page with all that it loads has at most 150 kB.
MOST_BYTES = 16_000
#: Pixels of either side of a PNG: a packed picture of more can be far larger than its file.
MOST_PIXELS = 1_024

_KEY = ("organisation", "logo")
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "{http://www.w3.org/2000/svg}"

#: What a drawing is made of. All else is refused: scripts, styles that load, pictures in pictures.
ELEMENTS = frozenset(
    "svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan "
    "linearGradient radialGradient stop clipPath mask pattern".split()
)
#: The start of an attribute's value that leads out of the drawing, or runs.
_OUTSIDE = ("http:", "https:", "//", "data:", "javascript:", "file:")


def logo_of(path: Path) -> str:
    """A logo's file as a ``data:`` address.

    Raises:
        FormFileError: it is not there, too large, neither SVG nor PNG, or more than a drawing.
    """
    try:
        content = path.read_bytes()
    except OSError:
        raise _refusal(f"there is no file {str(path)!r}. Check the path") from None
    if len(content) > MOST_BYTES:
        raise _refusal(
            f"{path.name} has {len(content):,} bytes, and every page would carry it. Use one of at "
            f"most {MOST_BYTES:,}"
        )
    if content.startswith(_PNG):
        _check_size(content, path.name)
        kind = "image/png"
    else:
        _check_drawing(content, path.name)
        kind = "image/svg+xml"
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _refusal(reason: str) -> FormFileError:
    return FormFileError(f"[organisation]: logo: {reason}.", _KEY)


def _check_size(content: bytes, name: str) -> None:
    if len(content) < 24 or max(struct.unpack(">II", content[16:24])) > MOST_PIXELS:
        raise _refusal(f"{name} must be a PNG of at most {MOST_PIXELS} × {MOST_PIXELS} pixels")


def _check_drawing(content: bytes, name: str) -> None:
    try:
        text = content.decode("utf-8")
        # Entities can grow without end, and a style sheet can load what it likes.
        if any(mark in text for mark in ("<!DOCTYPE", "<!ENTITY", "<?xml-stylesheet")):
            raise _refusal(f"{name} is more than a drawing. Save it as a plain SVG")
        drawing = ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError):
        raise _refusal(f"{name} is neither an SVG nor a PNG") from None
    if drawing.tag != f"{_SVG}svg":
        raise _refusal(f"{name} is neither an SVG nor a PNG")
    for element in drawing.iter():
        tag = str(element.tag).removeprefix(_SVG)
        if tag not in ELEMENTS:
            raise _refusal(f"{name} has an element {tag!r}. Save it as a plain SVG")
        for attribute, value in element.attrib.items():
            if _is_more_than_drawn(attribute.rpartition("}")[2], value):
                raise _refusal(f"{name} has an attribute {attribute!r} that runs or loads "
                               "something. Save it as a plain SVG")


def _is_more_than_drawn(attribute: str, value: str) -> bool:
    folded = "".join(value.split()).casefold()
    runs = attribute.casefold().startswith("on")
    leads = attribute == "href" and not folded.startswith("#")
    loads = "url(" in folded.replace("url(#", "") or "@import" in folded or "\\" in folded
    return runs or leads or loads or folded.startswith(_OUTSIDE)
