"""Ask DiCE for counterfactuals of a deployment: ``dice_run.py QUESTIONS ANSWERS``.

Runs in an environment of its own. What is asked, the rows and the wishes, is made by
``benchmarks.counterfactuals``; the deployment's own graph answers here as there.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import dice_ml
import numpy as np
import pandas as pd

from tablecast.deployment.opening import load

#: Counterfactuals of each row: as many as tablecast shows.
WANTED = 3


class Graph:
    """A deployment as DiCE takes a scikit-learn model."""

    def __init__(self, deployment: Any) -> None:
        self._schema, self._engine = deployment.schema, deployment.engine
        self.classes_ = np.arange(len(self._schema.classes))

    def _answer(self, table: pd.DataFrame) -> Any:
        columns = {}
        for field in self._schema.fields:
            kind = object if field.is_text else np.float64
            columns[field.name] = table[field.name].to_numpy(dtype=kind)
        return self._engine.answer(columns)

    def predict(self, table: pd.DataFrame) -> Any:
        """Amounts, or the classes' places."""
        labels = self._answer(table).labels
        if not len(self.classes_):
            return labels
        places = {name: place for place, name in enumerate(self._schema.classes)}
        return np.array([places[label] for label in labels.tolist()])

    def predict_proba(self, table: pd.DataFrame) -> Any:
        """The classes' probabilities."""
        return self._answer(table).probabilities


def main() -> None:
    """Answer every question, and tell what that cost."""
    warnings.filterwarnings("ignore")
    asked = json.loads(Path(sys.argv[1]).read_text())
    deployment = load(asked["deployment"])
    schema, target = deployment.schema, "target of the model"
    names = [field.name for field in schema.fields]
    table = pd.DataFrame(asked["table"])[names].assign(**{target: asked["targets"]})
    model = Graph(deployment)
    if schema.classes:
        places = {str(name): place for place, name in enumerate(schema.classes)}
        table[target] = [places[str(label)] for label in asked["targets"]]
    numbers = [field.name for field in schema.fields if not field.is_text]
    explainer = dice_ml.Dice(
        dice_ml.Data(dataframe=table, continuous_features=numbers, outcome_name=target),
        dice_ml.Model(
            model=model, backend="sklearn",
            model_type="classifier" if schema.classes else "regressor",
        ),
        method=asked["method"],
    )  # fmt: skip
    answers = [answer(explainer, table, question, asked["method"]) for question in asked["rows"]]
    Path(sys.argv[2]).write_text(json.dumps(answers))


def answer(explainer: Any, table: pd.DataFrame, question: Any, method: str) -> dict[str, Any]:
    """The rows that DiCE suggests, and the seconds of the processor that they took."""
    query = table.drop(columns=table.columns[-1]).iloc[[question["row"]]]
    goal = (
        {"desired_class": question["class"]} if "class" in question
        else {"desired_range": question["range"]}
    )
    seeded = {"random_seed": 0} if method == "random" else {}
    began = time.process_time()
    try:
        found = explainer.generate_counterfactuals(
            query, total_CFs=WANTED, verbose=False, **goal, **seeded
        )
        made = found.cf_examples_list[0].final_cfs_df
    except Exception:  # DiCE raises errors of its own kind where it finds none
        made = None
    seconds = time.process_time() - began
    rows = [] if made is None else made.iloc[:, :-1].to_dict("records")
    return {"rows": rows, "seconds": seconds}


if __name__ == "__main__":
    main()
