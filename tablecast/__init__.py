"""tablecast: train a table once, prove the result, and predict with it from then on.

What a program needs of it is imported from here; each name loads its own part when it is first
asked for, so that answering needs none of what training needs. The folders in the order of data:

    data/         the training table: fetched, read and tidied
    schema/       the fields: what is valid, for every surface
    features/     steps and estimators of our own; the one address that pickles name
    training/     from a prepared table to a proven deployment
    compiler/     a fitted pipeline as one graph, and the proof that both answer alike
    deployment/   the files of a saved model: read without trust, written whole
    inference/    columns in, answers out, and why
    batch/        a file of rows in, the same with predictions out
    web/          what a browser or a program is answered with
    export/       a deployment as another thing: an HTML file, an SQL statement, a folder for a host
    cli/          the command line
    i18n/         the reader's language
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tablecast.data.inspection import inspect
    from tablecast.data.sources import read_table
    from tablecast.deployment.opening import load
    from tablecast.deployment.predict_model import predict_model
    from tablecast.training.cast import cast
    from tablecast.training.comparison.compare import compare
    from tablecast.training.publish import publish
    from tablecast.training.train import train

__version__ = "0.1.0"

__all__ = ["cast", "compare", "inspect", "load", "predict_model", "publish", "read_table", "train"]

#: The module of each name above.
_MODULES = {
    "cast": "tablecast.training.cast",
    "compare": "tablecast.training.comparison.compare",
    "inspect": "tablecast.data.inspection",
    "load": "tablecast.deployment.opening",
    "predict_model": "tablecast.deployment.predict_model",
    "publish": "tablecast.training.publish",
    "read_table": "tablecast.data.sources",
    "train": "tablecast.training.train",
}

#: Modules of batch/frames, which is on the package's path.
_FRAMES = ("dask", "ray", "spark")

# tablecast.spark, tablecast.dask and tablecast.ray, for people whose rows are in a frame there.
__path__.append(os.path.join(os.path.dirname(__file__), "batch", "frames"))

# Since 1.31, importing onnxruntime on Linux starts a thread that keeps a device id and a record of
# its use in the home folder, to be sent to its maker. Nothing about what is asked leaves from here;
# and a server that forks while that thread runs has workers that hang at their end.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def __getattr__(name: str) -> Any:
    if name in _FRAMES:
        return import_module(f"tablecast.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
