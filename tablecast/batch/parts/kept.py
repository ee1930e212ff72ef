"""The parts that are done, and what is known of each: so that an interrupted run can go on.

    FOLDER/part-00000.csv          the answered rows, whole or not there
    FOLDER/_tablecast/plan.json    of which files, by which graph
    FOLDER/_tablecast/00000.json   what became of that part's rows
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from tablecast.batch.parts.locations import Files, LocalFiles, address_errors
from tablecast.batch.parts.part import Scored
from tablecast.batch.summary import Refused, Summary
from tablecast.deployment.files import sha256_of
from tablecast.errors import BatchError, Remark

#: The folder within, which programs that read a folder of parts leave out.
NOTES = "_tablecast"

#: What a plan is compared by, and what to say where one differs.
_COMPARED = {
    "version": "it was begun by another version of tablecast",
    "sha256": "the model is another one now",
    "options": "its options were others",
    "parts": "the input changed since",
}


class Kept:
    """The parts in a folder.

    Args:
        files, folder: where they are kept.
        names: what each part's file is called.
        plan: what they are parts of, by the keys of ``_COMPARED``.
    """

    def __init__(
        self, files: Files, folder: str, names: list[str], plan: Mapping[str, Any]
    ) -> None:
        self._files, self._folder, self._names = files, folder.rstrip("/"), names
        self._plan = {name: _short(plan[name]) for name in _COMPARED}
        self.done: dict[int, Summary] = {}

    def begin(self, resume: bool) -> None:
        """Find what is done, or begin in an empty folder.

        Raises:
            BatchError: the folder holds something else, or parts of something else.
        """
        present = self._files.find(self._folder) if self._files.isdir(self._folder) else []
        plan = self._noted("plan.json")
        if present and plan is None:
            what = "holds no interrupted run, and is not empty" if resume else "is not empty"
            raise BatchError(
                f"The folder {self._folder!r} {what}. Choose another one, or empty it."
            )
        if plan is not None and not resume:
            raise BatchError(
                f"{self._folder!r} holds the parts of an interrupted run. Add --resume to go on "
                "with it, or remove the folder."
            )
        for name, reason in _COMPARED.items():
            if plan is not None and plan.get(name) != self._plan[name]:
                raise BatchError(
                    f"The run in {self._folder!r} cannot be resumed: {reason}. Remove the folder "
                    "and start again."
                )
        if plan is None:
            self._write(f"{NOTES}/plan.json", json.dumps(self._plan).encode())
        for number in range(len(self._names)):
            self._find(number)

    def _find(self, number: int) -> None:
        """Take a part as done if its file is the one that was written."""
        note = self._noted(f"{number:05d}.json")
        path = self.path_of(number)
        if not note or not self._files.isfile(path):
            return
        if sha256_of(self._files.cat_file(path)) == note.get("sha256"):
            with suppress(KeyError, TypeError, AttributeError):  # another note than we write
                self.done[number] = _summary_of(note)

    def keep(self, number: int, scored: Scored) -> None:
        """Put a part in its place, and then write that it is done."""
        if scored.content is None:
            LocalFiles().mv(self.place_of(number), self.path_of(number))
        else:
            self._write(self._names[number], scored.content)
        note = {"sha256": scored.sha256, **_note_of(scored.summary)}
        self._write(f"{NOTES}/{number:05d}.json", json.dumps(note).encode())
        self.done[number] = scored.summary

    def place_of(self, number: int) -> str:
        """Where a worker of this machine writes a part; "" where the parts are elsewhere."""
        is_here = isinstance(self._files, LocalFiles)
        return f"{self._folder}/{NOTES}/{number:05d}.part" if is_here else ""

    def opened(self, numbers: Iterable[int]) -> Iterator[BinaryIO]:
        """Parts that are done, one after the other."""
        for number in numbers:
            with self._files.open(self.path_of(number)) as part:
                yield part

    def path_of(self, number: int) -> str:
        """Where a part is."""
        return f"{self._folder}/{self._names[number]}"

    def finish(self) -> None:
        """Leave the parts alone in the folder."""
        self._files.rm(f"{self._folder}/{NOTES}", recursive=True)

    def remove(self) -> None:
        """Leave nothing of ours, nor the folder where it holds nothing else."""
        for number in range(len(self._names)):
            if self._files.isfile(self.path_of(number)):
                self._files.rm(self.path_of(number))
        self.finish()
        self.done.clear()
        if isinstance(self._files, LocalFiles):
            self._files.rm_empty(self._folder)

    def _noted(self, name: str) -> dict[str, Any] | None:
        path = f"{self._folder}/{NOTES}/{name}"
        if not self._files.isfile(path):
            return None
        try:
            note = json.loads(self._files.cat_file(path))
        except ValueError:
            note = {}
        return note if isinstance(note, dict) else {}

    def _write(self, name: str, content: bytes) -> None:
        with address_errors(self._folder):
            self._files.pipe_file(f"{self._folder}/{name}", content)


def _short(value: Any) -> str:
    plain = json.dumps(value, sort_keys=True).encode()
    return value if isinstance(value, str) else sha256_of(plain)


_COUNTS = ("rows", "predicted", "refused", "warned", "is_workbook")


def _note_of(summary: Summary) -> dict[str, Any]:
    """What is kept of a part's summary, as plain data."""
    refusals = [
        {
            "row": refused.row, "location": refused.location,
            "remarks": [{"field": one.field, **one.to_json()} for one in refused.remarks],
        }
        for refused in summary.refusals
    ]  # fmt: skip
    counts = {name: getattr(summary, name) for name in _COUNTS}
    return {**counts, "notes": summary.notes, "refusals": refusals}


def _summary_of(note: Mapping[str, Any]) -> Summary:
    refusals = [
        Refused(one["row"], one["location"], tuple(map(_remark_of, one["remarks"])))
        for one in note["refusals"]
    ]
    counts = {name: note[name] for name in _COUNTS}
    return Summary(**counts, notes=tuple(note["notes"]), refusals=refusals)


def _remark_of(plain: Mapping[str, Any]) -> Remark:
    read = Remark.from_json({name: part for name, part in plain.items() if name != "field"})
    return Remark(read.message, plain["field"], read.values, many=read.many)
