"""Cases side by side: their answers, what differs between them, and why the answers differ.

Words and places only; ``templates/compare.html`` draws them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tablecast.deployment.deployment import Deployment
from tablecast.errors import InvalidInput
from tablecast.i18n.language import _
from tablecast.inference.difference import Difference, difference
from tablecast.inference.predictor import Prediction
from tablecast.schema.schema import Row, Schema
from tablecast.web.display import charts
from tablecast.web.display.amounts import Wording, prediction_in_words, wording_of_all
from tablecast.web.display.remarks import warning_of
from tablecast.web.form.answer import Line, steps_of
from tablecast.web.form.cases import Case, name_of
from tablecast.web.form.controls import Control, controls_of


@dataclass(frozen=True)
class Cell:
    """One field of one case.

    Attributes:
        control: what it holds, and what is wrong with it.
        id, name: of its input.
        first: the first case's value in words, where this one differs from it; else "".
    """

    control: Control
    id: str
    name: str
    first: str = ""


@dataclass(frozen=True)
class Column:
    """One case.

    Attributes:
        number: from 1.
        answer: in words; "" where a value is not valid.
        likely: both ends of the answer's range, where one is known.
        bar: the answer on a scale that all cases share; None for a class.
        change: how far the answer is from the first case's, or its probability; "" for the first.
        warnings: what should be said of the values.
    """

    number: int
    answer: str = ""
    likely: tuple[str, str] | None = None
    bar: charts.Span | None = None
    change: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return _("Case {number}").format(number=self.number)


@dataclass(frozen=True)
class Reasons:
    """Why a case's answer differs from the first one's: ``first`` and all lines make ``other``.

    Attributes:
        number: the case.
        first, other: the two answers, or their probabilities of the first one's class.
        lines: one for each field that differs, the largest first; none where nothing does.
        exact: whether no orders were drawn.
    """

    number: int
    first: str
    other: str
    lines: tuple[Line, ...]
    exact: bool


@dataclass(frozen=True)
class Comparison:
    """All of it.

    Attributes:
        columns: the cases.
        rows: for each field, a cell for each case.
        reasons: one for each case but the first, where both have an answer.
        label: the class whose probability is compared, in words; "" for a number.
        summary: (id to link to, sentence) of every value that is not valid.
        predictions: the answers that there are.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    reasons: tuple[Reasons, ...]
    label: str
    summary: tuple[tuple[str, str], ...]
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True)
class _Read:
    """A case as it was read: its controls, and its row where all of its values are valid."""

    number: int
    controls: list[Control]
    row: Row | None


def compared(loaded: Deployment, schema: Schema, cases: Sequence[Case]) -> Comparison:
    """Answer cases, and compare each with the first.

    Args:
        loaded: what answers.
        schema: its schema in the reader's language.
        cases: each with a text for every field.
    """
    read = [_read(schema, number, case) for number, case in enumerate(cases, start=1)]
    rows = [case.row for case in read if case.row]
    answered = iter(loaded.predictor.predict(rows))
    predictions = [next(answered) if case.row else None for case in read]
    first = read[0].row
    differences = [
        difference(schema, loaded.engine, first, case.row) if first and case.row else None
        for case in read[1:]
    ]
    wording = wording_of_all(schema, filter(None, predictions), loaded.background)
    label = next((one.label for one in differences if one and one.label is not None), None)
    return Comparison(
        columns=_columns(schema, read, predictions, [None, *differences], wording),
        rows=tuple(_cells(cells) for cells in zip(*(case.controls for case in read), strict=True)),
        reasons=tuple(
            _reasons(schema, read[0], case, found, wording)
            for case, found in zip(read[1:], differences, strict=True) if found
        ),
        label="" if label is None else schema.name_class(label),
        summary=tuple(_summary(read)),
        predictions=tuple(filter(None, predictions)),
    )  # fmt: skip


def _read(schema: Schema, number: int, case: Case) -> _Read:
    try:
        return _Read(number, controls_of(schema, case), schema.parse(case, text=True))
    except InvalidInput as error:
        return _Read(number, controls_of(schema, case, error.errors), None)


def _columns(
    schema: Schema, read: Sequence[_Read], predictions: Sequence[Prediction | None],
    differences: Sequence[Difference | None], wording: Wording,
) -> tuple[Column, ...]:
    amounts = [one.prediction for one in predictions if one and isinstance(one.prediction, float)]
    scale = charts.Scale(min([0.0, *amounts]), max([0.0, *amounts]))
    return tuple(
        _column(schema, case.number, prediction, found, wording, scale)
        for case, prediction, found in zip(read, predictions, differences, strict=True)
    )


def _column(
    schema: Schema, number: int, prediction: Prediction | None, found: Difference | None,
    wording: Wording, scale: charts.Scale,
) -> Column:
    if prediction is None:
        return Column(number)
    label, ends = prediction.prediction, prediction.interval
    is_amount = schema.task == "regression"
    return Column(
        number,
        answer=prediction_in_words(schema, prediction, wording),
        likely=(wording.of(ends[0]), wording.of(ends[1])) if ends else None,
        bar=charts.from_zero(scale, float(label)) if is_amount else None,
        change=wording.change(found.other - found.first) if found else "",
        warnings=tuple(warning_of(schema, warning) for warning in prediction.warnings),
    )


def _cells(controls: tuple[Control, ...]) -> tuple[Cell, ...]:
    """A field's controls, one for each case."""
    first = controls[0]
    return tuple(
        Cell(
            control, f"case-{number}-{control.id}", name_of(number, control.field.name),
            "" if control.value.strip() == first.value.strip() else first.shown,
        )
        for number, control in enumerate(controls, start=1)
    )


def _reasons(
    schema: Schema, first: _Read, case: _Read, found: Difference, wording: Wording
) -> Reasons:
    words = _("{new} instead of {old}")
    shown = {
        mine.field.name: words.format(new=theirs.shown, old=mine.shown)
        for mine, theirs in zip(first.controls, case.controls, strict=True)
    }
    lines = steps_of(schema, found.first, found.parts, wording, shown, exact=found.exact)
    return Reasons(
        case.number, wording.of(found.first), wording.of(found.other), lines, found.exact
    )


def _summary(read: Sequence[_Read]) -> list[tuple[str, str]]:
    words = _("Case {number}: {sentence}")
    return [
        (f"case-{case.number}-{control.id}",
         words.format(number=case.number, sentence=control.error))
        for case in read
        for control in case.controls
        if control.error
    ]  # fmt: skip
