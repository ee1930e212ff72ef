"""The one table in a zip archive."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from tablecast.data.compressed import LEAST_LIMIT, MOST_GROWTH
from tablecast.data.free_memory import check_bytes
from tablecast.errors import TableError

#: What a message names of an archive's files.
MOST_NAMED = 10

_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError)


def is_archive(content: bytes) -> bool:
    """Whether a file's bytes are a zip archive's; a workbook's are too."""
    return zipfile.is_zipfile(io.BytesIO(content))


def holds_only(content: bytes, file: str) -> bool:
    """Whether an archive is nothing but one file of this name, packed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [PurePosixPath(name).name for name in archive.namelist()] == [file]


def only_table(content: bytes, name: str, endings: Sequence[str]) -> tuple[bytes, str]:
    """The bytes and the name of the one table in an archive.

    Args:
        content: the archive's bytes.
        name: what it is called, to which a file's path can be added.
        endings: what a table's name ends in.

    Raises:
        TableError: it holds none or several, is damaged or encrypted, or expands too far.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (member,) = _tables(archive, name, endings)
            check_bytes(member.file_size, member.filename)
            if member.file_size > max(LEAST_LIMIT, MOST_GROWTH * member.compress_size):
                raise TableError(
                    f"'{member.filename}' of '{name}' expands to {member.file_size / 1e6:,.0f} MB, "
                    "more than a table's text does. Download and unpack it first."
                )
            return archive.read(member), PurePosixPath(member.filename).name
    except _DAMAGED as error:
        raise TableError(
            f"'{name}' is a zip archive that cannot be read: {error}. Download it again, or unpack "
            "it and name the table in it."
        ) from None


def _tables(
    archive: zipfile.ZipFile, name: str, endings: Sequence[str]
) -> list[zipfile.ZipInfo]:
    """The archive's table, alone in a list.

    Raises:
        TableError: there is none, or there are several.
    """
    files = [
        one for one in archive.infolist()
        if not one.is_dir() and not one.filename.startswith("__MACOSX/")  # what Macs add to a zip
    ]
    tables = [one for one in files if one.filename.lower().endswith(tuple(endings))]
    if len(tables) == 1:
        return tables
    shown = [f"'{one.filename}'" for one in (tables or files)[:MOST_NAMED]]
    rest = len(tables or files) - len(shown)
    listed = ", ".join([*shown, f"and {rest} more"] if rest else shown) or "nothing"
    if tables:
        name_one = "Unpack it, and name one." if name.lower().endswith(".zip") else (
            f"Name one: {name}/FILE."
        )
        raise TableError(f"'{name}' holds {len(tables)} tables: {listed}. {name_one}")
    raise TableError(f"'{name}' holds no table that can be read, only {listed}.")
