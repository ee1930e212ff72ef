"""How PyCaret is made quicker without changing what it does."""

from __future__ import annotations

from typing import Any

from tablecast.inference.pycaret_api import grids_made_once, import_pycaret


def test_grids_are_pycarets_own_and_each_estimators_its_own() -> None:
    """A grid that was made before has the same values and types, and may be changed by its user."""
    containers = import_pycaret("pycaret.containers.models.regression")
    np_list_arange = import_pycaret("pycaret.utils.generic").np_list_arange
    asked: list[Any] = [(1, 16, 1), (1.0, 16, 1), (0, 0.8, 0.1), (0, 10, 0.001)]
    with grids_made_once():
        for _ in range(2):
            for ends in asked:
                grid = containers.np_list_arange(*ends, inclusive=True)
                known = np_list_arange(*ends, inclusive=True)
                assert list(map(repr, grid)) == list(map(repr, known))
                grid.clear()
    assert containers.np_list_arange is np_list_arange
