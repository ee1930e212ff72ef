"""The search: its parts, its limits, and what it says of itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.tree import DecisionTreeRegressor

pytest.importorskip("pycaret", reason="the search is of PyCaret's estimators")

from examples.insurance.simulate import simulate
from tablecast.compiler.pipeline import compile_pipeline
from tablecast.compiler.proof.prove import prove, pycaret_reference
from tablecast.data.prepared import Prepared
from tablecast.data.sources import prepare
from tablecast.deployment.model_card import card_of
from tablecast.errors import ProofFailed, Remark, TrainingError
from tablecast.features.bounded import Bounded, BoundedVote
from tablecast.schema.schema import Schema
from tablecast.training.cast import cast
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.experiment.weights import takes_weights
from tablecast.training.graph_cost import Cost, joined, measure
from tablecast.training.search import blend_weights, candidates, views
from tablecast.training.search.cross_validation import try_candidate
from tablecast.training.search.forest_size import MOST_TREES, sharing, with_room, with_trees
from tablecast.training.search.step_memory import StepMemory
from tablecast.training.search.trial import of_folds
from tablecast.training.search.tuning import Draws
from tablecast.training.search.views import Recipe, view_of
from tablecast.training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_blend_weighs_what_completes_one_another() -> None:
    """Two noisy answers are blended by their worth, and one that adds nothing is left out."""
    random = np.random.default_rng(1)
    truth = random.normal(size=500)
    members = [truth + random.normal(size=500) * scale for scale in (0.5, 0.5, 5.0)]
    weights = blend_weights.weigh(members, lambda made: float(np.mean((made - truth) ** 2)))
    assert set(weights) == {0, 1}


def test_half_of_the_weights_can_be_shared_evenly() -> None:
    """Those that share have the same on top; all keep half of what they had."""
    made = blend_weights.evened({0: 3, 4: 1}, [0, 2])
    shares = {at: weight / sum(made.values()) for at, weight in made.items()}
    assert shares == {0: 3 / 8 + 1 / 4, 2: 1 / 4, 4: 1 / 8}


def test_a_perfect_member_stays_alone() -> None:
    """Where one is right, nothing is mixed into it."""
    truth = np.arange(50.0)
    weights = blend_weights.weigh(
        [truth + 1, truth], lambda made: float(np.mean((made - truth) ** 2))
    )
    assert set(weights) == {1}


@pytest.mark.parametrize(("rows", "count"), [(100, 4), (14_000, 1)])
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_networks_are_averaged(task: str, rows: int, count: int) -> None:
    """Four that begin with other weights, each on all rows; one at first where there are many."""
    space = candidates.SPACES["mlp"]
    tried = next(one for one in candidates.first(task, rows) if one.model == "mlp")
    assert tried.settings["alpha"] in space["alpha"]
    assert tried.settings["hidden_layer_sizes"] in space["hidden_layer_sizes"]
    made = networks(tried, task)
    assert (made.n_estimators, made.bootstrap, made.random_state) == (count, False, 7)
    assert (made.estimator.solver, made.estimator.max_iter) == ("lbfgs", 200)
    assert not takes_weights(made)
    several = candidates.averaged(tried)
    assert (several is None) == (count == 4)
    assert several is None or networks(several, task).n_estimators == 4
    assert networks(candidates.drawn(several or tried, 3), task).n_estimators == 4


def networks(candidate: candidates.Candidate, task: str) -> Any:
    """The mean of networks that a candidate makes."""
    kind = MLPRegressor if task == "regression" else MLPClassifier
    known = {"mlp": SimpleNamespace(args={"random_state": 7}, class_def=kind)}
    view: Any = SimpleNamespace(task=task, experiment=SimpleNamespace(_all_models=known))
    made = candidates.make(candidate, view, None)
    return made.estimator.regressor[-1] if task == "regression" else made


@pytest.mark.thorough
def test_forests_have_room_in_the_graph() -> None:
    """As many trees as fit by the size of one; thinner trees leave room, few rows for the most."""
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(600, 3)), columns=list("abc"))
    prepared = Prepared(table.assign(y=random.normal(size=600)), "y", "regression", (), ())
    with quiet_and_single():
        view = view_of(prepared, Recipe("plain"), seed=1)
    full, thin = (
        with_room(candidates.Candidate("et", settings), view, 600, 3e6).settings["n_estimators"]
        for settings in ({}, {"min_samples_leaf": 2})
    )
    assert 20 < full < thin < MOST_TREES
    many = with_room(candidates.Candidate("et"), view, 600_000, 3e6).settings
    assert many["min_samples_leaf"] > 100  # so that the fewest trees have room
    assert many["n_estimators"] == 20
    few = with_room(candidates.Candidate("rf"), view, 600, 20e6)
    assert few.settings["n_estimators"] == MOST_TREES
    plain = candidates.Candidate("lightgbm")
    assert with_room(plain, view, 600, 1.0) is plain
    with quiet_and_single():
        fold = view.folds[0]
        fitted = candidates.make(with_trees(few, full), view, fold.y).fit(fold.x, fold.y)
        assert measure(joined(fold.steps, fitted), prepared).bytes < 3e6


def test_forests_of_a_blend_share_the_graph() -> None:
    """Two forests that would fill the graph twice have fewer trees in a blend."""
    forest = candidates.Candidate("et", {"n_estimators": 100})
    rows = SimpleNamespace(X_train=range(70), X_test=range(30))
    view = SimpleNamespace(experiment=rows, folds=[SimpleNamespace(x=range(50))])
    alone: Any = SimpleNamespace(members=((forest, 1),), cost=Cost(1.0, 7_000_000), view=view)
    assert sharing([alone], 20e6) == [forest]
    made = sharing([alone, alone], 20e6)
    assert [one.settings["n_estimators"] for one in made] == [57, 57]


@pytest.mark.parametrize(("task", "line"), [("regression", "br"), ("classification", "lr")])
def test_few_rows_begin_with_what_can_learn_from_them(task: str, line: str) -> None:
    """A line is first where boosted trees cannot split a fold, or columns are more than rows."""
    few, enough = (candidates.first(task, rows) for rows in (20, candidates.SPLIT_FROM))
    assert few[0] == candidates.Candidate(line)
    assert enough[0] == candidates.Candidate("lightgbm")
    assert {one.model for one in few} == {one.model for one in enough}
    assert candidates.first(task, 400, 1_001)[0] == candidates.Candidate(line)
    assert candidates.first(task, 1_500, 501)[0].model == "lightgbm"
    trees = LGBMRegressor(verbose=-1, n_jobs=1)
    for rows in (39, int(0.56 * candidates.SPLIT_FROM)):
        x = np.random.default_rng(1).normal(size=(rows, 1))
        assert (np.ptp(trees.fit(x, x[:, 0]).predict(x)) > 0) == (rows > 39)


def test_plain_features_have_a_blend_before_others_are_prepared() -> None:
    """Of amounts, the plain features have two kinds of trees and a line by then; once each."""
    tried = candidates.first("regression", 141)
    others = [one.features for one in tried].index("searched")
    assert {one.model for one in tried[:others]} == {"lightgbm", "br", "gbr"}
    assert len({repr(one) for one in tried}) == len(tried)


@pytest.mark.parametrize(
    ("task", "features", "before"),
    [("regression", "plain", ["lightgbm", "br"]), ("classification", "scaled", ["lightgbm"])],
)
def test_many_rows_are_tried_with_larger_trees_at_once(
    task: str, features: str, before: list[str]
) -> None:
    """They come right after PyCaret's own, and extra trees next; a blend wants both, of classes
    in the view that has networks. Nothing else is left out."""
    larger = candidates.Candidate("lightgbm", candidates.LARGER_TREES, features)
    many, fewer = (candidates.first(task, rows) for rows in (candidates.MANY_ROWS, 9_000))
    at = many.index(larger)
    assert [one.model for one in many[:at]] == before
    trees = many[at + 1]
    assert (trees.model, trees.settings["max_features"], trees.features) == ("et", 0.5, features)
    others = [one for one in many if one not in (larger, trees)]
    expected = [one for one in fewer if one != trees]
    assert sorted(map(repr, others)) == sorted(map(repr, expected))
    space = candidates.space_of(larger)
    assert space is not None
    assert all(value in space[name] for name, value in larger.settings.items())


def test_a_network_follows_a_smooth_function_of_any_size() -> None:
    """A product of two numbers, in units of a million, which trees only have steps for."""
    features = np.random.default_rng(1).normal(size=(600, 4))
    table = pd.DataFrame(features, columns=list("abcd"))
    table["y"] = 1e6 * features[:, 0] * features[:, 1] + 1e7
    prepared = Prepared(table, "y", "regression", (), ())
    first = candidates.first("regression", 600)
    assert "mlp" not in {one.model for one in candidates.first("regression", 600, candidates.WIDE)}
    with quiet_and_single():
        view = view_of(prepared, Recipe("plain"), seed=1)
        network, trees = (
            try_candidate(next(one for one in first if one.model == model), view, None)
            for model in ("mlp", "lightgbm")
        )
        assert network.loss < 0.2 * trees.loss
        assert network.fitted is not None
        measure(joined(*network.fitted), prepared)  # it has a graph
    assert not takes_weights(network.fitted[1])
    assert takes_weights(Bounded(LinearRegression()))


@pytest.mark.thorough
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_wide_table_begins_with_what_is_quick(task: str) -> None:
    """Boosted trees of few leaves and bins come first; no other table has them."""
    usual, wide = (candidates.first(task, 900, columns) for columns in (20, candidates.WIDE))
    usual = [one for one in usual if (task, one.model) not in candidates.SLOW_WHERE_WIDE]
    assert wide == [candidates.Candidate("lightgbm", candidates.FIRST_WHERE_WIDE), *usual]
    random = np.random.default_rng(1)
    for columns in (3, candidates.WIDE):
        table = pd.DataFrame(random.normal(size=(60, columns))).rename(columns="x{}".format)
        with quiet_and_single():
            view = view_of(
                Prepared(table.assign(y=table["x0"]), "y", "regression", (), ()),
                Recipe("plain"), seed=1,
            )
        made = candidates.make(wide[0], view, view.target)
        bins = candidates.BINS_WHERE_WIDE if columns >= candidates.WIDE else None
        assert made.get_params().get("max_bin") == bins
        assert made.num_leaves == 8


@pytest.mark.thorough
def test_views_share_the_steps_that_they_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imputers and encoders are fitted once in each fold, and the features are the same."""
    monkeypatch.setattr(views, "REPEATS", 1)
    prepared = prepare(simulate(120, seed=6), "charges")
    recipes = (Recipe("plain"), Recipe("searched"))
    with quiet_and_single():
        alone = [view_of(prepared, recipe, seed=1) for recipe in recipes]
        memory = StepMemory()
        shared = [view_of(prepared, recipe, seed=1, memory=memory) for recipe in recipes]
    for one, other in zip(alone, shared, strict=True):
        for fold, same in zip(one.folds, other.folds, strict=True):
            pd.testing.assert_frame_equal(fold.x, same.x)
            pd.testing.assert_frame_equal(fold.unseen_x, same.unseen_x)
            pd.testing.assert_series_equal(fold.y, same.y)
    encoders = [[view.folds[2].steps["onehot_encoding"] for view in two] for two in (alone, shared)]
    assert [one is other for one, other in encoders] == [False, True]
    terms = [view.folds[2].steps.steps[-1] for view in shared]
    assert terms[0] is not terms[1]


def test_one_strange_fold_does_not_choose_alone() -> None:
    """Of two candidates the one that is better on four folds wins, however bad the fifth is."""
    view: Any = SimpleNamespace(task="regression", target=np.array([0.0, 10.0]))
    assert of_folds(view, [1, 1, 1, 1, 30]) < of_folds(view, [2, 2, 2, 2, 20])
    assert of_folds(view, [0.0, 1.0]) > 0  # a fold without error counts, but not for everything
    view = SimpleNamespace(task="classification")
    assert of_folds(view, [1.0, 3.0]) == 2.0


def test_a_line_stays_near_what_it_was_taught() -> None:
    """A strange feature counts as the nearest that was seen, and answers go little further."""
    x = np.column_stack([np.linspace(0, 1, 50), np.tile([0.0, 1.0], 25)])
    y = 100 * x[:, 0] - 10 * x[:, 1]
    fitted = Bounded(LinearRegression(), widened=0.01).fit(x, y)
    strange = [[0.5, 0], [1e6, 1], [-1e6, 1e6], [1, -1e6]]
    beyond = 0.01 * (y.max() - y.min())
    assert fitted.predict(strange) == pytest.approx([50, 90, y.min() - beyond, y.max() + beyond])
    assert fitted.coef_ == pytest.approx([100, -10])  # it is still linear to those who ask


def test_a_line_in_a_blend_stays_as_near_to_the_trees_as_it_was() -> None:
    """Rows like those learnt from are answered by the weighted mean; others go no further."""
    x = np.linspace(0, 10, 200)[:, None]
    y = 3 * x[:, 0] + np.sin(5 * x[:, 0])
    line, tree = LinearRegression().fit(x, y), DecisionTreeRegressor(max_depth=5).fit(x, y)
    given = [line.predict(x), tree.predict(x)]
    (bounds, free) = blend_weights.apart(given, [3, 1], [True, False])
    vote = BoundedVote([("line", line), ("tree", tree)], weights=[3, 1], apart=[bounds, free])
    vote.fit(x, y)
    assert vote.predict(x) == pytest.approx(0.75 * given[0] + 0.25 * given[1])
    assert free is None
    assert bounds is not None
    assert vote.predict([[100.0]]) == pytest.approx(given[1][-1] + 0.75 * bounds[1])
    assert vote.predict([[-100.0]]) == pytest.approx(given[1][0] + 0.75 * bounds[0])


def test_only_lines_beside_something_else_are_held() -> None:
    """A blend of lines alone, or without any, is a plain weighted mean."""
    answers = [np.array([1.0, 2.0]), np.array([1.5, 2.5]), np.array([0.0, 4.0])]
    assert blend_weights.apart(answers, [1, 1, 1], [True, True, True]) == ()
    assert blend_weights.apart(answers, [1, 1, 1], [False, False, False]) == ()
    # The others' mean is 0.375 and 3.625.
    assert blend_weights.apart(answers, [1, 1, 3], [True, False, False]) == (
        (-1.625, 0.625), None, None,
    )


def test_each_draw_takes_plain_numbers_of_the_space_and_none_comes_twice() -> None:
    """All of a space are drawn once, in an order that only the seed decides."""
    lasso = candidates.Candidate("lasso")
    runs = []
    for _ in range(2):
        draws = Draws(seed=3)
        made = [draws.next(lasso, "plain") for _ in range(10)]
        runs.append([one.settings["alpha"] for one in made if one])
    assert runs[0] == runs[1]
    assert sorted(runs[0]) == list(candidates.SPACES["lasso"]["alpha"])
    assert {type(alpha) for alpha in runs[0]} == {float}


def test_forests_of_classes_may_split_by_log_loss() -> None:
    """Both criteria are drawn for classes; a forest of amounts keeps its own."""
    for task, wanted in [
        ("classification", set(candidates.CRITERIA)), ("regression", {None}),
    ]:
        begun = next(one for one in candidates.first(task, 200) if one.model == "et")
        draws = Draws(seed=0)
        found = [draws.next(begun, "plain") for _ in range(20)]
        assert {one.settings.get("criterion") for one in found if one} == wanted


@pytest.mark.slow
def test_auto_finds_what_a_plain_linear_model_misses() -> None:
    """Within its budget it beats the plain table's linear model, and says how it chose."""
    lines: list[str] = []
    prepared = prepare(simulate(400, seed=2), "charges")
    trained = train(prepared, budget=40, progress=lines.append)
    chosen = trained.leaderboard[0]
    assert chosen["why"] == Remark("chosen")
    assert chosen["microseconds"] < 1_000
    assert any("best so far" in line for line in lines)
    assert any("played no part in the choice" in str(note) for note in trained.notes)
    assert trained.metrics["holdout"]["R2"] > 0.8


def random_target(kind: str) -> Prepared:
    random = np.random.default_rng(5)
    table = pd.DataFrame(random.normal(size=(200, 3)), columns=list("abc"))
    table["goal"] = random.normal(size=200) if kind == "amount" else random.choice(["x", "y"], 200)
    task: Any = "regression" if kind == "amount" else "classification"
    return Prepared(table, "goal", task, (), ())


@pytest.mark.slow
@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("kind", ["amount", "class"])
def test_a_random_target_is_no_success(kind: str) -> None:
    """Where nothing can be learnt, the terminal and the card say so instead of boasting."""
    lines: list[str] = []
    trained = train(random_target(kind), progress=lines.append)
    for said in (trained.notes, lines):
        assert any(str(note).startswith("No pattern was found") for note in said)


@pytest.mark.slow
@pytest.mark.usefixtures("short_search")
def test_nothing_slower_than_asked_is_chosen() -> None:
    """A limit that no graph keeps is said, with what the first one takes."""
    prepared = prepare(simulate(100, seed=3), "charges")
    with pytest.raises(TrainingError, match=r"a row takes [\d,]+ µs in the graph; the limit is"):
        train(prepared, max_latency=0.01, progress=lambda _: None)


def test_a_class_with_too_few_rows_for_folds_is_named() -> None:
    """What no view can be divided into is said in its own words, and what to do with it."""
    prepared = prepare(simulate(60, seed=3).assign(goal=["rare", "rare", *"ab" * 29]), "goal")
    named = r"^In the target 'goal' the class 'rare' has 2 rows.*\w\.$"
    with pytest.raises(TrainingError, match=named):
        train(prepared, progress=lambda _: None)


@pytest.mark.thorough
def test_neighbours_at_one_distance_are_not_proven() -> None:
    """Where all distances are alike, scikit-learn's own order decides, which the graph has not."""
    random = np.random.default_rng(1)
    table = pd.DataFrame({name: random.choice(list("pqrs"), 60) for name in "abc"})
    prepared = prepare(table.assign(goal=random.choice(["x", "y"], 60)), "goal")
    with quiet_and_single():
        fold = view_of(prepared, Recipe("plain"), seed=1).folds[0]
        fields = Schema.from_table(prepared.table, "goal", prepared.task).fields
        pipeline = joined(fold.steps, KNeighborsClassifier(5).fit(fold.x, fold.y))
        graph = compile_pipeline(pipeline, fields, prepared.task).SerializeToString()
        reference = pycaret_reference(pipeline, prepared.task)
        with pytest.raises(ProofFailed, match=r"equally near\. Train another model"):
            prove(graph, reference, prepared.table, prepared.task, fields)


@pytest.mark.slow
@pytest.mark.usefixtures("short_search")
def test_what_is_found_is_cast(tmp_path: Any) -> None:
    """The chosen pipeline is saved, compiled and proven, with its intervals and leaderboard."""
    simulate(150, seed=4).to_csv(tmp_path / "table.csv", index=False)
    cast(tmp_path / "table.csv", "charges", name="found", out=tmp_path)
    from tablecast.deployment.opening import load

    found = load(tmp_path / "found", "onnx")
    assert found.predictor.interval is not None
    assert card_of(found)["leaderboard"][0]["why"] == "chosen"
    assert found.description["proof"]["label_mismatches"] == 0
