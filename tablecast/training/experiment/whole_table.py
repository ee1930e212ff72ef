"""All rows of a table, where only a sample of them was searched on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tablecast.errors import Remark
from tablecast.i18n.language import N_
from tablecast.training.experiment.out_of_fold import sample_places
from tablecast.training.experiment.trained import (
    HeldOut,
    finalized,
    forget_columns,
    held_out,
)
from tablecast.training.experiment.weights import fit
from tablecast.training.graph_cost import joined
from tablecast.training.memory import COPIES, rows_that_fit

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

Places = npt.NDArray[np.intp]

COST = Remark(
    "Searched on {count} of the {total} rows, because a search on all of them does not fit into "
    "memory. The model then learned from all {total}: {measure} on the test rows is {whole:.4f}, "
    "and {sample:.4f} if it learns from the searched rows only."
)


@dataclass(frozen=True)
class WholeTable:
    """A table, and the sample of it that a search learns from.

    Attributes:
        prepared: all of its rows.
        sample: those that a search learns from; the same object where that is all of them.
        places: where the sample's rows stand among all.
    """

    prepared: Prepared
    sample: Prepared
    places: Places

    @property
    def is_searched(self) -> bool:
        """Whether a search learns from all rows."""
        return self.sample is self.prepared


def whole_table(prepared: Prepared, free: float | None = None) -> WholeTable:
    """A table with a sample that a search has memory for, each class in its share.

    Args:
        prepared: all rows.
        free: bytes that each process may take; None for what is free here.

    Raises:
        TrainingError: next to nothing of it fits.
    """
    places = sample_places(prepared, rows_that_fit(prepared, COPIES, free))
    if places is None:
        return WholeTable(prepared, prepared, np.arange(len(prepared.table)))
    return WholeTable(prepared, prepared.taken(places), places)


@dataclass(frozen=True)
class Finished:
    """A pipeline that has learned from all rows, and what is known of it.

    Attributes:
        pipeline: fitted.
        held: on the test rows, of a pipeline that has learned from all others.
        notes: what searching on a sample costs, where one was taken.
        sample: the figures of one that has learned from the sample; None where that is all.
    """

    pipeline: Any
    held: HeldOut
    notes: Sequence[Remark] = ()
    sample: dict[str, float] | None = None


def finished(experiment: Any, estimator: Any, table: WholeTable) -> Finished:
    """Fit the pipeline of an experiment on all rows, and measure it on the test rows.

    Args:
        experiment: PyCaret's, set up on the sample.
        estimator: fitted on its training part.
        table: all rows.
    """
    held = held_out(experiment, estimator)
    if len(experiment.X) == len(table.prepared.table):
        return Finished(finalized(experiment, estimator, table.prepared.about), held)
    forget_columns(experiment.pipeline)
    pipeline = joined(experiment.pipeline, estimator)
    if table.is_searched:  # by time and group, some rows are on neither side of the split
        return Finished(_fitted(pipeline, table.prepared), held)
    others = _unlike(table.prepared, table.places[experiment.X_test.index])
    large = held_out(experiment, _fitted(pipeline, table.prepared.taken(others)))
    note = _cost(table, large.figures, held.figures)
    return Finished(_fitted(pipeline, table.prepared), large, [note], held.figures)


def _fitted(pipeline: Any, prepared: Prepared) -> Any:
    from sklearn.base import clone

    features = prepared.table.drop(columns=prepared.target)
    weights = prepared.about.weights
    return fit(
        clone(pipeline), features, prepared.table[prepared.target],
        None if weights is None else weights.to_numpy(),
    )


def _unlike(prepared: Prepared, test: Places) -> npt.NDArray[np.bool_]:
    """The rows that may be learned from where these are tested: none of their groups, or later."""
    allowed = np.ones(len(prepared.table), dtype=bool)
    allowed[test] = False
    groups, times = prepared.about.groups, prepared.about.times
    if groups is not None:
        allowed &= ~groups.isin(groups.iloc[test].unique()).to_numpy()
    if times is not None:
        allowed &= (times < times.iloc[test].min()).to_numpy()
    return allowed


def _cost(
    table: WholeTable, whole: dict[str, float], sample: dict[str, float]
) -> Remark:
    measure = N_("R2") if table.prepared.task == "regression" else N_("Accuracy")
    return COST.filled(
        count=len(table.sample.table), total=len(table.prepared.table), measure=Remark(measure),
        whole=whole[measure], sample=sample[measure],
    )
