"""The best again with other seeds: what is chosen and averaged, and what is left alone."""

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
from tablecast.training.search.reseeding import MOST_SEEDS, Reseeding, averaged, is_drawn, with_seed
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


def test_the_folds_choose_the_seeds_that_are_averaged(pool: Pool) -> None:
    """The best few of all seeds lower the loss, and their mean is what is predicted."""
    drawn = pool.trials[0]
    made = again(pool, drawn)
    assert made.done == MOST_SEEDS - 1
    best = made.ranked()[0]
    assert best.loss < 0.999 * drawn.loss
    assert len({one.settings.get("random_state") for one, _ in best.members}) == len(best.members)
    fitted = [try_candidate(one, best.view, None) for one, _ in best.members]
    assert np.allclose(best.predictions, np.mean([one.predictions for one in fitted], axis=0))
    losses = [one.loss for one in fitted]
    assert losses == sorted(losses)
    assert f"best of {MOST_SEEDS} seeds" in best.name


def test_a_blend_keeps_the_weights_of_its_members(pool: Pool) -> None:
    """A member's seeds share its weight, and a line, which has no seed, keeps its own."""
    drawn, line = pool.trials
    both = blend(drawn.view, drawn, line)
    assert again(pool, drawn, line, both).ranked()[0] is both  # nothing is better than it says
    seeds = {0: [drawn, try_candidate(with_seed(DRAWN, 2), drawn.view, None)]}
    whole = averaged(both, seeds, 2)
    assert [weight for _, weight in whole.members] == [1, 1, 2]
    mean = np.mean([one.predictions for one in seeds[0]], axis=0)
    assert np.allclose(whole.predictions, (mean + line.predictions) / 2)
    one = averaged(both, seeds, 1)
    first = min(seeds[0], key=lambda trial: trial.loss)
    assert np.allclose(one.predictions, (first.predictions + line.predictions) / 2)


def test_what_has_no_seed_and_what_there_is_no_time_for_stays(pool: Pool) -> None:
    """A line is the same with any seed; without a trial left nothing is tried."""
    drawn, line = pool.trials
    assert again(pool, line).done == 0
    assert again(pool, drawn, budget=Budget(trials=0)).trials == [drawn]
    assert not is_drawn(Candidate("gbr", {"subsample": 1.0}))
    assert not is_drawn(Candidate("et", {"max_features": 0.5}))  # a forest is a mean already
    assert not is_drawn(replace(DRAWN, home=drawn.view))
