"""An organisation's colour on the pages: whether it can be read there, and a shade that can.

Contrast is as WCAG 2.2 has it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
"""

import re

#: What WCAG's level AA wants of text.
LEAST_CONTRAST = 4.5

#: The grounds on which text of that colour stands: those of static/tablecast.css.
LIGHT, DARK = ("#ffffff", "#f4f7f6"), ("#101615", "#19211f")

#: How much of the colour its own tint has, on which its text stands too.
TINT = 0.12

_COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)

Rgb = tuple[float, float, float]


def is_colour(text: str) -> bool:
    """Whether a text is a colour such as ``#0b645f`` or ``#06f``."""
    return bool(_COLOUR.fullmatch(text))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    low, high = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (high + 0.05) / (low + 0.05)


def is_readable(colour: str, grounds: tuple[str, ...]) -> bool:
    """Whether text of a colour can be read on some grounds and on its tint on the first of them."""
    tint = _mixed(grounds[0], colour, TINT)
    return all(contrast(colour, ground) >= LEAST_CONTRAST for ground in (*grounds, tint))


def readable(colour: str, grounds: tuple[str, ...]) -> str:
    """The colour, or the nearest shade of it that can be read on some grounds."""
    end = "#000000" if _luminance(_rgb(grounds[0])) > 0.5 else "#ffffff"
    shades = (_mixed(colour, end, percent / 100) for percent in range(101))
    return next(shade for shade in shades if is_readable(shade, grounds))


def _mixed(colour: str, other: str, share: float) -> str:
    """A colour with a share of another, as CSS's ``color-mix(in srgb, …)`` mixes them."""
    pairs = zip(_rgb(colour), _rgb(other), strict=True)
    parts = (round(255 * (a + (b - a) * share)) for a, b in pairs)
    return "#" + "".join(f"{part:02x}" for part in parts)


def _rgb(colour: str) -> Rgb:
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
