"""The proof that a graph predicts like PyCaret. No graph is saved without it."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import onnxruntime
import pandas as pd
from numpy.typing import NDArray

from tablecast.compiler.proof.check_row_program import RowProgramCheck
from tablecast.compiler.proof.differences import SINGLE_TOLERANCE, TOLERANCE, Worst
from tablecast.compiler.proof.random_rows import UNKNOWN, inputs_of, random_rows
from tablecast.errors import ProofFailed
from tablecast.inference.onnx_engine import columns_read, fed, session_of
from tablecast.inference.pycaret_api import as_heard, heard_levels, predict_with_pycaret
from tablecast.inference.row_program import RowProgram
from tablecast.schema.field import Field

# Random rows of a proof: 160 with a missing value in each column, 80 with an unknown text, and 200
# outside its range. A fault that changes one row in 1,000 is missed once in seven proofs.
PERTURBED_ROWS = 2_000
# A batch's intermediate tensors stay small.
CHUNK = 1_000

# A raw table in; PyCaret's prediction_label, and every prediction_score_<class>, out.
Reference = Callable[["pd.DataFrame"], "pd.DataFrame"]


@dataclass(frozen=True)
class Proof:
    """What was compared, and the largest differences that were found.

    Attributes:
        rows: training rows compared.
        perturbed_rows: random rows compared.
        refused_rows: rows that ``predict_model`` raises for, so that there is nothing to compare.
        worst_absolute: the largest difference between two numeric answers; 0 for classes.
        worst_relative: the largest difference relative to the answer, or to 1 where the answer is
            smaller than 1: ``|graph - pycaret| / max(1, |pycaret|)``.
        label_mismatches: rows with another class.
        ties: mismatches where the two classes' probabilities are equal to within 1e-12.
        worst_probability: the largest difference between two probabilities.
        seconds: how long it took.
        onnxruntime: the version that ran the graph.
        scalar_rows: rows that ``row_program`` answered as well, equally; None where it cannot.
        scalar_worst: the largest relative difference, of a number or a probability, among those.
        tolerance: the largest difference that was allowed: 1e-9, or 1e-5 where more would be asked
            than the pipeline's own arithmetic holds.
        precision: of that arithmetic, "float64" or "float32"; the latter only where it shows.
        least: the lowest number that was answered; None for classes.
    """

    rows: int
    perturbed_rows: int
    refused_rows: int
    worst_absolute: float
    worst_relative: float
    label_mismatches: int
    ties: int
    worst_probability: float
    seconds: float
    onnxruntime: str
    scalar_rows: int | None = None
    scalar_worst: float | None = None
    tolerance: float = TOLERANCE
    precision: str = "float64"
    least: float | None = None

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return asdict(self)


def prove(
    model_bytes: bytes,
    predict_reference: Reference,
    table_rows: pd.DataFrame,
    task: Literal["regression", "classification"],
    fields: Sequence[Field],
    *,
    row_program: RowProgram | None = None,
    single: bool = False,
    perturbed_rows: int = PERTURBED_ROWS,
    seed: int = 0,
) -> Proof:
    """Compare a graph with PyCaret on every training row and on random rows.

    Args:
        model_bytes: the graph.
        predict_reference: PyCaret's own answer to a raw table; see ``pycaret_reference``.
        table_rows: the training rows, with or without the target.
        task: regression or classification.
        fields: the raw columns, from which the random rows are made.
        row_program: what answers a row without the graph (see ``inference.row_program``), or None.
        single: whether the pipeline itself computes in float32 (see ``precision``), so that no more
            than float32's digits can be asked for.
        perturbed_rows: how many random rows.
        seed: for the random rows.

    Raises:
        ProofFailed: a number differs by more than 1e-9 (see ``Proof.worst_relative``), a label
            differs, or a probability differs by more than 1e-9; 1e-5 where ``single``.
    """
    start = time.perf_counter()
    session = session_of(model_bytes)
    used = {name for names in columns_read(session).values() for name in names}
    alone = RowProgramCheck(row_program, fields, task)
    fields = [field for field in fields if field.name in used]
    worst = Worst(task)
    compared, refused = [], 0
    for table in (
        table_rows[[field.name for field in fields]],
        random_rows(fields, perturbed_rows, seed),
    ):
        rows = 0
        for answered, reference in _answered(predict_reference, table.reset_index(drop=True)):
            graph = run(session, inputs_of(fields, answered))
            worst.compare(graph, reference, answered)
            alone.compare(graph, reference, answered)
            rows += len(answered)
        compared.append(rows)
        refused += len(table) - rows
    loose = single and not worst.within(TOLERANCE)
    tolerance = SINGLE_TOLERANCE if loose else TOLERANCE
    worst.check(tolerance)
    return Proof(
        rows=compared[0],
        perturbed_rows=compared[1],
        refused_rows=refused,
        worst_absolute=worst.absolute,
        worst_relative=worst.relative,
        label_mismatches=worst.mismatches,
        ties=worst.ties,
        worst_probability=worst.probability,
        seconds=round(time.perf_counter() - start, 3),
        onnxruntime=onnxruntime.__version__,
        tolerance=tolerance,
        precision="float32" if loose else "float64",
        least=worst.least,
        **alone.facts(tolerance),
    )


def pycaret_reference(pipeline: Any, task: Literal["regression", "classification"]) -> Reference:
    """PyCaret's own ``predict_model`` on a finalized pipeline, with every score unrounded.

    Random rows have every category as text: the pipeline is given what it had for that text.
    """
    heard = heard_levels(pipeline)
    return lambda table: predict_with_pycaret(pipeline, as_heard(table, heard), task)


def run(
    session: onnxruntime.InferenceSession, inputs: dict[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """A graph's outputs by name, computed in chunks."""
    names = [output.name for output in session.get_outputs()]
    inputs = fed(columns_read(session), inputs)
    rows = len(next(iter(inputs.values())))
    chunks = [
        session.run(None, {name: values[i : i + CHUNK] for name, values in inputs.items()})
        for i in range(0, rows, CHUNK)
    ]
    return {
        name: np.concatenate(parts)
        for name, parts in zip(names, zip(*chunks, strict=True), strict=True)
    }


def _answered(
    predict: Reference, table: pd.DataFrame
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """The rows that PyCaret answers, with its answers.

    One row that it refuses stops a whole batch, so a batch that fails is tried without missing
    values, which a pipeline without imputation refuses, and then without unknown texts.
    """
    error: Exception | None = None
    if table.empty:
        return
    for rows in (table, table.dropna(), table[~(table == UNKNOWN).any(axis=1)].dropna()):
        if not len(rows):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield rows, predict(rows.copy())
                return
        except (ValueError, TypeError, KeyError, IndexError) as failure:
            error = failure
    raise ProofFailed(
        "PyCaret's predict_model fails on rows like those of training, so the graph cannot be "
        f"compared with it ({error}). Train again; with imputation if values are missing."
    ) from error
