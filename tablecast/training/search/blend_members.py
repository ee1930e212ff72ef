"""Blend members that were tried in another view, and so need steps of their own.

A vote gives all of its members the same features. So a member brings its own steps along, behind
those that the plain features share.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tablecast.training.search.trial import Trial
    from tablecast.training.search.views import View


def moved(tried: Trial, base: View) -> Trial:
    """An amount's estimator as a member of a blend with the plain features.

    Args:
        tried: an estimator alone, with any view.
        base: plain features.

    Returns:
        The same with what fitting its steps costs.
    """
    view = tried.view
    return replace(
        tried,
        view=base,
        seconds=tried.seconds + (0.0 if view is base else view.preparing),
        name=f"{tried.name} ({view.recipe.name})",
    )
