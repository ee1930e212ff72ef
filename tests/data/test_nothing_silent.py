"""Whatever reading makes of a cell, a note names the column where that is not what stands there."""

from __future__ import annotations

import csv
import io
import math
import random
import unicodedata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tablecast.data.inspection import inspect
from tablecast.data.sources import read_table
from tablecast.schema.number_formats import PLAIN
from tablecast.schema.readings import reading_of

Draw = random.Random


def plain(draw: Draw) -> str:
    return str(draw.choice([draw.randint(-50, 5000), round(draw.uniform(-9, 9999), 2)]))


def grouped(draw: Draw) -> str:
    return f"{draw.randint(0, 9_999_999):,}".replace(",", draw.choice([",", ",", ",", "."]))


def german(draw: Draw) -> str:
    return f"{draw.uniform(0, 99_999):,.{draw.choice([0, 1, 2, 3])}f}".translate(
        str.maketrans(",.", ".,")
    )


def spelt(draw: Draw) -> str:
    return draw.choice(["{} kg", "${}", "{}%", "({})", "{}-", "+{}", "{}.", "0{}", "{}e3"]).format(
        draw.randint(1, 999)
    )


def odd_number(draw: Draw) -> str:
    return draw.choice(["１２", "٣٤", "1 234", "1'234", "−5", "inf", "-Infinity", "1e999", "007",
                        "9" * 20, "9007199254740993", "12345678901234567", "1_000", "NaN",
                        "0.1" + "0" * 20 + "1", "0x1f"])  # fmt: skip


def word(draw: Draw) -> str:
    return draw.choice([
        *("Yes", "yes", "YES ", "no", "K\u00f6ln", "Ko\u0308ln", "it’s", "it's", "New  York"),
        *("New York", "ｙｅｓ", "true", "FALSE", "x", "4WD"),
    ])  # fmt: skip


def nothing(draw: Draw) -> str:
    return draw.choice(["", "", "NA", "n/a", "null", "?", "-", "None", "#DIV/0!", "unknown", "."])


def day(draw: Draw) -> str:
    moment = datetime(draw.randint(1990, 2030), draw.randint(1, 12), draw.randint(1, 28))
    return moment.strftime(draw.choice(["%Y-%m-%d", "%Y-%m-%d", "%d.%m.%Y"]))


def odd_day(draw: Draw) -> str:
    moment = datetime(draw.randint(1990, 2030), draw.randint(1, 12), draw.randint(1, 28))
    return moment.strftime(
        draw.choice(["%d/%m/%y", "%m/%d/%Y", "%d %b %Y", "%Y年%m月%d日", "%Y-%m-%dT%H:%M:%SZ",
                     "%Y-%m-%dT%H:%M:%S+02:00", "%H:%M", "%B %Y"])
    )


KINDS: list[Callable[[Draw], str]] = [
    *(plain, grouped, german, spelt, odd_number, word, nothing, day, odd_day),
]


def column(draw: Draw, rows: int) -> list[str]:
    """Cells of mostly one kind, some of them seldom of another, as tables have them."""
    usual = draw.choice(KINDS)
    one_form = draw.random() < 0.7  # the same format in each row, as programs write it
    others = draw.sample(KINDS, draw.choice([0, 0, 1, 2])) + draw.choice([[], [nothing]])
    share = draw.choice([0.02, 0.1, 0.4])
    seed = draw.random()

    def cell() -> str:
        if others and draw.random() < share:
            return draw.choice(others)(draw)
        if not one_form:
            return usual(draw)
        chosen = Fixed(seed, draw)
        return usual(chosen)

    return [cell() for _ in range(rows)]


class Fixed(random.Random):
    """Draws numbers anew each time, but always the same of some choices."""

    def __init__(self, seed: float, draw: Draw) -> None:
        super().__init__(draw.random())
        self._fixed = random.Random(seed)

    def choice(self, options: Any) -> Any:
        return self._fixed.choice(options)


def says(cell: str, value: Any) -> bool:
    """Whether a value is what its cell says, to somebody who knows of no convention at all."""
    text = unicodedata.normalize("NFC", cell).strip().replace("−", "-")  # the same signs
    if isinstance(value, pd.Timestamp):
        return text.removesuffix("Z") in (value.isoformat(), value.strftime("%Y-%m-%d"))
    if isinstance(value, str):
        return text == value
    if value != value:
        return text == ""
    if not PLAIN.fullmatch(text) or (text.lstrip("+-")[:1] == "0" and text.lstrip("+-").isdigit()
                                     and text.lstrip("+-") != "0"):  # fmt: skip
        return False
    if text.lstrip("+-").isdigit():
        return int(text) == int(value)  # an id's last digit, too
    return math.isclose(float(text), float(value), rel_tol=1e-15)


@pytest.mark.parametrize("seed", range(60))
def test_every_change_of_a_cells_meaning_names_its_column(tmp_path: Path, seed: int) -> None:
    """Of tables drawn by chance: numbers, dates, texts and gaps, in all ways of writing them."""
    draw = random.Random(seed)
    rows, width = draw.choice([3, 25, 60]), draw.randint(2, 5)
    names = [f"column {chr(97 + at)}" for at in range(width)]
    columns = [column(draw, rows) for _ in range(width)]
    separator = draw.choice([",", ";", "\t"])
    held = io.StringIO()
    writer = csv.writer(held, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([names, *zip(*columns, strict=True)])
    (tmp_path / "t.csv").write_text(held.getvalue(), encoding="utf-8")
    table = read_table(tmp_path / "t.csv")
    told = {one.values.get("name") for one in reading_of(table).notes}
    present = [row for row in zip(*columns, strict=True) if any(map(str.strip, row))]
    assert len(table) == len(present) or inspect(tmp_path / "t.csv").notes
    if len(table) != len(present):
        return
    for at, name in enumerate(names):
        values = table[name].tolist()
        wrong = [
            (row[at], value) for row, value in zip(present, values, strict=True)
            if not says(row[at], value)
        ]  # fmt: skip
        assert not wrong or name in told, (name, wrong[:3], columns[at][:8])


def test_the_judge_is_not_fooled() -> None:
    """It knows of each way in which a cell may lose its meaning."""
    day = pd.Timestamp("2024-03-05")
    for cell, value in (("05.03.2024", day), ("1,5", 1.5), ("1.234", 1234), ("Yes", "yes"),
                        ("NA", math.nan), ("007", 7), ("5 kg", 5), ("1e999", math.nan),
                        ("99999999999999999999", 1e20),
                        ("2024-03-05T01:00:00+01:00", day)):  # fmt: skip
        assert not says(cell, value), cell
    for cell, value in (("2024-03-05", day), ("1.5", 1.5), ("", math.nan), (" a ", "a"),
                        ("0", 0), ("-0.50", -0.5), ("1e3", 1000)):  # fmt: skip
        assert says(cell, value), cell
