"""Whether ranges that were learnt from earlier rows hold for later ones, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.errors import Remark
from tablecast.training.experiment.splits import MEASURED, is_later
from tablecast.training.intervals.conformal import EARLIER

Floats = npt.NDArray[np.float64]

#: A coverage that is further from its level is said.
WORTH_SAYING = 0.02
#: Standard errors by which a coverage may be off by chance.
CHANCE = 2.0


def not_covered(
    times: Any, residuals: Floats, interval: Mapping[str, Any]
) -> list[Remark]:
    """A remark where the later rows are not covered as they should be.

    Args:
        times: Series (rows,).
        residuals: (rows,) the target less the answers of clones that learnt from earlier rows.
        interval: has "level" and "coverage", that of the later rows.
    """
    level, coverage = interval["level"], interval["coverage"]
    if abs(coverage - level) <= WORTH_SAYING:
        return []
    later = is_later(times, EARLIER, MEASURED).to_numpy()
    values = {"coverage": coverage, "level": level, "count": int(later.sum())}
    by_chance = CHANCE * (level * (1 - level) / later.sum()) ** 0.5
    if abs(coverage - level) <= by_chance:
        return [Remark(
            "Ranges learnt from earlier rows cover {coverage:.1%} of the {count} latest rows, not "
            "{level:.0%}. With so few rows, that can be chance.",
            values=values,
        )]
    size = np.abs(residuals)
    values |= {"before": float(size[~later].mean()), "after": float(size[later].mean())}
    return [Remark(
        "Ranges learnt from earlier rows cover {coverage:.1%} of the {count} latest rows, not "
        "{level:.0%}, because errors change over time: on average {before:,.4g} before and "
        "{after:,.4g} in the latest rows. Train again as new rows come in.",
        values=values,
    )]
