"""``NAME.skops`` beside ``NAME.pkl``: the same pipeline in a file that names what it would load.

A pickle runs what it likes while it is opened. skops builds objects of the types that its reader
trusts, and of no others; ``NAME.skops.json`` lists those that this pipeline needs. Serving opens
neither.
"""

from __future__ import annotations

import io
import json
import pickle
import warnings
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablecast.deployment.files import damaged, missing, sha256_of, with_ending, without_ending
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.errors import ArtifactError, SkopsError, TrainingError

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.prepared import Prepared

#: What ``train --also`` can write besides pickle and graph.
ALSO = ("skops",)

#: Rows that a file must answer as its pipeline does. It holds the same objects or does not.
CHECKED_ROWS = 1_000


def check_installed() -> None:
    """Raises TrainingError where the package is missing, which training should not end with."""
    if find_spec("skops") is None:
        raise TrainingError("A .skops file needs one more package: install tablecast[skops].")


def write_beside(
    pipeline: Any, base: Path, prepared: Prepared, progress: Callable[[str], None]
) -> None:
    """Write the two files of a deployment that was trained on this table, and say so.

    Raises:
        SkopsError: as ``write_skops``.
    """
    rows = prepared.table.drop(columns=prepared.target)[:CHECKED_ROWS]
    types = write_skops(pipeline, base, rows, prepared.task)
    progress(
        f"Wrote {base.name}.skops, which gives the same predictions on {len(rows):,} rows; "
        f"{base.name}.skops.json lists the {len(types)} types that its reader has to trust."
    )


def write_skops(
    pipeline: Any, base: str | PathLike[str], table: pd.DataFrame, task: str
) -> list[str]:
    """Write ``NAME.skops`` and ``NAME.skops.json``, once the file has been read and tried.

    Args:
        pipeline: a fitted PyCaret pipeline.
        base: the deployment's path without ending.
        table: rows that the pipeline and what was read must answer the same, to the last bit.
        task: ``"regression"`` or ``"classification"``.

    Returns:
        The types that a reader has to trust.

    Raises:
        SkopsError: a part of the pipeline has no such form; nothing is written.
    """
    from skops.io import dumps, get_untrusted_types

    base = without_ending(base)
    try:
        content = dumps(_constructible(pipeline))
        types = [str(name) for name in get_untrusted_types(data=content)]
        _check_same(pipeline, _loaded(content, types), table, task)
    except Exception as error:  # whatever the parts raise that skops has no form for
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise SkopsError(
            f"{base.name} was saved without a .skops file, which cannot be written: {reason}"
        ) from error
    described = {"skops": version("skops"), "sha256": sha256_of(content), "trusted": types}
    with replaced_when_whole(with_ending(base, ".skops")) as temporary:
        temporary.write_bytes(content)
    with replaced_when_whole(with_ending(base, ".skops.json")) as temporary:
        temporary.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    return types


def read_skops(base: str | PathLike[str]) -> Any:
    """The pipeline in ``NAME.skops``, of the types that ``NAME.skops.json`` lists and no others.

    Whoever made both files has listed them: read the list before you open a stranger's.

    Raises:
        ArtifactError: a file is missing or damaged, or the list lacks a type.
    """
    from skops.io.exceptions import UntrustedTypesFoundException

    path = with_ending(without_ending(base), ".skops")
    listed = path.with_name(path.name + ".json")
    try:
        content, described = path.read_bytes(), json.loads(listed.read_bytes())
        types = [str(name) for name in described["trusted"]]
        if sha256_of(content) != described["sha256"]:
            raise damaged(path)
        return _loaded(content, types)
    except FileNotFoundError as error:
        raise missing(Path(error.filename)) from None
    except UntrustedTypesFoundException as error:
        raise ArtifactError(
            f"{listed.name} does not list all types of {path.name}: {error}"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise damaged(listed) from None


def _loaded(content: bytes, types: list[str]) -> Any:
    from skops.io import loads

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the modules that it names
        return loads(content, trusted=types)


def _constructible(pipeline: Any) -> Any:
    """A copy whose series and tables are written as what constructs them."""
    held = io.BytesIO()
    _Copier(held).dump(pipeline)
    return pickle.loads(held.getvalue())


class _Copier(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        import pandas as pd

        from tablecast.features import ConstructedFrame, ConstructedSeries

        kinds = {pd.Series: ConstructedSeries, pd.DataFrame: ConstructedFrame}
        kind = kinds.get(type(obj))
        return kind(obj).__reduce__() if kind else NotImplemented


def _check_same(pipeline: Any, read: Any, table: pd.DataFrame, task: str) -> None:
    from tablecast.inference.pycaret_api import predict_with_pycaret

    wanted, had = (predict_with_pycaret(one, table, task) for one in (pipeline, read))
    if not wanted.equals(had):
        raise ValueError("what was read from it predicts something else")
