"""What would have to change, beside DiCE: ``python -m benchmarks.counterfactuals``.

Both are asked the same of the same rows of real tables, and the same graph judges every suggestion:
for amounts, half a standard deviation more or less in turn; for classes, the second most probable
one. A table's missing values are filled with the field's most frequent one, since DiCE takes none.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import environments
from benchmarks.environments import CACHE, PEERS, ROOT
from tablecast.data.sources import prepare, read_table
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tablecast.inference.alternatives import alternatives
from tablecast.inference.difference import differing
from tablecast.inference.wish import Wish
from tablecast.schema.schema import Row

#: Name, target, and the model of each table.
TABLES = {
    "insurance": ("charges", "lr"), "wine": ("quality", "lightgbm"),
    "glass": ("Type", "rf"), "house": ("SalePrice", "lightgbm"),
}  # fmt: skip
METHODS = ("random", "genetic")

#: How much more or less is wished for, in standard deviations of the target.
STEP = 0.5


@dataclass(frozen=True)
class Suggested:
    """What was suggested for one row.

    Attributes:
        rows: the suggestions, as valid rows.
        seconds: of the processor.
    """

    rows: Sequence[Row]
    seconds: float


@dataclass(frozen=True)
class Question:
    """A row of the table, and what its answer should be instead."""

    place: int
    row: Row
    wish: Wish


def main() -> None:
    """Ask both, and print what holds of their suggestions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=list(TABLES), help="names of tables")
    parser.add_argument("--rows", type=int, default=500, help="rows of each table")
    parser.add_argument("--methods", nargs="*", default=list(METHODS), help="DiCE's")
    options = parser.parse_args()
    print(f"{'table':10} {'by':14} rows answered verified  fields   one  at both  ms")
    for name in options.tables:
        deployment, table = opened(name)
        questions = list(asked(deployment, table, options.rows))
        ours = [suggested(deployment, question) for question in questions]
        tell(name, "tablecast", deployment, questions, ours, ours)
        for method in options.methods:
            theirs = by_dice(name, deployment, table, questions, method)
            tell(name, f"DiCE {method}", deployment, questions, theirs, ours)


def opened(name: str) -> tuple[Deployment, pd.DataFrame]:
    """A table's deployment, trained once, and its rows without missing values."""
    target, model = TABLES[name]
    source = environments.insurance_table().with_name(f"{name}.csv")
    path = ROOT / "deployment_28042020" if name == "insurance" else CACHE / "models" / name
    if not path.with_suffix(".onnx").is_file():
        form = ROOT / "examples" / name / "form.toml"
        arguments = ["--target", target, "--model", model, "--name", name, "--form", str(form)]
        subprocess.run(
            [sys.executable, "-m", "tablecast", "train", str(source), *arguments,
             "--out", str(path.parent)], check=True, cwd=ROOT,
        )  # fmt: skip
    table = prepare(read_table(source), target).table
    return load(path), table.fillna({name: table[name].mode()[0] for name in table.columns})


def asked(deployment: Deployment, table: pd.DataFrame, count: int) -> Iterator[Question]:
    """So many rows, spread over the table, each with its wish."""
    schema = deployment.schema
    columns = {name: values.tolist() for name, values in schema.columns_of(table).items()}
    step = STEP * table[schema.target].std() if schema.task == "regression" else 0.0
    places = np.linspace(0, len(table) - 1, min(count, len(table))).astype(int).tolist()
    for turn, place in enumerate(dict.fromkeys(places)):
        row = Row(tuple(columns[field.name][place] for field in schema.fields))
        (prediction,) = deployment.predictor.predict([row])
        if prediction.probabilities:
            second = sorted(prediction.probabilities, key=prediction.probabilities.__getitem__)[-2]
            yield Question(place, row, Wish(label=named(schema.classes)[second]))
        elif turn % 2:
            yield Question(place, row, Wish(at_most=float(prediction.prediction) - step))
        else:
            yield Question(place, row, Wish(at_least=float(prediction.prediction) + step))


def named(classes: Sequence[Any]) -> dict[str, Any]:
    """Classes by their texts."""
    return {str(label): label for label in classes}


def suggested(deployment: Deployment, question: Question) -> Suggested:
    """Our own suggestions."""
    began = time.process_time()
    found = alternatives(
        deployment.predictor, deployment.background, question.row, question.wish
    )
    return Suggested([way.row for way in found.ways], time.process_time() - began)


def by_dice(
    name: str, deployment: Deployment, table: pd.DataFrame, questions: Sequence[Question],
    method: str,
) -> list[Suggested]:
    """DiCE's suggestions, from a process in its own environment."""
    schema = deployment.schema
    columns = {key: values.tolist() for key, values in schema.columns_of(table).items()}
    path = ROOT / "deployment_28042020" if name == "insurance" else CACHE / "models" / name
    body = {
        "deployment": str(path), "method": method, "table": columns,
        "targets": table[schema.target].tolist(),
        "rows": [{"row": it.place, **_goal(deployment, table, it.wish)} for it in questions],
    }  # fmt: skip
    sent, got = CACHE / f"asked-{name}-{method}.json", CACHE / f"answered-{name}-{method}.json"
    sent.write_text(json.dumps(body))
    python = environments.dice().program("python")
    subprocess.run(
        [python, str(PEERS / "dice_run.py"), str(sent), str(got)], check=True,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": ""},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return [
        Suggested([_row_of(deployment, row) for row in answer["rows"]], answer["seconds"])
        for answer in json.loads(got.read_text())
    ]


def _goal(deployment: Deployment, table: pd.DataFrame, wish: Wish) -> dict[str, Any]:
    if wish.label is not None:
        return {"class": list(map(str, deployment.schema.classes)).index(str(wish.label))}
    target = table[deployment.schema.target]
    far = 10 * float(target.max() - target.min())
    low = wish.at_least if wish.at_least is not None else float(target.min()) - far
    high = wish.at_most if wish.at_most is not None else float(target.max()) + far
    return {"range": [low, high]}


def _row_of(deployment: Deployment, row: Mapping[str, Any]) -> Row:
    """A row as DiCE writes it, with its numbers as numbers."""
    return Row(tuple(
        str(row[field.name]) if field.is_text else float(row[field.name])
        for field in deployment.schema.fields
    ))


def tell(
    name: str, by: str, deployment: Deployment, questions: Sequence[Question],
    found: Sequence[Suggested], ours: Sequence[Suggested],
) -> None:
    """One line: of the rows, how many have a suggestion that the graph verifies; of all
    suggestions, how many it does; and of the one with the fewest changes, how many fields change,
    how often it is one, and how many change where both have one."""
    good = [_verified(deployment, *pair) for pair in zip(questions, found, strict=True)]
    mine = [_verified(deployment, *pair) for pair in zip(questions, ours, strict=True)]
    counts = [_fewest(question, rows) for question, rows in zip(questions, good, strict=True)]
    both = [count for count, other in zip(counts, mine, strict=True) if count and other]
    answered = [count for count in counts if count]
    total = sum(len(suggestion.rows) for suggestion in found)
    print(
        f"{name:10} {by:14} {len(questions):4} {len(answered) / len(questions):8.1%} "
        f"{sum(map(len, good)) / max(total, 1):8.1%} {np.mean(answered):7.2f} "
        f"{np.mean([count == 1 for count in answered]):5.0%} {np.mean(both):8.2f} "
        f"{1000 * np.mean([suggestion.seconds for suggestion in found]):5.0f}",
        flush=True,
    )


def _verified(deployment: Deployment, question: Question, found: Suggested) -> list[Row]:
    predictions = deployment.predictor.predict(list(found.rows))
    return [
        row for row, answer in zip(found.rows, predictions, strict=True)
        if question.wish.is_met_by(answer.prediction)
    ]  # fmt: skip


def _fewest(question: Question, rows: Sequence[Row]) -> int:
    """The fewest fields that a suggestion changes; 0 without any."""
    return min((len(differing(question.row, row)) for row in rows), default=0)


if __name__ == "__main__":
    main()
