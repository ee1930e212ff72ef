"""AutoGluon as documented: ``autogluon_run.py TRAIN TEST TARGET TASK BUDGET OUT``."""

import json
import sys
from pathlib import Path

import pandas as pd
from autogluon.tabular import TabularDataset, TabularPredictor

PROBLEM = "regression"


def main() -> None:
    train, test, target, task, budget, out = sys.argv[1:]
    rows = TabularDataset(train)
    classes = "binary" if rows[target].nunique() == 2 else "multiclass"
    predictor = TabularPredictor(
        label=target,
        problem_type=task if task == PROBLEM else classes,
        eval_metric=None if task == PROBLEM else "log_loss",
        path=str(Path(out).with_suffix(".models")),
        verbosity=0,
    ).fit(rows, presets="best_quality", time_limit=float(budget))
    unseen = pd.read_csv(test)
    answers = {"predictions": predictor.predict(unseen).tolist()}
    if task != PROBLEM:
        shares = predictor.predict_proba(unseen)
        answers["classes"] = [str(name) for name in shares.columns]
        answers["probabilities"] = shares.to_numpy(float).tolist()
    Path(out).write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
