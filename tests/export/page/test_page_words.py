"""A page's JavaScript writes figures as the server's pages do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tablecast.export.page.javascript import JavaScript
from tablecast.export.page.script import FOLDER, bare
from tablecast.i18n.language import LANGUAGES, Language, _, speaking
from tablecast.web.display.amounts import wording_of
from tablecast.web.display.charts import Scale
from tablecast.web.form.whatif_cards import legible
from tests.explained import grading

#: Shares of one, all around the places where a rounded one would claim too much.
SHARES = (
    *(0.0, 0.0004, 0.0005, 0.0049, 0.005, 0.0051, 0.006, 0.5, 0.8921, 0.994, 0.995, 0.9951, 0.9994),
    *(0.9995, 0.99951, 1.0, *np.linspace(0, 1, 200).tolist()),
)
TICKS = (0.0, 0.005, 0.07, 0.29, 0.515, 0.57, 0.58, 1.0, 0.2345)
CHANGES = (0.0, -0.0, 0.0004, -0.004, 0.005, -0.2, 0.31, -0.312)


@pytest.fixture(scope="module")
def script() -> JavaScript:
    made = JavaScript()
    formats, panel = ((FOLDER / f"{name}.js").read_text() for name in ("formats", "whatif_panel"))
    names = "openLanguage, wordingOf, legible"
    made.define("page", f"(() => {{ {bare(formats)}; {bare(panel)}; return {{{names}}}; }})()")
    return made


@pytest.mark.parametrize("rows", [0, 400, 10_000])
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.tag)
def test_probabilities_are_written_alike(script: JavaScript, language: Language, rows: int) -> None:
    """A probability, a change of it and a chart's scale are the same, in as many digits as the
    number of training rows bears."""
    loaded = grading()
    assert loaded.background is not None
    background = replace(loaded.background, rows=rows)
    with speaking(language):
        wording = wording_of(loaded.schema, 1.0, background=background)
        expected = [
            list(map(wording.of, SHARES)), list(map(wording.change, CHANGES)),
            list(map(wording.tick, TICKS)),
        ]  # fmt: skip
        words = {text: _(text) for text in ("under {share}", "over {share}")}
    scales = [(0.0, 0.01), (0.5, 0.52), (0.98, 0.999), (0.1, 0.9)]
    widened = [legible(Scale(*ends), wording) for ends in scales]
    found: Any = script.ask(
        "((wording) => [shares.map((x) => wording.of(x)), changes.map((x) => wording.change(x)),"
        " ticks.map((x) => wording.tick(x)),"
        " scales.map((ends) => page.legible(ends, wording))])"
        "(page.wordingOf(page.openLanguage({...language, classes: {}}, rows), 1, null))",
        language={"words": words, "forms": _forms(language)}, rows=rows,
        shares=SHARES, changes=CHANGES, ticks=TICKS, scales=scales,
    )  # fmt: skip
    assert found[:3] == expected
    assert np.array(found[3]) == pytest.approx(np.array([(s.low, s.high) for s in widened]))


def _forms(language: Language) -> dict[str, Any]:
    return {name: fact for name, fact in language.facts.items() if name != "name"}
