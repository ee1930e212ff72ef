"""The Streamlit and the Gradio front: each fits any deployment, and predicts what it predicts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest
from deployments import ROOT, SHIPPED

from tablecast.deployment.opening import load
from tablecast.web.display.amounts import answer_in_words, wording_of_all

#: The environment that make test-world makes, of what serving needs and of both fronts' packages.
PYTHON = ROOT / "build/fronts/bin/python"
STREAMLIT, GRADIO = ROOT / "examples/house/streamlit_app.py", ROOT / "examples/glass/gradio_app.py"

#: A form of every kind of field; two tables of the tutorials where they are at hand.
NAMES = ("charges", "kinds", "glass", "house")
MODELS = {"kinds": ("kind", "lr"), "glass": ("Type", "lda"), "house": ("SalePrice", "lightgbm")}

ASK_STREAMLIT = """
import json, sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file(sys.argv[1], default_timeout=60).run()
told = []
for changes in json.loads(sys.argv[2]):
    for name, value in changes.items():
        (control,) = [one for one in (*page.text_input, *page.selectbox) if one.key == name]
        control.set_value(value)
    page.button[0].click()
    page.run()
    told.append({
        "title": page.title[0].value, "raised": [one.value for one in page.exception],
        "said": [one.value for one in page.metric], "notes": [one.value for one in page.markdown],
        "refused": [one.value for one in page.error],
        "controls": sorted(one.key for one in (*page.text_input, *page.selectbox)),
    })
print(json.dumps(told))
"""

ASK_GRADIO = """
import json, sys
from gradio_client import Client
client = Client(sys.argv[1], verbose=False)
known = client.view_api(print_info=False, return_format="dict")
described = known["named_endpoints"]["/predict"]["parameters"]
told = {"controls": [[one["label"], one["component"]] for one in described]}
for number, changes in enumerate(json.loads(sys.argv[2])):
    values = [changes.get(one["label"], one["parameter_default"]) for one in described]
    try:
        told[number] = client.predict(*values, api_name="/predict")
    except Exception as error:
        told[number] = str(error)
print(json.dumps(told))
"""

pytestmark = [
    pytest.mark.world,
    pytest.mark.skipif(not PYTHON.exists(), reason="make test-world makes the fronts' environment"),
]


def table_of_kinds() -> pd.DataFrame:
    """Whole numbers, decimals with gaps, levels, yes and no, dates; three classes to predict."""
    random = np.random.default_rng(0)
    size = random.normal(10.0, 3.0, 120).round(2)
    return pd.DataFrame({
        "size": np.where(random.random(120) < 0.2, np.nan, size),
        "count": random.integers(1, 9, 120),
        "colour": random.choice(["red", "green", "blue"], 120),
        "sold": random.choice(["yes", "no"], 120),
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 365, 120), "D"),
        "kind": np.where(size < 9, "small", np.where(size < 11, "middle", "large")),
    })  # fmt: skip


@pytest.fixture(scope="module")
def deployed(
    real_table: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Trains a deployment once; gives its path."""
    folder = tmp_path_factory.mktemp("fronts")
    table_of_kinds().to_csv(folder / "kinds.csv", index=False)

    @cache
    def train(name: str) -> Path:
        if name == "charges":
            return SHIPPED
        target, model = MODELS[name]
        table = folder / "kinds.csv" if name == "kinds" else real_table(name)
        form = ROOT / "examples" / name / "form.toml"
        labels = ["--form", str(form)] if form.is_file() else []
        command = ["train", str(table), "--target", target, "--model", model, "--out", str(folder)]
        run(Path(sys.executable), "-m", "tablecast", *command, *labels)
        return folder / name

    return train


def run(python: Path, *arguments: str, base: Path | None = None) -> str:
    """What a Python prints."""
    done = subprocess.run(
        [str(python), *arguments], env=environment(base), capture_output=True, text=True,
        check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(base: Path | None, **more: str) -> dict[str, str]:
    about = {} if base is None else {"TABLECAST_DEPLOYMENT": str(base)}
    quiet = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    return {**os.environ, "PYTHONPATH": str(ROOT), **quiet, **about, **more}


def expected(base: Path, **changes: str) -> str:
    """What the deployment's own page says of a typical row with these changes."""
    deployment = load(base)
    schema = deployment.schema
    given = {one.name: one.show(one.default) for one in schema.fields} | changes
    (answer,) = deployment.predictor.predict([schema.parse(given, text=True)])
    wording = wording_of_all(schema, [answer], deployment.background)
    return answer_in_words(schema, answer.prediction, wording)


def ask_streamlit(base: Path, *changes: dict[str, str | None]) -> list[dict[str, Any]]:
    """The page after each of these changes."""
    said = run(PYTHON, "-c", ASK_STREAMLIT, str(STREAMLIT), json.dumps(changes), base=base)
    return list(json.loads(said))


@contextmanager
def gradio(base: Path) -> Iterator[str]:
    """The started Gradio front's address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    address = f"http://127.0.0.1:{port}/"
    told = environment(base, GRADIO_SERVER_NAME="127.0.0.1", GRADIO_SERVER_PORT=port)
    with subprocess.Popen([str(PYTHON), str(GRADIO)], env=told, stdout=subprocess.PIPE) as server:
        try:
            _wait(address, server)
            yield address
        finally:
            server.terminate()


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    while True:
        assert server.poll() is None, "the front has ended"
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)


def ask_gradio(base: Path, *changes: dict[str, Any]) -> dict[str, Any]:
    """The controls, and what is predicted after each of these changes of them."""
    with gradio(base) as address:
        said = run(PYTHON, "-c", ASK_GRADIO, address, json.dumps(changes))
    return dict(json.loads(said))


@pytest.mark.parametrize("front", [STREAMLIT, GRADIO], ids=["streamlit", "gradio"])
def test_a_front_is_short(front: Path) -> None:
    """Forty lines, so that a person reads all of it before running it."""
    assert len(front.read_text(encoding="utf-8").splitlines()) <= 40


@pytest.mark.parametrize("name", NAMES)
def test_streamlit_predicts_what_the_deployment_does(
    deployed: Callable[[str], Path], name: str
) -> None:
    """Every field has a control with its typical value, and the first prediction is of those."""
    base = deployed(name)
    (page,) = ask_streamlit(base, {})
    schema = load(base).schema
    assert page["raised"] == page["refused"] == []
    assert page["title"] == schema.title
    assert page["controls"] == sorted(one.name for one in schema.fields)
    assert page["said"] == [expected(base)]


def test_streamlit_follows_what_is_given(deployed: Callable[[str], Path]) -> None:
    """Another value another prediction; a strange one a warning; a wrong one the form's words."""
    changed, strange, wrong = ask_streamlit(
        SHIPPED, {"smoker": "yes"}, {"age": "70"}, {"age": "young", "bmi": ""}
    )
    assert changed["said"] == [expected(SHIPPED, smoker="yes")] != [expected(SHIPPED)]
    assert strange["said"] == [expected(SHIPPED, smoker="yes", age="70")]
    assert any("Age: 70 is outside the training range" in note for note in strange["notes"])
    assert wrong["said"] == wrong["raised"] == []
    (refused,) = wrong["refused"]
    assert "Enter Age as a number" in refused
    assert "Enter a value for Body mass index" in refused
    (unknown,) = ask_streamlit(deployed("kinds"), {"size": "", "colour": "green"})
    assert unknown["said"] == [expected(deployed("kinds"), size="", colour="green")]


@pytest.mark.parametrize("name", NAMES)
def test_gradio_predicts_what_the_deployment_does(
    deployed: Callable[[str], Path], name: str
) -> None:
    """A slider for a number, and the prediction of the typical values or its top classes."""
    base = deployed(name)
    schema = load(base).schema
    told = ask_gradio(base, {})
    kinds = [kind for _, kind in told["controls"]]
    assert len(kinds) == len(schema.fields)
    assert "Slider" in kinds
    assert told["0"]["label"] == expected(base)
    shares = [one["confidence"] for one in told["0"]["confidences"] or []]
    assert len(shares) == (min(3, len(schema.classes)) if schema.classes else 0)
    assert shares == sorted(shares, reverse=True)


def test_gradio_follows_what_is_given() -> None:
    """Another value another prediction, and what is not valid is refused in the form's words."""
    told = ask_gradio(SHIPPED, {"Smoker": "yes"}, {"Age (years)": 5000})
    assert told["0"]["label"] == expected(SHIPPED, smoker="yes")
    assert "5000" in told["1"] or "between" in told["1"]
