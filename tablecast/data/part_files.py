"""The files that a folder or a pattern stands for, and what their folders' names say."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from tablecast.data.compressed import ENDINGS as COMPRESSED
from tablecast.data.sources import PARQUET_ENDINGS, TEXT_ENDINGS
from tablecast.errors import TableError

#: How Spark and Hive write that a partition's column has no value.
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class PartFile:
    """A file with a part of a table's rows.

    Attributes:
        path: where it is.
        partition: columns that its folders' names give, as ``year=2024`` does, with their texts;
            empty where there is no value.
    """

    path: Path
    partition: dict[str, str] = field(default_factory=dict)

    @property
    def is_parquet(self) -> bool:
        """Whether its ending says so; else it is CSV."""
        return self.path.suffix.lower() in PARQUET_ENDINGS


def part_files(source: str | os.PathLike[str]) -> list[PartFile]:
    """The files of a folder or a pattern, in the order of their paths; none for anything else.

    Args:
        source: such as ``sales/``, with its folders, or ``sales/2024-*.csv``. Files and folders
            whose names begin with a dot or an underscore are no parts.

    Raises:
        TableError: there is no such file, one holds no table, or they are of different kinds.
    """
    name = os.fspath(source)
    path = Path(name).expanduser()
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.is_file()]
        return _checked(_parts(found, path), f"'{path}' has no CSV or Parquet file in it.")
    if glob.has_magic(name) and not os.path.lexists(path) and "://" not in name:
        found = [Path(one) for one in glob.glob(str(path), recursive=True) if os.path.isfile(one)]
        steps = path.parts
        fixed = next(at for at, step in enumerate(steps) if glob.has_magic(step))
        return _checked(
            _parts(found, Path(*steps[:fixed])),
            f"No file matches '{path}'. Check the pattern, and put it into quotation marks.",
        )
    return []


def _parts(found: Sequence[Path], root: Path) -> list[PartFile]:
    parts = []
    for file in sorted(found):
        steps = file.relative_to(root).parts
        if not any(step.startswith((".", "_")) for step in steps):
            pairs = [step.partition("=") for step in steps[:-1] if "=" in step]
            texts = {key: "" if text == NO_VALUE else unquote(text) for key, _, text in pairs}
            parts.append(PartFile(file, texts))
    return parts


def _checked(parts: list[PartFile], none: str) -> list[PartFile]:
    """The parts; raises TableError where they are not of one table."""
    if not parts:
        raise TableError(none)
    for part in parts:
        if part.path.suffix.lower() not in (*TEXT_ENDINGS, *COMPRESSED, *PARQUET_ENDINGS):
            raise TableError(
                f"'{part.path}' is neither CSV nor Parquet. Move it away, or name the files with a "
                "pattern, such as 'folder/*.csv'."
            )
        if part.is_parquet != parts[0].is_parquet:
            raise TableError(
                f"'{parts[0].path}' and '{part.path}' are of different kinds. Name files of one "
                "kind with a pattern, such as 'folder/*.parquet'."
            )
        if list(part.partition) != list(parts[0].partition):
            raise TableError(
                f"'{part.path}' is not in folders for the same columns as '{parts[0].path}'. Give "
                "each part a folder for each of them, such as year=2024."
            )
    return parts
