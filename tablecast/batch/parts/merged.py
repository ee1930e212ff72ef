"""What became of all rows, out of what became of each part's."""

from collections.abc import Mapping, Sequence

from tablecast.batch.parts.plan import Planned
from tablecast.batch.summary import SHOWN_REFUSALS, Refused, Summary


def merged(plans: Sequence[Planned], done: Mapping[int, Summary]) -> Summary:
    """One summary of the parts that are done, in their order.

    Args:
        plans: the files.
        done: number of a part, over all files, to its summary.
    """
    total = Summary()
    for number in sorted(done):
        one = done[number]
        for refused in one.refusals[: SHOWN_REFUSALS - len(total.refusals)]:
            row = total.rows + refused.row
            total.refusals.append(Refused(row, refused.location, refused.remarks))
        for count in ("rows", "predicted", "refused", "warned"):
            setattr(total, count, getattr(total, count) + getattr(one, count))
        total.is_workbook = one.is_workbook
    total.notes = _notes(plans, done)
    return total


def _notes(plans: Sequence[Planned], done: Mapping[int, Summary]) -> tuple[str, ...]:
    """What is to be said of the files, each sentence once; with the file's name among several."""
    first, by_file = 0, []
    for plan in plans:
        numbers = range(first, first + len(plan.parts))
        first += len(plan.parts)
        notes = [done[number].notes for number in numbers if number in done]
        by_file.append((plan.file.name, [*plan.notes, *_notes_of_file(notes)]))
    if len(by_file) == 1:
        return tuple(by_file[0][1])
    everywhere = [note for note in by_file[0][1] if all(note in notes for _, notes in by_file)]
    here = [f"{name}: {note}" for name, notes in by_file for note in notes
            if note not in everywhere]  # fmt: skip
    return (*here, *everywhere)


def _notes_of_file(parts: Sequence[Sequence[str]]) -> list[str]:
    """The sentences of a file's parts; what all say is of its columns, and stands at the end."""
    if len(parts) < 2:
        return [note for notes in parts for note in notes]
    all_say = [note for note in parts[0] if all(note in notes for notes in parts)]
    return [note for notes in parts for note in notes if note not in all_say] + all_say
