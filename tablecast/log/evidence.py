"""Evidence that may be looked at every hour: betting against “nothing has changed”.

Each test is an e-process: the wealth of somebody who begins with 1 and bets against the hypothesis
at fair odds. If the hypothesis is true, the wealth *ever* reaches 1/alpha with a probability of at
most alpha (Ville 1939), however often it is looked at. Many tests share one rate by Bonferroni:
the wealth of each is divided by their number. See Ramdas, Grünwald, Vovk, Shafer, “Game-theoretic
statistics and safe anytime-valid inference”, Statistical Science 38 (2023).

A change may begin on any day. So the wealth is split beforehand among bettors who begin on day 1,
2, 3 …: day j gets 1/(j(j+1)), which adds up to 1, and a mixture of e-processes is one. Bettors who
have not begun hold their stake; leaving some of them out only loses wealth. Of drift half of the
wealth goes to bettors who begin within a day: after each ``BLOCK`` rows, with the same stakes.

All of it is computed from sums of counts, so that no row needs to be kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tablecast.log.marginal import log_marginal

Floats = npt.NDArray[np.float64]

#: A whole watch raises a false alarm with at most this probability, in all its life.
ALPHA = 0.01

#: Training is trusted as if it had at most so many rows. This is the margin within which nobody
#: wants an alarm (a shift of about a tenth of a standard deviation), and covers that only
#: groups of training's values were kept.
TRUST = 600

#: Standard deviations by which the values may have moved: the bets on a shift.
SHIFTS = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)

#: How much less than training's trust the shares may have: the bets on any change at all.
LOOSER = (4, 16, 64)

#: The variance of the bets on a mean, in its standard deviations: sharpest after 500 rows.
MIXED = 2 * math.log(1 / ALPHA) / 500

#: By how much a share may be below its level: the bets on that.
BELOW = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32)

#: Starts that are looked at, in days before the last one: nearly as good as all, and few.
STARTS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 27, 34, 45, 60, 80, 110, 150, 200, 270, 360)

#: Rows after which another bettor begins, and how many of the last ones are looked at.
BLOCK, BLOCKS = 250, 4

#: The least outcomes after which a mean is near enough to normal (see ``mean_above``).
FEWEST_MEANS = 50


@dataclass(frozen=True)
class Expected:
    """How training's values were spread over some bins.

    Attributes:
        shares: (bins,) above 0, adding up to 1.
        places: (bins,) where each bin stands, in standard deviations from the mean; 0 for bins
            without a place; None where bins have no order.
        rows: how many rows the shares come from.
    """

    shares: Floats
    places: Floats | None
    rows: int


@dataclass(frozen=True)
class Evidence:
    """What speaks for a change.

    Attributes:
        log_wealth: the natural logarithm of the wealth; 0 says nothing, below 0 speaks against it.
        start: the day, from 0, since which most speaks for it.
        since: what was counted since then.
    """

    log_wealth: float
    start: int
    since: Floats

    def p(self, tests: int = 1) -> float:
        """An anytime-valid p-value, corrected for so many tests."""
        return min(1.0, tests * math.exp(-min(self.log_wealth, 700.0)))


@dataclass(frozen=True)
class Late:
    """The last rows, for bettors who begin within a day.

    Attributes:
        blocks: the blocks, from 0, of ``BLOCK`` rows each, with which they begin.
        sums: (blocks, bins) what came since then.
    """

    blocks: tuple[int, ...] = ()
    sums: Floats | None = None

    @classmethod
    def of(cls, places: npt.NDArray[np.intp], rows: int, size: int) -> Late:
        """What the last rows say.

        Args:
            places: (rows,) the bins of the last rows, ``BLOCK`` times ``BLOCKS`` at least where
                there are so many, in their order.
            rows: how many there were in all.
            size: how many bins there are.
        """
        last = rows // BLOCK
        blocks = range(last, max(last - BLOCKS - 1, -1), -1)
        lengths = {block: rows - block * BLOCK for block in blocks}
        known = {block: long for block, long in lengths.items() if 0 < long <= len(places)}
        if not known:
            return cls()
        sums = [np.bincount(places[-length:], minlength=size) for length in known.values()]
        return cls(tuple(known), np.array(sums, dtype=np.float64))


def drift(expected: Expected, counts: Floats, late: Late | None = None) -> Evidence:
    """Whether values are spread otherwise than in training.

    The hypothesis: the true shares are such as training's rows, at most ``TRUST``, make likely:
    a Dirichlet distribution around training's shares. The bets: one that is shifted (exponential
    tilting, for bins in order), or looser. The ratio of the two marginal likelihoods is a test
    martingale (Robbins 1970, “Statistical methods related to the law of the iterated logarithm”;
    Grünwald, de Heide, Koolen 2024, “Safe testing”). It does not grow without limit on endless rows
    of a distribution within the margin.

    Args:
        expected: of training.
        counts: (days, bins) one row a day, from the first day on.
        late: the last rows of the last day, where they are known one by one.
    """
    trust = float(min(expected.rows, TRUST))
    null = trust * expected.shares
    looser = np.array([null / times for times in LOOSER])
    shifted = _shifted(expected, trust)

    def bets(sums: Floats) -> Floats:
        base = log_marginal(sums, null)
        means = [_log_mean(log_marginal(sums[:, None, :], looser)) - base]
        if shifted is not None:
            means.append(_log_mean(log_marginal(sums[:, None, :], shifted)) - base)
        return _log_mean(np.array(means).T)

    return _over_starts(counts, bets, late or Late())


def share_below(level: float, counts: Floats) -> Evidence:
    """Whether a share, such as that of true values inside their range, is below a level.

    Likelihood ratios of some lower shares to the level; at odds that are fair for the level, to bet
    on less is a losing game for every share above it.

    Args:
        counts: (days, 2): those inside, and those not.
    """
    lower = np.array([max(level - below, level / 2) for below in BELOW])
    inside, outside = np.log(lower / level), np.log1p(-lower) - math.log1p(-level)

    def bets(sums: Floats) -> Floats:
        return _log_mean(sums[:, :1] * inside + sums[:, 1:] * outside)

    return _over_starts(counts, bets)


def mean_above(level: float, sums: Floats) -> Evidence:
    """Whether a mean, such as that of absolute errors, is above a level.

    The half-normal mixture of Gaussian bets (Robbins 1970), asymptotically valid for any
    distribution of finite variance: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024,
    “Time-uniform central limit theory and asymptotic confidence sequences”.

    Args:
        sums: (days, 3): how many, their sum, and the sum of their squares.
    """

    def bets(totals: Floats) -> Floats:
        return np.array([_half_normal(level, *row) for row in totals.tolist()])

    return _over_starts(sums, bets)


def _half_normal(level: float, rows: float, total: float, squares: float) -> float:
    if rows < FEWEST_MEANS:
        return 0.0
    spread = math.sqrt(max(squares / rows - (total / rows) ** 2, 0.0))
    above = total - rows * level
    width = MIXED * rows + 1
    reach = abs(above) * math.sqrt(MIXED / width)
    at = math.copysign(reach / spread if reach < FAR * spread else FAR, above)
    twice_below = math.erfc(-at / math.sqrt(2))  # twice the normal distribution function
    # exp(at²/2) times that, where neither can be told by itself
    bet = math.log(twice_below) + at * at / 2 if at > -FAR else -math.log(FAR)
    return bet - 0.5 * math.log(width)


#: Standard deviations past which a mean is as good as infinitely far away.
FAR = 30.0

def starts_of(days: int) -> list[int]:
    """The days, from 0, on which a bettor's start is looked at: the first one, and later ones."""
    return sorted({0, *(days - 1 - back for back in STARTS if back < days)})


def _over_starts(
    counts: Floats, bets: Callable[[Floats], Floats], late: Late | None = None
) -> Evidence:
    """The wealth of all bettors, each of whom has seen what came since their start."""
    if not len(counts):
        return Evidence(0.0, 0, np.zeros(counts.shape[1:]))
    starts = starts_of(len(counts))
    since = np.cumsum(counts[::-1], axis=0, dtype=np.float64)[::-1][starts]
    stakes = _stakes(starts)
    waiting = -math.log(len(counts) + 1)  # the stakes of all who begin later
    if late is not None:  # half of it for those who begin within a day
        stakes, waiting = stakes - math.log(2), waiting - math.log(2)
        if late.sums is not None:
            starts += [len(counts) - 1] * len(late.blocks)
            since = np.vstack([since, late.sums])
            stakes = np.append(stakes, _stakes(late.blocks) - math.log(2))
    each = stakes + bets(since)
    best = int(np.argmax(each))
    together = float(np.logaddexp.reduce(np.append(each, waiting)))
    return Evidence(together, starts[best], since[best])


def _stakes(starts: Sequence[int]) -> Floats:
    """The logarithms of what those get who begin with these, from 0."""
    begun = np.array(starts, dtype=np.float64) + 1
    return np.asarray(-np.log(begun * (begun + 1)))


def _shifted(expected: Expected, trust: float) -> Floats | None:
    """The shares after each shift, times the trust: (shifts, bins); None without an order."""
    if expected.places is None:
        return None
    shifts = np.array([*SHIFTS, *(-shift for shift in SHIFTS)])
    tilted = expected.shares * np.exp(shifts[:, None] * expected.places)
    return np.asarray(trust * tilted / tilted.sum(axis=1, keepdims=True))


def _log_mean(logs: Floats) -> Floats:
    """The logarithm of the mean, along the last axis."""
    return np.asarray(np.logaddexp.reduce(logs, axis=-1) - math.log(logs.shape[-1]))
