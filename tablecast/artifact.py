"""A deployment on disk: ``NAME.pkl``, the pipeline, and ``NAME.json``, its description.

The description holds the schema, the card and the SHA-256 of the pickle, so that a pickle is
checked before it is opened and never opened by a process that only needs to know its fields.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from os import PathLike
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from tablecast import __version__
from tablecast.background import Background
from tablecast.bridge import import_pycaret
from tablecast.errors import ArtifactError
from tablecast.explain import Explainer
from tablecast.intervals.interval import read_interval
from tablecast.predictor import Engine, Predictor
from tablecast.schema import Schema
from tablecast.settings import read_settings

#: The description's format. A reader refuses a number that it does not know.
FORMAT = 1

#: What every description holds.
PARTS = ("name", "version", "created", "schema", "card", "versions", "sha256")

#: The packages whose versions decide whether a pickle means the same when it is opened again.
PICKLED_BY = ("pycaret", "scikit-learn")


@dataclass(frozen=True)
class Deployment:
    """A loaded deployment: what it is, and what answers for it."""

    description: Mapping[str, Any]
    engine: Engine = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.description["name"])

    @cached_property
    def schema(self) -> Schema:
        return Schema.from_json(self.description["schema"])

    @cached_property
    def predictor(self) -> Predictor:
        interval = read_interval(self.description, self.schema.fields)
        return Predictor(self.schema, self.engine, interval)

    @cached_property
    def background(self) -> Background | None:
        """The training rows' distributions; None in a deployment made before they were kept."""
        kept = self.description.get("background")
        return Background.from_json(kept, self.schema) if kept else None

    @cached_property
    def explainer(self) -> Explainer | None:
        """What says why; None where there is no background."""
        if self.background is None:
            return None
        return Explainer(self.schema, self.engine, self.background)


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
        text = json.dumps(description, indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    return description


def load(path: str | PathLike[str] | None = None, engine: str | None = None) -> Deployment:
    """Open a deployment, by its path without ending.

    Args:
        path: default: the setting TABLECAST_DEPLOYMENT.
        engine: default: the setting TABLECAST_ENGINE.

    Raises:
        ArtifactError: a file is missing, damaged, or made by versions that this cannot read.
        SettingError: the environment names an engine that does not exist.
    """
    from tablecast import engines

    settings = read_settings()
    base = without_ending(path if path is not None else settings["deployment"])
    deployment = engines.OPENERS[engine or settings["engine"]](base)
    _check_readable(deployment, base)
    return deployment


def _check_readable(deployment: Deployment, base: Path) -> None:
    """Read what serving needs of the description now, and not when the first person asks.

    Raises:
        ArtifactError: a part has a shape that this version does not know.
    """
    try:
        _ = deployment.predictor, deployment.background
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        made_by = deployment.description["versions"].get("tablecast", "unknown")
        raise ArtifactError(
            f"{base.name} was made by tablecast {made_by}, and this tablecast {__version__} cannot "
            f"read its description ({type(error).__name__}: {error}); install the version that "
            "made it, or train it again."
        ) from None


def without_ending(path: str | PathLike[str]) -> Path:
    """A deployment's path as given, with or without the ending of one of its files."""
    path = Path(path)
    for ending in (".pkl", ".json", ".onnx", ".onnx.sha256"):
        if path.name.endswith(ending):
            return path.with_name(path.name.removesuffix(ending))
    return path


def with_ending(base: Path, ending: str) -> Path:
    """The path of one of a deployment's files. A name may have dots: they are not endings."""
    return base.with_name(base.name + ending)


def read_description(base: Path) -> dict[str, Any]:
    """Read ``NAME.json``. Raises ArtifactError where it is missing, damaged or of another format"""
    path = with_ending(base, ".json")
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        return check_format(description, path)
    except FileNotFoundError:
        raise missing(path) from None
    except (ValueError, TypeError, KeyError):
        raise damaged(path) from None


def check_format(description: dict[str, Any], path: Path) -> dict[str, Any]:
    """The description itself, once its format is known to be one that this can read.

    Raises:
        ArtifactError: it has another format.
        KeyError: it lacks a part.
    """
    if description["format"] != FORMAT:
        raise ArtifactError(
            f"{path.name} has format {description['format']!r}, and this tablecast {__version__} "
            f"reads format {FORMAT}; train it again, or install the version that made it "
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
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise missing(path) from None
    if sha256_of(content) != description["sha256"]:
        raise damaged(path)
    return content


def check_versions(description: Mapping[str, Any], path: Path) -> None:
    """Raises ArtifactError where the pickle was made by another PyCaret or scikit-learn."""
    for package in PICKLED_BY:
        made, here = description["versions"].get(package), _version(package)
        if made != here:
            raise ArtifactError(
                f"{path.name} was made with {package} {made}, and {here or 'none'} is installed; "
                f"install {package} {made} or train again."
            )


def missing(path: Path) -> ArtifactError:
    """The error for a deployment's file that is not there."""
    return ArtifactError(
        f"There is no {path.name} in {str(path.parent)!r}; train one (make train, or python -m "
        "tablecast train TABLE --target COLUMN), or set TABLECAST_DEPLOYMENT to another path."
    )


def damaged(path: Path) -> ArtifactError:
    """The error for a deployment's file that is not what was saved."""
    return ArtifactError(
        f"{path.name} is not the file that was saved: it is damaged or was changed. Restore it "
        "(git checkout), or train it again (make train)."
    )


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def replaced_when_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``, which takes its place only when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=path.suffix, delete=False) as file:
        temporary = Path(file.name)
    try:
        yield temporary
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _versions() -> dict[str, str | None]:
    packages = ("pycaret", "scikit-learn", "numpy", "pandas", "onnxruntime")
    found = {package: _version(package) for package in packages}
    return {"tablecast": __version__, "python": platform.python_version(), **found}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
