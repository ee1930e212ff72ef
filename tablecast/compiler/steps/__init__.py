"""One small converter for each preprocessing step; importing this package registers them all."""

from tablecast.compiler.steps import (
    binning,
    categories,
    combinations,
    dates,
    distributions,
    features,
    nested,
    projections,
    scaling,
    selection,
    terms,
)

__all__ = [
    "binning",
    "categories",
    "combinations",
    "dates",
    "distributions",
    "features",
    "nested",
    "projections",
    "scaling",
    "selection",
    "terms",
]
