"""Train as the command line does, up to the saved deployment, and answer the unseen rows."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tablecast.data.sources import read_table
from tablecast.deployment.opening import load_pipeline
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.training.cast import cast


def main() -> None:
    """``ours.py TRAIN TEST TARGET TASK BUDGET OUT``."""
    train, test, target, task, budget, out = sys.argv[1:]
    began = time.monotonic() - time.process_time()
    base = cast(
        train, target, name="bench", out=Path(out).parent, force=True, budget=float(budget),
        began=began, progress=lambda line: print(line, file=sys.stdout, flush=True),
    )
    description, pipeline = load_pipeline(base)
    if description["schema"]["task"] != task:
        sys.exit(f"the task is {description['schema']['task']}, not {task}")
    rows = read_table(test)[[str(name) for name in pipeline.feature_names_in_[:-1]]]
    made = predict_with_pycaret(pipeline, rows, task)  # type: ignore[arg-type]
    answers = {"predictions": made["prediction_label"].tolist()}
    if task == "classification":
        start = "prediction_score_"
        names = [str(name) for name in made if str(name).startswith(start)]
        answers["classes"] = [name.removeprefix(start) for name in names]
        answers["probabilities"] = made[names].to_numpy(float).tolist()
    Path(out).write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main()
