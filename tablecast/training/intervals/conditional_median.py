"""Where most rows lie, given their prediction and their fields: a searched median regression.

A pipeline's answers are means. Where most rows are nearly certain and a few lie far off, a mean is
near neither of them, and its residuals hide how well most rows are known. The median is not moved
by the few: least absolute deviations on the answer, the fields and terms made of them, fitted as in
Hunter and Lange, *Quantile regression via an MM algorithm*, 2000. The terms are those of
``searched_terms``, chosen for what is left of the rows once each is held within the spread of
most (Huber, *Robust estimation of a location parameter*, 1964).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from tablecast.features.design_matrix import choose_columns
from tablecast.features.searched_terms import Factor, Term, candidates_of
from tablecast.training.intervals.offset_shapes import (
    Encoded,
    Fitted,
    Floats,
    some_rows,
    telling,
)

# Each term costs time in every prediction; six are enough to bend a few fields (docs/intervals.md).
MOST_TERMS = 6
# Two terms in each round, so that a product can be found whose parts alone explain nothing.
TERMS_A_ROUND = 2
# Residuals farther away count as if they were at this many standard deviations: a usual cut-off of
# robust statistics (Rousseeuw and Leroy, 1987).
DEVIATIONS = 2.5
# A normal distribution's standard deviation, in median absolute deviations.
TO_DEVIATION = 1.4826
# A round, or a term, must lower the mean absolute residual by at least this fraction. The smaller
# one is for dropping terms: it keeps a term that was worth a round.
WORTH_A_ROUND = 0.005
WORTH_A_TERM = 0.002
# Steps of the reweighted least squares: 0.7**30 is 2e-5 of the residuals, below what matters.
STEPS = 30
# Values on either side of a cut that the last look tries one by one. The search has found the
# neighbourhood already, so that a few are enough.
VALUES_BESIDE = 12
# With fewer rows, a few of them decide where "most rows" lie.
FEWEST_ROWS = 100

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _Trial:
    """Some terms, the design of plain columns and terms, its fit, and what that leaves."""

    terms: tuple[Term, ...]
    design: Floats
    fit: Floats
    left: Floats

    @property
    def loss(self) -> float:
        return float(np.abs(self.left).mean())


class _Search:
    def __init__(self, plain: Floats, values: Floats, columns: list[int], goal: Floats) -> None:
        self.plain, self.values, self.goal = plain, values, goal
        self.low, self.ones = values.min(axis=0), np.ones(len(values))
        self.candidates = candidates_of(values, columns)
        self.matrix = self._columns(self.candidates)
        self.best = self._trial(())

    def run(self) -> _Trial:
        """The terms that the median is better for; ``best`` keeps them."""
        grown = self._grown(self.best)
        while grown and grown.loss <= (1 - WORTH_A_ROUND) * self.best.loss:
            self.best, grown = grown, self._grown(grown)
        for index in reversed(range(len(self.best.terms))):
            fewer = self._trial(_without(self.best.terms, index))
            if fewer.loss < (1 + WORTH_A_TERM) * self.best.loss:
                self.best = fewer
        for index in range(len(self.best.terms)):
            self.best = self._settled(self.best, index)
        self.best = self._trial(tuple(self._rounded(term) for term in self.best.terms))
        return self.best

    def _grown(self, trial: _Trial) -> _Trial | None:
        """The trial with a few more terms, that explain most of what it leaves."""
        room = min(TERMS_A_ROUND, MOST_TERMS - len(trial.terms))
        chosen = choose_columns(self.matrix, _held(trial.left), trial.design, room) if room else []
        more = [self.candidates[index] for index in chosen]
        return self._trial((*trial.terms, *more)) if more else None

    def _settled(self, trial: _Trial, index: int) -> _Trial:
        """The trial with one term's cut where the deviations are least, the fit as it is."""
        term = trial.terms[index]
        near = [term, *self._beside(term)]
        weight = trial.fit[len(trial.fit) - len(trial.terms) + index]
        columns = self._columns(near)
        left = np.abs(trial.left[:, None] + weight * (columns[:, [0]] - columns))
        best = near[int(left.mean(axis=0).argmin())]
        return min(trial, self._exchanged(trial, index, best), key=lambda trial: trial.loss)

    def _exchanged(self, trial: _Trial, index: int, term: Term) -> _Trial:
        return self._trial((*trial.terms[:index], term, *trial.terms[index + 1 :]))

    def _beside(self, term: Term) -> list[Term]:
        """The term with its cut between any two of the few values on either side of it."""
        terms: list[Term] = []
        for index, factor in enumerate(term):
            if factor.kind in ("above", "beyond"):
                ordered = np.unique(self._where(term, index))
                at = int(np.searchsorted(ordered, factor.cut))
                near = ordered[max(at - VALUES_BESIDE, 0) : at + VALUES_BESIDE]
                terms += [_with_cut(term, index, float(cut)) for cut in (near[1:] + near[:-1]) / 2]
        return terms

    def _where(self, term: Term, index: int) -> Floats:
        """The values of one factor's column in the rows where the others are not 0."""
        rows = np.flatnonzero(self._columns([_without(term, index)])[:, 0])
        return np.asarray(self.values[rows, term[index].column])

    def _trial(self, terms: tuple[Term, ...]) -> _Trial:
        design = np.column_stack([self.plain, self._columns(terms)])
        weights = least_absolute(design, self.goal)
        return _Trial(terms, design, weights, self.goal - _with_constant(design) @ weights)

    def _columns(self, terms: Sequence[Term]) -> Floats:
        """The terms of the rows, shape (rows, terms)."""
        columns = [
            np.prod([self._factor(factor) for factor in term], axis=0) if term else self.ones
            for term in terms
        ]
        return np.column_stack(columns) if columns else np.empty((len(self.values), 0))

    def _factor(self, factor: Factor) -> Floats:
        return factor.of(self.values[:, factor.column], self.low[factor.column])

    def _rounded(self, term: Term) -> Term:
        """The term with its cut where a person would put it; no row tells between two values."""
        for index, factor in enumerate(term):
            if factor.kind in ("above", "beyond"):
                cut = _cut_by_people(self._where(term, index), factor.cut)
                term = _with_cut(term, index, cut)
        return term


def middle(predictions: Floats, encoded: Encoded, residuals: Floats) -> Fitted | None:
    """The median of the residuals, given the answers and the rows' fields.

    Args:
        predictions, encoded, residuals: of each row; what a row's answer leaves of its true value.

    Returns:
        Offsets from the answers to where most rows lie; None where there is nothing to search.
    """
    rows = some_rows(len(residuals))
    predictions, residuals, values = predictions[rows], residuals[rows], encoded.values[rows]
    goal = _held(residuals - np.median(residuals))[:, 0]
    columns = telling(values, goal).tolist()
    if not columns or len(rows) < FEWEST_ROWS or np.ptp(predictions) == 0:
        return None
    by_fields = values[:, columns]
    # Beside the answers, and from the fields alone: answers that are bent in the wrong places hide
    # where the fields bend.
    beside = _Search(np.column_stack([predictions, by_fields]), values, columns, residuals)
    alone = _Search(by_fields, values, columns, predictions + residuals)
    search = min((beside, alone), key=lambda search: search.run().loss)
    constant, *slopes = least_absolute(search.best.design, search.goal).tolist()
    slope = slopes.pop(0) if search is beside else -1.0
    at = np.array([predictions.min(), predictions.max()])
    weights = np.zeros(values.shape[1])
    weights[columns] = slopes[: len(columns)]
    ends = constant + slope * at
    return Fitted(at, ends, weights, search.best.terms, np.array(slopes[len(columns) :]))


def least_absolute(design: Floats, goal: Floats) -> Floats:
    """A constant and a coefficient for each column, of least absolute deviations.

    Args:
        design: rows by columns, without the constant.
        goal: shape (rows,).
    """
    mean, spread = design.mean(axis=0), np.maximum(design.std(axis=0), 1e-12)
    scaled = _with_constant((design - mean) / spread)
    ridge = 1e-9 * len(goal) * np.eye(scaled.shape[1])  # for columns that repeat each other
    weights = np.linalg.lstsq(scaled, goal, rcond=None)[0]
    least = 1e-6 * float(np.abs(goal - goal.mean()).mean()) + 1e-300
    for step in range(STEPS):
        left = np.abs(goal - scaled @ weights)
        weight = 1 / (left + max(least, float(np.median(left)) * 0.7**step))
        weight = weight / weight.mean()
        weights = np.linalg.solve(
            scaled.T @ (weight[:, None] * scaled) + ridge, scaled.T @ (weight * goal)
        )
    slopes = weights[1:] / spread
    return np.array([weights[0] - slopes @ mean, *slopes])


def roundest(left: float, right: float) -> float:
    """The number with the fewest digits that is at least ``left`` and less than ``right``."""
    size = max(abs(left), abs(right))
    for power in range(int(np.floor(np.log10(size))) + 1, -13, -1) if size > 0 else ():
        number = round(float(np.ceil(left / 10.0**power)) * 10.0**power, max(-power, 0))
        if left <= number < right:
            return number
    return left


def _cut_by_people(values: Floats, cut: float) -> float:
    """The roundest cut that has the same values on either side."""
    ordered = np.unique(values)
    index = int(np.searchsorted(ordered, cut, side="right"))
    if index in (0, len(ordered)):
        return cut
    return roundest(float(ordered[index - 1]), float(ordered[index]))


def _with_cut(term: Term, index: int, cut: float) -> Term:
    return (*term[:index], replace(term[index], cut=cut), *term[index + 1 :])


def _without(many: tuple[T, ...], index: int) -> tuple[T, ...]:
    return (*many[:index], *many[index + 1 :])


def _held(left: Floats) -> Floats:
    """Residuals held within the spread of most, shape (rows, 1)."""
    most = DEVIATIONS * TO_DEVIATION * float(np.median(np.abs(left)))
    return np.clip(left, -most, most)[:, None]


def _with_constant(design: Floats) -> Floats:
    return np.column_stack([np.ones(len(design)), design])
