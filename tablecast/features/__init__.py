"""Our own steps and estimators, under the one address that pickles name.

A class lies in a file of this folder and calls itself ``tablecast.features.NAME``, wherever that
file is: so files may move, and what was pickled before still opens.
"""

import sys

from tablecast.features import bounded, searched_terms, temperature
from tablecast.features.bounded import Bounded, BoundedVote
from tablecast.features.category_means import CategoryMeans
from tablecast.features.constructed import ConstructedFrame, ConstructedSeries
from tablecast.features.possible import PossibleTarget
from tablecast.features.searched_terms import Factor, SearchedTerms
from tablecast.features.steps import (
    AsFloat64,
    Bins,
    FillDates,
    FullRank,
    Interactions,
    Powers,
    Trigonometric,
)
from tablecast.features.temperature import RaisedVote, Tempered

PICKLED = (
    AsFloat64, Bins, Bounded, BoundedVote, CategoryMeans, ConstructedFrame, ConstructedSeries,
    Factor, FillDates, FullRank, Interactions, PossibleTarget, Powers, RaisedVote,
    SearchedTerms, Tempered, Trigonometric,
)

for _kind in PICKLED:
    _kind.__module__ = __name__

# What searches pickled before 0.2 names the modules that these classes stood in then. Every
# pipeline of ours begins with AsFloat64, so that this has run when such a name is met.
sys.modules.setdefault("tablecast.bounded", bounded)
sys.modules.setdefault("tablecast.tempered", temperature)
sys.modules.setdefault("tablecast.terms", searched_terms)

__all__ = [
    "AsFloat64", "Bins", "Bounded", "BoundedVote", "CategoryMeans", "ConstructedFrame",
    "ConstructedSeries", "Factor", "FillDates", "FullRank", "Interactions", "PossibleTarget",
    "Powers", "RaisedVote", "SearchedTerms", "Tempered", "Trigonometric",
]
