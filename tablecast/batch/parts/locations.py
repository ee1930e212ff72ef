"""Where rows are read and written: the machine's own files, or any address that fsspec knows."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Protocol, cast

from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.errors import BatchError, TablecastError

#: The package that reads each kind of address, beside fsspec.
PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs",
            "abfs": "adlfs", "abfss": "adlfs", "hdfs": "pyarrow", "http": "aiohttp",
            "https": "aiohttp"}  # fmt: skip

#: Characters of another program's words that are shown.
LONGEST_REASON = 300


class Files(Protocol):
    """Files at paths, by fsspec's own names for what can be done with them."""

    def isfile(self, path: str) -> bool: ...
    def isdir(self, path: str) -> bool: ...
    def find(self, path: str) -> list[str]: ...
    def glob(self, path: str) -> list[str]: ...
    def info(self, path: str) -> dict[str, Any]: ...
    def size(self, path: str) -> int: ...
    def cat_file(self, path: str, *, start: int | None = None, end: int | None = None) -> bytes: ...
    def open(self, path: str) -> BinaryIO: ...
    def pipe_file(self, path: str, value: bytes) -> None: ...
    def rm(self, path: str, recursive: bool = False) -> None: ...
    def unstrip_protocol(self, name: str) -> str: ...


class LocalFiles:
    """The machine's own files. A file that is written appears when it is whole."""

    def isfile(self, path: str) -> bool:
        """Whether there is a file."""
        return Path(path).is_file()

    def isdir(self, path: str) -> bool:
        """Whether there is a folder."""
        return Path(path).is_dir()

    def find(self, path: str) -> list[str]:
        """The files in a folder and those in it, sorted."""
        return sorted(str(file) for file in Path(path).rglob("*") if file.is_file())

    def glob(self, path: str) -> list[str]:
        """The paths that a pattern means, sorted."""
        return sorted(glob.glob(path, recursive=True))

    def info(self, path: str) -> dict[str, Any]:
        """The file's size in bytes, and when it was changed, in nanoseconds."""
        known = os.stat(path)
        return {"size": known.st_size, "mtime": known.st_mtime_ns}

    def size(self, path: str) -> int:
        """The file's bytes."""
        return os.stat(path).st_size

    def cat_file(self, path: str, *, start: int | None = None, end: int | None = None) -> bytes:
        """The bytes of a file from one place to another."""
        with open(path, "rb") as file:
            file.seek(start or 0)
            return file.read(-1 if end is None else end - (start or 0))

    def open(self, path: str) -> BinaryIO:
        """A file to be read."""
        return open(path, "rb")

    def pipe_file(self, path: str, value: bytes) -> None:
        """Write a file."""
        with replaced_when_whole(Path(path)) as temporary:
            temporary.write_bytes(value)

    def mv(self, path1: str, path2: str) -> None:
        """Move a file to another place of the same disk."""
        Path(path2).parent.mkdir(parents=True, exist_ok=True)
        os.replace(path1, path2)

    def rm(self, path: str, recursive: bool = False) -> None:
        """Remove a file or a folder."""
        if recursive:
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink(missing_ok=True)

    def rm_empty(self, path: str) -> None:
        """Remove a folder that holds nothing but empty folders."""
        for folder, _folders, _files in os.walk(path, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)

    def unstrip_protocol(self, name: str) -> str:
        """The address of a path, for another process of this machine: one for each file."""
        return os.path.realpath(name)


#: What stores tell of a file's content, the surest first.
_MARKS = ("ETag", "etag", "md5Hash", "checksum", "mtime", "LastModified", "last_modified",
          "created")  # fmt: skip


def key_of(files: Files, path: str) -> str:
    """A text that changes when a file does, and is the same to every process."""
    known = files.info(path)
    mark = next((known[name] for name in _MARKS if known.get(name)), "")
    return f"{known['size']}-{mark}"


def files_at(address: str) -> tuple[Files, str]:
    """What reads and writes at an address, and the path that it takes.

    Raises:
        BatchError: the address is of no kind that is installed, or cannot be used.
    """
    if not address:
        raise BatchError("A path is empty. Name the file or folder.")
    written, mark, path = address.partition("://")
    protocol = written.lower()
    if not mark or protocol == "file":
        return LocalFiles(), os.path.abspath(path or address)
    try:
        from fsspec.core import url_to_fs

        with address_errors(address):
            return cast(tuple[Files, str], url_to_fs(f"{protocol}://{path}"))
    except ImportError as error:
        missing = PACKAGES.get(protocol, error.name)
        if missing is None:  # which fsspec then says itself
            raise BatchError(f"{protocol}:// cannot be used: {reason_of(error)}.") from None
        raise BatchError(
            f"{protocol}:// needs {missing}, which is not installed: pip install "
            "'tablecast[cloud]'."
        ) from None


@contextmanager
def address_errors(address: str) -> Iterator[None]:
    """Say in one line what a store refuses: each has errors of its own."""
    try:
        yield
    except (TablecastError, ImportError):
        raise
    except OSError as error:  # who calls says it, and whether the run can go on
        error.strerror = error.strerror or reason_of(error)
        error.filename = error.filename or address  # stores tell neither
        raise
    except Exception as error:
        raise BatchError(f"{address} cannot be used: {reason_of(error)}.") from error


def reason_of(error: BaseException) -> str:
    """What another program says, in one line that is not too long, without its full stop."""
    words = " ".join(str(error).split())[:LONGEST_REASON]
    return words.rstrip(".") or type(error).__name__


@contextmanager
def put_when_whole(files: Files, path: str) -> Iterator[Path]:
    """A file of this machine to be written, which is put at a path when the block succeeds."""
    if isinstance(files, LocalFiles):
        with replaced_when_whole(Path(path)) as temporary:
            yield temporary
        return
    with TemporaryDirectory() as folder:
        whole = Path(folder, "whole")
        yield whole
        cast(Any, files).put_file(str(whole), path)


def is_shipped(files: Any) -> bool:
    """Whether files are in this process's memory, so that a worker must be sent their bytes."""
    return getattr(files, "protocol", "") in ("memory", ("memory",))
