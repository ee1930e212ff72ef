"""Tables that the training environment's packages carry, as CSV files.

Each stands for a kind: many categories, missing cells everywhere, many rows, a rare class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.environments import CACHE

if TYPE_CHECKING:
    import pandas as pd

#: One cell in so many is blank in the table with missing cells everywhere.
ONE_BLANK_IN = 6
#: Visits to a doctor in a year from which they are many: 3% of the persons.
MANY_VISITS = 13


def path_of(name: str) -> str:
    """The CSV file of a package's table, written when it is first asked for; else the name."""
    if name not in TABLES:
        return name
    path: Path = CACHE / "tables" / f"{name}.csv"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        TABLES[name]().to_csv(path, index=False)
    return str(path)


def _gapminder() -> pd.DataFrame:
    """Life expectancy of 142 countries, a category each, in twelve years."""
    from plotly.data import gapminder

    return gapminder()[["country", "year", "pop", "gdpPercap", "lifeExp"]]


def _blanks() -> pd.DataFrame:
    """scikit-learn's diabetes with cells blanked at random, everywhere but in the target."""
    from sklearn.datasets import load_diabetes

    table = load_diabetes(as_frame=True).frame
    blank = np.random.default_rng(0).random(table.shape) < 1 / ONE_BLANK_IN
    blank[:, table.columns.get_loc("target")] = False
    return table.mask(blank)


def _randhie() -> pd.DataFrame:
    """20,190 persons of the RAND health insurance experiment, and their visits to a doctor."""
    from statsmodels.datasets import randhie

    return randhie.load_pandas().data


def _rare() -> pd.DataFrame:
    """The same persons: who goes to a doctor more than once a month."""
    table = _randhie()
    often = np.where(table.pop("mdvis") >= MANY_VISITS, "often", "seldom")
    return table.assign(visits=often)


def _fair() -> pd.DataFrame:
    """6,366 women's answers to a magazine: how much of their time affairs took."""
    from statsmodels.datasets import fair

    return fair.load_pandas().data


def _tumours() -> pd.DataFrame:
    """569 tumours by 30 measurements, malignant or not."""
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer(as_frame=True).frame
    return table.assign(target=np.where(table["target"], "benign", "malignant"))


def _cultivars() -> pd.DataFrame:
    """178 wines of three cultivars, by what they contain."""
    from sklearn.datasets import load_wine

    table = load_wine(as_frame=True).frame
    return table.assign(target=np.array(["first", "second", "third"])[table["target"]])


#: name -> what makes it.
TABLES: Mapping[str, Callable[[], pd.DataFrame]] = {
    "gapminder": _gapminder, "blanks": _blanks, "randhie": _randhie, "rare": _rare, "fair": _fair,
    "tumours": _tumours, "cultivars": _cultivars,
}
