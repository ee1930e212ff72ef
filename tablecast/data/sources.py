"""Loading a table from a file, a URL, a data-set name or Kaggle.

    table = read_table("insurance.csv")
    prepared = prepare(table, target="charges")

pandas is imported only once a table is read, so that importing this module costs nothing.
"""

from __future__ import annotations

import http.client
import io
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from tablecast.data import kaggle
from tablecast.data.columns import tidy
from tablecast.data.compressed import ENDINGS as COMPRESSED
from tablecast.data.compressed import expanded
from tablecast.data.dialect import Grid, grid_of
from tablecast.data.encoding import decode
from tablecast.data.free_memory import check_bytes, check_cells, most_bytes
from tablecast.data.names import check_width
from tablecast.data.prepare import prepare
from tablecast.data.prepared import Dropped, Prepared
from tablecast.data.sheets import ENDINGS as SHEETS
from tablecast.data.sheets import grid_of_workbook, is_workbook
from tablecast.data.task import Task, infer_task
from tablecast.errors import TableError
from tablecast.schema.missing import MISSING
from tablecast.schema.options import ReadingOptions
from tablecast.schema.readings import TableReading

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Dropped", "Prepared", "Task", "infer_task", "prepare", "read_table"]

TEXT_ENDINGS = (".csv", ".tsv", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")
PARQUET_START = b"PAR1"
ENDINGS = (*TEXT_ENDINGS, *COMPRESSED, *SHEETS, *PARQUET_ENDINGS)
DATA_SETS = "https://raw.githubusercontent.com/pycaret/datasets/main/data/common/{name}.csv"
"""Where ``pycaret.datasets.get_data`` of PyCaret 3.3.2 reads from."""

_TIMEOUT = 30  # seconds without a byte from a server


def read_table(
    source: str | os.PathLike[str], options: ReadingOptions | None = None
) -> pd.DataFrame:
    """Read a table.

    A file may be CSV, compressed or not, an Excel or OpenDocument workbook, or Parquet. CSV is read
    in the encoding in which it makes sense, with the separator that its rows have; a title, a
    footer and row names are left out. Cells become numbers, dates or text as ``reading.columns``
    says. What was decided is told by ``reading.readings.reading_of``. A data-set name, such as
    ``insurance``, is looked for in the folder that the environment variable TABLECAST_DATA names,
    in the current folder (as PyCaret does), in the cache, and then at PyCaret's address.

    Args:
        source: a path, an http(s) URL, a data-set name, or ``kaggle:OWNER/DATASET`` (with ``/FILE``
            where it has several tables), which ``tablecast[kaggle]`` reads.
        options: what a person says of it.

    Raises:
        TableError: there is no such table, or it cannot be read.
    """
    content, file, ending = fetch_table(source)
    return _parse(content, file, options or ReadingOptions(), ending)


def fetch_table(source: str | os.PathLike[str]) -> tuple[bytes, str, str]:
    """A table's bytes as they are, with its name, and its ending where a file's name tells it.

    Args:
        source: as :func:`read_table` takes it.

    Raises:
        TableError: there is no such table, or it cannot be fetched.
    """
    name = os.fspath(source)
    if re.match(r"https?://", name, re.IGNORECASE):
        return _fetch(name), name, ""
    if name.lower().startswith(kaggle.START):
        content, file = kaggle.fetch(name, ENDINGS)
        return content, file, Path(file).suffix.lower()
    path = Path(name).expanduser()
    if not os.path.isfile(path) and re.fullmatch(r"[\w-]+", name) and isinstance(source, str):
        path = _data_set(name)
    return _read_file(path), path.name, path.suffix.lower()


def _read_file(path: Path) -> bytes:
    if path.is_dir():
        raise TableError(f"'{path}' is a folder. Name a CSV, Excel or Parquet file in it.")
    if path.suffix.lower() not in ("", *ENDINGS) and path.is_file():
        raise TableError(
            f"'{path.name}' ends in '{path.suffix}', which cannot be read as a table. Save it as "
            "CSV (.csv, .tsv, .txt), Excel (.xlsx) or Parquet (.parquet)."
        )
    try:
        check_bytes(path.stat().st_size, path.name)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise TableError(f"There is no file '{path}'.{_nearest_file(path)}") from None
    except OSError as error:
        raise TableError(f"'{path}' cannot be read: {error.strerror}.") from error


def _nearest_file(path: Path) -> str:
    try:
        names = sorted(p.name for p in path.parent.iterdir() if p.suffix.lower() in ENDINGS)
    except (OSError, ValueError):
        return " Its folder does not exist either; check the path."
    near = get_close_matches(path.name, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{path.with_name(near[0])}'?" if near else " Check the path."
    return f"{hint} (A PyCaret data-set name, such as insurance, is written without an ending.)"


def _data_set(name: str) -> Path:
    """The file of a data set, fetched into the cache if it is nowhere on this machine."""
    setting = os.environ.get("TABLECAST_DATA")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "tablecast"
    folders = [*([Path(setting).expanduser()] if setting else []), Path(), cache]
    for file in (f / (name + ending) for f in folders for ending in (".csv", ".parquet")):
        if file.is_file():
            return file
    content = _download(name, folders)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Renamed when whole: an interrupted download leaves no half table behind.
        part = cache / f".{name}.{os.getpid()}"
        part.write_bytes(content)
        return part.replace(cache / f"{name}.csv")
    except OSError as error:
        raise TableError(
            f"The data set '{name}' cannot be stored in '{cache}': {error.strerror}. Set "
            "XDG_CACHE_HOME to a folder that you may write to."
        ) from error


def _download(name: str, folders: list[Path]) -> bytes:
    """A data set as CSV.

    The file itself comes first, because ``get_data`` reads it with pandas' defaults, for which the
    level "None" is a missing value; ``get_data`` then knows a few data sets from elsewhere.
    """
    try:
        return _fetch(DATA_SETS.format(name=name))
    except TableError as error:
        failure = error
    try:
        from pycaret.datasets import get_data

        return bytes(get_data(name, verbose=False).to_csv(index=False).encode())
    except Exception as error:  # whatever requests, pandas and sktime raise means the same here
        known = sorted({file.stem for folder in folders for file in folder.glob("*.csv")})
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise TableError(
            f"'{name}' is neither a file nor a known data set. {hint}"
            "Give the path of a CSV or Parquet file, or a folder of tables in TABLECAST_DATA. "
            f"(PyCaret's data sets were tried too: {failure})"
        ) from error


def _fetch(url: str) -> bytes:
    shown = url.split("?")[0]  # what follows may hold a key
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "tablecast"})
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            most = most_bytes()
            content: bytes = response.read(most + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise TableError(
            f"'{shown}' cannot be fetched: the server answers {error.code} {error.reason}. "
            "Check the address."
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise TableError(
            f"'{shown}' cannot be fetched: {reason}. Check the address and the connection, or "
            "download the file and name its path."
        ) from error
    check_bytes(len(content) if len(content) > most else 0, shown)
    if content[:500].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        if found := re.search(r"kaggle\.com/datasets/([\w.-]+/[\w.-]+)", shown):
            raise TableError(f"'{shown}' is a web page of Kaggle's. Write kaggle:{found[1]}.")
        raise TableError(
            f"'{shown}' is a web page, not a table. Use the address of the file itself, "
            "often called 'raw' or 'download'."
        )
    return content


def _parse(content: bytes, name: str, options: ReadingOptions, ending: str = "") -> pd.DataFrame:
    content = expanded(content, name)
    if not content.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):  # or only a byte-order mark
        raise TableError(f"'{name}' is empty. Check that it was saved or downloaded completely.")
    undeclared = ending not in TEXT_ENDINGS
    if ending in PARQUET_ENDINGS or (undeclared and content.startswith(PARQUET_START)):
        _refuse_needless(options, ("encoding", "separator", "sheet"), name, "Parquet")
        return tidy(_parse_parquet(content, name), options=options)
    if ending in SHEETS or (undeclared and is_workbook(content)):
        _refuse_needless(options, ("encoding", "separator"), name, "a workbook")
        grid = grid_of_workbook(content, name, options.sheet)
        return table_of_grid(grid, name, options, TableReading(notes=tuple(grid.notes)))
    _refuse_needless(options, ("sheet",), name, "a text file")
    decoded = decode(content, name, options.encoding)
    grid = grid_of(decoded.text, name, options.separator)
    notes = (*decoded.notes, *grid.notes)
    known = TableReading(decoded.encoding, grid.separator, options.decimal or "", notes=notes)
    return table_of_grid(grid, name, options, known)


def _refuse_needless(
    options: ReadingOptions, names: Sequence[str], file: str, kind: str
) -> None:
    """Refuse what is said of another kind of file, instead of doing without it."""
    for name in names:
        if getattr(options, name):
            raise TableError(
                f"'{file}' is {kind}, which has no {name}. Leave out --{name}, or name another "
                "file."
            )


def table_of_grid(
    grid: Grid, name: str, options: ReadingOptions, known: TableReading
) -> pd.DataFrame:
    """The table of a grid, whose rows it takes.

    Args:
        grid: of texts.
        name: what messages call it.
        options: what a person says of it.
        known: how its file was read.
    """
    import pandas as pd

    check_width(len(grid.header), f"'{name}'")
    columns = list(zip(*grid.rows, strict=True))
    grid.rows.clear()  # or every cell would be held twice while the columns are read
    cells = (pd.Series(columns.pop(0), dtype=object) for _ in grid.header)
    table = pd.concat(cells, axis="columns", keys=range(len(grid.header)))
    table.columns = pd.Index(grid.header, dtype=object)
    return tidy(table, MISSING, options, lines=grid.lines, reading=known)


def _check_parquet(content: bytes, name: str) -> None:
    """Refuse a file whose rows, which equal cells make very small, would fill the memory."""
    from pyarrow.parquet import read_metadata

    described = read_metadata(io.BytesIO(content))
    check_width(described.num_columns, f"'{name}'")
    check_cells(described.num_rows * described.num_columns, name)


def _parse_parquet(content: bytes, name: str) -> pd.DataFrame:
    import pandas as pd

    try:
        _check_parquet(content, name)
        table = pd.read_parquet(io.BytesIO(content))
    except ImportError as error:
        raise TableError(
            f"'{name}' is Parquet, which needs a pyarrow that works with the installed numpy. "
            "Install one, or save the table as CSV."
        ) from error
    except TableError:
        raise
    except Exception as error:  # pyarrow raises its own kinds, and some of Python's
        raise TableError(
            f"'{name}' is not a Parquet file, or it is damaged. Save it anew."
        ) from error
    if table.index.name is not None:
        table = table.reset_index()
    if table.empty:
        raise TableError(f"'{name}' has no rows. Add rows to learn from.")
    return table.reset_index(drop=True)
