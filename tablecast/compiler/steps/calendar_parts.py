"""Dates to year, month, day and time of day, from seconds since 1970 UTC, exactly."""

from functools import cached_property

from onnx import TensorProto

from tablecast.compiler.frame import Cell, Frame, Moment, Number, Step
from tablecast.compiler.graph import Builder
from tablecast.compiler.registry import converts
from tablecast.errors import UnsupportedStep
from tablecast.schema.field import DAY

#: What pandas calls a part, to what it is called here.
PARTS = {
    **{name: name for name in "year month day hour minute second weekday quarter".split()},
    "dayofweek": "weekday", "day_of_week": "weekday",
}


@converts("pycaret.internal.preprocess.transformers.ExtractDateTimeFeatures")
def extract(frame: Frame, step: Step) -> dict[str, Cell]:
    """All date columns at once; float64 holds these whole numbers exactly, and NaN for missing."""
    cells: dict[str, Cell] = {}
    calendars: dict[str, Calendar] = {}
    for column in step.columns:
        moment = frame.cells[column]
        if not isinstance(moment, Moment):
            raise UnsupportedStep(step.name, f"column {column!r} is not a date in the schema")
        calendar = calendars.setdefault(moment.tensor, Calendar(frame.builder, moment.tensor))
        for part in step.transformer.features:
            tensor = calendar.part(step.name, part)
            cells[f"{column}_{part}"] = Number(tensor, moment.width, moment.index)
    return {str(name): cells[str(name)] for name in step.after.columns}


class Calendar:
    """Parts of the dates in one tensor, each computed once, when it is asked for.

    Division and floor are exact here: the numbers are whole and far below 2**53.
    The date is by Howard Hinnant's ``civil_from_days``, in years that begin in March.
    """

    def __init__(self, builder: Builder, seconds: str) -> None:
        self._builder = builder
        self._seconds = seconds

    def part(self, step: str, name: str) -> str:
        """A part's tensor, named as pandas names it. Raises UnsupportedStep for other names."""
        if name not in PARTS:
            raise UnsupportedStep(
                step, f"it extracts {name!r} from dates", f"Train with some of: {', '.join(PARTS)}."
            )
        tensor: str = getattr(self, PARTS[name])
        return tensor

    def _op(self, kind: str, left: str, right: str | float) -> str:
        if not isinstance(right, str):
            right = self._builder.constant(float(right))
        return self._builder.op(kind, left, right)

    def _floor(self, tensor: str, divisor: float) -> str:
        return self._builder.op("Floor", self._op("Div", tensor, divisor))

    def _rest(self, tensor: str, divisor: float) -> str:
        return self._op("Sub", tensor, self._op("Mul", self._floor(tensor, divisor), divisor))

    @cached_property
    def hour(self) -> str:
        return self._floor(self._time, 3600)

    @cached_property
    def minute(self) -> str:
        return self._floor(self._rest(self._time, 3600), 60)

    @cached_property
    def second(self) -> str:
        return self._floor(self._rest(self._time, 60), 1)

    @cached_property
    def weekday(self) -> str:
        # 1970-01-01 was a Thursday, which pandas counts as 3.
        return self._rest(self._op("Add", self._days, 3), 7)

    @cached_property
    def quarter(self) -> str:
        return self._floor(self._op("Add", self.month, 2), 3)

    @cached_property
    def day(self) -> str:
        start = self._op("Add", self._op("Mul", self._march_month, 153), 2)
        return self._op("Add", self._op("Sub", self._year_day, self._floor(start, 5)), 1)

    @cached_property
    def month(self) -> str:
        # 0 to 9 are March to December; 10 and 11 are January and February.
        return self._op("Add", self._rest(self._op("Add", self._march_month, 2), 12), 1)

    @cached_property
    def year(self) -> str:
        era = self._floor(self._op("Add", self._days, 719468), 146097)
        year = self._op("Add", self._op("Mul", era, 400), self._era_year)
        late = self._builder.cast(
            self._op("GreaterOrEqual", self._march_month, 10), TensorProto.DOUBLE
        )
        return self._op("Add", year, late)

    @cached_property
    def _days(self) -> str:
        return self._floor(self._seconds, DAY)

    @cached_property
    def _time(self) -> str:
        # Whole seconds, as pandas counts them.
        rest = self._op("Sub", self._seconds, self._op("Mul", self._days, DAY))
        return self._builder.op("Floor", rest)

    @cached_property
    def _era_day(self) -> str:
        # Day of the 400-year era; era 0 begins on 0000-03-01, 719,468 days before 1970.
        return self._rest(self._op("Add", self._days, 719468), 146097)

    @cached_property
    def _era_year(self) -> str:
        years = self._op("Sub", self._era_day, self._floor(self._era_day, 1460))
        years = self._op("Add", years, self._floor(self._era_day, 36524))
        return self._floor(self._op("Sub", years, self._floor(self._era_day, 146096)), 365)

    @cached_property
    def _year_day(self) -> str:
        """Day of the year that begins on 1 March, from 0."""
        year = self._era_year
        before = self._op("Add", self._op("Mul", year, 365), self._floor(year, 4))
        before = self._op("Sub", before, self._floor(year, 100))
        return self._op("Sub", self._era_day, before)

    @cached_property
    def _march_month(self) -> str:
        """Month of the year that begins in March, from 0."""
        return self._floor(self._op("Add", self._op("Mul", self._year_day, 5), 2), 153)
