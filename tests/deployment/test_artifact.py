"""A deployment's files: checked before anything in them is run, replaced only when whole."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy as copy_of
from pathlib import Path
from typing import Any

import pytest
from deployments import ROOT, SHIPPED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablecast.deployment import graph_file
from tablecast.deployment.description import PICKLED_BY
from tablecast.deployment.files import sha256_of, with_ending, without_ending
from tablecast.deployment.opening import load, load_pipeline
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.errors import ArtifactError
from tablecast.inference.pycaret_api import predict_with_pycaret
from tests.started import started

ENDINGS = (".pkl", ".json", ".onnx", ".onnx.sha256")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped deployment, to be damaged."""
    base = tmp_path / SHIPPED.name
    for ending in ENDINGS:
        shutil.copy(with_ending(SHIPPED, ending), with_ending(base, ending))
    return base


def sign(base: Path) -> None:
    """Write the hash file that fits the graph as it now is."""
    path = with_ending(base, ".onnx")
    with_ending(base, ".onnx.sha256").write_text(
        f"{sha256_of(path.read_bytes())}  {path.name}\n"
    )


def test_the_shipped_deployment_is_whole() -> None:
    """Both files of the repository belong together, and the hash is as sha256sum writes it."""
    deployment = load(SHIPPED, "onnx")
    assert deployment.description["proof"]["worst_relative"] <= 1e-9
    assert deployment.description["proof"]["rows"] == 1338
    line = with_ending(SHIPPED, ".onnx.sha256").read_text()
    assert line.split() == [
        sha256_of(with_ending(SHIPPED, ".onnx").read_bytes()), "deployment_28042020.onnx"
    ]


@pytest.mark.parametrize("ending", ["", ".pkl", ".onnx", ".json"])
def test_a_deployment_is_named_with_or_without_ending(ending: str) -> None:
    """Every spelling of a deployment's path opens it; dots in a name are no endings."""
    assert without_ending(f"folder/a.b{ending}") == Path("folder/a.b")


@pytest.mark.parametrize("engine", ["onnx", "pycaret"])
def test_a_missing_deployment_says_what_to_do(tmp_path: Path, engine: str) -> None:
    """One line names the file and the command that makes it."""
    with pytest.raises(ArtifactError, match=r"no none\.(onnx|json) .*tablecast train") as caught:
        load(tmp_path / "none", engine)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", [".onnx", ".onnx.sha256"])
def test_a_graph_needs_its_hash(copy: Path, ending: str) -> None:
    """Without the graph or without its hash nothing is served."""
    with_ending(copy, ending).unlink()
    with pytest.raises(ArtifactError, match="There is no"):
        load(copy, "onnx")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused(copy: Path, place: float, bit: int) -> None:
    """Any one changed bit of the graph is noticed before the graph is read."""
    path = with_ending(copy, ".onnx")
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[int(place * len(whole))] ^= 1 << bit
    path.write_bytes(bytes(changed))
    with pytest.raises(ArtifactError, match="damaged or was changed"):
        load(copy, "onnx")
    path.write_bytes(whole)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_graph_cut_short_is_refused(copy: Path, share: float) -> None:
    """A half-copied graph is refused, even where somebody wrote a hash that fits it."""
    path = with_ending(copy, ".onnx")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ArtifactError, match="damaged"):
        load(copy, "onnx")
    sign(copy)
    with pytest.raises(ArtifactError):
        load(copy, "onnx")
    path.write_bytes(whole)
    sign(copy)


def test_a_graph_of_another_program_is_refused(copy: Path) -> None:
    """A graph that another program wrote is not run, whatever its hash file says."""
    onnx = pytest.importorskip("onnx")
    path = with_ending(copy, ".onnx")
    model = onnx.load(str(path))
    model.producer_name = "skl2onnx"
    path.write_bytes(model.SerializeToString())
    sign(copy)
    with pytest.raises(ArtifactError, match="not a graph of tablecast"):
        load(copy, "onnx")


def test_a_graph_with_external_data_is_refused(copy: Path) -> None:
    """A graph that would read a second file is not run."""
    onnx = pytest.importorskip("onnx")
    path = with_ending(copy, ".onnx")
    model = onnx.load(str(path))
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "elsewhere.bin"
    path.write_bytes(model.SerializeToString())
    sign(copy)
    with pytest.raises(ArtifactError, match="not a graph of tablecast"):
        load(copy, "onnx")


def _sparse(model: Any) -> None:
    sparse = model.graph.sparse_initializer.add()
    sparse.values.name = "x"
    sparse.values.data_location = 1  # external
    sparse.values.external_data.add(key="location", value="/etc/passwd")


def _in_an_attribute(model: Any) -> None:
    attribute = model.graph.node[0].attribute.add(name="x")
    attribute.sparse_tensor.values.external_data.add(key="location", value="x")


def _in_a_function(model: Any) -> None:
    model.functions.add(name="x", domain="y").node.add(op_type="Identity")


def _in_a_nested_graph(model: Any) -> None:
    attribute = model.graph.node[0].attribute.add(name="x")
    attribute.g.initializer.add().external_data.add(key="location", value="x")


def _in_an_unknown_field(model: Any) -> None:
    model.training_info.add()


@pytest.mark.parametrize(
    "change",
    [_sparse, _in_an_attribute, _in_a_function, _in_a_nested_graph, _in_an_unknown_field],
)
def test_a_graph_holds_what_the_compiler_writes_and_nothing_else(
    copy: Path, change: Callable[[Any], None]
) -> None:
    """Whatever else ONNX knows, some of which reads files, is refused."""
    onnx = pytest.importorskip("onnx")
    path = with_ending(copy, ".onnx")
    model = onnx.load(str(path))
    change(model)
    path.write_bytes(model.SerializeToString())
    sign(copy)
    with pytest.raises(ArtifactError, match="not a graph of tablecast"):
        load(copy, "onnx")


def test_what_onnxruntime_says_is_worded(copy: Path) -> None:
    """A graph that is well formed and means nothing is refused with what to do."""
    onnx = pytest.importorskip("onnx")
    path = with_ending(copy, ".onnx")
    model = onnx.load(str(path))
    model.graph.node[0].op_type = "NoSuchOperator"
    path.write_bytes(model.SerializeToString())
    sign(copy)
    loaded = load(copy, "onnx")
    with pytest.raises(ArtifactError, match=r"onnxruntime cannot open the graph.*compile it again"):
        loaded.predictor.warm_up()


@settings(deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    """Whatever bytes stand in for a graph, reading them fails in one way only."""
    with pytest.raises((ValueError, KeyError, TypeError, IndexError)):
        graph_file._read_description(content)


def test_a_graph_of_another_pickle_is_refused(copy: Path) -> None:
    """A pickle that was trained again is not served by the old graph."""
    with with_ending(copy, ".pkl").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ArtifactError, match="was not compiled from"):
        load(copy, "onnx")


def test_a_graph_is_served_without_its_pickle(copy: Path) -> None:
    """Serving needs the graph and its hash, and nothing else."""
    with_ending(copy, ".pkl").unlink()
    with_ending(copy, ".json").unlink()
    assert load(copy, "onnx").name == "deployment_28042020"


def test_an_unknown_format_is_refused(copy: Path) -> None:
    """A deployment of a format that this version does not know names both versions."""
    path = with_ending(copy, ".json")
    description = json.loads(path.read_text())
    path.write_text(json.dumps(description | {"format": 99}))
    with pytest.raises(ArtifactError, match=r"format 99, and this tablecast .* formats up to 2"):
        load(copy, "pycaret")


def test_an_unknown_format_of_a_graph_is_refused(copy: Path) -> None:
    """The same holds for a graph."""
    onnx = pytest.importorskip("onnx")
    path = with_ending(copy, ".onnx")
    model = onnx.load(str(path))
    entry = next(one for one in model.metadata_props if one.key == graph_file.METADATA_KEY)
    entry.value = json.dumps(json.loads(entry.value) | {"format": 99})
    path.write_bytes(model.SerializeToString())
    sign(copy)
    with pytest.raises(ArtifactError, match="format 99"):
        load(copy, "onnx")


#: What descriptions gained since the format began, by place; all of it may be absent.
GAINED = {
    (): ("interval", "background", "proof", "effects", "scalar"),
    ("schema",): ("decimal_comma", "class_labels", "target_unit", "target_label", "description"),
    ("card",): (
        "importance", "agreement", "dropped", "notes", "limits", "evaluation", "settings", "steps",
    ),
}  # fmt: skip
GAINED_BY_FIELDS = ("folded", "date_format", "spelling", "unit", "hint")


def older(description: dict[str, Any]) -> dict[str, Any]:
    """A description as the first version wrote it."""
    old: dict[str, Any] = copy_of(description)
    for place, names in GAINED.items():
        part = old[place[0]] if place else old
        for name in names:
            part.pop(name, None)
    for field in old["schema"]["fields"]:
        for name in GAINED_BY_FIELDS:
            field.pop(name, None)
    old["versions"] = {"tablecast": "0.0.1", **{n: old["versions"][n] for n in PICKLED_BY}}
    return old


def describe_again(base: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change the description in a deployment's graph and beside its pickle, and sign it anew."""
    onnx = pytest.importorskip("onnx")
    path = with_ending(base, ".onnx")
    model = onnx.load(str(path))
    entry = next(one for one in model.metadata_props if one.key == graph_file.METADATA_KEY)
    entry.value = json.dumps(change(json.loads(entry.value)))
    path.write_bytes(model.SerializeToString())
    sign(base)
    beside = with_ending(base, ".json")
    beside.write_text(json.dumps(change(json.loads(beside.read_text()))))


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["onnx", "pycaret"])
def test_an_older_deployment_serves(copy: Path, engine: str) -> None:
    """What the first version described is enough for every page, the API and batches."""
    row = {"age": 39, "sex": "male", "bmi": 30, "children": 1, "smoker": "no",
           "region": "northwest"}  # fmt: skip
    now = started(load(copy, engine)).test_client().post("/predict_api", json=row).get_json()
    describe_again(copy, older)
    deployment = load(copy, engine)
    assert deployment.description["versions"]["tablecast"] == "0.0.1"
    client = started(deployment).test_client()
    assert client.post("/predict_api", json=row).get_json() == pytest.approx(now, rel=1e-9)
    full = client.post("/api/v1/predict", json=row).get_json()["predictions"][0]
    assert full["interval"] is None
    for path in ("/", "/model", "/batch", "/docs", "/openapi.json", "/api/v1/model"):
        assert client.get(path).status_code == 200, path
    page = client.post("/predict", data=row)
    assert page.status_code == 200
    file = {"file": (io.BytesIO(client.get("/batch/template.csv").data), "in.csv")}
    with client.post("/batch", data=file) as answered:
        assert answered.text.splitlines()[0].endswith("region,prediction_label")


def test_a_description_with_unknown_parts_is_refused_when_it_is_opened(copy: Path) -> None:
    """One line names both versions, before anybody is served."""

    def newer(description: dict[str, Any]) -> dict[str, Any]:
        description["schema"]["fields"][0]["colour"] = "blue"
        description["versions"]["tablecast"] = "99.0"
        return description

    describe_again(copy, newer)
    said = r"made by tablecast 99\.0, and this .*colour"
    with pytest.raises(ArtifactError, match=said) as caught:
        load(copy, "onnx")
    assert "\n" not in str(caught.value)


@pytest.mark.server
def test_gunicorn_refuses_a_newer_format_in_one_line(copy: Path) -> None:
    """The server ends at once, and says which version to install."""
    describe_again(copy, lambda description: description | {"format": 99})
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:0", "app:app"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "TABLECAST_DEPLOYMENT": str(copy), "TABLECAST_ENGINE": "onnx"},
    )  # fmt: skip
    assert done.returncode != 0
    assert "has format 99, and this tablecast" in done.stderr
    assert "Traceback" not in done.stderr
    assert sum("tablecast: " in line for line in done.stderr.splitlines()) == 1


def test_a_changed_pickle_is_never_opened(copy: Path) -> None:
    """The pickle's hash is checked before it is unpickled, since a pickle can run anything."""
    with_ending(copy, ".pkl").write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    with pytest.raises(ArtifactError, match="damaged or was changed"):
        load(copy, "pycaret")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', "null"])
def test_a_damaged_description_says_so(copy: Path, content: str) -> None:
    """A description that is not JSON, or lacks its parts, is one clear line."""
    with_ending(copy, ".json").write_text(content)
    with pytest.raises(ArtifactError, match="damaged"):
        load(copy, "pycaret")


@pytest.mark.parametrize("package", ["pycaret", "scikit-learn"])
def test_a_pipeline_of_another_version_names_both(copy: Path, package: str) -> None:
    """A pickle from another PyCaret or scikit-learn is refused in one line with both versions."""
    path = with_ending(copy, ".json")
    description = json.loads(path.read_text())
    description["versions"][package] = "0.1"
    path.write_text(json.dumps(description))
    with pytest.raises(ArtifactError, match=rf"{package} 0\.1, and .* installed") as caught:
        load(copy, "pycaret")
    assert "\n" not in str(caught.value)


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    """Ctrl-C while writing keeps what was there, and leaves nothing beside it."""
    path = tmp_path / "file.onnx"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replaced_when_whole(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == ["file.onnx"]
    assert path.read_text() == "old"


def test_a_pickle_of_an_older_search_opens() -> None:
    """A pickle that names the modules of version 0.1 opens, and answers as it did then."""
    pytest.importorskip("pycaret", reason="opening a pickle needs PyCaret")
    pd = pytest.importorskip("pandas")
    _, pipeline = load_pipeline(ROOT / "tests" / "pickles" / "search_0_1")
    row = {
        "age": [19, 60], "sex": ["female", "male"], "bmi": [27.9, 33.1], "children": [0, 3],
        "smoker": ["yes", "no"], "region": ["southwest", "northeast"],
    }
    answers = predict_with_pycaret(pipeline, pd.DataFrame(row), "regression")
    assert answers["prediction_label"].tolist() == pytest.approx(
        [16861.249612047333, 15019.564874742624], rel=1e-9
    )
