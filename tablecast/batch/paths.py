"""The input and the output file of a batch on the command line, checked before anything is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from tablecast.errors import BatchError
from tablecast.i18n.language import _

#: Endings by which programs know files that are not text.
OTHER_KINDS = (".gz", ".zst", ".zip")

#: Endings of Parquet files; the first is what is written to a folder of parts.
PARQUET = (".parquet", ".pq")

#: Workbooks that are written, by those that are read: others than .xlsx lose their formats.
WORKBOOKS = {".xlsx": ".xlsx", ".xlsm": ".xlsm", ".xlsb": ".xlsx", ".xls": ".xlsx", ".ods": ".xlsx"}


def check_paths(source: Path, output: Path) -> None:
    """Raises BatchError where there is nothing to read, or no file could be written there."""
    if not source.is_file():
        raise BatchError(f"There is no file {str(source)!r}. Check the path.")
    if output.exists() and output.samefile(source):
        raise BatchError(f"{str(output)!r} is also the input. Choose another output file.")
    if output.exists() and not output.is_file():
        raise BatchError(f"{str(output)!r} is not a file. Choose the path of a file.")
    check_ending(source.name, output.name)


def check_ending(source_name: str, output_name: str) -> None:
    """Raises BatchError where a file of that name is of another format than the input."""
    source, output = Path(source_name), Path(output_name)
    if output.suffix.lower() in OTHER_KINDS:
        raise BatchError(f"{output.name} would be compressed, which is not supported. Use .csv.")
    kinds = {**dict.fromkeys(PARQUET, ".parquet"), **WORKBOOKS}
    wanted, written = kinds.get(source.suffix.lower(), ".csv"), output.suffix.lower()
    if written in PARQUET:
        written = ".parquet"
    if wanted != (written if written in kinds else ".csv"):
        raise BatchError(
            f"The output has the format of the input (CSV, Parquet or Excel), so for {source.name} "
            f"the name {output.name} must end in {wanted}."
        )


def is_parquet(path: str | PathLike[str]) -> bool:
    """Whether a file's name says that it is Parquet."""
    return Path(path).suffix.lower() in PARQUET


@contextmanager
def file_errors(kind: type[BatchError] = BatchError) -> Iterator[None]:
    """Say in one line what the file system refuses, such as a full disk, by this kind of error."""
    try:
        yield
    except OSError as error:
        where = f" {str(error.filename)!r}" if error.filename else ""
        reason = str(error.strerror or error).rstrip(".")
        raise kind(f"The file{where} cannot be used: {reason}.") from None


def refuse_sheet(sheet: str | None, name: str) -> None:
    """Raises BatchError where a sheet is asked for of a file that has none."""
    if sheet:
        words = _("{name} is not a workbook, so it has no sheet. Leave out --sheet.")
        raise BatchError(words.format(name=name))
