"""A deployment that changes while it is served: what is noticed, what is not, and who gets what."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from flask import Flask

from benchmarks.copies import APART, write_copy
from benchmarks.switching import VERSIONS, switched
from tablecast.cli.main import main
from tablecast.deployment import versions
from tablecast.deployment.relabelled_files import relabel
from tablecast.schema.form_file import read_form
from tablecast.web import warmup
from tablecast.web.app import create_app, create_app_or_exit
from tablecast.web.http.opened import opened
from tablecast.web.mounts import mount
from tests.logged import rows_of

PATIENT = {
    "age": 39, "sex": "male", "bmi": 30.4, "children": 1, "smoker": "no", "region": "northwest",
}  # fmt: skip


def serving(base: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Flask:
    """An application as a server starts it, which looks at its files for each request."""
    monkeypatch.setattr(mount, "FRESHNESS", 0)
    monkeypatch.setenv("TABLECAST_DEPLOYMENT", str(base))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    app = create_app_or_exit(create_app)
    warmup.rehearse(app)
    return app


def predicted(app: Flask) -> float:
    """The prediction for the patient."""
    return float(app.test_client().post("/predict_api", json=PATIENT).text)


def test_files_that_change_are_another_start_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --reload a server answers as it did when it started, whatever is written."""
    write_copy(tmp_path / "model", 1)
    app = serving(tmp_path / "model", monkeypatch)
    before = predicted(app)
    write_copy(tmp_path / "model", 5)
    assert predicted(app) == before
    assert "Title 1" in app.test_client().get("/").text


def test_reload_shows_changed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --reload every page and route is the new one's, also where it was kept before."""
    write_copy(tmp_path / "model", 1)
    app = serving(tmp_path / "model", monkeypatch, TABLECAST_RELOAD="on")
    client, before = app.test_client(), predicted(app)
    pages = ("/", "/model", "/batch", "/docs", "/openapi.json", "/compare")
    assert all("Title 1" in client.get(page).text for page in pages)
    write_copy(tmp_path / "model", 5)
    assert all("Title 5" in client.get(page).text for page in pages)
    assert predicted(app) == pytest.approx(before + 4 * APART)


@pytest.mark.thorough
def test_labels_that_are_put_in_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tablecast form NAME --form FILE` beside a server with --reload."""
    write_copy(tmp_path / "model", 1)
    app = serving(tmp_path / "model", monkeypatch, TABLECAST_RELOAD="on")
    (tmp_path / "form.toml").write_text('[fields.age]\nlabel = "Years of life"\n')
    relabel(tmp_path / "model", read_form(tmp_path / "form.toml"))
    assert "Years of life" in app.test_client().get("/").text


def test_a_form_file_is_shown_as_it_is_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each state that can be used is shown; another is named in the log, with the line."""
    write_copy(tmp_path / "model", 1)
    content = (tmp_path / "model.onnx").read_bytes()
    form = tmp_path / "form.toml"
    form.write_text('[fields.age]\nlabel = "Years of life"\n')
    app = serving(tmp_path / "model", monkeypatch, TABLECAST_RELOAD="on",
                  TABLECAST_FORM_FILE=str(form))  # fmt: skip
    before, client = predicted(app), app.test_client()
    assert "Years of life" in client.get("/").text
    form.write_text('[fields.age]\nlabel = "Winters"\n')
    assert "Winters" in client.get("/").text
    with caplog.at_level(logging.ERROR):
        form.write_text('[fields.age]\nlable = "Summers"\n')
        assert "Winters" in client.get("/").text
    assert "lable" in caplog.text
    assert "Line 2" in caplog.text
    form.write_text('[fields.age]\nlabel = "Spring"\n')
    assert "Spring" in client.get("/").text
    assert predicted(app) == before
    assert (tmp_path / "model.onnx").read_bytes() == content


def test_a_form_file_that_cannot_be_used_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says what is wrong with it."""
    write_copy(tmp_path / "model", 1)
    (tmp_path / "form.toml").write_text("[fields.nothing]\nlabel = 'x'\n")
    with pytest.raises(SystemExit, match="nothing"):
        serving(tmp_path / "model", monkeypatch, TABLECAST_FORM_FILE=str(tmp_path / "form.toml"))


def test_what_cannot_be_opened_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a file, or none, leaves the last whole one answering, and is named once."""
    write_copy(tmp_path / "model", 1)
    app = serving(tmp_path / "model", monkeypatch, TABLECAST_RELOAD="on")
    before = predicted(app)
    with caplog.at_level(logging.ERROR):
        (tmp_path / "model.onnx").write_bytes(b"half")
        assert [predicted(app) for _ in range(3)] == [before] * 3
    assert caplog.text.count("stays as it was") == 1
    (tmp_path / "model.onnx").unlink()
    assert predicted(app) == before
    write_copy(tmp_path / "model", 3)
    assert predicted(app) == pytest.approx(before + 2 * APART)


def test_a_request_ends_with_what_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A switch in the midst of a request is the next one's."""
    for version in VERSIONS:
        write_copy(tmp_path / "model" / version / "model", int(version))
    app = serving(tmp_path / "model", monkeypatch)
    with app.test_request_context("/"):
        began = opened()
        versions.switch(tmp_path / "model", "2")
        assert opened() is began
        assert began.loaded.schema.title == "Title 1"
    with app.test_request_context("/"):
        assert opened().loaded.schema.title == "Title 2"


def test_one_deployment_s_versions_are_switched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Served alone, at the root, without --reload."""
    for version in VERSIONS:
        write_copy(tmp_path / "model" / version / "model", int(version))
    app = serving(tmp_path / "model", monkeypatch)
    before = predicted(app)
    versions.switch(tmp_path / "model", "2")
    assert predicted(app) == pytest.approx(before + APART)
    versions.switch(tmp_path / "model", "previous")
    assert predicted(app) == before


def test_a_change_is_looked_for_seldom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks no request touches the disk."""
    write_copy(tmp_path / "model", 1)
    app = serving(tmp_path / "model", monkeypatch, TABLECAST_RELOAD="on")
    predicted(app)
    monkeypatch.setattr(mount, "FRESHNESS", 3600)
    predicted(app)
    monkeypatch.setattr("tablecast.deployment.source.os.stat", lambda _path: 1 / 0)
    assert predicted(app) > 0


def test_a_shadow_answers_for_the_log_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People get the current version's answer; the log has both, and says which is which."""
    for version in VERSIONS:
        write_copy(tmp_path / "model" / version / "model", int(version))
    assert main(["switch", str(tmp_path / "model"), "2", "--shadow"]) == 0
    app = serving(tmp_path / "model", monkeypatch, TABLECAST_LOG=f"sqlite:///{tmp_path}/log.db")
    client = app.test_client()
    first = float(client.post("/predict_api", json=PATIENT).text)
    page = client.post("/api/v1/predict?explain=0", json=PATIENT).get_json()
    assert page["model"]["version"] == "1"
    kept = rows_of(tmp_path, "prediction", "shadow, prediction")
    answers = {bool(shadow): float(json.loads(one)) for shadow, one in kept}
    assert len(kept) == 4
    assert answers == {False: pytest.approx(first), True: pytest.approx(first + APART)}
    assert main(["switch", str(tmp_path / "model"), "--no-shadow"]) == 0
    client.post("/predict_api", json=PATIENT)
    assert len(rows_of(tmp_path, "prediction", "shadow")) == 5


@pytest.mark.thorough
def test_a_shadow_that_cannot_answer_is_nobody_s_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged shadow, or one that fails, is named in the log once; people get their answers."""
    for version in VERSIONS:
        write_copy(tmp_path / "model" / version / "model", int(version))
    assert main(["switch", str(tmp_path / "model"), "2", "--shadow"]) == 0
    log = f"sqlite:///{tmp_path}/log.db"
    app = serving(tmp_path / "model", monkeypatch, TABLECAST_LOG=log)
    shadow = app.extensions["tablecast"].current().shadow
    monkeypatch.setattr(shadow.loaded.predictor, "predict", lambda _rows: 1 / 0)
    assert [predicted(app) for _ in range(3)]
    assert caplog.text.count("cannot answer") == 1
    (tmp_path / "model" / "2" / "model.onnx").write_bytes(b"half")
    assert predicted(serving(tmp_path / "model", monkeypatch, TABLECAST_LOG=log)) > 0
    assert "is not asked" in caplog.text


@pytest.mark.server
@pytest.mark.parametrize(("server", "path"), [("gunicorn", ""), ("gunicorn", "/model"),
                                              ("granian", "")])  # fmt: skip
def test_switches_under_load_fail_and_mix_nothing(tmp_path: Path, server: str, path: str) -> None:
    """Every answer while versions change is one version's, whole, alone and in a folder."""
    for version in VERSIONS:
        write_copy(tmp_path / "model" / version / "model", int(version))
    seen = switched(tmp_path if path else tmp_path / "model", server, 8, 4, path)
    assert seen.wrong == []
    assert set(seen.answers) == set(VERSIONS)
