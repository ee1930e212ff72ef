"""Opening a deployment with one of the two engines. The rest of serving does not know which."""

import io
import warnings
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from tablecast import __version__
from tablecast.deployment import graph_file
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.description import check_versions, read_description, read_pipeline_bytes
from tablecast.deployment.files import sha256_of, with_ending
from tablecast.deployment.versions import base_meant
from tablecast.errors import ArtifactError
from tablecast.inference.onnx_engine import GraphEngine
from tablecast.inference.pycaret_engine import PycaretEngine
from tablecast.inference.pycaret_gate import pass_version_gate
from tablecast.inference.row_program import RowProgram, function_of
from tablecast.schema.schema import Schema
from tablecast.settings import read_settings


def open_with_pycaret(base: Path) -> Deployment:
    """Check the pickle against its description, then open it.

    Raises:
        ArtifactError: a file is missing, damaged, or made with other versions.
    """
    description, pipeline = load_pipeline(base)
    engine = PycaretEngine(pipeline, Schema.from_json(description["schema"]))
    return Deployment(description, engine)


def load_pipeline(base: Path) -> tuple[dict[str, Any], Any]:
    """The description and the pipeline of a pickle that is known to be the described one.

    Raises:
        ArtifactError: a file is missing, damaged, or made with other versions.
    """
    description = read_description(base)
    content = read_pipeline_bytes(base, description)
    check_versions(description, with_ending(base, ".pkl"))
    pass_version_gate()  # its classes are imported while it is read
    import joblib  # which comes with the packages that were just looked for

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the modules that the pickle names
        return description, joblib.load(io.BytesIO(content))


def open_graph(base: Path) -> Deployment:
    """Check the graph, then load those same bytes.

    Raises:
        ArtifactError: a file is missing, damaged, not ours, or does not fit the pickle beside it.
    """
    content, description = graph_file.read_graph(base)
    return Deployment(description, GraphEngine(content, row_program_of(base, description)))


def open_sent_graph(content: bytes, sha256: str) -> Deployment:
    """The deployment of a graph that came over a network, for answers of many rows.

    Raises:
        ArtifactError: its bytes are not those whose hash was told.
    """
    if sha256_of(content) != sha256:
        raise ArtifactError(
            "The graph that this worker was sent is not the one that was meant: its hash differs. "
            "It was damaged or changed on the way; nothing was predicted with it."
        )
    description = graph_file.description_in(content, Path("sent.onnx"))
    return Deployment(description, GraphEngine(content))


def row_program_of(base: Path, description: Mapping[str, Any]) -> RowProgram | None:
    """What answers one row in plain arithmetic; None where only the graph does.

    Raises:
        ArtifactError: it is not one that the compiler writes.
    """
    program = description.get("scalar")
    names = [field["name"] for field in description["schema"]["fields"]]
    try:
        return function_of(program, names) if program else None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, SyntaxError):
        raise ArtifactError(
            f"{base.name}.onnx has a single-row evaluator that this tablecast cannot read. "
            f"Compile it again (python -m tablecast compile {base.name}.pkl)."
        ) from None


#: Engine name, as TABLECAST_ENGINE gives it, to what opens a deployment with it.
OPENERS: Mapping[str, Callable[[Path], Deployment]] = {
    "onnx": open_graph,
    "pycaret": open_with_pycaret,
}


def load(path: str | PathLike[str] | None = None, engine: str | None = None) -> Deployment:
    """Open a deployment, by its path without ending, or the folder of its versions.

    Args:
        path: default: the setting TABLECAST_DEPLOYMENT.
        engine: default: the setting TABLECAST_ENGINE.

    Raises:
        ArtifactError: a file is missing, damaged, or made by versions that this cannot read.
        SettingError: the environment names an engine that does not exist.
    """
    settings = read_settings()
    base = base_meant(path if path is not None else settings["deployment"])
    deployment = OPENERS[engine or settings["engine"]](base)
    check_readable(deployment, base)
    return deployment


def load_with_graph(name: str | PathLike[str]) -> tuple[Deployment, bytes]:
    """A deployment that answers by its graph, and the graph's bytes. Raises ArtifactError."""
    base = base_meant(name)  # once: another version may become current
    return load(base, "onnx"), graph_file.read_graph(base)[0]


def check_readable(deployment: Deployment, base: Path) -> None:
    """Read what serving needs of the description now, and not when the first person asks.

    Raises:
        ArtifactError: a part has a shape that this version does not know.
    """
    try:
        _ = deployment.predictor, deployment.background
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        version = deployment.description["versions"].get("tablecast", "unknown")
        raise ArtifactError(
            f"{base.name} was made by tablecast {version}, and this tablecast {__version__} cannot "
            f"read its description ({type(error).__name__}: {error}); install the version that "
            "made it, or train it again."
        ) from None
