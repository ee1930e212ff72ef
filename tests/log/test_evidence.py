"""Bets against “nothing has changed”: fair, patient, and quick where something has."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
import pytest

from tablecast.log import confidence, evidence, marginal
from tablecast.log.evidence import ALPHA, BLOCK, TRUST, Expected, Late

#: Tenths of a normal distribution, and where the middle of each is.
TEN = Expected(
    np.full(10, 0.1), np.array([NormalDist().inv_cdf(0.05 + tenth / 10) for tenth in range(10)]),
    1338,
)


def compositions(rows: int, bins: int) -> Iterator[tuple[int, ...]]:
    """All ways to spread rows over bins."""
    if bins == 1:
        yield (rows,)
        return
    for first in range(rows + 1):
        for others in compositions(rows - first, bins - 1):
            yield (first, *others)


@pytest.mark.parametrize("places", [None, np.array([-1.2, 0.1, 1.3])])
def test_the_bets_are_fair(places: np.ndarray | None) -> None:
    """Over all that six rows can be where nothing has changed, nobody wins or loses on average.

    The wealth of those who begin within a day is half of all; of it that of the first is seen, too,
    which is half of that, where the last rows are known.
    """
    shares = np.array([0.3, 0.5, 0.2])
    expected = Expected(shares, places, 50)
    without = mean = 0.0
    for counts in compositions(6, 3):
        ways = math.factorial(6) / math.prod(map(math.factorial, counts))
        chance = ways * math.exp(marginal.log_marginal(np.array(counts), 50 * shares))
        late = Late((0,), np.array([counts]))
        without += chance * math.exp(evidence.drift(expected, np.array([counts])).log_wealth)
        mean += chance * math.exp(evidence.drift(expected, np.array([counts]), late).log_wealth)
    assert without == pytest.approx(0.5, abs=1e-9)
    assert mean == pytest.approx(0.75, abs=1e-9)


def test_the_logarithm_of_the_gamma_function_is_right() -> None:
    """Beside the standard library's, from tiny shares to a billion rows."""
    for x in (1e-4, 0.03, 0.5, 1.0, 2.0, 7.3, 400.0, 1e6, 1e9):
        assert marginal.log_gamma(x) == pytest.approx(math.lgamma(x), rel=1e-11, abs=1e-10)


def found_after(expected: Expected, shares: np.ndarray, seed: int, before: np.ndarray) -> int:
    """Rows of new shares until an alarm of seven tests, looked at after each 25."""
    rows = np.random.default_rng(seed).choice(len(shares), 500, p=shares)
    for seen in range(25, 501, 25):
        today = np.bincount(rows[:seen], minlength=len(shares))
        if evidence.drift(expected, np.vstack([before, today])).p(7) <= ALPHA:
            return seen
    return 9999


def shifted_by(sigmas: float) -> np.ndarray:
    """Shares of ten bins that had a normal number's tenths, after it has moved."""
    normal = NormalDist()
    ends = [normal.cdf(normal.inv_cdf(tenth / 10) - sigmas) for tenth in range(1, 10)]
    return np.diff([0.0, *ends, 1.0])


@pytest.mark.parametrize("sigmas", [0.5, -0.5])
@pytest.mark.parametrize("days", [0, 20])
def test_a_shift_of_half_a_standard_deviation_is_found_in_500_rows(
    sigmas: float, days: int
) -> None:
    """From the first day on, and after twenty usual days of 1,000 rows each."""
    before = np.random.default_rng(1).multinomial(1000, TEN.shares, days)
    found = [found_after(TEN, shifted_by(sigmas), seed, before) for seed in range(20)]
    assert max(found) <= 500


def test_a_change_within_a_day_is_found() -> None:
    """After 3,000 usual rows of the same day, within 500 rows, by the last rows one by one."""
    generator = np.random.default_rng(6)
    usual = generator.choice(10, 3000, p=TEN.shares)
    for sigmas in (0.5, -0.5):
        rows = np.concatenate([usual, generator.choice(10, 500, p=shifted_by(sigmas))])
        counts = np.bincount(rows, minlength=10)[None]
        late = Late.of(rows[-1000:], len(rows), 10)
        assert len(late.blocks) == 4
        found = evidence.drift(TEN, counts, late)
        assert found.p(7) <= ALPHA
        assert found.since.sum() <= 750
        assert evidence.drift(TEN, counts).p(7) > ALPHA


def test_the_last_rows_are_blocks_from_the_first_row_on() -> None:
    """However many rows there were; a block of which not all rows are known is left out."""
    places = np.zeros(1000, dtype=np.intp)
    late = Late.of(places, 10 * BLOCK + 100, 3)
    assert late.blocks == (10, 9, 8, 7)
    assert late.sums is not None
    assert late.sums[:, 0].tolist() == [100, 350, 600, 850]
    assert Late.of(places[:400], 10 * BLOCK + 100, 3).blocks == (10, 9)
    assert Late.of(places, 4 * BLOCK, 3).blocks == (3, 2, 1, 0)
    assert Late.of(places[:0], 700, 3).blocks == ()


@pytest.mark.slow
@pytest.mark.parametrize("rows", [40, 30_000])
def test_replays_without_drift_raise_no_alarm(rows: int) -> None:
    """50 watches of 30 days over seven fields, looked at each day: at most one alarm."""
    generator = np.random.default_rng(5)
    alarms = 0
    for _ in range(50):
        # Training is a sample, as what is asked is.
        trained = generator.multinomial(1338, TEN.shares, 7) + 0.5
        days = generator.multinomial(rows, TEN.shares, (7, 30))
        fields = [Expected(one / one.sum(), TEN.places, 1338) for one in trained]
        alarms += any(
            evidence.drift(field, counts[:day]).p(7) <= ALPHA
            for field, counts in zip(fields, days, strict=True)
            for day in (1, 3, 7, 12, 18, 24, 30)
        )
    assert alarms <= 1


def test_less_than_the_margin_never_alarms() -> None:
    """A hundred million rows that moved by a twentieth of a standard deviation are no drift."""
    counts = np.round(shifted_by(0.05) * 1e8)[None]
    assert evidence.drift(TEN, counts).log_wealth < 0
    assert evidence.drift(TEN, np.round(shifted_by(0.5) * 1e8)[None]).p() < 1e-6
    assert TRUST < 1338


def test_it_says_since_when() -> None:
    """The day on which the new values began, within the days that are looked at."""
    usual, moved = np.round(100 * TEN.shares), np.round(100 * shifted_by(1.0))
    found = evidence.drift(TEN, np.array([usual] * 20 + [moved] * 5))
    assert found.p(7) < ALPHA
    assert found.start == 20


def test_without_rows_nothing_is_said() -> None:
    """No day, and days without rows, are no evidence."""
    assert evidence.drift(TEN, np.zeros((0, 10))).p() == 1
    assert evidence.drift(TEN, np.zeros((30, 10))).p() == 1


def test_a_share_below_its_level_is_found_and_one_at_it_is_not() -> None:
    """Nine in ten promised: eight in ten are told within 400 rows, nine in ten never."""
    assert evidence.share_below(0.88, np.array([[320, 80]])).p(7) < ALPHA
    assert evidence.share_below(0.88, np.array([[880_000, 120_000]])).p() == 1
    generator = np.random.default_rng(2)
    alarms = 0
    for _ in range(200):
        inside = generator.binomial(50, 0.88, 30)
        counts = np.column_stack([inside, 50 - inside])
        alarms += any(
            evidence.share_below(0.88, counts[:day]).p() <= 0.05 for day in range(1, 31)
        )
    assert alarms <= 10


def test_a_mean_above_its_level_is_found_and_one_at_it_is_not() -> None:
    """Skewed errors of mean 1: alarms stay rare; of mean 1.5 they are told within 500 rows."""
    generator = np.random.default_rng(3)
    alarms, found = 0, []
    for _ in range(200):
        errors = generator.exponential(1.0, (30, 50))
        days = np.column_stack([np.full(30, 50), errors.sum(1), (errors**2).sum(1)])
        alarms += any(evidence.mean_above(1.0, days[:day]).p() <= 0.05 for day in range(1, 31))
        many = generator.exponential(1.5, 500)
        sums = np.array([[500, many.sum(), (many**2).sum()]])
        found.append(evidence.mean_above(1.0, sums).p(7) < ALPHA)
    assert alarms <= 10
    assert sum(found) >= 190


@pytest.mark.parametrize("sums", [[500, 0.0, 0.0], [500, 1000.0, 2000.0], [10, 90.0, 900.0]])
def test_errors_that_are_all_alike_have_an_answer(sums: list[float]) -> None:
    """No spread at all, and too few rows, are no failure."""
    found = evidence.mean_above(1.0, np.array([sums]))
    assert math.isfinite(found.log_wealth)
    assert (found.p() < ALPHA) == (sums[1] == 1000.0)


def test_confidence_sequences_hold_at_all_times() -> None:
    """The true share and mean are inside at every one of 1,000 looks, in 19 of 20 runs."""
    generator = np.random.default_rng(4)
    missed_shares = missed_means = 0
    for _ in range(40):
        inside = np.cumsum(generator.random(1000) < 0.9)
        errors = generator.exponential(1.0, 1000)
        total, squares = np.cumsum(errors), np.cumsum(errors**2)
        looks = range(99, 1000, 100)
        shares = [confidence.share_between(inside[at], at + 1, 0.05) for at in looks]
        means = [confidence.mean_between(at + 1, total[at], squares[at], 0.05) for at in looks]
        missed_shares += not all(low <= 0.9 <= high for low, high in shares)
        missed_means += not all(low <= 1.0 <= high for low, high in means)
    assert missed_shares <= 2
    assert missed_means <= 2


def test_a_share_has_the_right_borders() -> None:
    """Known values of Robbins' sequence; nothing is known without rows, or is surely wrong."""
    low, high = confidence.share_between(90, 100, 0.05)
    assert 0.76 < low < 0.83
    assert 0.95 < high < 0.98
    assert confidence.share_between(0, 0, 0.05) == (0.0, 1.0)
    assert confidence.share_between(100, 100, 0.05)[1] == 1.0
    assert confidence.share_between(0, 100, 0.05)[0] == 0.0
