"""The proof that a graph answers as PyCaret's ``predict_model`` does. No proof, no graph."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tablecast.bridge import predict_with_pycaret
from tablecast.compiler.rows import UNKNOWN, inputs_of, random_rows
from tablecast.engines import session_of
from tablecast.errors import ProofFailed
from tablecast.field import Field

if TYPE_CHECKING:
    import pandas as pd

# float64 carries about 16 digits; a pipeline's sums in another order cost a few of them.
TOLERANCE = 1e-9
# Two classes this near to each other are a tie, which rounding decides.
TIE = 1e-12
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
        perturbed_rows: how many random rows.
        seed: for the random rows.

    Raises:
        ProofFailed: a number differs by more than 1e-9 (see ``Proof.worst_relative``), a label
            differs, or a probability differs by more than 1e-9.
    """
    start = time.perf_counter()
    session = session_of(model_bytes)
    used = {node.name for node in session.get_inputs()}
    fields = [field for field in fields if field.name in used]
    worst = _Worst(task)
    compared, refused = [], 0
    for table in (
        table_rows[[field.name for field in fields]],
        random_rows(fields, perturbed_rows, seed),
    ):
        rows = 0
        for answered, reference in _answered(predict_reference, table.reset_index(drop=True)):
            graph = run(session, inputs_of(fields, answered))
            worst.compare(graph, reference, answered)
            rows += len(answered)
        compared.append(rows)
        refused += len(table) - rows
    worst.check()
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
    )


def pycaret_reference(pipeline: Any, task: Literal["regression", "classification"]) -> Reference:
    """PyCaret's own ``predict_model`` on a finalized pipeline, with every score unrounded."""
    return lambda table: predict_with_pycaret(pipeline, table, task)


def run(
    session: onnxruntime.InferenceSession, inputs: dict[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """A graph's outputs by name, computed in chunks."""
    names = [output.name for output in session.get_outputs()]
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
        "PyCaret's predict_model fails on rows like those of training, so there is nothing to "
        f"compare the graph with ({error}). Train again; with imputation if values are missing."
    ) from error


class _Worst:
    """The largest differences so far."""

    def __init__(self, task: str) -> None:
        self.task = task
        self.absolute = self.relative = self.probability = 0.0
        self.mismatches = self.ties = 0
        self._row: dict[str, Any] = {}
        self._answers: tuple[Any, Any] = (None, None)

    def compare(
        self, graph: dict[str, NDArray[Any]], reference: pd.DataFrame, table: pd.DataFrame
    ) -> None:
        """Compare the answers to the rows of one table."""
        if len(reference) != len(table):
            raise ProofFailed(
                f"PyCaret answered {len(reference)} of {len(table)} rows: the pipeline drops rows. "
                "Train with an imputation that keeps them, or serve with TABLECAST_ENGINE=pycaret."
            )
        label = graph["prediction_label"].reshape(-1)
        expected = reference["prediction_label"].to_numpy()
        if self.task == "regression":
            self._compare_numbers(label, expected.astype(np.float64), table)
            return
        scores = [c for c in reference.columns if str(c).startswith("prediction_score_")]
        probabilities = graph.get("probabilities")
        if bool(scores) != (probabilities is not None):
            raise ProofFailed("Only one of the graph and PyCaret gives probabilities.")
        wrong = label.astype(str) != expected.astype(str)
        if wrong.any():
            self._note(wrong.astype(np.float64), label, expected, table)
        self.mismatches += int(wrong.sum())
        if probabilities is not None:
            exact = reference[scores].to_numpy(np.float64)
            differences = np.abs(probabilities - exact).max(axis=1)
            differences = np.where(np.isnan(differences), np.inf, differences)
            top = np.sort(exact, axis=1)[:, -2:]
            self.ties += int((wrong & (top[:, 1] - top[:, 0] < TIE)).sum())
            if differences.max() > self.probability:
                self.probability = float(differences.max())
                if not self.mismatches:
                    self._note(differences, probabilities, exact, table)

    def _compare_numbers(
        self, answer: NDArray[Any], expected: NDArray[np.float64], table: pd.DataFrame
    ) -> None:
        equal = (answer == expected) | (np.isnan(answer) & np.isnan(expected))
        difference = np.where(equal, 0.0, np.abs(answer - expected))
        difference = np.where(np.isnan(difference), np.inf, difference)
        relative = difference / np.maximum(1.0, np.nan_to_num(np.abs(expected), nan=1.0))
        if relative.max() > self.relative:
            self._note(relative, answer, expected, table)
        self.absolute = max(self.absolute, float(difference.max()))
        self.relative = max(self.relative, float(relative.max()))

    def _note(
        self, size: NDArray[np.float64], answer: Any, expected: Any, table: pd.DataFrame
    ) -> None:
        """Remember the row with the largest difference, for the error's message."""
        place = int(np.argmax(size))
        self._row = table.iloc[place].to_dict()
        self._answers = answer[place], expected[place]

    def check(self) -> None:
        """Raise ProofFailed where a difference is larger than the tolerance."""
        faults = []
        if self.relative > TOLERANCE:
            faults.append(
                f"an answer differs by {self.relative:.2g} of its size ({self.absolute:.2g})"
            )
        if self.mismatches:
            faults.append(f"{self.mismatches} labels differ, {self.ties} of them ties")
        if self.probability > TOLERANCE:
            faults.append(f"a probability differs by {self.probability:.2g}")
        if faults:
            graph, expected = self._answers
            raise ProofFailed(
                f"The graph does not answer as PyCaret does: {'; '.join(faults)}. The worst row is "
                f"{self._row}: the graph answers {graph}, PyCaret {expected}. A pipeline that "
                "computes in float32 cannot be reproduced exactly; one that `tablecast train` "
                "makes computes in float64. Or serve with TABLECAST_ENGINE=pycaret."
            )
