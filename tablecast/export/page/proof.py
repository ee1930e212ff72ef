"""The proof that a page answers as the server does. No page is written without it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tablecast.compiler.proof.differences import TOLERANCE
from tablecast.compiler.proof.prove import PERTURBED_ROWS
from tablecast.compiler.proof.random_rows import random_rows
from tablecast.deployment.deployment import Deployment
from tablecast.errors import PageError
from tablecast.export.page.javascript import PagePredictor
from tablecast.inference.engine import Answer, Columns
from tablecast.schema.field import Value
from tablecast.schema.schema import Row
from tablecast.web.explanations import contributions_json, whatif_json

#: Rows that are explained as well: each takes thousands of answers.
EXPLAINED_ROWS = 20


@dataclass(frozen=True)
class PageProof:
    """What was compared, and the largest differences that were found.

    Attributes:
        rows: random rows that both answered.
        worst_relative: of two numbers, relative to the server's, or to 1 where that is smaller.
        worst_interval: of two ends of a range, in the same way.
        worst_probability: of two probabilities.
        explained_rows: those of them that both explained, with a what-if.
        worst_explained: of two numbers of an explanation, relative to the largest of the server's
            number, its answer, its mean answer and 1.
        tolerance: the largest difference that was allowed; classes are the same.
    """

    rows: int
    worst_relative: float
    worst_interval: float
    worst_probability: float
    explained_rows: int
    worst_explained: float
    tolerance: float = TOLERANCE

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return asdict(self)


def prove_page(
    loaded: Deployment,
    contents: Mapping[str, Any],
    *,
    rows: int = PERTURBED_ROWS,
    explained_rows: int = EXPLAINED_ROWS,
    seed: int = 0,
) -> PageProof:
    """Compare a page's JavaScript, run in V8, with what the server answers.

    Args:
        loaded: the deployment, which answers for the server.
        contents: what the page holds of it (see ``contents_of``).
        rows, seed: how many random rows of the compiler's kind, and which.
        explained_rows: how many of them are explained too.

    Raises:
        PageError: a number, a range, a probability or an explanation differs by more than 1e-9, or
            a class is another one.
    """
    schema = loaded.schema
    script = PagePredictor(contents)
    columns = schema.columns_of(random_rows(schema.fields, rows, seed))
    asked = _rows(columns)
    answers = script.predict_all(asked)
    expected = loaded.engine.answer(columns)
    classes = [] if schema.task == "regression" else [str(name) for name in schema.classes]
    proof = PageProof(
        rows=rows,
        worst_relative=_worst_label(answers, expected, asked),
        worst_interval=_worst_interval(answers, loaded, expected, columns),
        worst_probability=_worst_probability(answers, expected, classes),
        explained_rows=explained_rows,
        worst_explained=max(
            (_worst_explained(script, loaded, row) for row in asked[:explained_rows]), default=0.0
        ),
    )
    _check(proof)
    return proof


def _rows(columns: Columns) -> list[dict[str, Value]]:
    listed = [values.tolist() for values in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*listed, strict=True)]


def _worst_label(
    answers: Sequence[Mapping[str, Any]], expected: Answer, asked: Sequence[Mapping[str, Value]]
) -> float:
    """The largest difference of two numbers; 0 for classes, which have to be the same."""
    labels = [answer["prediction"] for answer in answers]
    if expected.labels.dtype.kind == "f":
        return _worst(labels, expected.labels)
    for label, own, row in zip(labels, expected.labels.tolist(), asked, strict=True):
        if label != own:
            raise PageError(
                f"The page predicts {label!r} and the server {own!r} for {dict(row)}, so no page "
                "was written. Serve the deployment instead."
            )
    return 0.0


def _worst_interval(
    answers: Sequence[Mapping[str, Any]], loaded: Deployment, expected: Answer, columns: Columns
) -> float:
    interval = loaded.predictor.interval
    if interval is None:
        return 0.0
    ends = interval.of_columns(expected.labels, columns)
    pairs = np.array([answer["interval"] for answer in answers], dtype=np.float64)
    return max(_worst(pairs[:, end], ends[end]) for end in (0, 1))


def _worst_probability(
    answers: Sequence[Mapping[str, Any]], expected: Answer, classes: Sequence[str]
) -> float:
    if expected.probabilities is None:
        return 0.0
    found = [[answer["probabilities"][name] for name in classes] for answer in answers]
    return _worst(found, expected.probabilities)


def _worst_explained(script: PagePredictor, loaded: Deployment, row: Mapping[str, Value]) -> float:
    answer = script.predict(row, explain=True, whatif=True)
    own = Row(tuple(row[field.name] for field in loaded.schema.fields))
    return max(
        _apart(answer["contributions"], contributions_json(loaded, own)),
        _apart(answer["whatif"], whatif_json(loaded, own)),
    )


def _apart(found: Any, expected: Any, scale: float = 1.0) -> float:
    """The largest difference of two explanations' numbers (see ``PageProof.worst_explained``);
    infinite where anything else differs."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        scale = max(scale, *(abs(expected.get(name, 0.0)) for name in ("answer", "base")))
        if found.keys() != expected.keys():
            return np.inf
        return max((_apart(found[key], expected[key], scale) for key in expected), default=0.0)
    if isinstance(expected, list | tuple) and isinstance(found, list):
        if len(found) != len(expected):
            return np.inf
        pairs = zip(found, expected, strict=True)
        return max((_apart(*pair, scale) for pair in pairs), default=0.0)
    if found == expected:
        return 0.0
    if not isinstance(found, int | float) or not isinstance(expected, int | float):
        return np.inf
    if found != found and expected != expected:
        return 0.0
    return abs(found - expected) / max(scale, abs(expected))


def _worst(found: Any, expected: NDArray[np.float64]) -> float:
    """The largest difference, relative to the expected number or to 1; infinite where only one of
    both is missing."""
    numbers = np.asarray(found, dtype=np.float64)
    same = (numbers == expected) | (np.isnan(numbers) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        differences = np.abs(numbers - expected) / np.maximum(1.0, np.abs(expected))
    return float(np.where(same, 0.0, np.nan_to_num(differences, nan=np.inf)).max(initial=0.0))


def _check(proof: PageProof) -> None:
    worst = {
        "a prediction": proof.worst_relative,
        "an end of a range": proof.worst_interval,
        "a probability": proof.worst_probability,
        "a number of an explanation": proof.worst_explained,
    }
    for what, difference in worst.items():
        if not difference <= proof.tolerance:
            raise PageError(
                f"The page and the server give different predictions ({what} differs by "
                f"{difference:.2g}), so no page was written. Serve the deployment instead."
            )
