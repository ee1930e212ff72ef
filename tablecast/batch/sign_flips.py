"""Whether paired differences have a mean of 0, or are on one side by more than chance."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Random ways to flip the signs: the lowest p is one in ten thousand.
FLIPS = 9_999

#: Differences that are flipped one by one; of more, neighbours in a random order flip together.
MOST_BLOCKS = 1_000

#: Ways that are computed at a time: 8 MB of signs.
AT_ONCE = 1_000

#: Of the random signs and order: the same table gives the same p.
SEED = 1935


def sign_flip_p(differences: Floats) -> float:
    """The p-value, two-sided, of paired differences.

    The sign-flip test (Fisher 1935, “The design of experiments”, section 21): had neither of two
    been better, each difference could as well have had the other sign. It needs no normal
    distribution, which differences of losses are far from, and is exact for few rows.

    Args:
        differences: (rows,) independent of one another.

    Returns:
        The share of ways to choose the signs whose mean is at least as far from 0.
    """
    generator = np.random.default_rng(SEED)
    blocks = min(len(differences), MOST_BLOCKS)
    order = generator.permutation(len(differences))
    sums = np.array([part.sum() for part in np.array_split(differences[order], blocks)])
    # As far as the order of adding decides, two sums are the same.
    least = abs(float(sums.sum())) - 1e-9 * float(np.abs(sums).sum())
    farther = 1
    for begin in range(0, FLIPS, AT_ONCE):
        ways = min(AT_ONCE, FLIPS - begin)
        signs = generator.integers(0, 2, (ways, blocks), dtype=np.int8) * 2.0 - 1.0
        farther += int((np.abs(signs @ sums) >= least).sum())
    return farther / (FLIPS + 1)
