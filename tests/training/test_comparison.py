"""Pipelines compared on the same folds: their figures, the choice, and what is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info

pytest.importorskip("pycaret", reason="what is compared are PyCaret's pipelines")

from examples.insurance.simulate import simulate
from tablecast import publish
from tablecast.data.sources import prepare
from tablecast.deployment.model_card import card_of
from tablecast.deployment.opening import load
from tablecast.errors import TrainingError
from tablecast.training.comparison.compare import Comparison, compare
from tablecast.training.comparison.measured import Measured
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.experiment.trained import Trained
from tablecast.training.train import train

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

QUIET: dict[str, Any] = {
    "html": False, "verbose": False, "system_log": False, "n_jobs": 1, "memory": False,
}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return simulate(150, seed=11)


@pytest.fixture(scope="module")
def experiment(table: pd.DataFrame) -> Any:
    from pycaret.regression import RegressionExperiment

    with quiet_and_single():
        return RegressionExperiment().setup(table, target="charges", session_id=123, **QUIET)


@pytest.fixture(scope="module")
def trained(table: pd.DataFrame) -> Trained:
    return train(prepare(table, "charges"), model="knn", progress=lambda _: None)


@pytest.fixture(scope="module")
def scores(experiment: Any) -> tuple[Any, pd.DataFrame]:
    """PyCaret's linear regression on the plain table, and its own figures of the folds."""
    with quiet_and_single():
        made = experiment.create_model("lr", round=8, verbose=False)
        figures = experiment.pull()
        return experiment.finalize_model(made), figures


@pytest.fixture(scope="module")
def comparison(experiment: Any, scores: Any, trained: Trained) -> Comparison:
    return compare(experiment, {"plain": scores[0], "made": trained})


def test_the_figures_are_pycarets(comparison: Comparison, scores: Any) -> None:
    """A pipeline that PyCaret cross-validated gets the same figures, fold by fold."""
    mine = comparison.measured["plain"].folds
    theirs = scores[1].drop(index=["Mean", "Std"])
    for metric in ("R2", "MAE", "RMSE"):
        np.testing.assert_allclose(mine[metric], theirs[metric].astype(float), rtol=1e-4)
    table = comparison.table
    assert table.loc["plain", "R2"] == pytest.approx(scores[1].loc["Mean", "R2"], rel=1e-4)
    assert table.loc["plain", "R2 ±"] == pytest.approx(scores[1].loc["Std", "R2"], rel=1e-4)


def test_every_row_is_answered_once_unseen(comparison: Comparison, experiment: Any) -> None:
    """Each pipeline answers the training part's rows by folds, and then the holdout's."""
    for one in comparison.measured.values():
        held = one.answers["held_out"]
        assert sorted(one.answers.index[~held]) == sorted(experiment.train.index)
        assert list(one.answers.index[held]) == list(experiment.test.index)
        assert one.answers["predicted"].notna().all()


def test_a_trained_pipeline_keeps_its_figures(comparison: Comparison, trained: Trained) -> None:
    """What training measured on its own folds and holdout, the comparison finds again."""
    one = comparison.measured["made"]
    assert one.holdout["R2"] == pytest.approx(trained.metrics["holdout"]["R2"], abs=1e-3)
    folds = trained.metrics["cross_validation"]["R2"]["folds"]
    np.testing.assert_allclose(one.folds["R2"], folds, atol=1e-5)
    assert one.features == tuple(trained.feature_names)
    assert comparison.table.loc["made", "µs per row"] > 0


def stand_in(figures: list[float]) -> Measured:
    """A pipeline of which nothing but its folds' R2 is known."""
    folds = pd.DataFrame({"R2": figures})
    return Measured("pipeline", "lr", "Linear", ("x",), folds, {"R2": 0.5}, folds, 1.0, 9.0, None)


def compared(gain: float) -> Comparison:
    """Two pipelines, the second better by so many of its standard errors."""
    simple = np.array([0.70, 0.80, 0.75, 0.85])
    error = simple.std(ddof=1) / 2
    better = simple + gain * error
    return Comparison(
        "regression", {"simple": stand_in(list(simple)), "searched": stand_in(list(better))}
    )


@pytest.mark.parametrize(
    ("gain", "chosen", "said"),
    [
        (1.01, "searched", "is more than one standard error"),
        (0.99, "simple", "is at most one standard error"),
        (-2.0, "simple", "is at most one standard error"),
    ],
)
def test_the_simpler_one_unless_clearly_worse(gain: float, chosen: str, said: str) -> None:
    """One standard error of the folds decides; within it, or below, the simpler one is shipped."""
    choice = compared(gain).choose(simpler="simple", other="searched")
    assert choice.name == chosen
    assert str(choice.why).startswith(f"{chosen} was chosen")
    assert said in str(choice.why)
    assert choice.card["leaderboard"][0]["why"] == choice.why
    behind = str(choice.card["leaderboard"][1]["why"])
    assert behind.endswith(("above simple", "below simple", "below searched"))


def test_a_difference_is_of_the_same_folds(comparison: Comparison) -> None:
    """Its error is that of the folds' differences, not of either's figures."""
    apart = comparison.folds["made"] - comparison.folds["plain"]
    found = comparison.difference("made", "plain").loc["R2"]
    assert found["difference"] == pytest.approx(apart.mean())
    assert found["standard error"] == pytest.approx(apart.std(ddof=1) / 10**0.5)
    assert found["folds above"] == f"{(apart > 0).sum()} of 10"


def test_the_choice_is_published(
    comparison: Comparison, experiment: Any, table: pd.DataFrame, tmp_path: Path
) -> None:
    """The card has the chosen pipeline's figures, all of the leaderboard, and the reason."""
    choice = comparison.choose("plain", "made")
    base = str(tmp_path / "chosen")
    experiment.save_model(choice.pipeline, base, verbose=False)
    threads: list[int] = []
    publish(
        f"{base}.pkl", experiment.load_model(base, verbose=False), table, "charges",
        held_out=45, agreement=0.0, seed=1,
        progress=lambda _: threads.extend(one["num_threads"] for one in threadpool_info()),
        **choice.card,
    )
    assert set(threads) == {1}  # small matrices: a second thread would only wait
    card = card_of(load(base, "onnx"))
    assert str(choice.why) in card["notes"]
    assert card["notes"][0].startswith("Task: regression")
    assert {one["name"].partition(":")[0] for one in card["leaderboard"]} == {"plain", "made"}
    r2 = card["metrics"]["cross_validation"]["R2"]
    assert r2["folds"] == comparison.folds[choice.name].tolist()
    assert card["held_out"] == 45


def test_another_tables_pipeline_is_refused(scores: Any) -> None:
    """The column that is missing is named, with what to do."""
    from pycaret.regression import RegressionExperiment

    with quiet_and_single():
        other = RegressionExperiment().setup(
            simulate(60, seed=1).drop(columns="smoker"), target="charges", session_id=1, **QUIET
        )
    with pytest.raises(TrainingError, match="reads the column 'smoker', which the experiment's"):
        compare(other, {"plain": scores[0]})


@pytest.mark.parametrize(("what", "axes"), [("residuals", 2), ("answers", 2), ("folds", 1)])
def test_the_pictures_show_each_pipeline(comparison: Comparison, what: Any, axes: int) -> None:
    """Side by side on one scale, with every pipeline's name."""
    figure = comparison.plot(what)
    assert len(figure.axes) == axes
    shown = [axis.get_title() for axis in figure.axes]
    shown += [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert {"plain", "made"} <= set(shown)
    assert len(comparison.plot("residuals", "plain").axes) == 1
