"""How large a request's body may be, which is seen before any of it is read."""

from flask import current_app, request
from werkzeug.exceptions import LengthRequired, RequestEntityTooLarge

from tablecast.i18n.formats import number
from tablecast.i18n.language import _
from tablecast.web.form.cases import MOST_CASES
from tablecast.web.http import content_encoding
from tablecast.web.http.responses import deployment

#: Bytes that a form has at most, and each of its fields besides: a page shows all of them again,
#: and in longer spellings.
FORM_BYTES, FORM_FIELD_BYTES = 10_000, 2_000

#: Bytes of a body past the limit that are read to no end; a longer one is cut off.
MOST_DISCARDED = 500_000_000


def limit_body() -> None:
    """Unpack a body, and refuse one that is too large or does not say how large it is."""
    if request.method != "POST" or request.routing_exception is not None:
        return
    # Without a length, a body past the limit would be cut silently and read as whole.
    if request.content_length is None:
        raise LengthRequired(_("Send a Content-Length header. Chunked requests are not supported."))
    limit = _most_bytes()
    packed = content_encoding.is_packed()
    if packed:  # and is unpacked in memory, however large a file may be otherwise
        limit = min(limit, int(current_app.config["MAX_BODY"]))
    if request.content_length > limit:
        _read_and_discard()
        words = _("The body is larger than {limit} bytes. Send it in parts.")
        raise RequestEntityTooLarge(words.format(limit=number(limit)))
    if packed:
        content_encoding.unpack(limit)


def _most_bytes() -> int:
    """What the body of this request may have."""
    config = current_app.config
    if request.endpoint in ("batch.upload", "outcome.file"):
        return int(config["MAX_UPLOAD"])
    forms = {"form.predict": 1, "compare.change": MOST_CASES}.get(request.endpoint or "")
    if forms is None:
        return int(config["MAX_BODY"])
    form = FORM_BYTES + FORM_FIELD_BYTES * len(deployment().schema.fields)
    return min(forms * form, int(config["MAX_BODY"]))


def _read_and_discard() -> None:
    """Let a browser send its file: one that is cut off while sending shows an error of its own."""
    if (request.content_length or 0) <= MOST_DISCARDED:
        while request.stream.read(1_000_000):
            pass
