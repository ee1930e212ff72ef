"""A page answers a CSV file as the batch does: what it reads, refuses, says and writes."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from functools import cache
from typing import Any

import numpy as np
import pytest

from tablecast.batch.predict_file import predict_csv
from tablecast.deployment.graph_file import read_graph
from tablecast.errors import BatchError
from tablecast.export.page.contents import contents_of
from tablecast.export.page.javascript import JavaScript
from tablecast.export.page.rules import rules_of, words_of
from tablecast.i18n.language import LANGUAGES, speaking
from tests.deployments import SHIPPED, shipped_deployment

HEADER = "age,sex,bmi,children,smoker,region"
ROW = "19,female,27.9,0,yes,southwest"

#: Runs through a file, as rows_panel.js does.
_ANSWER = """(() => {
  const spoken = (remark) => say(remark, words), join = (sentences) => sentences.join(space);
  try {
    const file = rules.fileOfText(text, "in.csv"), {predictAll} = predictor;
    const page = {predictAll, classes: [], hasRange: true, hasScores: false, say: spoken, join};
    const steps = file.answers({...page, size: 3, shown: 10});
    let step;
    do step = steps.next(); while (!step.done);
    return {...step.value, notes: file.notes.map(spoken)};
  } catch (error) {
    if (!error.remark) throw error;
    return {fault: say(error.remark, words)};
  }
})()"""


@cache
def _script() -> JavaScript:
    loaded = shipped_deployment("onnx")
    script = JavaScript()
    script.open("rules", "openRules", rules_of(loaded.schema))
    contents = contents_of(loaded, read_graph(SHIPPED)[0])
    script.open("predictor", "openPredictor", contents)
    return script


def in_page(text: str, words: dict[str, str], space: str) -> dict[str, Any]:
    found: dict[str, Any] = _script().ask(_ANSWER, text=text, words=words, space=space)
    return found


def in_batch(text: str) -> dict[str, Any]:
    written = io.BytesIO()
    source = io.BytesIO(text.encode())
    try:
        summary = predict_csv(
            shipped_deployment("onnx"), source, written, name="in.csv", errors="column"
        )
    except BatchError as error:
        return {"fault": str(error)}
    return {
        "text": written.getvalue().decode("utf-8-sig"),
        "notes": list(summary.notes),
        "rows": summary.rows,
        "refused": summary.refused,
        "warned": summary.warned,
        "lines": [re.sub(r"\D", "", refusal.location) for refusal in summary.refusals],
    }


def assert_same_text(found: str, expected: str, separator: str) -> None:
    """Cells are the same; numbers of predictions to 1e-9."""
    for own, other in zip(_cells(found, separator), _cells(expected, separator), strict=True):
        if own != other:
            numbers = [float(cell.replace(",", ".")) for cell in (own, other)]
            assert numbers[0] == pytest.approx(numbers[1], rel=1e-9)
    assert found.count("\r") == expected.count("\r")


def _cells(text: str, separator: str) -> list[str]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return [cell for row in rows for cell in [*row, "\n"]]


def _with(separator: str, *lines: str) -> str:
    return "\n".join(line.replace(",", separator) for line in lines) + "\n"


FILES = {
    "plain": _with(",", HEADER, ROW),
    "no line end": f"{HEADER}\n{ROW}",
    "windows": f"{HEADER}\r\n{ROW}\r\n200,male,30,1,no,northwest\r\n,,,,,\r\n\r\n{ROW}\r\n",
    "old mac": f"{HEADER}\r{ROW}\r",
    "mark": f"\ufeff{HEADER}\n{ROW}\n",
    "semicolons": f"{HEADER};x\n{ROW};1\n".replace(",", ";").replace("27.9", "27,9"),
    "tabs": _with("\t", HEADER, ROW),
    "pipes": _with("|", HEADER, ROW, "19,f,NA,1e3,perhaps,x"),
    "says its separator": "sep=;\n" + _with(";", HEADER, ROW),
    "title": f"A title\n\n{HEADER}\n{ROW}\n",
    "ruled off": f"-----\n{HEADER}\n------\n{ROW}\n",
    "quotes": f'{HEADER},note\n{ROW},"a, ""b""\nc"\n200{ROW[2:]},"d"\n',
    "spaces before quotes": f'{HEADER}\n19, "female", 27.9, 0, "yes", "southwest"\n',
    "formulas": f"{HEADER},=note\n{ROW},=1+1\n{ROW},-5\n'=x{ROW[2:]},@\n=\"19\"{ROW[2:]},+1\n",
    "short row": f"{HEADER}\n19,female,27.9,0,yes\n{ROW}\n",
    "one cell": f"{HEADER}\n19\n{ROW}\n",
    "long row": f"{HEADER}\n{ROW}\n{ROW},1,2\n{ROW}\n",
    "separator behind": f"{HEADER}\n{ROW},\n{ROW},\n",
    "row names": f"{HEADER}\n1,{ROW}\n2,{ROW}\n",
    "nameless row names": f",{HEADER}\n1,{ROW}\n2,{ROW}\n",
    "source below": f"{HEADER}\n{ROW}\nSource: the hospital\n",
    "lines below a gap": f"{HEADER}\n{ROW}\n\nSum,3\nChecked\n",
    "header again": f"{HEADER}\n{ROW}\n{HEADER}\n{ROW}\n{HEADER}\n",
    "header once again": f"{HEADER}\n{ROW}\n{HEADER}\n",
    "answered before": f"{HEADER},prediction_label,prediction_error\n{ROW},5,old\n",
    "other case": f"AGE,Sex , bmi,children,smoker,region,age2\n{ROW},3\n",
    "no region": "age,sex,bmi,children,smoker\n19,female,27.9,0,yes\n",
    "misspelt": HEADER.replace("age", "agee") + f"\n{ROW}\n",
    "twice": f"{HEADER},age\n{ROW},3\n",
    "other table": "x,y\n1,2\n3,4\n",
    "open quote": f'{HEADER}\n{ROW}\n19,"female,27.9,0,yes,southwest\n',
    "missing": f"{HEADER}\nNA,,null,n/a,NaN,#N/A\n",
    "total below": f"{HEADER}\n{ROW}\n{ROW}\nTotal,,55.8,0,,\n",
    "two totals": f"{HEADER}\nTotal,,1,0,,\n{ROW}\nTotal,,55.8,0,,\n",
    "total alone": f"{HEADER}\nTotal,,1,0,,\n",
    "total of no field": f"id,{HEADER}\n1,{ROW}\n合计：,,,55.8,0,,\n",
    "padded below": f"{HEADER}\n{ROW}\nSource: the hospital,,,,,\n",
    "units": f"{HEADER}\nyears,,kg/m²,,,\n{ROW}\n",
    "labels": f"{HEADER}\n(in years),sex,(body mass),count,yes or no,area\n{ROW}\n",
    "units alone": f"{HEADER}\nyears,,kg/m²,,,\n",
    "one word": f"{HEADER}\nold,,,,,\n{ROW}\n",
    "drawn between": f"{HEADER}\n{ROW}\n---,---,---,---,---,---\n{ROW}\n",
    "markdown": f"|{HEADER}|\n|---,---,---,:---:,---,---|\n|{ROW}|\n".replace(",", "|"),
    "cut by spaces": f"{HEADER}\n{ROW}\n{ROW}\n{ROW}\n".replace(",", "   "),
    "R's own": '"age" "sex" "bmi" "children" "smoker" "region"\n"1" 19 "male" 27.9 0 "no" "x"\n'
    '"2" 19 "male" 27.9 0 "no" "x"\n"3" 19 "male" 27.9 0 "no" "x"\n',
    "names that repeat": f"{HEADER}\nx,{ROW}\nx,{ROW}\n",
    "odd quotes": f'{HEADER}\n19,"fe"male,27.9,0,yes,southwest\n',
    "late": HEADER + "\n" + f"{ROW}\n" * 1200 + "x" + ROW[2:] + "\nTotal,,,,,\n",
    "empty": "",
    "blank": "\n \n",
    "header alone": f"{HEADER}\n",
}  # fmt: skip


#: Between the cells of those that have no commas.
SEPARATORS = {
    "semicolons": ";", "tabs": "\t", "pipes": "|", "says its separator": ";", "markdown": "|",
    "cut by spaces": " ", "R's own": " ",
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.primary)
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_answered_as_the_batch_does(name: str, language: Any) -> None:
    """The written file, the counts, the lines of refused rows and every sentence are the same."""
    text = FILES[name]
    with speaking(language):
        expected = in_batch(text)
    space = language.facts["space"] if language.primary == "zh" else " "
    found = in_page(text.removeprefix("\ufeff"), words_of(language), space)
    assert found.get("fault") == expected.get("fault")
    if "fault" in expected:
        return
    assert found["notes"] == expected["notes"]
    assert [str(one["line"]) for one in found["refusals"]] == expected["lines"]
    for count in ("rows", "refused", "warned"):
        assert found[count] == expected[count], count
    assert_same_text(found["text"], expected["text"], SEPARATORS.get(name, ","))


#: What random edits put into a file, and between its lines.
_SIGNS = (
    ",", ";", '"', "\n", "\r\n", "\t", "|", " ", '""', "\n\n", "---", "Total", "=", "’", "\u00a0",
)  # fmt: skip
_LINES = (
    "", "Total,,,,,", "Total,,1,2,,", "Source: me", "years,,kg,,,", "---,---", "sep=;", HEADER,
    ROW, ",,,,,", "a title", '"x" y,z',
)  # fmt: skip


def _edited(rng: random.Random, text: str) -> str:
    for _ in range(rng.choice((1, 1, 2, 3))):
        place, lines = rng.randrange(len(text) + 1), text.split("\n")
        change = rng.randrange(6)
        if change == 0:
            text = text[:place] + rng.choice(_SIGNS) + text[place:]
        elif change == 1:
            text = text[:place] + text[place + rng.randrange(4) :]
        elif change == 2:
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(_LINES))
            text = "\n".join(lines)
        elif change == 3:
            text = text.replace(",", rng.choice((";", "\t", "|", ", ", "  ")))
        elif change == 4:
            counted = (f"{number},{line}" for number, line in enumerate(lines[1:]))
            text = "\n".join([lines[0], *counted])
        else:
            text = text.replace("\n", rng.choice(("\r\n", "\r")))
    return text


def _rows_of(text: str) -> list[list[str]]:
    """The cells, whatever stands between them."""
    for separator in ",;\t| ":
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
        if "prediction_label" in rows[0]:
            return [row[: rows[0].index("prediction_label")] for row in rows]
    return []


@pytest.mark.slow
def test_odd_files_are_read_alike() -> None:
    """Files that were edited at random are refused in the same words, or have the same rows, notes
    and counts."""
    rng = random.Random(18)
    others = ("40,male,30.5,2,no,northwest", ",,NA,1,maybe,x", "62,female,26,0,no,southeast")
    whole = "\n".join((HEADER, ROW, *others))
    for _ in range(400):
        text = _edited(rng, whole)
        found, expected = in_page(text, {}, " "), in_batch(text)
        assert found.get("fault") == expected.get("fault"), text
        if "fault" not in expected:
            for what in ("notes", "rows", "refused", "warned"):
                assert found[what] == expected[what], text
            assert _rows_of(found["text"]) == _rows_of(expected["text"]), text


@pytest.mark.thorough
def test_ten_thousand_rows_are_answered_alike() -> None:
    """Rows of every kind, some refused and some with gaps, are written as the batch writes them."""
    rng = random.Random(3)
    lines = [HEADER]
    for _ in range(10_000):
        cells = [
            rng.choice(["", f"{rng.randint(-10, 130)}", f"{rng.randint(18, 64)}", "x"]),
            rng.choice(["male", "FEMALE", " female ", "f"]), f"{rng.uniform(10, 60):.4f}",
            f"{rng.randint(0, 9)}", rng.choice(["yes", "no", "TRUE", "0"]), "northwest",
        ]  # fmt: skip
        lines.append(",".join(cells))
    text = "\n".join(lines)
    found, expected = in_page(text, {}, " "), in_batch(text)
    assert (found["rows"], found["refused"]) == (10_000, expected["refused"])
    assert 0 < found["refused"] < 9_000
    assert found["warned"] == expected["warned"]
    own, other = (list(csv.reader(io.StringIO(it["text"]))) for it in (found, expected))
    assert [row[9] for row in own] == [row[9] for row in other]
    numbers = [
        np.array([[float(cell or "nan") for cell in row[6:9]] for row in rows[1:]])
        for rows in (own, other)
    ]
    np.testing.assert_allclose(*numbers, rtol=1e-9)


def test_what_a_person_says_of_a_file_is_no_code() -> None:
    """A file's name and cells with braces and marks stand in sentences as they are."""
    found = in_page("{name}{0},</script>\n1,2\n", {}, " ")
    assert found["fault"] == in_batch("{name}{0},</script>\n1,2\n")["fault"]
    assert json.dumps(found)
