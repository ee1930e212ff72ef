"""Whether paired differences are on one side by more than chance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tablecast.batch.sign_flips import sign_flip_p


def test_few_differences_have_the_exact_p() -> None:
    """Of all ways to choose eight signs, those at least as far from 0."""
    differences = np.array([1.0, 2.0, -0.5, 3.0, 0.25, 1.5, -1.0, 2.5])
    ways = np.array(list(itertools.product((-1, 1), repeat=8))) @ differences
    exact = np.mean(np.abs(ways) >= abs(differences.sum()) - 1e-12)
    assert sign_flip_p(differences) == pytest.approx(exact, abs=0.01)


@pytest.mark.thorough
def test_chance_alone_is_told_as_often_as_the_p_says() -> None:
    """Skewed sizes with random signs: one in twenty is below 0.05."""
    generator = np.random.default_rng(0)
    found = [
        sign_flip_p(generator.exponential(size=40) * generator.choice([-1, 1], 40))
        for _ in range(200)
    ]
    assert np.mean(np.array(found) < 0.05) < 0.1
    assert np.mean(np.array(found) < 0.5) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("rows", [200, 30_000])
def test_a_small_shift_of_many_rows_is_found(rows: int) -> None:
    """Of few rows one by one, and of many in blocks."""
    differences = np.random.default_rng(1).normal(4 / rows**0.5, 1, rows)
    assert sign_flip_p(differences) < 0.01
    assert sign_flip_p(-differences) == sign_flip_p(differences)
    assert sign_flip_p(differences - differences.mean()) > 0.5


def test_no_difference_is_none() -> None:
    """Of one row, of equal losses, and of losses that differ in the last digit of their sum."""
    assert sign_flip_p(np.array([5.0])) == 1
    assert sign_flip_p(np.zeros(100)) == 1
    assert sign_flip_p(np.array([0.1, -0.3, 0.2])) == 1
