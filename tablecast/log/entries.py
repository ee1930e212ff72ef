"""What is kept of an answer and of a refusal, and the ids that they get."""

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from tablecast.deployment.deployment import Deployment
from tablecast.errors import InvalidInput, Remark, SettingError
from tablecast.i18n.language import N_
from tablecast.inference.predictor import Prediction
from tablecast.schema.field import Field, Value
from tablecast.schema.form_keys import HASHED

#: What is kept of a text about a whole file, which may name what is in it.
OF_THE_FILE = N_("The file as a whole, such as its columns.")

#: Random bits of an id; some above them are free, so that the ids of a list can count up.
RANDOM_BITS = 61


class _OfARequest(TypedDict):
    """What the rows of both tables have."""

    id: str
    at: int
    deployment: str
    sha256: str
    key: str | None
    request: str


class Answered(_OfARequest):
    """A row of ``tables.PREDICTION``."""
    engine: str
    ms: float
    given: dict[str, Any]
    prediction: Any
    low: float | None
    high: float | None
    probabilities: Mapping[str, float] | None
    warnings: list[dict[str, str | None]]
    shadow: bool
    preview: bool


class Refused(_OfARequest):
    """A row of ``tables.REFUSAL``."""
    reasons: list[dict[str, str | None]]


class Repeated(NamedTuple):
    """A row of ``tables.REPEATED``: what a request with an Idempotency-Key was answered."""

    idempotency_key: str
    key: str
    digest: str
    answer: bytes
    content_type: str
    ids: str
    request: str
    at: int


@dataclass
class Parcel:
    """What belongs together, of one request: all of it is kept, or nothing.

    Attributes:
        answered, refused: rows of the log.
        repeated: what is to be answered again to the same Idempotency-Key.
        done: is told in the writer's thread whether it was kept; None where nobody waits.
        earlier: what was answered before to the same Idempotency-Key; then nothing was kept.
    """

    answered: list[Answered] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    repeated: Repeated | None = None
    done: Callable[[bool], None] | None = None
    earlier: Repeated | None = None

    def __len__(self) -> int:
        return len(self.answered) + len(self.refused)


class Asked(NamedTuple):
    """A request, as the log knows it.

    Attributes:
        request: its id.
        key: the name of the key that asked; None where there are no keys.
        ms: milliseconds until it was answered.
        preview: whether somebody was typing, who may have asked for something else next.
    """

    request: str
    key: str | None
    ms: float
    preview: bool = False


def new_ids(count: int) -> list[str]:
    """So many ids, as UUIDs of version 7 (RFC 9562): they sort by time, and nobody guesses one.

    Those of one list count up by one.
    """
    # Twelve bits below the milliseconds say which part of one it is.
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    random = int.from_bytes(os.urandom(8)) >> (64 - RANDOM_BITS)
    head = f"{milliseconds:012x}7{rest * 4096 // 1_000_000:03x}"
    begin, first = f"{head[:8]}-{head[8:12]}-{head[12:]}-", (2 << 62) + random
    tails = [f"{number:016x}" for number in range(first, first + count)]
    return [f"{begin}{tail[:4]}-{tail[4:]}" for tail in tails]


def read_id(text: str) -> str:
    """An id as somebody wrote it, as ``new_ids`` writes it: some programs capitalise a UUID."""
    return text.strip().lower()


def first_id(at: int) -> str:
    """The lowest id of a moment, in microseconds since 1970: later ones have greater ids."""
    milliseconds = f"{max(at, 0) // 1000:012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:12]}"


def kinds(remarks: Sequence[Remark]) -> list[dict[str, str | None]]:
    """Each remark's field and its sentence without what was filled in, which may be personal."""
    return [{"field": remark.field, "kind": _kind(remark)} for remark in remarks]


def _kind(remark: Remark) -> str:
    """Of a remark that says where another one was found, that one's sentence."""
    found = remark.values.get("remark")
    if isinstance(found, Remark):
        return _kind(found)
    return remark.message if found is None else OF_THE_FILE


class Notes:
    """What is kept of a deployment's answers: its form file may hide fields."""

    def __init__(self, loaded: Deployment, name: str, engine: str, secret: str) -> None:
        """Prepare the entries of a deployment.

        Args:
            loaded: the deployment.
            name: by which the log knows it.
            engine: what answers: "onnx" or "pycaret".
            secret: what hashes values.

        Raises:
            SettingError: the form file wants values hashed, and there is no secret.
        """
        self._about = (name, str(loaded.description["sha256"]))
        self._schema = loaded.schema
        self._names = frozenset(one.name for one in loaded.schema.fields)
        self._engine = engine
        self._given = [
            (index, one.name, _writer_of(one, secret))
            for index, one in enumerate(loaded.schema.fields)
            if one.log != "no"
        ]

    def answered(
        self, ids: Sequence[str], predictions: Sequence[Prediction], asked: Asked
    ) -> list[Answered]:
        """The rows of the answers to a request."""
        at, ms = time.time_ns() // 1000, asked.ms / max(len(ids), 1)
        common = self._common(at, asked, ms)
        return [
            self._answered(one, prediction, common)
            for one, prediction in zip(ids, predictions, strict=True)
        ]

    def answered_columns(
        self,
        columns: Mapping[str, npt.NDArray[Any]],
        answers: Mapping[str, Any],
        warned: npt.NDArray[np.bool_],
        asked: Asked,
    ) -> list[Answered]:
        """The rows of the answers to a part of a file, each with an id of its own.

        Args:
            columns: field name to values, (rows,).
            answers: the columns that a batch adds, by their names.
            warned: (rows,), whether there is something to say of a row.
            asked: the request; its milliseconds are of these rows together.
        """
        fields = self._schema.fields
        by_row = zip(*(columns[one.name].tolist() for one in fields), strict=True)
        labels = _listed(answers["prediction_label"])
        low, high = (_listed(answers.get(f"prediction_{end}", [None] * len(labels)))
                     for end in ("low", "high"))  # fmt: skip
        classes = [str(label) for label in self._schema.classes]
        scores = [_listed(answers.get(f"prediction_score_{name}", ())) for name in classes]
        shares = list(zip(*scores, strict=True)) if scores else []
        ids = new_ids(len(labels))
        at, ms = time.time_ns() // 1000, asked.ms / max(len(labels), 1)
        common = self._common(at, asked, ms)
        return [
            {
                **common, "id": one, "given": self._written(values), "prediction": labels[row],
                "low": low[row], "high": high[row],
                "probabilities": dict(zip(classes, shares[row], strict=True)) if shares else None,
                "warnings": self._warnings(values) if warned[row] else [],
            }
            for row, (one, values) in enumerate(zip(ids, by_row, strict=True))
        ]  # fmt: skip

    def refused(self, remarks: Sequence[Remark], asked: Asked) -> Refused:
        """The row of a refused request."""
        deployment, sha256 = self._about
        return {
            "id": new_ids(1)[0], "at": time.time_ns() // 1000, "deployment": deployment,
            "sha256": sha256, "key": asked.key, "request": asked.request,
            "reasons": [self._known(reason) for reason in kinds(remarks)],
        }  # fmt: skip

    def _known(self, reason: dict[str, str | None]) -> dict[str, str | None]:
        """Without the name of a field that is none: it comes from whoever asked, as values do.

        The first row of a file without column names is such names.
        """
        return reason if reason["field"] in self._names else {**reason, "field": None}

    def _common(self, at: int, asked: Asked, ms: float) -> Answered:
        """What all answers to a request share; the rest is to be filled in."""
        deployment, sha256 = self._about
        return {
            "id": "", "at": at, "deployment": deployment, "sha256": sha256, "key": asked.key,
            "request": asked.request, "engine": self._engine, "ms": ms, "given": {},
            "prediction": None, "low": None, "high": None, "probabilities": None, "warnings": [],
            "shadow": False, "preview": asked.preview,
        }  # fmt: skip

    def _answered(self, one: str, prediction: Prediction, common: Answered) -> Answered:
        low, high = prediction.interval or (None, None)
        return {
            **common, "id": one, "given": self._written(prediction.values),
            "prediction": prediction.prediction, "low": low, "high": high,
            "probabilities": prediction.probabilities, "warnings": kinds(prediction.warnings),
        }  # fmt: skip

    def _written(self, values: Sequence[Value]) -> dict[str, Any]:
        """A row's values as the log keeps them."""
        return {name: write(values[index]) for index, name, write in self._given}

    def _warnings(self, values: Sequence[Value]) -> list[dict[str, str | None]]:
        """What is to be said of a file's row, which was read a column at a time."""
        pairs = zip(self._schema.fields, values, strict=True)
        try:
            row = self._schema.parse({one.name: one.json_value(value) for one, value in pairs})
        except InvalidInput:
            return []
        return kinds(row.warnings)


def _listed(values: Any) -> Any:
    return values.tolist() if hasattr(values, "tolist") else values


def _writer_of(asked: Field, secret: str) -> Callable[[Value], Any]:
    if asked.log != "hash":
        return asked.json_value
    if not secret:
        raise SettingError(
            f"The form file wants {asked.name!r} hashed in the log, and there is no secret for it. "
            "Set TABLECAST_LOG_SECRET to a long random text, and keep it."
        )
    return lambda value: hashed(asked.json_value(value), secret)


def hashed(value: Any, secret: str) -> str | None:
    """What stands for a value that is hashed; the same for the same value. None for a missing one.

    Without the secret nobody can tell which value it was, not even by trying all that there are.
    """
    if value is None:
        return None
    digest = hmac.new(secret.encode(), f"{value!r}".encode(), hashlib.sha256)
    return HASHED + digest.hexdigest()
