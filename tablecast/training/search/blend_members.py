"""Blend members that were tried in another view, and so need steps of their own.

A vote gives all of its members the same features. So a member brings its own steps along, behind
those that the plain features share.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tablecast.training.search.trial import Trial
    from tablecast.training.search.views import View


def moved(tried: Trial, base: View) -> Trial:
    """An amount's estimator as a member of a blend with the plain features.

    Args:
        tried: an estimator alone, with any view.
        base: plain features, and the target as it is.

    Returns:
        The same with its answers in the target's units, and with what fitting its steps costs.
    """
    view, (candidate, _) = tried.view, tried.members[0]
    own = replace(candidate, home=view)
    return replace(
        tried,
        view=base,
        members=((own, 1),),
        predictions=_in_units(tried),
        seconds=tried.seconds + (0.0 if view is base else view.preparing),
        name=f"{tried.name} ({view.recipe.name})",
    )


def _in_units(tried: Trial) -> NDArray[np.float64]:
    converted = np.empty_like(tried.predictions)
    for fold in tried.view.folds:
        converted[fold.unseen] = fold.in_units(tried.predictions[fold.unseen])
    return converted
