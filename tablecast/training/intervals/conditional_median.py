"""Where most rows lie, given their answer and their fields: a median that is searched for.

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
from tablecast.features.searched_terms import Factor, Term, candidates_of, moved
from tablecast.training.intervals.offset_shapes import (
    Encoded,
    Fitted,
    Floats,
    some_rows,
    telling,
)

# A term costs time at every answer; these are enough to bend a few fields.
MOST_TERMS = 6
ROUNDS = 5
TERMS_A_ROUND = 2
# Residuals beyond so many deviations (1.4826 times the median's) count as if they were there.
DEVIATIONS = 2.5
TO_DEVIATION = 1.4826
# Less of an improvement is no reason to keep a term: of the mean absolute residual.
WORTH_A_ROUND = 0.005
WORTH_A_TERM = 0.002
STEPS = 30
# Values on either side of a cut that the last look goes through one by one.
VALUES_BESIDE = 12
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
        self.matrix = self._made(self.candidates)
        self.best = self._trial(())

    def run(self) -> _Trial:
        """The terms that the median is better for; ``best`` keeps them."""
        for _ in range(ROUNDS):
            grown = self._grown(self.best)
            if grown is None or grown.loss > (1 - WORTH_A_ROUND) * self.best.loss:
                break
            self.best = grown
        for place in reversed(range(len(self.best.terms))):
            fewer = self._trial(_without(self.best.terms, place))
            if fewer.loss < (1 + WORTH_A_TERM) * self.best.loss:
                self.best = fewer
        for place in range(len(self.best.terms)):
            self.best = self._settled(self.best, place)
        self.best = self._trial(tuple(self._rounded(term) for term in self.best.terms))
        return self.best

    def _grown(self, trial: _Trial) -> _Trial | None:
        """The trial with a few more terms, and then each cut where it is best beside the others."""
        room = min(TERMS_A_ROUND, MOST_TERMS - len(trial.terms))
        chosen = choose_columns(self.matrix, _held(trial.left), trial.design, room) if room else []
        if not chosen:
            return None
        left = _held(trial.left)
        for place in chosen:
            trial = self._trial((*trial.terms, self._nearest(self.candidates[place], trial, left)))
        for place in range(len(trial.terms)):
            trial = self._placed(trial, place)
        return trial

    def _placed(self, trial: _Trial, place: int) -> _Trial:
        """The trial with one term's cut where it is best beside the others."""
        fewer = self._trial(_without(trial.terms, place))
        near = self._nearest(trial.terms[place], fewer, _held(fewer.left))
        return min(trial, self._exchanged(trial, place, near), key=lambda one: one.loss)

    def _settled(self, trial: _Trial, place: int) -> _Trial:
        """The trial with one term's cut where the deviations are least, the fit as it is."""
        term = trial.terms[place]
        near = [term, *self._beside(term)]
        weight = trial.fit[len(trial.fit) - len(trial.terms) + place]
        made = self._made(near)
        left = np.abs(trial.left[:, None] + weight * (made[:, [0]] - made))
        best = near[int(left.mean(axis=0).argmin())]
        return min(trial, self._exchanged(trial, place, best), key=lambda one: one.loss)

    def _exchanged(self, trial: _Trial, place: int, term: Term) -> _Trial:
        return self._trial((*trial.terms[:place], term, *trial.terms[place + 1 :]))

    def _beside(self, term: Term) -> list[Term]:
        """The term with its cut between any two of the few values on either side of it."""
        found: list[Term] = []
        for place, factor in enumerate(term):
            if factor.kind in ("above", "beyond"):
                ordered = np.unique(self._where(term, place))
                at = int(np.searchsorted(ordered, factor.cut))
                near = ordered[max(at - VALUES_BESIDE, 0) : at + VALUES_BESIDE]
                found += [_with_cut(term, place, float(cut)) for cut in (near[1:] + near[:-1]) / 2]
        return found

    def _where(self, term: Term, place: int) -> Floats:
        """The values of one factor's column in the rows where the others are not 0."""
        rows = np.flatnonzero(self._made([_without(term, place)])[:, 0])
        return np.asarray(self.values[rows, term[place].column])

    def _nearest(self, term: Term, trial: _Trial, left: Floats) -> Term:
        """The term with its cut where it explains most of what is left beside the trial's."""
        places = [term, *moved(self.values, term)]
        best = choose_columns(self._made(places), left, trial.design, 1)
        return places[best[0]] if best else term

    def _trial(self, terms: tuple[Term, ...]) -> _Trial:
        design = np.column_stack([self.plain, self._made(terms)])
        found = least_absolute(design, self.goal)
        return _Trial(terms, design, found, self.goal - _with_constant(design) @ found)

    def _made(self, terms: Sequence[Term]) -> Floats:
        """The terms of the rows, shape (rows, terms)."""
        made = [
            np.prod([self._factor(one) for one in term], axis=0) if term else self.ones
            for term in terms
        ]
        return np.column_stack(made) if made else np.empty((len(self.values), 0))

    def _factor(self, factor: Factor) -> Floats:
        return factor.of(self.values[:, factor.column], self.low[factor.column])

    def _rounded(self, term: Term) -> Term:
        """The term with its cut where a person would put it; no row tells between two values."""
        for place, factor in enumerate(term):
            if factor.kind in ("above", "beyond"):
                cut = _cut_by_people(self._where(term, place), factor.cut)
                term = _with_cut(term, place, cut)
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
    search = min((beside, alone), key=lambda one: one.run().loss)
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
    found = np.linalg.lstsq(scaled, goal, rcond=None)[0]
    least = 1e-6 * float(np.abs(goal - goal.mean()).mean()) + 1e-300
    for step in range(STEPS):
        left = np.abs(goal - scaled @ found)
        weight = 1 / (left + max(least, float(np.median(left)) * 0.7**step))
        weight = weight / weight.mean()
        found = np.linalg.solve(
            scaled.T @ (weight[:, None] * scaled) + ridge, scaled.T @ (weight * goal)
        )
    slopes = found[1:] / spread
    return np.array([found[0] - slopes @ mean, *slopes])


def roundest(left: float, right: float) -> float:
    """The number with the fewest digits that is at least ``left`` and less than ``right``."""
    size = max(abs(left), abs(right), right - left)
    for power in range(int(np.floor(np.log10(size))) + 1, -13, -1) if size > 0 else ():
        number = round(float(np.ceil(left / 10.0**power)) * 10.0**power, max(-power, 0))
        if left <= number < right:
            return number
    return left


def _cut_by_people(values: Floats, cut: float) -> float:
    """The roundest cut that has the same values on either side."""
    ordered = np.unique(values)
    place = int(np.searchsorted(ordered, cut, side="right"))
    if place in (0, len(ordered)):
        return cut
    return roundest(float(ordered[place - 1]), float(ordered[place]))


def _with_cut(term: Term, place: int, cut: float) -> Term:
    return (*term[:place], replace(term[place], cut=cut), *term[place + 1 :])


def _without(many: tuple[T, ...], place: int) -> tuple[T, ...]:
    return (*many[:place], *many[place + 1 :])


def _held(left: Floats) -> Floats:
    """Residuals held within the spread of most, shape (rows, 1)."""
    most = DEVIATIONS * TO_DEVIATION * float(np.median(np.abs(left)))
    return np.clip(left, -most, most)[:, None]


def _with_constant(design: Floats) -> Floats:
    return np.column_stack([np.ones(len(design)), design])
