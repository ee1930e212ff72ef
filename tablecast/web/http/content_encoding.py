"""Content-Encoding: compressed responses, and compressed bodies read within their limit."""

import gzip
import io
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from tablecast.i18n.formats import number
from tablecast.i18n.language import _

#: Bytes from which packing saves a packet.
LEAST = 1400

#: gzip's own middle: higher ones take twice the time for a per cent.
LEVEL = 6

#: The first of zstd that packs our files closer than gzip does; its own, 3, takes 6% more.
ZSTD_LEVEL = 12

#: Pages and static files that are kept packed; they do not change while a deployment is served.
KEPT = 128

PACKED_TYPES = (
    "text/", "application/json", "application/x-ndjson", "application/problem+json",
    "image/svg+xml",
)


def _packers() -> dict[str, Callable[[bytes], bytes]]:
    """The encodings that this Python can write, the best first."""
    packers: dict[str, Callable[[bytes], bytes]] = {}
    with suppress(ImportError):
        zstd = _zstd()
        packers["zstd"] = partial(zstd.compress, level=ZSTD_LEVEL)
    packers["gzip"] = lambda content: gzip.compress(content, LEVEL, mtime=0)
    return packers


def _zstd() -> Any:
    """Python's own module for zstd, from 3.14 on, or the package that earlier ones have it from."""
    try:
        from compression import zstd  # type: ignore[import-not-found]
    except ImportError:
        from backports import zstd
    return zstd


PACKERS = _packers()


def install(app: Flask) -> None:
    """Pack what the application answers, for clients that say that they can unpack it."""
    app.after_request(pack)


def pack(response: Response) -> Response:
    """The response, packed where that is worth it."""
    if response.status_code == 304:  # caches take over what it says of the page that they have
        response.vary.add("Accept-Encoding")
    worth = (
        response.status_code == 200
        and (response.mimetype or "").startswith(PACKED_TYPES)
        and "Content-Encoding" not in response.headers
        # A secret beside what somebody else has chosen can be told from the length of both.
        and "Set-Cookie" not in response.headers
        and request.method != "HEAD"
    )
    if not worth:
        return response
    if (response.content_length or 0) < LEAST:
        return response
    response.vary.add("Accept-Encoding")
    encoding = next((name for name in PACKERS if request.accept_encodings[name] > 0), None)
    if encoding is None:
        return response
    response.direct_passthrough = False
    content = response.get_data()
    etag = response.get_etag()[0]
    # What has a tag is asked for again and again: its packed form is kept.
    packed = _kept(encoding, content) if etag else PACKERS[encoding](content)
    response.set_data(packed)
    response.headers["Content-Encoding"] = encoding
    if etag:
        response.set_etag(etag, weak=True)
    return response


@lru_cache(maxsize=KEPT)
def _kept(encoding: str, content: bytes) -> bytes:
    return PACKERS[encoding](content)


def is_packed() -> bool:
    """Whether the request's body is to be unpacked.

    Raises:
        UnsupportedMediaType: it is packed in a way that is not known.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return False
    if encoding not in ("gzip", "x-gzip"):
        raise UnsupportedMediaType(
            _("This Content-Encoding is not supported. Use gzip or none.")
        )
    return True


def unpack(limit: int) -> None:
    """Put the plain body in the place of a packed one, before anything reads it.

    Args:
        limit: bytes that it may have, and that the packed one has at most.

    Raises:
        UnsupportedMediaType: it is not what it says.
        RequestEntityTooLarge: unpacked, it is larger than the limit.
    """
    packed = request.environ["wsgi.input"].read(request.content_length or 0)
    try:
        # Not zlib alone: bgzip, and who joins two files, make several streams in one.
        plain = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(limit + 1) if packed else None
    except (OSError, EOFError, zlib.error):
        plain = None
    if plain is None:
        raise UnsupportedMediaType(
            _("The body is marked as gzip but is not valid or complete gzip.")
        )
    if len(plain) > limit:
        words = _("The body is larger than {limit} bytes. Send it in parts.")
        raise RequestEntityTooLarge(words.format(limit=number(limit)))
    request.environ |= {"wsgi.input": io.BytesIO(plain), "CONTENT_LENGTH": str(len(plain))}
    del request.environ["HTTP_CONTENT_ENCODING"]
