"""How the search chooses: folds of few rows, candidates side by side, blends and powers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pycaret", reason="the search is of PyCaret's estimators")

from sklearn.datasets import make_classification

from tablecast.data.prepared import Prepared
from tablecast.errors import Remark, TrainingError
from tablecast.features.temperature import Tempered, multiplied, raised
from tablecast.training.cluster import executor
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.search import blend_weights, cross_validation, finalize
from tablecast.training.search import temperature_scaling as temperature
from tablecast.training.search.blending import Blending
from tablecast.training.search.candidates import Candidate
from tablecast.training.search.trial import TOO_LONG, Trial, all_losses
from tablecast.training.search.views import FOLDS, REPEATS, Recipe, View, view_of

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def view() -> View:
    """150 rows of three classes, scaled, in three times five folds."""
    x, y = make_classification(150, 6, n_informative=4, n_classes=3, flip_y=0.2, random_state=3)
    table = pd.DataFrame(x, columns=list("abcdef")).assign(kind=np.array(["p", "q", "r"])[y])
    with quiet_and_single():
        return view_of(Prepared(table, "kind", "classification", (), ()), Recipe("scaled"), 1)


def test_few_rows_are_divided_several_times(view: View) -> None:
    """Every row is answered once in each division, by a fold that has not seen it."""
    assert len(view.folds) == REPEATS * FOLDS
    rows = len(view.experiment.y_train)
    places = np.sort(np.concatenate([fold.unseen for fold in view.folds]))
    assert places.tolist() == list(range(REPEATS * rows))
    learnt = view.experiment.X_train.index.delete(view.folds[-1].unseen % rows)
    assert set(view.folds[-1].x.index) == set(learnt)
    assert (view.target[:rows] == view.target[-rows:]).all()


def test_folds_side_by_side_answer_as_one_after_the_other(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of threads changes no answer's last bit."""
    candidate = Candidate("et", {"n_estimators": 10}, "scaled")
    made = []
    for count in (1, 4):
        monkeypatch.setattr(executor, "threads", lambda count=count: count)
        with quiet_and_single():
            made.append(cross_validation.try_candidate(candidate, view, None))
    assert (made[0].predictions == made[1].predictions).all()
    assert made[0].losses == made[1].losses


def test_what_is_far_behind_stops_after_one_division(view: View) -> None:
    """The other divisions are not spent on it; one that is near gets them all."""
    with quiet_and_single():
        best = cross_validation.try_candidate(Candidate("qda", {"reg_param": 0.1}), view, None)
        tree = cross_validation.try_candidate(Candidate("dt"), view, best.losses)
        near = cross_validation.try_candidate(
            Candidate("qda", {"reg_param": 0.2}), view, best.losses
        )
    assert not tree.whole
    assert len(tree.losses) == FOLDS
    assert near.whole


def test_what_would_outlast_the_budget_stops_after_one_division(view: View) -> None:
    """Nobody knows what the first of its kind takes; once its first folds tell, it may go on."""
    asked: list[float] = []

    def no_time(seconds: float) -> bool:
        asked.append(seconds)
        return False

    candidate = Candidate("qda", {"reg_param": 0.1})
    with quiet_and_single():
        late = cross_validation.try_candidate(candidate, view, None, no_time)
        whole = cross_validation.try_candidate(candidate, view, None, lambda _: True)
    others = len(view.folds) - FOLDS
    assert asked == [late.seconds * others / executor.threads()]
    assert (len(late.losses), late.why) == (FOLDS, TOO_LONG)
    assert whole.whole
    assert whole.why is None


def given(view: View, sureness: float) -> Trial:
    """Answers that know the class as often as they say where `sureness` is 1."""
    random = np.random.default_rng(4)
    labels = np.searchsorted(np.unique(view.target), view.target)
    logits = random.normal(size=(len(labels), 3))
    logits[np.arange(len(labels)), labels] += 1.0
    shares = np.exp(sureness * logits)
    answers = shares / shares.sum(axis=1, keepdims=True)
    return Trial(
        view, ((Candidate("nb"), 1),), answers, all_losses(view, answers), 0.1, "Naive Bayes"
    )


def test_probabilities_that_say_too_little_are_raised(view: View) -> None:
    """The power that was taken off is found again, and no label changes."""
    shy = given(view, 0.5)
    made = temperature.tempered(shy)
    assert made is not None
    assert made.power == pytest.approx(2.0, rel=0.2)
    assert made.loss < shy.loss
    np.testing.assert_array_equal(made.answers.argmax(axis=1), shy.predictions.argmax(axis=1))
    assert temperature.tempered(made) is None


def test_classes_of_many_rows_are_judged_by_what_they_tell_apart(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that boasts loses no more than an honest one does; few rows are left as they are."""
    folds = len(view.folds)
    honest, boasting = (given(view, sureness).predictions for sureness in (1.0, 4.0))
    assert temperature.judged(view, boasting, 2) == (1.0, all_losses(view, boasting, 2))
    monkeypatch.setattr(View, "multiplied", True)
    power, losses = temperature.judged(view, boasting, folds)
    assert power == pytest.approx(0.25, rel=0.3)
    assert np.mean(losses) < 0.6 * np.mean(all_losses(view, boasting))
    assert np.mean(losses) == pytest.approx(
        np.mean(temperature.judged(view, honest, folds)[1]), rel=0.02
    )


def test_a_product_gives_each_member_a_power_of_its_own(view: View) -> None:
    """One that boasts and one that is shy count alike, and one that knows nothing not at all."""
    random = np.random.default_rng(5)
    labels = np.searchsorted(np.unique(view.target), view.target)
    logits = random.normal(size=(3, len(labels), 3))
    logits[:2, np.arange(len(labels)), labels] += 1.0
    members = [np.exp(sure * one) for sure, one in zip((3.0, 0.5, 1.0), logits, strict=True)]
    members = [one / one.sum(axis=1, keepdims=True) for one in members]
    powers = blend_weights.powers(members, labels)
    assert powers[0] * 3.0 == pytest.approx(powers[1] * 0.5, rel=0.3)
    assert powers.get(2, 0) < 0.2
    product = multiplied([members[at] for at in powers], list(powers.values()))
    means = [np.mean(all_losses(view, made)) for made in (product, *members)]
    assert means[0] == min(means)
    every_second = np.arange(len(labels)) % 2.0
    assert blend_weights.powers(members, labels, every_second) == blend_weights.powers(
        [one[1::2] for one in members], labels[1::2]
    )


def test_a_product_answers_as_the_search_measured(view: View) -> None:
    """The final estimator multiplies what its members answer alone, each to its power."""
    alone = (Candidate("lr"), Candidate("qda", {"reg_param": 0.1}))
    members = tuple(zip(alone, (0.6, 0.3), strict=True))
    product = Trial(view, members, np.empty(0), (), 0.1, multiplied=True).estimator()
    fold = view.folds[0]
    product.fit(fold.x, fold.y)
    asked = [one.predict_proba(fold.unseen_x) for one in product.estimators_]
    expected = multiplied(asked, (0.6, 0.3))
    np.testing.assert_array_equal(product.predict_proba(fold.unseen_x), expected)
    labels = product.classes_[expected.argmax(axis=1)]
    np.testing.assert_array_equal(product.predict(fold.unseen_x), labels)


def test_the_best_five_are_raised(view: View) -> None:
    """Another than the first may then be the best."""
    ranked = [given(view, 0.5), given(view, 0.7), given(view, 0.4)]
    assert len(temperature.all_tempered(ranked)) == 3
    assert len(temperature.all_tempered(ranked * 2)) == 5
    assert temperature.all_tempered([]) == []


def test_boasting_probabilities_are_lowered_and_honest_ones_left(view: View) -> None:
    """A power below 1 takes sureness away; where hardly anything is gained there is none."""
    made = temperature.tempered(given(view, 3.0))
    assert made is not None
    assert made.power == pytest.approx(1 / 3, rel=0.25)
    honest = given(view, 1.0)
    again = temperature.tempered(honest)
    assert again is None or again.power == pytest.approx(1.0, abs=0.2)


def test_a_few_faultless_rows_do_not_make_it_certain() -> None:
    """Twelve rows without an error ask for less than what two thousand such rows do."""
    answers, labels = np.tile([0.9, 0.1], (12, 1)), np.zeros(12, dtype=np.intp)
    few = temperature.power_of(answers, labels, 12)
    many = temperature.power_of(np.tile(answers, (200, 1)), np.tile(labels, 200), 2_400)
    assert 1.0 < few < many <= temperature.FARTHEST


def test_the_tempered_estimator_answers_as_the_search_measured(view: View) -> None:
    """The final estimator raises the vote's own probabilities, and keeps its labels."""
    made = temperature.tempered(given(view, 0.5))
    assert made is not None
    estimator = made.estimator()
    fold = view.folds[0]
    estimator.fit(fold.x, fold.y)
    inner = estimator.estimator_
    assert isinstance(estimator, Tempered)
    np.testing.assert_array_equal(estimator.predict(fold.unseen_x), inner.predict(fold.unseen_x))
    expected = raised(inner.predict_proba(fold.unseen_x), made.power)
    np.testing.assert_array_equal(estimator.predict_proba(fold.unseen_x), expected)
    np.testing.assert_allclose(expected.sum(axis=1), 1.0, rtol=1e-12)
    with pytest.raises(ValueError, match="above 0"):
        Tempered(inner, 0.0).fit(fold.x, fold.y)


def test_where_there_is_no_time_for_a_blend_there_is_one_with_fewer_members(view: View) -> None:
    """Of what is quicker than its slowest one; alone they stay as they are."""
    random, labels = np.random.default_rng(1), np.eye(3)[view.labels]
    made = [
        Trial(view, ((Candidate(model, features="scaled"), 1),), shares, all_losses(view, shares),
              seconds, model)
        for model, seconds, noise in (("lr", 1.0, 0.5), ("et", 2.0, 0.5), ("mlp", 5.0, 0.5))
        for shares in [_shares(4 * (labels + random.normal(size=labels.shape) * noise))]
    ]  # fmt: skip

    def blended(most: float) -> SimpleNamespace:
        pool = SimpleNamespace(
            trials=list(made), dropped=[], largest=float("inf"), ranked=lambda: made,
            budget=SimpleNamespace(bears=lambda seconds: seconds <= most),
        )
        Blending(pool, [view]).run()  # type: ignore[arg-type]
        return pool

    whole, quick, none = map(blended, (8.0, 3.0, 1.0))
    assert {member.model for member, _ in whole.trials[-1].members} == {"lr", "et", "mlp"}
    assert whole.dropped == []
    assert {member.model for member, _ in quick.trials[-1].members} == {"lr", "et"}
    assert [one.why for one in quick.dropped] == [TOO_LONG]
    assert len(none.trials) == 3
    assert [(len(one.members), one.why) for one in none.dropped] == [(3, TOO_LONG), (2, TOO_LONG)]


def _shares(scores: Any) -> Any:
    raised = np.exp(scores)
    return raised / raised.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("fits", [6, 99])
def test_the_next_one_is_chosen_however_many_break_a_limit(
    fits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first that keeps within the limits is taken; where none does, each one's reason is said.
    """
    for name in ("weighted", "finished", "check_self_agreement", "leaderboard"):
        monkeypatch.setattr(finalize, name, MagicMock())
    monkeypatch.setattr(finalize, "measure", MagicMock(side_effect=range(9)))
    monkeypatch.setattr(finalize, "_trained", lambda _pool, trial, *_: trial)
    trials: list[Any] = [MagicMock() for _ in range(9)]
    pool: Any = SimpleNamespace(
        prepared=MagicMock(), table=MagicMock(), ranked=lambda: trials, say=lambda _: None,
        progress=lambda _: None, beyond=lambda at: None if at == fits else Remark(f"limit {at}"),
    )
    if fits < len(trials):
        assert finalize.finish(pool) is trials[fits]
    else:
        with pytest.raises(TrainingError, match=r"limit 0; limit 1; .*limit 8$"):
            finalize.finish(pool)
