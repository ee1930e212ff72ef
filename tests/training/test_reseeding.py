"""The best again with other seeds: what is averaged, when it ends, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pycaret", reason="the search is of PyCaret's estimators")

from tablecast.data.prepared import Prepared
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.search.budget import Budget
from tablecast.training.search.candidates import Candidate
from tablecast.training.search.cross_validation import try_candidate
from tablecast.training.search.pool import Pool
from tablecast.training.search.reseeding import MOST_SEEDS, Reseeding, is_drawn
from tablecast.training.search.trial import Trial, all_losses
from tablecast.training.search.views import Recipe, View, view_of

pytestmark = pytest.mark.filterwarnings("ignore")

DRAWN = Candidate("lightgbm", {
    "n_estimators": 40, "num_leaves": 8, "subsample": 0.5, "subsample_freq": 1,
    "colsample_bytree": 1.0, "min_child_samples": 5,
})
LINE = Candidate("br")


@pytest.fixture(scope="module")
def pool() -> Pool:
    """A pool of 300 noisy rows, with two estimators tried."""
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(300, 4)), columns=list("abcd"))
    table = table.assign(y=2 * table.a + np.sin(2 * table.b) + random.normal(size=300))
    made = Pool(Prepared(table, "y", "regression", (), ()), Budget(trials=99), 1, 20e6,
                lambda _: None)
    with quiet_and_single():
        view = view_of(made.prepared, Recipe("plain"), 1)
        made.trials += [try_candidate(one, view, None) for one in (DRAWN, LINE)]
    return made


def again(pool: Pool, *trials: Trial, **changes: Any) -> Pool:
    made = replace(pool, trials=[*trials], done=0, dropped=[], **changes)
    with quiet_and_single():
        Reseeding(made).run()
    return made


def blend(view: View, *parts: Trial) -> Trial:
    predictions = np.mean([one.predictions for one in parts], axis=0)
    members = tuple((one.members[0][0], 1) for one in parts)
    losses = tuple(loss / 2 for loss in all_losses(view, predictions))  # the best, whatever it says
    return replace(parts[0], members=members, predictions=predictions, losses=losses)


def test_a_drawn_estimator_is_averaged_over_seeds(pool: Pool) -> None:
    """Each further seed lowers the loss, and the mean of the members' answers is its answer."""
    drawn = pool.trials[0]
    made = again(pool, drawn)
    best = made.ranked()[0]
    assert best.loss < 0.999 * drawn.loss
    assert 1 < len(best.members) <= MOST_SEEDS
    assert len({one.settings.get("random_state") for one, _ in best.members}) == len(best.members)
    fitted = [try_candidate(one, best.view, None).predictions for one, _ in best.members]
    assert np.allclose(best.predictions, np.mean(fitted, axis=0))
    assert best.name.endswith(f"{len(best.members)} seeds")
    assert len(best.estimator().estimators) == len(best.members)


def test_a_blend_keeps_the_weights_of_its_members(pool: Pool) -> None:
    """A member's seeds share its weight; a line, which has no seed, keeps its own."""
    drawn, line = pool.trials
    both = blend(drawn.view, drawn, line)
    made = again(pool, drawn, line, both)
    assert made.done == 1  # nothing is better than the best that this one says it is
    assert made.ranked()[0] is both
    both = replace(both, losses=all_losses(drawn.view, both.predictions))
    best = again(pool, *(replace(t, losses=(99.0,) * 15) for t in (drawn, line)), both).ranked()[0]
    weights = [weight for one, weight in best.members if one.model == "lightgbm"]
    assert sum(weights) == sum(weight for one, weight in best.members if one == LINE)


def test_what_has_no_seed_and_what_there_is_no_time_for_stays(pool: Pool) -> None:
    """A line is the same with any seed; without a trial left nothing is tried."""
    drawn, line = pool.trials
    assert again(pool, line).done == 0
    assert again(pool, drawn, budget=Budget(trials=0)).trials == [drawn]
    assert not is_drawn(Candidate("gbr", {"subsample": 1.0}))
    assert not is_drawn(Candidate("et", {"max_features": 0.5}))  # a forest is a mean already
    assert not is_drawn(replace(DRAWN, home=drawn.view))
