"""Stock PyCaret 3.3.2 as a data scientist writes it: compare, tune the best three, blend, finalize.

``pycaret_stock.py TRAIN TEST TARGET TASK BUDGET OUT``. PyCaret has no budget for all of this, so it
gets none: it takes what it takes.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

BEST, JOBS, SEED = 3, 2, 123


def main(choose: Callable[[Any], Any]) -> None:
    """Set up, choose, fit on all rows, and answer the others.

    Args:
        choose: gives the model of an experiment that is set up.
    """
    train, test, target, task, _, out = sys.argv[1:]
    if task == "regression":
        from pycaret.regression import RegressionExperiment as Experiment
    else:
        from pycaret.classification import ClassificationExperiment as Experiment
    experiment = Experiment()
    experiment.setup(
        pd.read_csv(train), target=target, session_id=SEED, n_jobs=JOBS, html=False, verbose=False,
        system_log=False,
    )
    final = experiment.finalize_model(choose(experiment))
    # Models without probabilities, such as ridge, blend by vote; then the label has all the share.
    more = {"raw_score": True} if task == "classification" else {}
    made = experiment.predict_model(final, pd.read_csv(test), verbose=False, **more)
    answers = {"predictions": made["prediction_label"].tolist()}
    if task == "classification":
        start = "prediction_score_"
        names = [name for name in made if name.startswith(start)]
        labels = sorted(made["prediction_label"].astype(str).unique())
        shares = made[names] if names else pd.get_dummies(made["prediction_label"].astype(str))
        answers["classes"] = [name.removeprefix(start) for name in names] or labels
        answers["probabilities"] = shares.to_numpy(float).tolist()
    Path(out).write_text(json.dumps(answers))


def compared(experiment: Any, count: int = 1) -> list[Any]:
    """The best so many of all estimators."""
    best = experiment.compare_models(n_select=count, verbose=False)
    best = best if isinstance(best, list) else [best]
    if not best:
        sys.exit("compare_models: no estimator could be fitted")
    return best


def blended(experiment: Any) -> Any:
    """The best three, tuned, as one."""
    tuned = [experiment.tune_model(model, verbose=False) for model in compared(experiment, BEST)]
    return experiment.blend_models(tuned, verbose=False) if len(tuned) > 1 else tuned[0]


if __name__ == "__main__":
    main(blended)
