"""The settings that tuning tries: random draws, then steps from the best; none twice."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import numpy as np

from tablecast.training.search.candidates import FORESTS, Candidate, drawn, plain_settings, space_of

# Draws until one is new; a small space is soon used up.
ATTEMPTS = 20
#: Settings that change in one step.
CHANGED = 2


class Proposals:
    """Settings for estimators of one table, repeatable by their seed.

    Each estimator has draws and steps of its own, whatever others were drawn before it.

    Args:
        rows: of the table.
        seed: decides the draws.
    """

    def __init__(self, rows: int, seed: int) -> None:
        self._rows = rows
        self._seed = seed
        self._randoms: dict[str, np.random.Generator] = {}
        self._known: set[str] = set()

    def drawn(self, candidate: Candidate, view: str) -> Candidate | None:
        """Settings from anywhere in the estimator's space; None where nothing new is left.

        Args:
            candidate: the estimator.
            view: the name of what it is plain_settings.
        """
        random = self._random(f"draws {candidate.model} {view}")
        for _ in range(ATTEMPTS):
            proposal = drawn(candidate, self._rows, random)
            if proposal is None or self._is_new(proposal, view):
                return proposal
        return None

    def stepped(self, candidate: Candidate, view: str) -> Candidate | None:
        """Some of the candidate's settings moved to the next value of their space, up or down."""
        self._is_new(candidate, view)  # at the end of a space a step may lead nowhere
        random = self._random(f"steps {candidate.model} {view}")
        for _ in range(ATTEMPTS):
            proposal = self._step(candidate, random)
            if proposal is None or self._is_new(proposal, view):
                return proposal
        return None

    def _random(self, purpose: str) -> np.random.Generator:
        """The same numbers for the same purpose and seed."""
        if purpose not in self._randoms:
            self._randoms[purpose] = np.random.default_rng([self._seed, crc32(purpose.encode())])
        return self._randoms[purpose]

    def _step(self, candidate: Candidate, random: np.random.Generator) -> Candidate | None:
        space = space_of(candidate, self._rows)
        if space is None:
            return None
        settings = dict(candidate.settings)
        changed = random.choice(list(space), size=min(CHANGED, len(space)), replace=False)
        for name, values in space.items():
            if settings.get(name) not in values:  # PyCaret's own, which has no neighbours here
                settings[name] = values[random.integers(len(values))]
            elif name in changed:
                at = values.index(settings[name]) + random.choice((-1, 1))
                settings[name] = values[int(np.clip(at, 0, len(values) - 1))]
        proposal = replace(
            candidate, settings=plain_settings(candidate.model, settings, self._rows)
        )
        return replace(proposal, tuned=True)

    def _is_new(self, candidate: Candidate, view: str) -> bool:
        """Whether these settings were not tried; a forest's trees are as many as fit."""
        left_out = ("n_estimators",) if candidate.model in FORESTS else ()
        settings = {n: v for n, v in sorted(candidate.settings.items()) if n not in left_out}
        key = f"{candidate.model} {view} {settings}"
        is_new = key not in self._known
        self._known.add(key)
        return is_new
