"""The simulated insurance table: the real one's shape, none of its rows."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "insurance" / "simulate.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("insurance_simulate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_same_seed_gives_the_same_table(script: ModuleType) -> None:
    """A seed names one table, and another seed another one."""
    pd.testing.assert_frame_equal(script.simulate(50, seed=3), script.simulate(50, seed=3))
    assert not script.simulate(50, seed=3).equals(script.simulate(50, seed=4))


def test_values_stay_in_the_documented_ranges(script: ModuleType) -> None:
    """Ages, children and body-mass indices are what the docstring says."""
    table = script.simulate(5_000, seed=1)
    assert (table["age"].min(), table["age"].max()) == (18, 64)
    assert set(table["children"]) == {0, 1, 2, 3, 4, 5}
    assert table["bmi"].between(15.5, 53.5).all()
    assert (table["charges"] > 0).all()


def test_charges_follow_the_documented_formula(script: ModuleType) -> None:
    """Without a stay in hospital, charges are the formula's, up to the scatter."""
    people = pd.DataFrame(
        {
            "age": [20, 20, 20],
            "bmi": [30.0, 30.0, 40.0],
            "children": [0, 2, 0],
            "smoker": ["no", "yes", "yes"],
            "region": ["southeast", "northeast", "northwest"],
        }
    )
    by_hand = [1_000 + 1_280, 1_000 + 1_280 + 1_000 + 13_000 + 400, 2_280 + 16_000 + 15_000 + 200]
    assert script.expected_charges(people).tolist() == by_hand

    table = script.simulate(5_000, seed=1)
    ratio = table["charges"] / script.expected_charges(table)
    assert 0.9 < ratio.between(0.85, 1.15).mean() < 0.95  # the rest were in hospital


def test_it_has_the_real_columns_and_levels_but_no_real_row(
    script: ModuleType, real_table: Callable[[str], Path]
) -> None:
    """The same columns, kinds and levels as the real table, and not one of its rows."""
    real = pd.read_csv(real_table("insurance"))
    table = script.simulate(2_000)
    assert table.dtypes.to_dict() == real.dtypes.to_dict()
    for name in ("sex", "smoker", "region", "children"):
        assert set(table[name]) == set(real[name])
    assert table.merge(real).empty


@pytest.mark.thorough
def test_command_writes_the_table(script: ModuleType, tmp_path: Path) -> None:
    """The command line writes the same table as the function."""
    out = tmp_path / "out.csv"
    command = [sys.executable, str(SCRIPT), str(out), "--rows", "30", "--seed", "7"]
    subprocess.run(command, check=True, capture_output=True)
    pd.testing.assert_frame_equal(pd.read_csv(out), script.simulate(30, seed=7))
