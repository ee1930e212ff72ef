"""A deployment on disk: ``NAME.pkl``, the pipeline, and ``NAME.json``, its description.

The description holds the schema, the card and the SHA-256 of the pickle, so that a pickle is
checked before it is opened and never opened by a process that only needs to know its fields.
"""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from os import PathLike
from pathlib import Path
from typing import Any

from tablecast import __version__
from tablecast.deployment.files import (
    damaged,
    missing,
    read_whole,
    sha256_of,
    with_ending,
    without_ending,
)
from tablecast.deployment.signature import check_signature
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.errors import ArtifactError, Remark
from tablecast.inference.pycaret_api import import_pycaret
from tablecast.schema.schema import Schema

#: The description's format, in which notes are remarks; in format 1 they were English sentences.
FORMAT = 2
#: The formats that this reads. A reader refuses a number that it does not know.
READ = (1, FORMAT)

#: What every description holds.
PARTS = ("name", "version", "created", "schema", "card", "versions", "sha256")

#: The packages whose versions decide whether a pickle means the same when it is opened again.
PICKLED_BY = ("pycaret", "scikit-learn")


def describe(
    name: str, schema: Schema, card: Mapping[str, Any], created: datetime | None = None
) -> dict[str, Any]:
    """The description of a deployment that is about to be saved."""
    moment = (created or datetime.now(UTC)).replace(microsecond=0)
    return {
        "format": FORMAT,
        "name": name,
        "version": moment.strftime("%Y%m%d%H%M%S"),
        "created": moment.isoformat(),
        "schema": schema.to_json(),
        "card": dict(card),
        "versions": _versions(),
    }


def save(
    pipeline: Any,
    base: str | PathLike[str],
    schema: Schema,
    card: Mapping[str, Any],
    **parts: Any,
) -> Path:
    """Write ``NAME.pkl`` with PyCaret's ``save_model``, and ``NAME.json`` beside it.

    Args:
        parts: more parts of the description, such as ``background``.

    Returns:
        The path of the pickle. Either file is there whole or not at all.
    """
    # What pycaret.regression.save_model itself calls, which insists on a setup() of its own.
    save_model = import_pycaret("pycaret.internal.persistence").save_model
    base = Path(base)
    with replaced_when_whole(with_ending(base, ".pkl")) as temporary:
        # It adds the ending itself.
        save_model(pipeline, str(temporary.with_suffix("")), verbose=False)
    write_description(base, schema, card, **parts)
    return with_ending(base, ".pkl")


def write_description(
    base: str | PathLike[str], schema: Schema, card: Mapping[str, Any], **parts: Any
) -> dict[str, Any]:
    """Describe a ``NAME.pkl`` that PyCaret's ``save_model`` wrote, in ``NAME.json`` beside it.

    Args:
        parts: more parts of the description, such as ``background``.

    Raises:
        ArtifactError: there is no such pickle.
    """
    base = without_ending(base)
    pickle = with_ending(base, ".pkl")
    if not pickle.is_file():
        raise missing(pickle)
    description = {
        **describe(base.name, schema, card),
        **parts,
        "sha256": sha256_of(pickle.read_bytes()),
    }
    with replaced_when_whole(with_ending(base, ".json")) as temporary:
        write_json(description, temporary)
    return description


def write_json(description: Mapping[str, Any], path: Path) -> None:
    """Write a description as ``read_description`` reads it."""
    text = json.dumps(description, indent=1, ensure_ascii=False, default=Remark.to_json)
    path.write_text(text + "\n", encoding="utf-8")


def read_description(base: Path) -> dict[str, Any]:
    """Read ``NAME.json``. Raises ArtifactError where it is missing, damaged or of another format"""
    path = with_ending(base, ".json")
    try:
        content = read_whole(path)
        check_signature(path, content)
        description = json.loads(content)
        return check_format(description, path)
    except (ValueError, TypeError, KeyError):
        raise damaged(path) from None


def check_format(description: dict[str, Any], path: Path) -> dict[str, Any]:
    """The description itself, once its format is known to be one that this can read.

    Raises:
        ArtifactError: it has another format.
        KeyError: it lacks a part.
    """
    if description["format"] not in READ:
        raise ArtifactError(
            f"{path.name} has format {description['format']!r}, and this tablecast {__version__} "
            f"reads formats up to {FORMAT}; train it again, or install the version that made it "
            f"({description.get('versions', {}).get('tablecast', 'unknown')})."
        )
    for part in PARTS:
        description[part]
    return description


def read_pipeline_bytes(base: Path, description: Mapping[str, Any]) -> bytes:
    """The pickle's bytes, once they are known to be the described ones.

    Raises:
        ArtifactError: the pickle is missing, or is not the one that was described.
    """
    path = with_ending(base, ".pkl")
    content = read_whole(path)
    if sha256_of(content) != description["sha256"]:
        raise damaged(path)
    check_signature(path, content)
    return content


def check_versions(description: Mapping[str, Any], path: Path) -> None:
    """Raises ArtifactError where the pickle was made by another PyCaret or scikit-learn."""
    for package in PICKLED_BY:
        known, here = description["versions"].get(package), _version(package)
        if known != here:
            raise ArtifactError(
                f"{path.name} was made with {package} {known}, and {here or 'none'} is installed; "
                f"install {package} {known} or train again."
            )


def made_by(description: Mapping[str, Any]) -> str:
    """A deployment's version, and those of the packages that it was made with, for a log."""
    packages = [f"{name} {version}" for name, version in description["versions"].items() if version]
    return f"version {description['version']}, made with {', '.join(packages)}"


def _versions() -> dict[str, str | None]:
    packages = ("pycaret", "scikit-learn", "numpy", "pandas", "onnxruntime")
    versions = {package: _version(package) for package in packages}
    return {"tablecast": __version__, "python": platform.python_version(), **versions}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
