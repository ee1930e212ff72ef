"""FLAML as its documentation writes it: ``flaml_run.py TRAIN TEST TARGET TASK BUDGET OUT``."""

import json
import sys
from pathlib import Path

import pandas as pd
from flaml import AutoML

SEED = 123


def main() -> None:
    train, test, target, task, budget, out = sys.argv[1:]
    table = pd.read_csv(train)
    automl = AutoML()
    automl.fit(
        table.drop(columns=target), table[target], task=task, time_budget=float(budget), seed=SEED,
        verbose=0,
    )
    rows = pd.read_csv(test)
    answers = {"predictions": automl.predict(rows).tolist()}
    if task == "classification":
        answers["classes"] = [str(name) for name in automl.classes_]
        answers["probabilities"] = automl.predict_proba(rows).tolist()
    Path(out).write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
