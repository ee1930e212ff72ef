"""A form file put into a deployment: new words, the same predictions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import onnx
import pytest
from deployments import SHIPPED

from tablecast.cli.main import main
from tablecast.deployment.graph_file import METADATA_KEY, read_graph, with_description
from tablecast.deployment.opening import load
from tablecast.deployment.relabelled_files import relabel
from tablecast.errors import ArtifactError, FormFileError
from tablecast.i18n.language import language_of
from tablecast.schema import Field
from tablecast.schema.form_file import read_form
from tablecast.schema.form_starter import starter

PERSON = {"age": 19, "sex": "female", "bmi": 27.9, "children": 0, "smoker": "yes",
          "region": "southwest"}  # fmt: skip
ENDINGS = (".pkl", ".json", ".onnx", ".onnx.sha256")

NEW = """
title = "Costs"
[target]
label = "Costs in a year"
[fields.smoker]
label = { en = "Smokes", zh = "抽烟" }
group = "Habits"
[fields.smoker.levels]
no = "Never"
yes = "Often"
[fields.age]
hint = "In full years."
fixed = true
hard_maximum = 99
[fields.children.levels]
0 = "None"
1 = "One"
[card]
contact = "care@example.org"
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A copy of the shipped deployment."""
    for ending in ENDINGS:
        shutil.copy(f"{SHIPPED}{ending}", tmp_path / f"charges{ending}")
    return tmp_path / "charges"


def form_in(folder: Path, text: str) -> Path:
    path = folder / "form.toml"
    path.write_text(text, encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def shown(field: Field) -> list[Any]:
    limits = (field.minimum, field.maximum, field.hard_minimum, field.hard_maximum)
    return [field.name, field.label, field.hint, field.unit, limits, field.default, field.choices]


def prediction_of(base: Path) -> Any:
    predictor = load(base, "onnx").predictor
    return predictor.predict([predictor.schema.parse(PERSON)])[0].prediction


def test_the_words_change_and_the_predictions_do_not(base: Path) -> None:
    """What the file says is in the deployment, what it does not say stays, and the answer too."""
    before, answer = load(base, "onnx"), prediction_of(base)
    changed = relabel(base, read_form(form_in(base.parent, NEW)))
    assert {path.name for path in changed} == {f"charges{e}" for e in ENDINGS[1:]}
    after = load(base, "onnx")
    assert prediction_of(base) == answer
    schema, old = after.schema, before.schema
    assert (schema.title, schema.target_label) == ("Costs", "Costs in a year")
    assert schema.target_unit == old.target_unit == "$"
    smoker = schema.field("smoker")
    assert (smoker.label, smoker.group, smoker.levels) == ("Smokes", "Habits", ("no", "yes"))
    age = schema.field("age")
    assert (age.hint, age.fixed, age.hard_maximum) == ("In full years.", True, 99)
    assert age.unit == "years"
    assert schema.field("children").codes == ("0", "1", "2", "3", "4", "5")
    assert schema.field("bmi") == old.field("bmi")
    assert [field.name for field in schema.fields][:3] == ["smoker", "age", "children"]
    stated = after.description["card"]["stated"]
    assert stated["contact"] == "care@example.org"
    assert stated["license"] == before.description["card"]["stated"]["license"]
    assert after.description["proof"] == before.description["proof"]
    assert after.description["sha256"] == before.description["sha256"]


def test_a_text_of_one_language_is_that_of_all(base: Path) -> None:
    """A new English label does not leave the old Chinese one; a label of both changes both."""
    relabel(base, read_form(form_in(base.parent, NEW)))
    chinese = language_of("zh")
    assert chinese
    schema = load(base, "onnx").schema.in_language(chinese)
    assert schema.title == "Costs"
    assert schema.field("smoker").label == "抽烟"
    assert schema.field("smoker").show_level("no") == "Never"
    assert schema.field("bmi").label == "身体质量指数（BMI）"


def test_the_description_of_the_pickle_changes_too(base: Path) -> None:
    """A graph that is compiled again, and PyCaret's engine, have the new words."""
    relabel(base, read_form(form_in(base.parent, NEW)))
    _, inside = read_graph(base)
    beside = json.loads((base.parent / "charges.json").read_text(encoding="utf-8"))
    assert beside["schema"] == inside["schema"]
    assert beside["card"]["stated"] == inside["card"]["stated"]


def test_a_graph_alone_is_enough(base: Path) -> None:
    """A deployment that was shipped without its pickle is changed as well, and gets no new file."""
    for ending in (".pkl", ".json"):
        (base.parent / f"charges{ending}").unlink()
    changed = relabel(base, read_form(form_in(base.parent, NEW)))
    assert {path.name for path in changed} == {"charges.onnx", "charges.onnx.sha256"}
    assert set(contents(base.parent)) == {"charges.onnx", "charges.onnx.sha256", "form.toml"}


def test_a_pickle_without_a_graph_is_enough(base: Path) -> None:
    """A deployment that has no graph form has its description changed."""
    for ending in (".onnx", ".onnx.sha256"):
        (base.parent / f"charges{ending}").unlink()
    changed = relabel(base, read_form(form_in(base.parent, NEW)))
    assert [path.name for path in changed] == ["charges.json"]


def test_only_the_description_of_a_graph_changes(base: Path) -> None:
    """The onnx package reads the same graph but for one text, and writes the same bytes."""
    content, description = read_graph(base)
    changed = with_description(content, description | {"name": "ü" * 70_000})
    old, new = onnx.load_from_string(content), onnx.load_from_string(changed)
    assert new.SerializeToString() == changed
    for model in (old, new):
        (own,) = [pair for pair in model.metadata_props if pair.key == METADATA_KEY]
        model.metadata_props.remove(own)
    assert old == new
    assert with_description(changed, description) == content


def test_a_starter_put_back_changes_nothing(base: Path) -> None:
    """The file that is written says what the deployment says, also where nothing is a comment."""
    relabel(base, read_form(form_in(base.parent, NEW)))
    loaded = load(base, "onnx")
    text = starter("charges", loaded.schema, loaded.description["card"]["stated"])
    before = contents(base.parent)
    assert relabel(base, read_form(form_in(base.parent, text))) == []
    assert contents(base.parent) | {"form.toml": before["form.toml"]} == before
    uncommented = [
        line.removeprefix("# ") for line in text.splitlines()
        if line.startswith("[")
        or (" = " in line and not line.startswith(("#   ", "# logo", "# only", "# accent")))
    ]  # fmt: skip
    relabel(base, read_form(form_in(base.parent, "\n".join(uncommented))))
    schema = load(base, "onnx").schema
    assert [shown(field) for field in schema.fields] == [shown(f) for f in loaded.schema.fields]
    assert schema.title == "Costs"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('title = "x"\n\n[fields.agee]\n', r"Line 3 of 'form.toml': .*agee.*nearest is 'age'"),
        ('[fields.age]\nlable = "x"', r"Line 2 of 'form.toml': .*unknown key 'lable'.*'label'"),
        ('[fields.sex.levels]\nmale = "m"\nmail = "x"', r"Line 3 of .*: .*'mail'.*: female, male"),
        ('[fields.age]\nhint = """\na\n"""\nminimum = 90\n', r"Line 5 of .*: .*above maximum 64"),
        ("[fields.age]\nhard_maximum = 20", r"Line 2 of .*: .*cannot start with '39'.*Set default"),
        ('[fields.age]\ndefault = "old"', r"Line 2 of .*: .*cannot start with 'old'.*number"),
        ('[fields.smoker]\nminimum = 2', r"Line 2 of .*: .*minimum is for numbers and dates"),
        ('[target.classes]\n1 = "x"', r"Line 2 of .*: .*not a class.*an amount"),
        ('[card]\nsensitive = [\n"age",\n"agee",\n]', r"Line 2 of .*: 'agee' in .card. sensitive"),
        ('[organisation]\nlogo = "none.svg"', r"Line 2 of .*: .*there is no file"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(base: Path, text: str, words: str) -> None:
    """An error names the file, the line and what is nearest, and nothing is written."""
    path = form_in(base.parent, text)
    before = contents(base.parent)
    with pytest.raises(FormFileError, match=words):
        relabel(base, read_form(path))
    assert contents(base.parent) == before


def test_a_damaged_deployment_is_refused(base: Path) -> None:
    """A graph that is not what was saved is not made whole by a new hash."""
    path = base.parent / "charges.onnx"
    path.write_bytes(path.read_bytes().replace(b"Hospital", b"hospital"))
    with pytest.raises(ArtifactError, match="damaged"):
        relabel(base, read_form(form_in(base.parent, NEW)))


def test_the_command_writes_and_puts(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Written, edited and put back; a signature that no longer fits is named."""
    monkeypatch.chdir(base.parent)
    (base.parent / "charges.onnx.minisig").write_text("old", encoding="utf-8")
    assert main(["form", "charges", "--write", "form.toml"]) == 0
    path = base.parent / "form.toml"
    text = path.read_text(encoding="utf-8").replace("Hospital charges", "Costs")
    path.write_text(text, encoding="utf-8")
    assert main(["form", "charges", "--form", "form.toml"]) == 0
    assert main(["form", "charges", "--form", "form.toml"]) == 0
    assert load(base, "onnx").schema.title == "Costs"
    said = capsys.readouterr()
    assert "proof holds" in said.out
    assert said.err.count("charges.onnx.minisig no longer fits") == 1
    assert "Nothing changes" in said.out
    assert main(["form", "charges", "--write", "form.toml"]) == 1
    assert main(["form", "none", "--write", "other.toml"]) == 1
    refused = capsys.readouterr().err
    assert "--force" in refused
    assert "There is no none.onnx" in refused
