"""Compressed files: gzip and Zstandard, recognized by their first bytes."""

import gzip
import io
import zlib
from typing import IO, Any, BinaryIO

from tablecast.data.free_memory import most_bytes
from tablecast.errors import TableError

ENDINGS = (".gz", ".zst")

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

#: Text shrinks to a tenth; what grows a thousandfold was made to fill memory or time. Up to 50 MB
#: (what a server accepts as a file) it may, as a table of equal rows does.
MOST_GROWTH = 1_000
LEAST_LIMIT = 50_000_000

#: Bytes that are unpacked at a time.
PIECE = 1_000_000


def is_compressed(beginning: bytes) -> bool:
    """Whether a file that begins so is compressed."""
    return beginning.startswith((_GZIP, _ZSTD))


def expanded(content: bytes, name: str) -> bytes:
    """What a file holds that may be compressed.

    Raises:
        TableError: it is damaged or far too large, or its kind needs a package that is missing.
    """
    if not is_compressed(content):
        return content
    fits = most_bytes()
    most = min(max(LEAST_LIMIT, MOST_GROWTH * len(content)), fits)
    held = io.BytesIO()
    try:
        with opened(io.BytesIO(content), name) as stream:
            while held.tell() <= most and (piece := stream.read(PIECE)):
                held.write(piece)
    except _errors() as error:
        raise TableError(f"'{name}' is damaged: {error}. Compress it again.") from None
    if held.tell() > fits:
        raise TableError(
            f"'{name}' expands to more than {fits // 1_000_000:,} MB, for which the free memory is "
            "too small. Unpack it and name a file with fewer rows, such as a sample of them."
        )
    if held.tell() > most:
        megabytes = f"{most // 1_000_000:,} MB"
        raise TableError(f"'{name}' expands to more than {megabytes}; unpack it first.")
    return held.getvalue()


def opened(stream: BinaryIO, name: str) -> IO[Any]:
    """A stream of what a compressed stream holds.

    Raises:
        TableError: it is Zstandard, and nothing here reads that.
    """
    beginning = stream.read(4)
    stream.seek(0)
    if beginning.startswith(_GZIP):
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    return _zstd(name).open(stream, "rb")  # type: ignore[no-any-return]


def _zstd(name: str = "") -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from backports import zstd
        except ImportError:
            raise TableError(
                f"'{name}' is compressed with Zstandard, which needs one more package: install "
                "tablecast[files], or unpack the file first."
            ) from None
    return zstd


def _errors() -> tuple[type[Exception], ...]:
    """What damaged content raises."""
    usual = (OSError, EOFError, zlib.error)
    try:
        return (*usual, _zstd().ZstdError)
    except TableError:
        return usual
