"""Tables that nobody here has tried: trained, proven, served as a form, an API and a batch."""

from __future__ import annotations

import csv
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.batch.predict_file import predict_file
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tablecast.errors import TablecastError
from tablecast.training.cast import cast
from tests.markup import Page
from tests.started import started

ROWS = 90


def noise(seed: int = 0, rows: int = ROWS) -> np.random.Generator:
    return np.random.default_rng(seed + rows)


def write(path: Path, table: pd.DataFrame, start: str = "", **options: Any) -> Path:
    path.write_text(start + table.to_csv(index=False, **options), encoding="utf-8")
    return path


def made(folder: Path, source: Path, target: str, model: str = "dt") -> tuple[Deployment, str]:
    """Train, compile and prove a deployment; gives it and what training said."""
    said: list[str] = []
    base = cast(source, target, name="any", out=folder / "out", model=model, progress=said.append)
    deployment = load(base)
    assert deployment.description["proof"]["rows"] > 0
    return deployment, "\n".join(said)


def uses(deployment: Deployment, source: Path | None, folder: Path) -> list[Any]:
    """Fill in the form, call the API, send the batch; all answer, and the batch's rows agree.

    Returns:
        The answers to the batch's rows, from the API's list.
    """
    client = started(deployment).test_client()
    page = client.get("/")
    assert len(page.data) < 150_000
    filled = Page(page.text).filled_in()
    answer = client.post("/predict", data=filled)
    assert answer.status_code == 200, answer.text
    assert [one["href"] for one in Page(answer.text).all("a") if "data-link" in one.attributes]
    fields = client.get("/api/v1/model").json["fields"]
    row = {field["name"]: field["default"] for field in fields if field["required"]}
    assert client.post("/predict_api", json=row).status_code == 200
    assert client.get("/openapi.json").status_code == 200
    if source is None:
        return []
    summary = predict_file(deployment, source, folder / "answered.csv", errors="column")
    assert summary.refused == 0, summary
    return read_answers(folder / "answered.csv")


def read_answers(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        sample = file.readline()
        file.seek(0)
        separator = max(",;\t|", key=sample.count)
        return [row["prediction_label"] for row in csv.DictReader(file, delimiter=separator)]


# Names


def odd_names(_random: np.random.Generator) -> pd.DataFrame:
    place = np.arange(ROWS)
    return pd.DataFrame(
        {
            "age": 18 + place % 47,
            "Age": 1 + place % 5,
            "Fuel Type (EU)": np.where(place % 3, "Diesel", "LPG/ÖKO <1>"),
            'a "quoted" [name] > 3 & more': (place - 60) * 0.25,
            "größe": place * 1.5,
            "年龄": place % 7,
            "it's {x}": np.where(place % 4, "a,b", 'c"d'),
            "<b>": place % 11,
            "y = mx + b": place * 2.0 + place % 3,
        }
    )


# Kinds of value


def booleans(random: np.random.Generator) -> pd.DataFrame:
    flags = random.integers(0, 2, (ROWS, 5))
    return pd.DataFrame(
        {
            "zero_one": flags[:, 0],
            "yes_no": np.where(flags[:, 1], "yes", "no"),
            "true_false": flags[:, 2].astype(bool),
            "shouted": np.where(flags[:, 3], "TRUE", "FALSE"),
            "with_gaps": np.where(np.arange(ROWS) % 9, np.where(flags[:, 4], "Yes", "No"), ""),
            "y": flags @ [1, 2, 4, 8, 16] + random.normal(0, 0.1, ROWS),
        }
    )


def dates(random: np.random.Generator) -> pd.DataFrame:
    days = pd.Timestamp("2021-01-01") + pd.to_timedelta(random.integers(0, 700, ROWS), "D")
    moments = days + pd.to_timedelta(random.integers(0, 86400, ROWS), "s")
    table = pd.DataFrame({"iso": days.strftime("%Y-%m-%d"), "moment": moments.astype(str)})
    table["day_first"] = days.strftime("%d/%m/%Y")
    table["words"] = days.strftime("%d %b %Y")
    table["gaps"] = [text if place % 10 else "" for place, text in enumerate(table["iso"])]
    table["y"] = (days - days[0]).days + random.normal(0, 1, ROWS)
    return table


def useless(random: np.random.Generator) -> pd.DataFrame:
    words = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "and", "cats"]
    size = random.normal(size=ROWS)
    return pd.DataFrame(
        {
            "Id": np.arange(1000, 1000 + ROWS),
            "key": [f"K-{place:04}" for place in range(ROWS)],
            "remark": [" ".join(random.choice(words, 9)) + f" {place}" for place in range(ROWS)],
            "same": "x",
            "nothing": "",
            "size": size,
            "y": size * 3 + random.normal(0, 0.1, ROWS),
        }
    )


def many_levels(random: np.random.Generator) -> pd.DataFrame:
    levels = [f"L{place:04} & <co>" for place in range(1000)]
    return pd.DataFrame(
        {"level": levels * 2, "size": random.normal(size=2000), "y": random.normal(size=2000)}
    )


def missing_targets(random: np.random.Generator) -> pd.DataFrame:
    size = random.normal(size=ROWS)
    full = size * 2 + random.normal(0, 0.3, ROWS)
    answers = [f"{value:.3f}" if place % 6 else "" for place, value in enumerate(full)]
    return pd.DataFrame({"size": size, "colour": random.choice(list("rgb"), ROWS), "y": answers})


def numbers_as_text(random: np.random.Generator) -> pd.DataFrame:
    size = random.normal(100, 20, ROWS)
    texts = [f"  {value:.2f} " if place % 2 else f"{value:.2f}" for place, value in enumerate(size)]
    counts = [f" {value} " for value in range(ROWS)]
    return pd.DataFrame({" size ": texts, "n": counts, "y": size + random.normal(0, 4, ROWS)})


def classes_of(labels: Sequence[Any]) -> Callable[[np.random.Generator], pd.DataFrame]:
    def table(random: np.random.Generator) -> pd.DataFrame:
        rows = max(ROWS, 12 * len(labels))
        place = np.arange(rows) % len(labels)
        return pd.DataFrame(
            {
                "size": place + random.normal(0, 0.1, rows),
                "colour": random.choice(["red", "blue"], rows),
                "y": np.array(labels, dtype=object)[place],
            }
        )

    return table


def thirty_rows(random: np.random.Generator) -> pd.DataFrame:
    size = random.normal(size=30)
    answers = 2 * size + random.normal(0, 0.4, 30)
    return pd.DataFrame({"size": size, "colour": random.choice(list("rgb"), 30), "y": answers})


def two_hundred_columns(random: np.random.Generator) -> pd.DataFrame:
    table = pd.DataFrame({f"n{n}": random.normal(size=150) for n in range(160)})
    texts = {f"c{n}": random.choice(["low", "middle", "high"], 150) for n in range(39)}
    return table.assign(**texts, y=table["n7"] * 3 + table["n42"])


TABLES: dict[str, tuple[Callable[[np.random.Generator], pd.DataFrame], str]] = {
    "odd names": (odd_names, "lr"),
    "booleans": (booleans, "lr"),
    "dates": (dates, "dt"),
    "ids, free text, constant and empty columns": (useless, "lr"),
    "1,000 levels": (many_levels, "dt"),
    "a target with missing rows": (missing_targets, "lr"),
    "numbers as text": (numbers_as_text, "lr"),
    "integer-coded classes": (classes_of([1, 2, 3, 5, 7]), "dt"),
    "two classes": (classes_of(["no", "yes"]), "lr"),
    "true and false classes": (classes_of([True, False]), "dt"),
    "twenty classes": (classes_of(list(string.ascii_lowercase[:20])), "dt"),
    "30 rows": (thirty_rows, "lr"),
    "200 columns": (two_hundred_columns, "dt"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_each_kind_becomes_a_deployment(tmp_path: Path, name: str) -> None:
    """Trained, compiled with its proof, and used as a form, an API and a batch."""
    make, model = TABLES[name]
    table = make(noise(len(name)))
    source = write(tmp_path / "table.csv", table)
    deployment, said = made(tmp_path, source, table.columns[-1], model)
    answers = uses(deployment, source, tmp_path)
    assert len(answers) == len(table)
    CHECKS.get(name, lambda *_: None)(deployment, said, answers)


def check_useless(deployment: Deployment, said: str, _answers: list[str]) -> None:
    assert [field.name for field in deployment.schema.fields] == ["size"]
    for name in ("Id", "key", "remark", "same", "nothing"):
        assert f"Ignored {name}: " in said


def check_booleans(deployment: Deployment, _said: str, _answers: list[str]) -> None:
    page = Page(started(deployment).test_client().get("/").text)
    labels = [one.inside("label").text.strip() for one in page.all("input", type="radio")]
    assert labels == ["Yes", "No"] * 5 + ["Not known"]


def check_dates(deployment: Deployment, _said: str, _answers: list[str]) -> None:
    assert {field.kind for field in deployment.schema.fields} == {"date"}
    page = Page(started(deployment).test_client().get("/").text)
    legends = [one.text for one in page.all("legend")]
    assert legends == ["Iso", "Day first", "Words", "Gaps (optional)"]


def check_missing(_deployment: Deployment, said: str, _answers: list[str]) -> None:
    assert "Ignored 15 rows without a value in y" in said


def check_codes(deployment: Deployment, _said: str, answers: list[str]) -> None:
    assert deployment.schema.classes == (1, 2, 3, 5, 7)
    assert answers[:5] == ["1", "2", "3", "5", "7"]


def check_text_classes(deployment: Deployment, _said: str, answers: list[str]) -> None:
    assert answers[:20] == list(deployment.schema.classes)


def check_wide(deployment: Deployment, _said: str, _answers: list[str]) -> None:
    shown = [field.name for field in deployment.schema.fields if not field.folded]
    assert set(shown[:2]) == {"n7", "n42"}
    assert len(shown) <= 12


CHECKS: dict[str, Callable[[Deployment, str, list[str]], None]] = {
    "ids, free text, constant and empty columns": check_useless,
    "booleans": check_booleans,
    "dates": check_dates,
    "a target with missing rows": check_missing,
    "integer-coded classes": check_codes,
    "twenty classes": check_text_classes,
    "200 columns": check_wide,
}


@pytest.mark.slow
def test_a_byte_order_mark_and_semicolons_are_no_matter(tmp_path: Path) -> None:
    """A spreadsheet's CSV trains and is answered, in its own shape."""
    size = noise().normal(10, 3, ROWS).round(2)
    answers = (size * 2 + noise(1).normal(0, 1, ROWS)).round(2)
    table = pd.DataFrame({"größe": size, "art": np.where(size > 10, "a;b", "c"), "y": answers})
    source = write(tmp_path / "table.csv", table, start="\ufeff", sep=";")
    deployment, _ = made(tmp_path, source, "y", "lr")
    assert [field.name for field in deployment.schema.fields] == ["größe", "art"]
    assert len(uses(deployment, source, tmp_path)) == ROWS


@pytest.mark.slow
def test_200_000_rows_are_trained_in_a_minute_or_so(tmp_path: Path) -> None:
    """A long table trains, is proven on every row, and is answered as a batch."""
    rows = 200_000
    random = noise(rows=rows)
    table = pd.DataFrame({f"n{n}": random.normal(size=rows) for n in range(6)})
    table["colour"] = random.choice(["red", "green", "blue"], rows)
    table["y"] = table["n0"] * 3 + (table["colour"] == "red") + random.normal(0, 0.1, rows)
    source = write(tmp_path / "table.csv", table, float_format="%.4f")
    deployment, _ = made(tmp_path, source, "y", "lr")
    assert deployment.description["proof"]["rows"] == rows
    assert len(uses(deployment, source, tmp_path)) == rows


REFUSED: dict[str, tuple[pd.DataFrame, str, str]] = {
    "names that collide once cleaned": (
        pd.DataFrame({"a[b": range(40), "ab": range(40), "y": range(40)}), "y",
        r"'a\[b' and 'ab' would both be called.* Rename one of them",
    ),
    "one class with a single row": (
        pd.DataFrame({"a": [1, 2] * 20, "y": ["rare", *["usual", "other", "third"] * 13]}), "y",
        "The value 'rare' of y occurs only once.* merge rare classes",
    ),
    "one class only": (pd.DataFrame({"a": range(40), "y": "x"}), "y", "same value, .x., in every"),
    "nothing but ids": (
        pd.DataFrame({"Id": range(40), "y": np.arange(40) * 1.5}), "y",
        "No column is left .*'Id': it looks like an ID.* Add columns",
    ),
    "no answers": (
        pd.DataFrame({"a": range(40), "y": [None] * 40}), "y", "'y' is missing in every row",
    ),
    "too few rows": (pd.DataFrame({"a": range(9), "y": range(9)}), "y", "at least 20"),
    "a name that predictions use": (
        pd.DataFrame({"prediction_label": range(40), "y": range(40)}), "y", "'prediction_label'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_work_is_refused_at_training(tmp_path: Path, name: str) -> None:
    """One line names the column and says what to do, and no file is left."""
    table, target, words = REFUSED[name]
    source = write(tmp_path / "table.csv", table)
    with pytest.raises(TablecastError, match=words) as refused:
        made(tmp_path, source, target)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()
