"""The search behind ``train --model auto``: features, estimators, tuning and blends in a budget."""

from tablecast.automl.clock import Clock
from tablecast.automl.finish import finish
from tablecast.automl.search import DEFAULT_BUDGET, Search

__all__ = ["DEFAULT_BUDGET", "Clock", "Search", "finish"]
