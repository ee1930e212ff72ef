"""What is kept of an answer, and the ids."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

import pytest

from tablecast.deployment.deployment import Deployment
from tablecast.errors import InvalidInput, SettingError
from tablecast.log.entries import Asked, Notes, first_id, hashed, new_ids, read_id
from tests.logged import ROW, insurance

ASKED = Asked("request", "sales", 4.0)


def with_log(**fields: str) -> Deployment:
    """Insurance, of which a form file says what the log keeps."""
    loaded = insurance()
    schema = loaded.schema
    said = [replace(one, log=fields.get(one.name, "")) for one in schema.fields]
    changed = replace(schema, fields=tuple(said)).to_json()
    return replace(loaded, description={**loaded.description, "schema": changed})


def entry(loaded: Deployment, secret: str = "") -> dict[str, object]:
    """What is kept of the answer to ``ROW``."""
    predictions = loaded.predictor.predict([loaded.schema.parse(ROW)])
    (kept,) = Notes(loaded, loaded.name, "onnx", secret).answered(["1"], predictions, ASKED)
    return dict(kept)


def test_ids_sort_by_time_and_are_uuids() -> None:
    """Those of one list count up; later ones are greater, and greater than any of their moment."""
    before = time.time_ns() // 1000
    ids = new_ids(300)
    time.sleep(0.002)
    ids += new_ids(2)
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {uuid.UUID(one).version for one in ids} == {7}
    assert {uuid.UUID(one).variant for one in ids} == {uuid.RFC_4122}
    assert uuid.UUID(ids[7]).int == uuid.UUID(ids[0]).int + 7
    assert first_id(before) <= ids[0] < first_id(time.time_ns() // 1000 + 1000)


def test_an_id_is_read_as_any_program_writes_it() -> None:
    """Some databases write a UUID in capitals, and a copied one may have spaces around it."""
    (one,) = new_ids(1)
    assert read_id(f" {one.upper()}\n") == one


def test_an_entry_says_what_was_asked_and_answered() -> None:
    """Values as the API writes them, the answer, by which deployment, for whom, how fast."""
    kept = entry(insurance())
    assert kept["given"] == ROW
    assert kept["prediction"] == 9750.0
    assert (kept["deployment"], kept["sha256"], kept["key"]) == ("insurance", "0" * 64, "sales")
    assert (kept["request"], kept["engine"], kept["ms"]) == ("request", "onnx", 4.0)


def test_a_form_file_hides_values() -> None:
    """A field that is left out is not there at all; a hashed one cannot be read, but compared."""
    kept = entry(with_log(age="no", region="hash"), "secret")["given"]
    assert isinstance(kept, dict)
    assert "age" not in kept
    assert kept["region"] == hashed("northwest", "secret") != hashed("northwest", "other")
    assert "northwest" not in kept["region"]
    assert kept["bmi"] == 30.0


def test_hashing_needs_a_secret() -> None:
    """Without one, everybody could try all values; so the server does not start."""
    with pytest.raises(SettingError, match=r"'region' hashed.*Set TABLECAST_LOG_SECRET"):
        Notes(with_log(region="hash"), "insurance", "onnx", "")


def test_a_missing_value_is_not_hashed() -> None:
    """It stays missing: a hash would look like a value."""
    assert hashed(None, "secret") is None


def test_warnings_hold_no_values() -> None:
    """What was said of a value is kept without it, since its field may be hidden."""
    loaded = insurance()
    row = loaded.schema.parse(ROW | {"age": 70})
    notes = Notes(loaded, loaded.name, "onnx", "")
    (kept,) = notes.answered(["1"], loaded.predictor.predict([row]), ASKED)
    assert kept["warnings"] == [
        {"field": "age",
         "kind": "{field}: {value} is outside the training range ({low} to {high})."}
    ]  # fmt: skip


def test_a_refusal_holds_no_name_that_the_deployment_does_not_know() -> None:
    """The names of unknown fields come from whoever asked: a file without names has a row there."""
    loaded = insurance()
    with pytest.raises(InvalidInput) as refused:
        loaded.schema.parse({"Ann Example": "1", **ROW, "age": "old"})
    kept = Notes(loaded, loaded.name, "onnx", "").refused(refused.value.errors, ASKED)
    assert {reason["field"] for reason in kept["reasons"]} == {None, "age"}
    assert "Ann Example" not in str(kept)
