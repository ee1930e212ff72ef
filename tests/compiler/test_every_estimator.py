"""The central test: every estimator that PyCaret lists, and every way to combine them, proven.

So is the JavaScript of a page, which answers as each graph does.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from same import TARGET, cars
from same_page import assert_same_in_javascript

from tablecast.compiler import compile_pipeline, prove, pycaret_reference
from tablecast.compiler.proof.prove import Proof
from tablecast.data.prepare import prepare
from tablecast.data.prepared import Prepared
from tablecast.data.sources import read_table
from tablecast.errors import PageError
from tablecast.features import FullRank
from tablecast.schema.schema import Schema
from tablecast.training.experiment.setup import quiet_and_single, start

REGRESSORS = (
    "lr lasso ridge en lar llar omp br ard par ransac tr huber kr svm knn dt rf et ada gbr mlp "
    "lightgbm dummy"
).split()
CLASSIFIERS = (
    "lr knn nb dt svm rbfsvm gpc mlp ridge rf qda ada gbc lda et lightgbm dummy"
).split()
TASKS = {"regression": REGRESSORS, "classification": CLASSIFIERS}

#: Those whose graph is not proven equal on this table, with the reason that the documents give.
UNPROVEN: dict[tuple[str, str], str] = {}

#: Those whose answers here are noise. A class of 40 rows has no spread along some column, so qda
#: multiplies rounding errors by 1e15: another order of a sum is another answer.
NO_PAGE = {("classification", "qda")}

Combine = Callable[[Any], Any]
COMBINED: dict[tuple[str, str], Combine] = {
    ("regression", "tune_model"): lambda e: e.tune_model(
        _one(e, "dt"), n_iter=2, fold=2, verbose=False
    ),
    ("regression", "ensemble_model bagging"): lambda e: e.ensemble_model(
        _one(e, "dt"), method="Bagging", n_estimators=3, fold=2, verbose=False
    ),
    ("regression", "ensemble_model boosting"): lambda e: e.ensemble_model(
        _one(e, "dt"), method="Boosting", n_estimators=3, fold=2, verbose=False
    ),
    ("regression", "blend_models"): lambda e: e.blend_models(
        [_one(e, "lr"), _one(e, "dt")], fold=2, verbose=False
    ),
    ("regression", "stack_models"): lambda e: e.stack_models(
        [_one(e, "lr"), _one(e, "dt")], fold=2, verbose=False
    ),
    ("classification", "tune_model"): lambda e: e.tune_model(
        _one(e, "dt"), n_iter=2, fold=2, verbose=False
    ),
    ("classification", "ensemble_model bagging"): lambda e: e.ensemble_model(
        _one(e, "dt"), method="Bagging", n_estimators=3, fold=2, verbose=False
    ),
    ("classification", "blend_models soft"): lambda e: e.blend_models(
        [_one(e, "lr"), _one(e, "dt")], method="soft", fold=2, verbose=False
    ),
    ("classification", "blend_models hard"): lambda e: e.blend_models(
        [_one(e, "lr"), _one(e, "dt")], method="hard", fold=2, verbose=False
    ),
    ("classification", "stack_models"): lambda e: e.stack_models(
        [_one(e, "lr"), _one(e, "dt")], fold=2, verbose=False
    ),
    ("classification", "calibrate_model sigmoid"): lambda e: e.calibrate_model(
        _one(e, "dt"), method="sigmoid", fold=2, verbose=False
    ),
    ("classification", "calibrate_model isotonic"): lambda e: e.calibrate_model(
        _one(e, "rf"), method="isotonic", fold=2, verbose=False
    ),
}

#: Of the real tables: those that differ most in kind, with estimators of several families.
REAL = {
    "insurance": ("charges", "lr dt gbr lightgbm"),
    "iris": ("species", "lr lda knn rf"),
    "glass": ("Type", "rf et lightgbm nb"),
    "wine": ("quality", "ridge dt lightgbm"),
    "house": ("SalePrice", "br en dt lightgbm"),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """One thread, and no warnings of PyCaret's estimators about this small table."""
    with quiet_and_single(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def prepared_cars(task: str) -> Prepared:
    """A small table with text, gaps and odd names; for classes, three kinds of price."""
    table = cars(120)
    if task == "classification":
        table[TARGET] = pd.qcut(table[TARGET], 3, labels=["low", "middle", "high"]).astype(object)
    return prepare(table, TARGET)


@cache
def experiment(task: str) -> Any:
    """PyCaret, set up once for all estimators of a task: normalised, and of full rank.

    Without that, Least Angle Regression has coefficients of 1e16 and Kernel Ridge weights of 1e9,
    and PyCaret's own answers move in the third digit with the batch.
    """
    return start(prepared_cars(task), 1, [("full_rank", FullRank())])


def _one(setup: Any, model: str) -> Any:
    return setup.create_model(model, cross_validation=False, verbose=False)


def proof_of(
    setup: Any, estimator: Any, prepared: Prepared, rows: int = 300, page: bool = True
) -> Proof:
    """Compile what PyCaret makes of an estimator, and prove it on every row and some random ones;
    then compare what JavaScript makes of the graph.

    Raises ProofFailed or UnsupportedStep, which is how a test of this file fails.
    """
    pipeline = setup.finalize_model(estimator)
    schema = Schema.from_table(prepared.table, prepared.target, prepared.task)
    graph = compile_pipeline(pipeline, schema.fields, prepared.task)
    proof = prove(
        graph.SerializeToString(), pycaret_reference(pipeline, prepared.task), prepared.table,
        prepared.task, schema.fields, perturbed_rows=rows,
    )
    if page:
        assert_same_in_javascript(graph, schema, prepared.table, rows)
    return proof


@pytest.mark.parametrize("task", TASKS)
def test_the_lists_are_pycarets_own(task: str) -> None:
    """Nothing that PyCaret's models() lists is left out of this file."""
    assert sorted(experiment(task).models().index) == sorted(TASKS[task])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "model"), [(task, model) for task, models in TASKS.items() for model in models]
)
def test_an_estimator_compiles_with_proof(task: str, model: str) -> None:
    """Its graph answers every training row and random ones as predict_model does."""
    if (task, model) in UNPROVEN:
        pytest.xfail(UNPROVEN[task, model])
    setup = experiment(task)
    page = (task, model) not in NO_PAGE
    proof = proof_of(setup, _one(setup, model), prepared_cars(task), page=page)
    assert proof.rows == 120
    assert proof.label_mismatches == 0


@pytest.mark.slow
def test_quadratic_discriminants_that_are_not_noise_are_the_same_in_javascript() -> None:
    """With a spread along every column, qda answers alike in JavaScript too."""
    setup = experiment("classification")
    model = setup.create_model("qda", cross_validation=False, verbose=False, reg_param=0.1)
    assert proof_of(setup, model, prepared_cars("classification")).label_mismatches == 0


@pytest.mark.slow
def test_noise_gets_no_page() -> None:
    """An answer that depends on the order of a sum fails the page's proof."""
    setup = experiment("classification")
    with pytest.raises(PageError, match="no page was written"):
        proof_of(setup, _one(setup, "qda"), prepared_cars("classification"))


@pytest.mark.slow
@pytest.mark.parametrize(("task", "way"), COMBINED)
def test_combined_estimators_compile_with_proof(task: str, way: str) -> None:
    """So does what tune, ensemble, blend, stack and calibrate make of them."""
    setup = experiment(task)
    proof = proof_of(setup, COMBINED[task, way](setup), prepared_cars(task))
    assert proof.label_mismatches == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_tables_compile_with_proof(
    real_table: Callable[[str], Path], name: str
) -> None:
    """On each of the five tables, estimators of several families answer alike."""
    target, models = REAL[name]
    prepared = prepare(read_table(real_table(name)), target)
    setup = start(prepared, 123, [])
    for model in models.split():
        proof = proof_of(setup, _one(setup, model), prepared)
        assert proof.rows == len(prepared.table), model


def test_the_documents_list_every_estimator() -> None:
    """docs/compiler.md has a row for each estimator and each way, and says which is not proven."""
    text = (Path(__file__).parents[2] / "docs" / "compiler.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)`[^|]* \| ([^|]+?) \|", text, re.MULTILINE))
    for model in {*REGRESSORS, *CLASSIFIERS}:
        proven = not any((task, model) in UNPROVEN for task in TASKS)
        assert rows[model].startswith("with proof") == proven, model
    for _, way in COMBINED:
        assert f"`{way.split()[0]}`" in text
