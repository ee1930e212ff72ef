"""The card's figures of quality: of the folds, of the test rows, and of all unseen rows."""

from __future__ import annotations

import pytest

from tablecast.web.card.quality import Strip, measure, metrics_of, overall_of
from tablecast.web.card.sections import _tiles
from tests.stand_ins import insurance_schema, iris_schema

FOLDS = {"mean": 2952.71, "std": 201.53, "folds": [2700.0, 3200.0, 2958.13]}


def test_a_figure_has_its_folds_and_its_test_rows() -> None:
    """With two digits of what it scatters by, since more say nothing; places are in per cent."""
    (metric,) = metrics_of({"cross_validation": {"MAE": FOLDS}, "holdout": {"MAE": 3199.5}})
    assert (metric.mean, metric.spread, metric.range, metric.holdout) == (
        "2,950", "± 200", "2,700 to 3,200", "3,200",
    )  # fmt: skip
    assert metric.strip is not None
    assert metric.strip.holdout == pytest.approx(99.9)
    assert metric.strip.mean == pytest.approx(100 * (2952.71 - 2700) / 500, abs=1e-6)
    assert metric.strip.dots == pytest.approx((0, 100, 51.626))


def test_a_small_spread_has_more_decimals() -> None:
    """An R2 of .861 ± .012."""
    (metric,) = metrics_of({"cross_validation": {"R2": {"mean": 0.8613, "std": 0.0123}}})
    assert (metric.mean, metric.spread) == ("0.861", "± 0.012")
    assert (metric.range, metric.holdout) == ("", "")
    assert metric.strip is None


def test_a_figure_of_test_rows_alone_has_no_folds() -> None:
    """Nor has one of a single fold a strip."""
    (metric,) = metrics_of({"holdout": {"MAE": 3199.5}})
    assert (metric.mean, metric.spread, metric.strip, metric.holdout) == ("", "", None, "3,199.5")
    (single,) = metrics_of({"cross_validation": {"MAE": {"mean": 5.0, "folds": [5.0]}}})
    assert (single.mean, single.range, single.strip) == ("5", "5 to 5", None)
    folds = {"mean": 4.0, "folds": [3.0, 5.0]}
    (without,) = metrics_of({"cross_validation": {"MAE": folds}})
    assert without.strip == Strip((0.0, 100.0), 50.0, None)


def test_usual_figures_come_first() -> None:
    """One that nobody knows is called as it is; what is no figure is left out."""
    crossed = {"odd": {"mean": 1.0}, "R2": {"mean": 0.5}, "note": "none", "MAE": {"mean": 2.0}}
    names = [metric.name for metric in metrics_of({"cross_validation": crossed})]
    assert len(names) == 3
    assert names[-1] == "odd"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""), ("fast", "fast"), (True, "yes"), (False, "no"), (1234567, "1,234,567"),
        (999.95, "1000"), (999.94, "999.9"), (1000.04, "1,000.0"), (-1234.56, "−1,234.6"),
        (0.00012345, "0.0001234"), ({"mean": 0.5}, "0.5"),
        ({"mean": 0.5, "std": 0.25}, "0.5, ± 0.25 between folds"),
    ],
)  # fmt: skip
def test_a_figure_has_the_digits_that_people_compare(value: object, words: str) -> None:
    """Four, and from a thousand on one decimal."""
    assert measure(value) == words


def test_amounts_and_fractions_of_all_rows_are_worded_apart() -> None:
    """Amounts have the target's unit and one size, fractions are per cent."""
    figures = {"MAE": 2952.7, "RMSE": 4810.25, "R2": 0.8613, "median_absolute_error": 1204.6}
    worded = list(overall_of({"figures": figures}, insurance_schema()).values())
    assert sorted(worded) == ["$1,205", "$2,953", "$4,810", "0.8613"]
    classes = overall_of({"figures": {"accuracy": 0.9567, "log_loss": 0.12345}}, iris_schema())
    assert sorted(classes.values()) == ["0.1235", "95.7%"]
    assert overall_of({}, iris_schema()) == {}


def test_the_first_figures_are_of_test_rows_where_there_are_some() -> None:
    """Else of the folds; at most four, with how often ranges held and how many rows there were."""
    card = {
        "metrics": {
            "cross_validation": {"MAE": FOLDS, "R2": {"mean": 0.5}}, "holdout": {"R2": 0.86},
        },
        "interval": {"level": 0.9, "coverage": 0.9125}, "rows": 1338,
    }
    assert _tiles(card, insurance_schema()) == [
        ("0.86", "R²", "on test rows"), ("$2,953", "MAE", "cross-validated"),
        ("91.2%", "Coverage", "of 90% ranges"), ("1,338", "training rows, 6 fields", ""),
    ]  # fmt: skip
    bare = {"metrics": {"holdout": {"Accuracy": 0.9567}}, "interval": None, "rows": 0}
    assert _tiles(bare, iris_schema()) == [("95.7%", "Accuracy", "on test rows")]
    crossed = {"Accuracy": {"mean": 0.9}, "AUC": {"mean": 0.98765}, "LogLoss": {"mean": 0.2}}
    many = bare | {"metrics": {"cross_validation": crossed}, "rows": 150,
                   "interval": card["interval"]}
    assert [figure for figure, _, _ in _tiles(many, iris_schema())] == [
        "90.0%", "0.9877", "0.2", "91.2%",
    ]  # fmt: skip
