"""What one row goes through in a deployment, for SQL: its own row program, or a larger one."""

from collections.abc import Mapping
from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.errors import SqlError

#: Bytes of a graph: its statement would be longer than ``statement.LONGEST``, too.
LARGEST = 4_000_000


def with_program(loaded: Deployment, graph: bytes) -> Deployment:
    """A deployment that has a row program, whatever its size; for databases, not for serving.

    Args:
        loaded: the deployment.
        graph: its graph, the bytes of NAME.onnx.

    Raises:
        SqlError: its graph is too large, or does what there are no steps for.
    """
    if loaded.description.get("scalar"):
        return loaded
    if len(graph) > LARGEST:
        raise SqlError(
            f"{loaded.name} has no SQL: its graph has {len(graph) / 1e6:.1f} MB, more than the "
            f"{LARGEST / 1e6:.0f} MB that a statement can hold. Train a smaller model, or predict "
            "a file (tablecast predict)."
        )
    return Deployment({**loaded.description, "scalar": _traced(loaded, graph)}, loaded.engine)


def _traced(loaded: Deployment, graph: bytes) -> Mapping[str, Any]:
    try:
        import onnx

        from tablecast.compiler.row_program.recorder import Untraceable
        from tablecast.compiler.row_program.trace import traced
    except ImportError:
        raise SqlError(
            f"The SQL of {loaded.name}, which has no row program, is written by the compiler: "
            "install tablecast[train]."
        ) from None
    try:
        program, _ = traced(onnx.load_from_string(graph))
    except Untraceable as error:
        raise SqlError(
            f"{loaded.name} has no SQL: there is none for {error} in its graph. Predict a file "
            "instead (tablecast predict)."
        ) from None
    return program
