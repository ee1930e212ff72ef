"""Limits for files that strangers send."""

import math
import time
from dataclasses import dataclass, field

from tablecast.batch.summary import RowsRefused, Summary
from tablecast.errors import BatchError
from tablecast.i18n.formats import number
from tablecast.i18n.language import _

#: Refused rows from which on it is looked at whether they are most of a file's. Who sends so many
#: has the wrong file, or means harm: a refused row costs twenty times what another does.
MANY_REFUSED = 10_000


class MostRefused(RowsRefused):
    """Most rows of a long file are refused, so its rest was not read."""

    def _words(self) -> str:
        return _(
            "{name}: {refused} of the first {rows} rows are refused, so the rest was not read. "
            "Check that its columns are those of the model."
        )


@dataclass
class Limits:
    """What one file may cost; by default as much as it likes.

    Attributes:
        seconds: of CPU time of this thread.
        times, more: the output has at most so many times the input's bytes, and some more.
        many_refused: rows from which on most must not be refused.
        memory: bytes that it takes to open a workbook.
    """

    seconds: float = math.inf
    times: float = math.inf
    more: float = math.inf
    many_refused: float = math.inf
    memory: float = math.inf
    _began: float = field(default_factory=time.thread_time)

    def check(self, name: str, summary: Summary, read: int, written: int) -> None:
        """See whether a file goes too far.

        Args:
            name: what messages call the file.
            summary: what became of its rows until now.
            read: its bytes, all of them.
            written: bytes of the output until now.

        Raises:
            BatchError: it does; ``MostRefused`` where it is for its refused rows.
        """
        if summary.refused >= self.many_refused and 2 * summary.refused > summary.rows:
            raise MostRefused(name, summary)
        if written > self.times * read + self.more:
            words = _(
                "The result for {name} would be many times larger than the file. Send it in "
                "parts, or use the command line (python -m tablecast predict)."
            )
            raise BatchError(words.format(name=name))
        if time.thread_time() - self._began > self.seconds:
            words = _(
                "{name} takes more than {most} seconds. Send it in parts, or use the command line "
                "(python -m tablecast predict)."
            )
            raise BatchError(words.format(name=name, most=number(int(self.seconds))))
