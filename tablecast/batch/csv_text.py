"""A CSV file's bytes as text, whatever its compression and encoding."""

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, BinaryIO

from tablecast.data.compressed import MOST_GROWTH, is_compressed, opened
from tablecast.data.encoding import (
    BINARY,
    FEWEST_BAD,
    MOST_BAD,
    decode,
    has_controls,
    python_name,
    unmarked_utf16,
)
from tablecast.errors import BatchError, TableError
from tablecast.i18n.formats import number
from tablecast.i18n.language import N_, _

#: Bytes that are looked through at a time, and what is kept of lines that are not ASCII.
PIECE, SAMPLE = 1_000_000, 500_000

#: Of what is not ASCII, the share that may be no UTF-8 in a file that is: other text seldom passes.
HALF = 0.5

BOM = b"\xef\xbb\xbf"
_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_EMPTY = N_("{name} is empty. Its first line must contain the column names.")
_NOT_TEXT = N_("{name} is not a CSV file. Save the table as CSV (UTF-8).")
_LARGE = N_("{name} expands to more than {most} times its size. Unpack it first.")
_OTHER = N_("{name} is not UTF-8, so it was read as {encoding}. The result is written as UTF-8.")
_BAD = N_("{name} has bytes that are not UTF-8 text, shown as � (first in line {line}).")


class CsvText:
    """A CSV file that can be read as text.

    Args:
        stream: a seekable stream of bytes, at its beginning; it is left open.
        name: what messages call the file.
        known: the encoding of the training table, which is tried before others.

    Attributes:
        encoding: the file's, as Python calls it.
        size: the file's bytes, as it is packed.
        marked: whether a byte-order mark says that it is UTF-8.
        notes: what to know about the encoding.

    Raises:
        BatchError: the file is empty, or no text.
    """

    def __init__(self, stream: BinaryIO, name: str, known: str = "") -> None:
        self.name = name
        self.notes: tuple[str, ...] = ()
        self._stream = stream
        self.size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        beginning = self._beginning()
        _check_text(beginning, name)
        self.marked = beginning.startswith(BOM)
        self.encoding = "utf-8-sig" if self.marked else self._encoding(beginning, known)

    def open(self) -> io.TextIOWrapper:
        """The text from its beginning; close it with ``detach`` to keep the stream open."""
        return io.TextIOWrapper(self._bytes(), self.encoding, "replace", newline="")

    def fraction_read(self) -> float:
        """How much of the file is read, from 0 to 1."""
        return self._stream.tell() / max(self.size, 1)

    def _bytes(self) -> IO[Any]:
        """The bytes of the text itself, from its beginning."""
        self._stream.seek(0)
        is_packed = is_compressed(self._stream.read(4))
        self._stream.seek(0)
        if not is_packed:
            return self._stream
        try:
            packed = opened(self._stream, self.name)
        except TableError as error:
            raise BatchError(str(error)) from None
        return io.BufferedReader(_Limited(packed, self.name, MOST_GROWTH * self.size))

    def _beginning(self) -> bytes:
        return bytes(self._bytes().read(65_536))

    def _encoding(self, beginning: bytes, known: str) -> str:
        if beginning.startswith(_MARKS[:2]):
            return "utf-32"
        if beginning.startswith(_MARKS[2:]):
            return "utf-16"
        if unmarked := unmarked_utf16(beginning):
            return unmarked
        if self._is("utf-8"):
            return "utf-8"
        if known in ("", "utf-8") or self._fits("utf-8", HALF, 0):
            return self._decoded_encoding()
        if self._fits(python_name(known), MOST_BAD, FEWEST_BAD):
            return self._other(known)
        return self._decoded_encoding()

    def _fits(self, encoding: str, most: float, least: int) -> bool:
        """Whether at most a share of what is not ASCII, or so many signs, cannot be read so."""
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        bad = beyond = 0
        for piece in self._pieces():
            text = decoder.decode(piece)
            bad += text.count("\ufffd")
            beyond += len(text) - len(text.encode("ascii", "ignore"))
        return bad <= max(least, most * beyond)

    def _is(self, encoding: str) -> bool:
        """Whether the whole file is text of an encoding."""
        decoder = codecs.getincrementaldecoder(encoding)()
        with suppress(UnicodeDecodeError):
            for piece in self._pieces():
                decoder.decode(piece)
            decoder.decode(b"", final=True)
            return True
        return False

    def _decoded_encoding(self) -> str:
        """The encoding in which what is not ASCII makes sense."""
        lines, kept, first, at = [], 0, 0, 0
        for piece in self._pieces():
            for line in piece.split(b"\n"):
                at += 1
                if line.isascii():
                    continue
                if not first and not _is_utf8(line):
                    first = at
                if kept < SAMPLE:
                    lines.append(line)
                    kept += len(line)
            at -= 1  # the last line goes on in the next piece
        try:
            encoding = decode(b"\n".join(lines), self.name).encoding
        except TableError:
            words = _(
                "The encoding of {name} cannot be recognized (line {line}). Save the file as UTF-8 "
                "(in Excel: “CSV UTF-8”)."
            )
            raise BatchError(words.format(line=number(first), name=self.name)) from None
        if encoding == "utf-8":
            self.notes = (_(_BAD).format(name=self.name, line=number(first)),)
            return encoding
        return self._other(encoding)

    def _other(self, encoding: str) -> str:
        self.notes = (_(_OTHER).format(name=self.name, encoding=encoding),)
        return python_name(encoding)

    def _pieces(self) -> Iterator[bytes]:
        stream = self._bytes()
        while piece := stream.read(PIECE):
            yield piece


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Limited(io.RawIOBase):
    """A compressed stream that ends in an error where it holds far more than text does."""

    def __init__(self, stream: IO[Any], name: str, most: int) -> None:
        self._packed, self._name, self._left = stream, name, max(most, PIECE)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            read = self._packed.read(len(buffer))
        except Exception as error:  # each kind of compression has its own
            words = _("{name} cannot be unpacked: {error}.")
            raise BatchError(words.format(name=self._name, error=error)) from None
        self._left -= len(read)
        if self._left < 0:
            raise BatchError(_(_LARGE).format(name=self._name, most=number(MOST_GROWTH)))
        buffer[: len(read)] = read
        return len(read)


def _check_text(beginning: bytes, name: str) -> None:
    """Raises BatchError where the file is empty or its first bytes are no text."""
    if not beginning.strip(BOM + b" \t\r\n"):
        raise BatchError(_(_EMPTY).format(name=name))
    if beginning.startswith(_MARKS) or unmarked_utf16(beginning):
        return
    if beginning.startswith(BINARY) or has_controls(beginning) is None:
        raise BatchError(_(_NOT_TEXT).format(name=name))
