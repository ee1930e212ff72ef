"""Small tables with ties and thresholds, made in a moment."""

from __future__ import annotations

import numpy as np
import pytest
from equality import Table
from sklearn.datasets import load_iris, make_classification, make_regression


@pytest.fixture(scope="session")
def numbers() -> Table:
    """Features of several scales, some of them whole numbers, and a number to predict."""
    X, y = make_regression(240, 6, n_informative=4, noise=5.0, random_state=1)
    X[:, 0] = np.round(X[:, 0] * 3)
    X[:, 1] = X[:, 1] > 0
    X[:, 2] = 40.0 + 12.0 * X[:, 2]
    return X, y + 200.0


@pytest.fixture(scope="session")
def two_classes() -> Table:
    """A hard problem of two classes, labelled 0 and 1."""
    X, y = make_classification(240, 6, n_informative=3, flip_y=0.1, random_state=2)
    X[:, 0] = np.round(X[:, 0] * 2)
    X[:, 1] = X[:, 1] > 0
    return X, y


@pytest.fixture(scope="session")
def three_classes() -> Table:
    """Iris, whose values have one decimal and whose rows repeat, labelled with text."""
    iris = load_iris()
    return iris.data, iris.target_names[iris.target]
