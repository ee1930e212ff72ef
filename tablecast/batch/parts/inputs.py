"""Which files IN means: a file, a folder, a pattern, or an address of one of these."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import escape
from pathlib import PurePosixPath
from urllib.parse import unquote

from tablecast.batch.parts.kept import NOTES
from tablecast.batch.parts.locations import Files, address_errors, files_at
from tablecast.batch.paths import PARQUET
from tablecast.errors import BatchError

#: The endings of files that a folder may hold, by what they are.
ENDINGS = {
    **dict.fromkeys(PARQUET, "parquet"),
    **dict.fromkeys((".csv", ".tsv", ".tab", ".psv", ".txt"), "csv"),
}  # fmt: skip
PACKED = (".gz", ".zst")

#: What a folder is called that holds the rows without a value.
WITHOUT_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class InputFile:
    """A file of rows.

    Attributes:
        files, path: what reads it.
        name: what messages call it: its path within IN.
        folder: the ``key=value`` folders that it stands in, such as ``year=2024/month=1``.
    """

    files: Files
    path: str
    name: str
    folder: str = ""

    @property
    def address(self) -> str:
        """Where another process finds it."""
        return self.files.unstrip_protocol(self.path)

    @property
    def kind(self) -> str:
        """``"csv"`` or ``"parquet"``, by its ending; "" for another."""
        return kind_of(self.path)

    @property
    def given(self) -> Mapping[str, str]:
        """The columns that its folders give, with their text."""
        pairs = (folder.split("=", 1) for folder in self.folder.split("/") if folder)
        return {
            unquote(key): "" if value == WITHOUT_VALUE else unquote(value) for key, value in pairs
        }


@dataclass(frozen=True)
class Inputs:
    """The files that IN means, in their order.

    Attributes:
        pattern: the address of a folder or a pattern; "" for that of one file.
    """

    files: Sequence[InputFile]
    pattern: str = ""

    @property
    def many(self) -> bool:
        """Whether it means a folder or a pattern, and not one file."""
        return bool(self.pattern)

    def reads(self, folder: str) -> bool:
        """Whether files in a folder at an address would be among them another time."""
        wanted = self.pattern.partition("**")[0].rstrip("/").split("/")
        found = folder.split("/")
        return self.many and len(found) >= len(wanted) and all(map(fnmatchcase, found, wanted))


def kind_of(path: str) -> str:
    """What a file is by its ending, compressed or not; "" where that is neither kind."""
    name = PurePosixPath(path.replace("\\", "/"))
    suffix = name.suffix.lower()
    if suffix in PACKED:
        suffix = PurePosixPath(name.stem).suffix.lower() or ".csv"
    return ENDINGS.get(suffix, "")


def inputs_at(address: str) -> Inputs:
    """The files that an address means.

    Raises:
        BatchError: there are none, or others among them.
    """
    files, path = files_at(address)
    with address_errors(address):
        if files.isfile(path):
            return Inputs([InputFile(files, path, PurePosixPath(path).name)])
        pattern = files.unstrip_protocol(path)
        if files.isdir(path):
            base, found, pattern = path, sorted(files.find(path)), escape(pattern)
        elif re.search(r"[*?\[]", path):
            base = _base_of(path)
            matches = sorted(map(str, files.glob(path)))
            found = [file for file in matches if files.isfile(file)]
            for folder in (match for match in matches if not files.isfile(match)):
                found += [file for file in sorted(files.find(folder)) if file not in found]
        else:
            raise BatchError(f"There is no file {address!r}. Check the path.")
        if files.isdir(f"{base}/{NOTES}") or any(f"/{NOTES}/" in file for file in found):
            raise BatchError(
                f"{address!r} holds the parts of a run that was interrupted, and not all of its "
                "rows. Finish it by its command with --resume, or remove them."
            )
    inputs = [
        InputFile(files, file, name, _folder_of(name))
        for file in found
        if not _is_hidden(name := _relative(file, base))
    ]
    if not inputs:
        raise BatchError(f"{address!r} holds no CSV or Parquet files. Check the path.")
    _check_kinds(address, inputs)
    return Inputs(inputs, pattern)


def _base_of(pattern: str) -> str:
    """The folder in which a pattern begins."""
    parts = pattern.split("/")
    at = next(place for place, part in enumerate(parts) if re.search(r"[*?\[]", part))
    return "/".join(parts[:at])


def _relative(path: str, base: str) -> str:
    path, base = path.replace("\\", "/"), base.replace("\\", "/").rstrip("/")
    name = path.removeprefix(base) if base else path
    return name.lstrip("/")


def _is_hidden(name: str) -> bool:
    """Whether other programs leave a file out, too: marks of success, checksums, notes of ours."""
    return any(part[:1] in ("_", ".") and "=" not in part for part in name.split("/"))


def _folder_of(name: str) -> str:
    return "/".join(part for part in name.split("/")[:-1] if "=" in part)


def _check_kinds(address: str, inputs: Sequence[InputFile]) -> None:
    known = next((file.kind for file in inputs if file.kind), "")
    for file in inputs:
        if not file.kind:
            what = "neither CSV nor Parquet"
        elif file.kind != known:
            what = f"{_SHOWN[file.kind]}, while others are {_SHOWN[known]}"
        else:
            continue
        raise BatchError(
            f"{address!r} holds {file.name!r}, which is {what}. Move it away, or name the files by "
            "a pattern such as 'folder/*.csv'."
        )


_SHOWN = {"csv": "CSV", "parquet": "Parquet"}
