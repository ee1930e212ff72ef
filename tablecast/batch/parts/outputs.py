"""Where the answers go: one file, or a folder of parts."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tablecast.batch.parquet import join_batches
from tablecast.batch.parts.inputs import Inputs, kind_of
from tablecast.batch.parts.kept import Kept
from tablecast.batch.parts.locations import Files, address_errors, files_at, put_when_whole
from tablecast.batch.parts.plan import Planned
from tablecast.batch.paths import WORKBOOKS, check_ending
from tablecast.errors import BatchError

#: Bytes that are copied together: they stay in a processor's own memory.
COPIED = 262_144


@dataclass(frozen=True)
class Output:
    """A file, or a folder of parts.

    Attributes:
        files, path: what writes it.
        is_folder: which of them it is.
    """

    files: Files
    path: str
    is_folder: bool

    @property
    def parts_folder(self) -> str:
        """Where the parts are kept: the folder itself, or one beside the file until it is whole."""
        return self.path if self.is_folder else f"{self.path}.parts"

    @property
    def _address(self) -> str:
        return self.files.unstrip_protocol(self.path).rstrip("/")

    def names(self, plans: Sequence[Planned]) -> list[str]:
        """What each part is called within ``parts_folder``."""
        parts = [(plan.file, part) for plan in plans for part in plan.parts]
        return [
            "/".join([*([file.folder] if file.folder and self.is_folder else []),
                      f"part-{number:05d}{_ending(part.kind, file.path)}"])
            for number, (file, part) in enumerate(parts)
        ]  # fmt: skip

    def check(self, plans: Sequence[Planned]) -> None:
        """Raises BatchError where the input cannot be written there, or is there."""
        if any(self._address == plan.file.address for plan in plans):
            raise BatchError(f"{self.path!r} is also the input. Choose another output.")
        if self.is_folder:
            self._check_apart(plans)
            return
        first = plans[0]
        check_ending(first.file.name, PurePosixPath(self.path).name)
        if first.file.folder:
            raise BatchError(
                "The input is partitioned by folders, and so is the output: choose a folder, such "
                f"as {PurePosixPath(self.path).stem!r}."
            )
        for plan in plans:
            if plan.written != first.written:
                raise BatchError(
                    f"{plan.file.name} has another separator or other line ends than "
                    f"{first.file.name}, so they cannot be one file. Choose a folder as output."
                )
        if len(plans) > 1 and not first.columns:
            raise BatchError("Workbooks are predicted one by one: name one file.")

    def _check_apart(self, plans: Sequence[Planned]) -> None:
        for plan in plans:
            if plan.file.address.startswith(f"{self._address}/"):
                raise BatchError(
                    f"The output folder {self.path!r} holds the input {plan.file.name!r}. Choose "
                    "another folder."
                )

    def write(self, plans: Sequence[Planned], kept: Kept) -> None:
        """Put the parts where they belong, once all are done."""
        if self.is_folder:
            kept.finish()
            return
        parts = kept.opened(range(sum(len(plan.parts) for plan in plans)))
        with address_errors(self.path), put_when_whole(self.files, self.path) as whole:
            if plans[0].file.kind == "parquet":
                join_batches(parts, whole, of_files=len(plans) > 1)
            else:
                _join(parts, whole)
        kept.remove()


def output_at(address: str, inputs: Inputs, *, is_parts: bool) -> Output:
    """The output that an address means.

    Args:
        inputs: what is answered.
        is_parts: whether a name without an ending is a folder's, where one file is answered.

    Raises:
        BatchError: there is something else.
    """
    files, path = files_at(address)
    with address_errors(address):
        is_there = files.isdir(path)
    ending = PurePosixPath(path).suffix
    is_folder = is_there or address.endswith("/") or (not ending and (is_parts or inputs.many))
    if is_folder and files.isfile(path):
        raise BatchError(f"{address!r} is a file, and not a folder. Choose another output.")
    output = Output(files, path, is_folder)
    written = {files.unstrip_protocol(place).rstrip("/") for place in (path, output.parts_folder)}
    if any(map(inputs.reads, written)):
        raise BatchError(
            f"The output {address!r} lies in what is read, and would be read the next time. Choose "
            "another place."
        )
    return output


def _ending(kind: str, path: str) -> str:
    """A part's ending: that of its file, unpacked."""
    if kind == "parquet" or kind_of(path) == "parquet":
        return ".parquet"
    suffix = PurePosixPath(path).suffix.lower()
    return WORKBOOKS.get(suffix, ".csv")


def _join(parts: Iterator[BinaryIO], where: Path) -> None:
    with where.open("wb", buffering=0) as file:
        for part in parts:
            shutil.copyfileobj(part, file, COPIED)
