"""The fronts of examples/, run beside stand-ins of their packages: they keep up with the package.

``tests/world/test_fronts.py`` asks the same of Streamlit and Gradio themselves.
"""

from __future__ import annotations

import runpy
import sys
from typing import Any
from unittest.mock import MagicMock

import pytest
from deployments import ROOT, SHIPPED

from tablecast.deployment.opening import load
from tablecast.web.display.amounts import answer_in_words, wording_of_all


@pytest.fixture(autouse=True)
def _deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deployment that a front finds."""
    monkeypatch.setenv("TABLECAST_DEPLOYMENT", str(SHIPPED))


def typical(**changes: str) -> str:
    """What the pages say of the typical values, but for these."""
    deployment = load(SHIPPED)
    schema = deployment.schema
    given = {field.name: field.show(field.default) for field in schema.fields} | changes
    (answer,) = deployment.predictor.predict([schema.parse(given, text=True)])
    wording = wording_of_all(schema, [answer], deployment.background)
    return answer_in_words(schema, answer.prediction, wording)


def streamlit(monkeypatch: pytest.MonkeyPatch, **given: str) -> MagicMock:
    """What a Streamlit page called, with its controls left as they are but for what is given."""
    page = MagicMock()
    page.cache_resource = lambda function: function
    page.text_input = lambda _label, shown, key, **_: given.get(key, shown)
    page.selectbox = lambda _label, choices, start, key, **_: given.get(key, choices[start])
    monkeypatch.setitem(sys.modules, "streamlit", page)
    runpy.run_path(str(ROOT / "examples/house/streamlit_app.py"))
    return page


def test_the_streamlit_front_predicts_as_the_pages_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The typical values at first, then what is given; what is not valid is refused in words."""
    label = load(SHIPPED).schema.target_label
    streamlit(monkeypatch).metric.assert_called_once_with(label, typical())
    streamlit(monkeypatch, age="60").metric.assert_called_once_with(label, typical(age="60"))
    refused = streamlit(monkeypatch, age="old")
    refused.metric.assert_not_called()
    assert "Age" in refused.error.call_args.args[0]


def test_the_gradio_front_predicts_as_the_pages_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A control for each field; the typical values, and what is not valid refused in words."""
    front = MagicMock(Error=ValueError)
    monkeypatch.setitem(sys.modules, "gradio", front)
    runpy.run_path(str(ROOT / "examples/glass/gradio_app.py"))
    predict, controls = front.Interface.call_args.args
    fields = sorted(load(SHIPPED).schema.fields, key=lambda field: field.folded)
    values: list[Any] = [field.default for field in fields]
    assert len(controls) == len(fields)
    assert predict(*values) == typical()
    with pytest.raises(ValueError, match="Age"):
        predict(*("old" if field.name == "age" else field.default for field in fields))
