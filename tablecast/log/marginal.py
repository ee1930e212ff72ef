"""The chance of counts whose shares are not known: Pólya's urn, from sums of counts alone."""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def log_marginal(counts: Floats, prior: Floats) -> Floats:
    """The logarithm of the chance of rows with these counts, in their order.

    Args:
        counts: (…, bins).
        prior: (…, bins) of the Dirichlet distribution that the shares come from.

    Returns:
        (…): Pólya's urn.
    """
    of_bins = (log_gamma(prior + counts) - log_gamma(prior)).sum(axis=-1)
    total, drawn = prior.sum(axis=-1), counts.sum(axis=-1)
    return np.asarray(of_bins + log_gamma(total) - log_gamma(total + drawn))


def log_gamma(x: npt.ArrayLike) -> Floats:
    """The logarithm of the gamma function of numbers above 0, by Stirling's series."""
    values = np.asarray(x, dtype=np.float64)
    product = np.ones_like(values)
    for step in range(8):  # the series needs numbers of about 8 for 11 digits
        product = product * (values + step)
    z = values + 8
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * z * z)) / (z * z)) / (z * z)) / z
    whole = (z - 0.5) * np.log(z) - z + 0.5 * math.log(2 * math.pi)
    return np.asarray(whole + series - np.log(product))
