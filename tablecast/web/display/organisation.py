"""Whose pages they are: the colour of the deployment's organisation, and whom to write to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from tablecast.schema.accent import TINT
from tablecast.schema.schema import Schema

# Print and forced colours keep their own. ``schema.accent`` has seen to it that text is readable on
# the tint; the strong shade lies nearer to the text's colour, and so does its contrast.
_STYLE = """\
@media screen {{
  :root {{
    --accent: {light};
    --accent-strong: color-mix(in srgb, var(--accent) 75%, var(--text));
    --on-accent: var(--ground);
    --tint: color-mix(in srgb, var(--accent) {tint:.0%}, var(--ground));
  }}
}}
@media screen and (prefers-color-scheme: dark) {{
  :root {{ --accent: {dark}; }}
}}
"""

#: What a contact may be a link to: an address of mail or of the web, and nothing else.
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_WEB = re.compile(r"https?://\S+")


def style_of(schema: Schema) -> str:
    """The style sheet with the organisation's colour; "" where it has none."""
    if not schema.accent:
        return ""
    return _STYLE.format(light=schema.accent, dark=schema.accent_dark, tint=TINT)


def contact_of(stated: Mapping[str, Any]) -> Markup:
    """Whom to write to, as a link where that can be followed; "" where nobody is named."""
    contact = str(stated.get("contact") or "").strip()
    if _MAIL.fullmatch(contact):
        return Markup('<a href="mailto:{0}">{0}</a>').format(contact)
    if _WEB.fullmatch(contact):
        return Markup('<a href="{0}">{0}</a>').format(contact)
    return escape(contact)
