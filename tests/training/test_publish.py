"""Whatever was finished with PyCaret publishes: asked for its task, columns, kinds and target."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tablecast import load, predict_model, publish
from tablecast.deployment.model_card import card_of
from tablecast.errors import ArtifactError, ProofFailed, TablecastError, TableError, UnsupportedStep
from tablecast.features import PossibleTarget
from tablecast.inference.pycaret_api import import_pycaret
from tablecast.training.cast import compile_deployment, training_rows

QUIET = {"session_id": 1, "verbose": False, "html": False, "system_log": False, "n_jobs": 1,
         "memory": False}
FEATURES = ["age", "bmi", "grade", "region"]
SHOWN = 30


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Any:
    """PyCaret, pandas and scikit-learn warn of one another."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def rows() -> pd.DataFrame:
    """90 simulated rows with a column of every kind that setup() is given."""
    random = np.random.default_rng(4)
    size = 90
    table = pd.DataFrame({
        "id": np.arange(1, size + 1),
        "ticket": [f"K{place:04d}" for place in range(size)],
        "age": random.integers(18, 80, size),
        "bmi": random.normal(30, 5, size).round(2),
        "grade": random.integers(1, 5, size),
        "dose": random.choice([0.1, 0.2, 0.3], size),
        "rooms": random.integers(1, 6, size).astype(str),
        "region": random.choice(list("abcd"), size),
        "flag": random.random(size) < 0.4,
        "seven": 7,
        "same": "x",
        "when": pd.Timestamp("2021-01-01") + pd.to_timedelta(random.integers(0, 900, size), "D"),
    })
    table["cost"] = (3.0 * table.age + 2 * table.bmi + 20 * table.flag + 4 * table.grade
                     + random.normal(0, 5, size))
    table["count"] = random.integers(0, 4, size)
    table["class"] = np.where(table.cost > table.cost.median(), "high", "low")
    table.loc[::11, "bmi"] = np.nan
    table.loc[::13, "region"] = None
    return table


def set_up(task: str, table: pd.DataFrame, target: str, **options: Any) -> Any:
    """An experiment of PyCaret's after setup()."""
    module = import_pycaret(f"pycaret.{task}")
    kind = getattr(module, f"{task.capitalize()}Experiment")

    class Quick(kind):  # type: ignore[misc, valid-type]
        """Listing the models is four fifths of setup's time."""

        def _get_models(self, raise_errors: bool = True) -> Any:
            return {}, {}

    return Quick().setup(table, target=target, **QUIET, **options)


def fitted(experiment: Any, estimator: Any) -> Any:
    """The estimator as create_model fits it."""
    return estimator.fit(experiment.X_train_transformed, experiment.y_train_transformed)


def answers_alike(base: Path, table: pd.DataFrame, expected: pd.DataFrame) -> Any:
    """Both engines answer what PyCaret's own predict_model does; gives the deployment."""
    wanted = expected["prediction_label"].tolist()
    graph, slow = load(base, "onnx"), load(base, "pycaret")
    by_graph, by_pycaret = (
        predict_model(one, table)["prediction_label"].tolist() for one in (graph, slow)
    )
    assert by_pycaret == wanted
    if graph.schema.task == "regression":
        assert by_graph == pytest.approx(wanted, rel=graph.description["proof"]["tolerance"])
    else:
        assert by_graph == wanted
    return graph


def kinds(deployment: Any) -> dict[str, str]:
    return {field.name: field.kind for field in deployment.schema.fields}


def first_is_quick(cases: Mapping[str, Any]) -> list[Any]:
    """Each takes more than a second, and all go one way: the quick tests have the first."""
    first, *rest = cases
    return [first, *(pytest.param(case, marks=pytest.mark.slow) for case in rest)]


OPTIONS: Mapping[str, tuple[list[str], dict[str, Any], dict[str, str]]] = {
    "ignored, id, constants, a boolean": (
        ["id", "ticket", "seven", "same", "flag", "age"],
        {"ignore_features": ["ticket"]},
        {"id": "integer", "seven": "integer", "same": "category", "flag": "boolean",
         "age": "integer"},
    ),
    "numbers as categories": (
        [*FEATURES, "dose"],
        {"categorical_features": ["grade", "dose", "region"]},
        {"age": "integer", "bmi": "number", "grade": "category", "region": "category",
         "dose": "category"},
    ),
    "the order of numbers": (
        [*FEATURES, "rooms"], {"ordinal_features": {"grade": [4, 3, 2, 1]}},
        {"age": "integer", "bmi": "number", "grade": "category", "region": "category",
         "rooms": "category"},
    ),
    "texts as numbers": (
        ["age", "rooms"], {"numeric_features": ["age", "rooms"]},
        {"age": "integer", "rooms": "category"},
    ),
    "texts of digits": (["age", "rooms"], {}, {"age": "integer", "rooms": "category"}),
    "texts of digits that no option names": (
        ["age", "grade", "rooms"], {"categorical_features": ["grade"]},
        {"age": "integer", "grade": "category", "rooms": "category"},
    ),
    "a text with as many levels as rows": (
        ["age", "ticket"], {}, {"age": "integer", "ticket": "category"}
    ),
    "dates": (
        ["age", "when"], {"date_features": ["when"], "create_date_columns": ["year", "weekday"]},
        {"age": "integer", "when": "date"},
    ),
    "no preprocessing": (["age", "grade"], {"preprocess": False},
                         {"age": "integer", "grade": "integer"}),
    "an index": (["id", "age"], {"index": "id"}, {"age": "integer"}),
}


@pytest.mark.thorough
@pytest.mark.parametrize("case", first_is_quick(OPTIONS))
def test_setup_is_asked_and_not_the_table(rows: pd.DataFrame, case: str, tmp_path: Path) -> None:
    """Ignored columns, ids, constants, booleans, and kinds that setup() was told, all publish."""
    columns, options, expected = OPTIONS[case]
    experiment = set_up("regression", rows[[*columns, "cost"]], "cost", **options)
    model = fitted(experiment, DecisionTreeRegressor(max_depth=4, random_state=0))
    publish(experiment, model, name="any", out=tmp_path)
    shown = rows[columns].head(SHOWN)
    made = experiment.predict_model(model, data=shown, verbose=False)
    deployment = answers_alike(tmp_path / "any", shown, made)
    assert kinds(deployment) == expected


TARGETS: Mapping[str, tuple[str, str, Callable[[pd.DataFrame], Any], list[Any]]] = {
    "a count as an amount": ("regression", "count", lambda t: t["count"], []),
    "a count as classes": ("classification", "count", lambda t: t["count"], [0, 1, 2, 3]),
    "counts from one": ("classification", "count", lambda t: t["count"] + 1, [1, 2, 3, 4]),
    "texts": ("classification", "class", lambda t: t["class"], ["high", "low"]),
    "booleans": ("classification", "class", lambda t: t["class"] == "low", [0, 1]),
    "whole fractions": (
        "classification", "class", lambda t: np.where(t["class"] == "low", 2.0, 1.0), [1, 2]
    ),
    "fractions": (
        "classification", "class", lambda t: np.where(t["class"] == "low", 10.5, 2.5),
        ["2.5", "10.5"],
    ),
    "codes": (
        "classification", "class", lambda t: np.where(t["class"] == "low", "02", "10"),
        ["02", "10"],
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize("case", first_is_quick(TARGETS))
def test_the_answers_are_the_pipelines_own(rows: pd.DataFrame, case: str, tmp_path: Path) -> None:
    """Amount or class is the pipeline's to say; no class is cut to a number, 02 stays 02."""
    task, target, column, classes = TARGETS[case]
    table = rows[[*FEATURES, target]].assign(**{target: column(rows)})
    experiment = set_up(task, table, target)
    tree = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
    model = fitted(experiment, tree(max_depth=4, random_state=0))
    publish(experiment, model, name="any", out=tmp_path)
    shown = table.head(SHOWN)
    made = experiment.predict_model(
        model, data=shown[FEATURES], verbose=False,
        **({"raw_score": True} if classes else {}),
    )
    by_number = {int(float(name)): name for name in classes if case in ("fractions", "codes")}
    label = made["prediction_label"].map(lambda one: by_number.get(one, one))
    deployment = answers_alike(
        tmp_path / "any", shown[FEATURES], made.assign(prediction_label=label)
    )
    assert (deployment.schema.task, list(deployment.schema.classes)) == (task, classes)
    if classes:
        scores = predict_model(load(tmp_path / "any", "pycaret"), shown)["prediction_score"]
        wanted = made.filter(like="prediction_score_").max(axis=1)
        assert scores.tolist() == pytest.approx(wanted.tolist(), abs=1e-4)  # PyCaret rounds


def test_classes_that_pycaret_cannot_tell_apart_are_refused(
    rows: pd.DataFrame, tmp_path: Path
) -> None:
    """predict_model answers 0 for 0.2 and for 0.7; the message says so, and nothing is written."""
    table = rows[["age", "grade"]].assign(y=np.where(rows["class"] == "low", 0.2, 0.7))
    experiment = set_up("classification", table, "y")
    model = fitted(experiment, DecisionTreeClassifier(max_depth=2))
    with pytest.raises(UnsupportedStep, match=r"answers 0 for both of the classes 0\.2 and 0\.7"):
        publish(experiment, model, name="any", out=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_float32_is_proven_to_float32s_digits(tmp_path: Path) -> None:
    """All numbers are float32 to PyCaret: the proof's tolerance is float32's, and says so."""
    iris = load_iris(as_frame=True)
    table = iris.data.assign(species=iris.target_names[iris.target])
    experiment = set_up("classification", table, "species")
    members = [LogisticRegression(max_iter=1000), GaussianNB(), LinearDiscriminantAnalysis()]
    blend = VotingClassifier([(type(one).__name__, one) for one in members], voting="soft")
    said: list[str] = []
    proof = publish(experiment, fitted(experiment, blend), name="single", out=tmp_path,
                    progress=said.append)
    assert proof.precision == "float32"
    assert 1e-9 < proof.worst_probability <= proof.tolerance == 1e-5
    assert "float32" in said[-1]
    kept = load(tmp_path / "single", "onnx").description["proof"]
    assert (kept["precision"], kept["tolerance"]) == ("float32", 1e-5)
    tree = fitted(experiment, DecisionTreeClassifier(max_depth=3))
    exact = publish(experiment, tree, name="double", out=tmp_path)
    assert (exact.precision, exact.tolerance) == ("float64", 1e-9)


class Moody(LinearRegression):  # type: ignore[misc]
    """Answers a row in a batch otherwise than alone, as rounding makes a singular model do."""

    def predict(self, X: Any) -> Any:
        return super().predict(X) * (1.001 if len(X) > 1 else 1.0)


@pytest.mark.thorough
def test_a_pipeline_that_contradicts_itself_is_told_so(rows: pd.DataFrame, tmp_path: Path) -> None:
    """The message has the cause and a mend, and not only that the proof failed."""
    experiment = set_up("regression", rows[["age", "grade", "cost"]], "cost")
    with pytest.raises(ProofFailed, match=r"depend on the batch.* Moody, is at fault.*FullRank"):
        publish(experiment, fitted(experiment, Moody()), name="any", out=tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("held", [False, True])
def test_a_pipeline_that_answers_below_zero_is_told_so(tmp_path: Path, held: bool) -> None:
    """Once in the terminal and on the card, and its answers stay; held by the step, they are not.

    The step goes into the pipeline that setup() made, as the notebook does it.
    """
    x = np.linspace(0, 10, 90)
    table = pd.DataFrame({"x": x, "cost": np.maximum(0.0, x**2 - 20)})
    experiment = set_up("regression", table, "cost")
    if held:
        step = PossibleTarget().fit(experiment.y_train)
        experiment.pipeline.steps.insert(0, ("possible_answers", step))
    said: list[str] = []
    publish(experiment, fitted(experiment, LinearRegression()), name="any", out=tmp_path,
            progress=said.append)
    deployment = load(tmp_path / "any", "onnx")
    notes = [*card_of(deployment)["notes"], *said]
    told = [note for note in notes if "cost is never below zero" in note]
    assert len(told) == (0 if held else 2)
    assert all("PossibleTarget prevents that" in note for note in told)
    least = min(predict_model(deployment, table)["prediction_label"])
    assert (least < 0) is not held
    assert (deployment.description["proof"]["least"] < 0) is not held


@pytest.fixture(scope="module")
def functional() -> tuple[Any, pd.DataFrame, Any]:
    """PyCaret's functional module after setup() and create_model(), as tutorials have it."""
    from pycaret import regression

    random = np.random.default_rng(1)
    table = pd.DataFrame({"size m2": random.integers(30, 200, 80),
                          "kind": random.choice(["house", "flat"], 80)})
    table["price"] = table["size m2"] * 1000.0 + random.normal(0, 9000, 80)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        regression.setup(table, target="price", fold=3, **QUIET)
        best = regression.compare_models(include=["dt", "ridge"], verbose=False)
    return regression, table, best


@pytest.mark.slow
def test_what_a_notebook_has_at_hand_publishes(
    functional: tuple[Any, pd.DataFrame, Any], tmp_path: Path
) -> None:
    """The module, a model that it made, a finalized pipeline: rows and target are known."""
    module, table, best = functional
    final = module.finalize_model(best)
    shown = table.drop(columns="price").head(SHOWN)
    for name, what, expected in (
        ("module", module, final), ("experiment", module.get_current_experiment(), final),
        ("model", best, best), ("final", final, final),
    ):
        publish(what, name=name, out=tmp_path)
        made = module.predict_model(expected, data=shown, verbose=False)
        answers_alike(tmp_path / name, shown, made)
    notes = card_of(load(tmp_path / "model", "onnx"))["notes"]
    assert any("trained on 56 of 80 rows" in note for note in notes)
    notes = card_of(load(tmp_path / "module", "onnx"))["notes"]
    assert any("experiment's best model" in note for note in notes)


@pytest.mark.slow
def test_what_save_model_wrote_publishes(
    functional: tuple[Any, pd.DataFrame, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its path, with or without ending, with a DataFrame, a file, or the session's own rows;
    its bytes stay as they are."""
    module, table, best = functional
    monkeypatch.chdir(tmp_path)
    module.save_model(module.finalize_model(best), "model", verbose=False)
    saved = Path("model.pkl").read_bytes()
    table.to_csv("prices.csv", index=False)
    shown = table.drop(columns="price").head(SHOWN)
    made = module.predict_model(module.load_model("model", verbose=False), shown, verbose=False)
    for given in ({}, {"table": table}, {"table": "prices.csv"}):
        publish("model", **given)  # the same file again is the same deployment
        answers_alike(Path("model"), shown, made)
    publish("model.pkl", module.load_model("model", verbose=False), table, "price")
    publish("model.pkl", table, name="another")
    answers_alike(Path("another"), shown, made)
    assert Path("model.pkl").read_bytes() == saved == Path("another.pkl").read_bytes()


@pytest.mark.slow
def test_another_deployment_is_never_replaced_unasked(
    functional: tuple[Any, pd.DataFrame, Any], tmp_path: Path
) -> None:
    """Another pipeline of the same name needs force; a name comes from the table or the target."""
    module, table, best = functional
    final = module.finalize_model(best)
    publish(final, out=tmp_path)
    first = (tmp_path / "price.onnx").read_bytes()
    with pytest.raises(ArtifactError, match=r"already has a price\.onnx.*force"):
        publish(final, out=tmp_path)
    assert (tmp_path / "price.onnx").read_bytes() == first
    publish(final, out=tmp_path, force=True)
    table.to_csv(tmp_path / "Flats & houses.csv", index=False)
    publish(final, tmp_path / "Flats & houses.csv", out=tmp_path)
    assert (tmp_path / "Flats_houses.onnx").is_file()


@pytest.fixture
def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Complete rows, as scikit-learn wants them."""
    return rows[[*FEATURES, "cost", "class"]].dropna().reset_index(drop=True)


FOREIGN: Mapping[str, tuple[Any, list[str], str]] = {
    "an estimator": (Ridge(), ["age", "bmi"], "cost"),
    "a forest": (RandomForestClassifier(5, random_state=0), ["age", "bmi"], "class"),
    "a pipeline": (
        make_pipeline(SimpleImputer(), StandardScaler(), PCA(2), LogisticRegression()),
        ["age", "bmi", "grade"], "class",
    ),
    "columns side by side": (
        make_pipeline(
            make_column_transformer(
                (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "bmi"]),
                (OneHotEncoder(handle_unknown="ignore"), ["region"]),
                remainder="passthrough",
            ),
            LogisticRegression(),
        ),
        FEATURES, "class",
    ),
    "strict levels": (make_pipeline(OneHotEncoder(), Ridge()), ["region"], "cost"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("case", first_is_quick(FOREIGN))
def test_scikit_learns_own_are_compiled(numbers: pd.DataFrame, case: str, tmp_path: Path) -> None:
    """An estimator or a pipeline that PyCaret never saw, told its table and target."""
    model, columns, target = FOREIGN[case]
    table = numbers[[*columns, target]]
    model.fit(table[columns], table[target])
    joblib.dump(model, tmp_path / "sklearn.pkl")
    for source, name in ((model, "object"), (tmp_path / "sklearn.pkl", "file")):
        publish(source, table, target, name=name, out=tmp_path)
        for engine in ("onnx", "pycaret"):
            made = predict_model(load(tmp_path / name, engine), table)["prediction_label"]
            wanted = model.predict(table[columns]).tolist()
            # Fractions were rounded to float32 on their way, as predict_model does.
            expected = pytest.approx(wanted, rel=1e-6) if target == "cost" else wanted
            assert made.tolist() == expected


def test_each_refusal_is_a_line_that_says_what_to_do(
    numbers: pd.DataFrame, tmp_path: Path
) -> None:
    """Nothing is written, and the line names what is missing."""
    model = Ridge().fit(numbers[["age", "bmi"]], numbers["cost"])
    nameless = Ridge().fit(numbers[["age", "bmi"]].to_numpy(), numbers["cost"])
    experiment = set_up("regression", numbers[["age", "region", "cost"]], "cost")
    known = fitted(experiment, DecisionTreeRegressor(max_depth=2))
    broken = tmp_path / "broken.pkl"
    broken.write_bytes(b"no pickle")
    absent = tmp_path / "absent.pkl"
    absent.write_bytes(pickle.dumps(1).replace(b"K\x01", b"cnowhere\nNothing\n"))
    odd = numbers.assign(age=numbers["age"].astype(str).replace("40", "forty").where(
        numbers.index > 0, "unknown"))
    encoded = Ridge().fit(pd.get_dummies(numbers[["age", "region"]]), numbers["cost"])
    clusters = import_pycaret("pycaret.clustering").ClusteringExperiment()
    for source, given, said in (
        (encoded, {"table": numbers, "target": "cost"}, "a step makes of 'region' that this file"),
        (clusters, {"table": numbers}, "ClusteringExperiment predicts neither"),
        ("no-such-model", {}, "There is no no-such-model.pkl"),
        (broken, {"table": numbers}, "broken.pkl cannot be opened"),
        (absent, {"table": numbers}, "absent.pkl cannot be opened"),
        (None, {}, "NoneType predicts neither"),
        (StandardScaler(), {}, "StandardScaler predicts neither"),
        (Ridge(), {"table": numbers, "target": "cost"}, "Ridge is not fitted"),
        (type(experiment)(), {}, "was not set up"),
        (experiment, {}, "has compared no models"),
        (model, {}, "Publish it with table= and target="),
        (model, {"table": numbers}, "Publish it with table= and target="),
        (nameless, {"table": numbers, "target": "cost"}, "was fitted on 2 columns without names"),
        (model, {"table": numbers.drop(columns="bmi"), "target": "cost"}, "no column 'bmi'"),
        (model, {"table": numbers.rename(columns={"bmi": "BMI"}), "target": "cost"}, "'BMI'"),
        (model, {"table": numbers.head(9), "target": "cost"}, "Only 9 rows"),
    ):
        with pytest.raises(TablecastError) as raised:
            publish(source, **given, name="any", out=tmp_path)
        assert said in str(raised.value)
        assert "\n" not in str(raised.value)
    with pytest.raises(TableError, match=r"'age' is a number .* 'unknown' in row 1\."):
        publish(experiment, known, odd, name="any", out=tmp_path)
    with pytest.raises(ArtifactError, match="predicts 'cost', not 'class'"):
        publish(experiment, known, target="class", name="any", out=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["absent.pkl", "broken.pkl"]


@pytest.mark.thorough
def test_what_has_no_graph_serves_with_pycaret_alone(rows: pd.DataFrame, tmp_path: Path) -> None:
    """The graph of an earlier pipeline goes, and PyCaret answers as its predict_model does."""
    table = rows[[*FEATURES, "cost"]]
    plain = set_up("regression", table, "cost")
    publish(plain, fitted(plain, DecisionTreeRegressor(max_depth=3)), name="any", out=tmp_path)
    knn = set_up("regression", table, "cost", numeric_imputation="knn")
    model = fitted(knn, DecisionTreeRegressor(max_depth=3))
    with pytest.raises(UnsupportedStep, match="needs the training rows"):
        publish(knn, model, name="any", out=tmp_path, force=True)
    with pytest.raises(ArtifactError, match=r"no any\.onnx"):
        load(tmp_path / "any", "onnx")
    made = knn.predict_model(model, data=table[FEATURES].head(SHOWN), verbose=False)
    answers = predict_model(load(tmp_path / "any", "pycaret"), table.head(SHOWN))
    assert answers["prediction_label"].tolist() == made["prediction_label"].tolist()


@pytest.mark.thorough
def test_rows_that_a_pipeline_drops_are_asked_for(rows: pd.DataFrame, tmp_path: Path) -> None:
    """Where missing values drop a row, the form asks for them, and PyCaret answers every row."""
    experiment = set_up("regression", rows[[*FEATURES, "cost"]], "cost", numeric_imputation="drop")
    model = fitted(experiment, DecisionTreeRegressor(max_depth=3))
    with pytest.raises(UnsupportedStep, match="drops rows"):
        publish(experiment, model, name="any", out=tmp_path)
    schema = load(tmp_path / "any", "pycaret").schema
    assert schema.field("bmi").required
    assert not schema.field("region").required


@pytest.mark.thorough
def test_a_published_deployment_compiles_again_on_its_table(
    rows: pd.DataFrame, tmp_path: Path
) -> None:
    """The compile command's --table is read as the pipeline reads it, number codes and all."""
    table = rows[["age", "grade", "flag", "region", "count"]]
    experiment = set_up("classification", table, "count",
                        categorical_features=["grade", "region"])
    model = fitted(experiment, DecisionTreeClassifier(max_depth=3))
    first = publish(experiment, model, name="any", out=tmp_path)
    table.to_csv(tmp_path / "table.csv", index=False)
    again = training_rows(tmp_path / "any", tmp_path / "table.csv")
    assert compile_deployment(tmp_path / "any", again).rows == first.rows == len(table)
