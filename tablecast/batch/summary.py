"""The result of a batch in figures and in words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tablecast.errors import BatchError, Remark
from tablecast.i18n.formats import number, sentences
from tablecast.i18n.language import _, ngettext

#: Refused rows that are kept to be shown; the rest are only counted.
SHOWN_REFUSALS = 100

#: Refused rows that the words of an error list.
LISTED_REFUSALS = 10

#: Characters of a refused row's reason in a file: enough for several faults, without the fifty
#: levels of a field in each row.
REASON_CHARACTERS = 500


def joined(remarks: Sequence[Remark]) -> str:
    """Remarks as one line of text."""
    return sentences(remark.say() for remark in remarks)


def reason_in_file(remarks: Sequence[Remark], worded: dict[int, str]) -> str:
    """Remarks as one line of text that is not too long.

    Args:
        remarks: of one row.
        worded: remarks that were worded before, by their identity; new ones are put there.
    """
    texts = []
    for remark in remarks:
        if id(remark) not in worded:
            worded[id(remark)] = remark.say()
        texts.append(worded[id(remark)])
    text = sentences(texts)
    return text if len(text) <= REASON_CHARACTERS else text[: REASON_CHARACTERS - 1] + "…"


@dataclass(frozen=True)
class Refused:
    """One row that the schema refuses.

    Attributes:
        row: its index among the rows, from 0.
        location: for a person: ``"line 3"`` of a CSV file, ``"row 2"`` of a Parquet file.
        remarks: everything that is wrong with it.
    """

    row: int
    location: str
    remarks: tuple[Remark, ...]

    def say(self) -> str:
        """All of it as one line."""
        words = _("{found_at}: {remark}")
        return words.format(found_at=self.location, remark=joined(self.remarks))


def location_in_words(kind: str, count: int) -> str:
    """What a chunk's ``location_of`` says, in words."""
    words = {"line": _("line {number}"), "row": _("row {number}")}
    return words[kind].format(number=number(count))


def located(refusals: Iterable[Refused]) -> Iterator[Remark]:
    """Every remark with its row's index, and the line that the person sees."""
    for refusal in refusals:
        for remark in refusal.remarks:
            values = {"found_at": refusal.location.capitalize(), "remark": remark}
            yield Remark("{found_at}: {remark}", remark.field, values, refusal.row)


@dataclass
class Summary:
    """What became of a file's rows.

    Attributes:
        rows: how many rows there were: ``predicted`` + ``refused``.
        warned: predicted rows of which there was something to say, such as a value outside the
            training range.
        seconds: how long it took.
        refusals: the first refused rows.
        notes: sentences about the file as a whole.
        is_workbook: whether the file is one, and not CSV or Parquet.
    """

    rows: int = 0
    predicted: int = 0
    refused: int = 0
    warned: int = 0
    seconds: float = 0.0
    refusals: list[Refused] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    is_workbook: bool = False


class RowsRefused(BatchError):  # noqa: N818 - reads as a sentence where it is raised
    """Rows of the file are refused, and refused rows were not to be passed over.

    Attributes:
        refused: how many, among the rows that were read until then.
        refusals: the first of them.
    """

    def __init__(self, name: str, summary: Summary) -> None:
        self.refused = summary.refused
        self.refusals = tuple(summary.refusals)
        listed = [f"  {refusal.say()}" for refusal in self.refusals[:LISTED_REFUSALS]]
        more = summary.refused - len(listed)
        if more:
            listed.append("  " + _("and {count} more").format(count=number(more)))
        words = self._words().format(
            name=name, refused=number(summary.refused), rows=number(summary.rows)
        )
        super().__init__("\n".join([words, *listed]))

    def _words(self) -> str:
        return ngettext(
            "{name}: {refused} of the first {rows} rows is refused, so nothing was written. "
            "Correct them, or choose to skip refused rows or to have the errors in a column.",
            "{name}: {refused} of the first {rows} rows are refused, so nothing was written. "
            "Correct them, or choose to skip refused rows or to have the errors in a column.",
            self.refused,
        )
