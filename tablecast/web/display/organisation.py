"""Whose pages they are: the colour of the deployment's organisation, and whom to write to."""

import re
from collections.abc import Mapping
from typing import Any

from flask import render_template
from markupsafe import Markup, escape

from tablecast.schema.accent import TINT, is_colour
from tablecast.schema.schema import Schema

#: What a contact may be a link to: an address of mail or of the web, and nothing else.
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_WEB = re.compile(r"https?://\S+")


def style_of(schema: Schema) -> str:
    """The style sheet with the organisation's colour; "" where it has none.

    Within an application, whose template it is.
    """
    # Nothing but a colour gets into a style sheet, whoever made the deployment.
    if not (is_colour(schema.accent) and is_colour(schema.accent_dark)):
        return ""
    return render_template(
        "accent.css", light=schema.accent, dark=schema.accent_dark, tint=f"{TINT:.0%}"
    )


def contact_of(stated: Mapping[str, Any]) -> Markup:
    """Whom to write to, as a link where that can be followed; "" where nobody is named."""
    contact = str(stated.get("contact") or "").strip()
    if _MAIL.fullmatch(contact):
        return Markup('<a href="mailto:{0}">{0}</a>').format(contact)
    if _WEB.fullmatch(contact):
        return Markup('<a href="{0}">{0}</a>').format(contact)
    return escape(contact)
