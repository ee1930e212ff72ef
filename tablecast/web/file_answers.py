"""How the answers to a file get into the prediction log, while the file is answered."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from flask import Response, g

from tablecast.batch.summary import RowsRefused
from tablecast.errors import BatchError, Remark
from tablecast.inference.engine import Columns
from tablecast.log.entries import OF_THE_FILE, Asked, Parcel
from tablecast.web.answer_log import AnswerLog, answers_kept, asked_now, given, keep
from tablecast.web.http.opened import opened

#: Rows of a file that are kept together.
MOST_HELD = 4000


class FileRecorder:
    """Keeps the answers to a file while it is answered, some thousand rows at a time.

    Attributes:
        parcel: what is not kept yet.
    """

    def __init__(self, answers: AnswerLog) -> None:
        self._answers = answers
        self._notes = answers.notes(opened())
        self._began = time.perf_counter()
        self._kept: tuple[str, str] | None = None
        self.parcel = Parcel()

    def answered(
        self, columns: Columns, answers: Mapping[str, Any], warned: npt.NDArray[np.bool_]
    ) -> list[str]:
        """See ``batch.answers.Recorder``."""
        rows = self._notes.answered_columns(columns, answers, warned, self._asked())
        self.parcel.answered += rows
        self._keep_if_many()
        return [row["id"] for row in rows]

    def refused(self, rows: Iterable[Sequence[Remark]]) -> None:
        """See ``batch.answers.Recorder``."""
        asked = self._asked()
        self.parcel.refused += [self._notes.refused(remarks, asked) for remarks in rows]
        self._keep_if_many()

    def finish(self) -> None:
        """Keep the rest. Raises ServiceUnavailable."""
        keep(self._answers, self.parcel)

    def give_up(self) -> None:
        """The file was refused, so nobody is given its answers: keep only what was refused."""
        self.parcel.answered = []
        if self._kept:
            self._answers.log.withdraw(*self._kept, g.request_id)
        self.finish()

    def _asked(self) -> Asked:
        now = time.perf_counter()
        ms, self._began = 1000 * (now - self._began), now
        return asked_now()._replace(ms=ms)

    def _keep_if_many(self) -> None:
        if len(self.parcel) >= MOST_HELD:
            ids = [row["id"] for row in self.parcel.answered]
            keep(self._answers, self.parcel)
            if ids:
                self._kept = (self._kept or (ids[0], ""))[0], ids[-1]
            self.parcel = Parcel()


def file_recorder() -> FileRecorder | None:
    """What keeps the answers to a file; None where there is no log."""
    answers = answers_kept()
    return FileRecorder(answers) if answers else None


@contextmanager
def recording() -> Iterator[FileRecorder | None]:
    """What keeps the answers to a file that is answered within, or that it was refused.

    Raises:
        ServiceUnavailable: they could not be kept.
    """
    recorder = file_recorder()
    if recorder is None:
        yield None
        return
    try:
        yield recorder
    except BatchError as error:
        if not isinstance(error, RowsRefused):  # whose rows are told one by one
            recorder.refused([[Remark(OF_THE_FILE)]])
        recorder.give_up()
        raise
    recorder.finish()


def kept_file(response: Response, recorder: FileRecorder | None, content: bytes) -> Response:
    """``kept`` for a response whose answers a recorder has."""
    answers = answers_kept()
    if answers is None or recorder is None:
        return response
    return given(answers, response, recorder.parcel, content)
