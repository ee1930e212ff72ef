"""A table is cast once: trained, saved, compiled and proven. The whole way in two functions."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablecast.data.leakage import leaks_of, named
from tablecast.data.prepare import prepare
from tablecast.data.sources import read_table
from tablecast.deployment import graph_file
from tablecast.deployment.description import read_description, save, write_description
from tablecast.deployment.files import with_ending, without_ending
from tablecast.deployment.opening import load_pipeline
from tablecast.deployment.staging import check_free, name_after, staged
from tablecast.errors import ArtifactError, ProofFailed, TableError
from tablecast.inference.marginals import background_of
from tablecast.schema.form_file import Form, read_form
from tablecast.schema.options import ReadingOptions, options_of
from tablecast.schema.schema import Schema
from tablecast.training.intake import take_in
from tablecast.training.interrupts import Interrupts
from tablecast.training.memory import enough_memory

if TYPE_CHECKING:
    from tablecast.compiler.proof.prove import Proof
    from tablecast.data.prepared import Prepared
    from tablecast.training.experiment.finished import Finished

Progress = Callable[[str], None]

_IN_SINGLE = (
    " PyCaret computes this pipeline in float32, so they agree to float32's digits; begin setup() "
    "with tablecast.features.AsFloat64 for more."
)


def cast(
    source: str | PathLike[str],
    target: str,
    *,
    name: str | None = None,
    out: str | PathLike[str] = ".",
    form: str | PathLike[str] | None = None,
    force: bool = False,
    model: str = "auto",
    budget: float | None = None,
    trials: int | None = None,
    seed: int = 123,
    max_latency: float | None = None,
    drop: Collection[str] = (),
    keep: Collection[str] = (),
    reading: ReadingOptions | None = None,
    began: float | None = None,
    progress: Progress = print,
) -> Path:
    """Train a deployment from a table, save it, and compile it with its proof.

    Args:
        source: what ``tablecast.data.sources.read_table`` takes.
        target: the column to predict.
        name, out: the deployment's name, by default its table's, and the folder that its files
            go to.
        form: a form file (see ``tablecast.schema.form_file``), or None.
        force: replace another deployment of that name.
        model, budget, trials, seed, max_latency: see ``tablecast.training.train.train``.
        drop, keep: columns to leave out, and columns that are features even where they look like
            the target in disguise.
        reading: what else a person says of the table, before what the form file says.
        began: when the budget began, as ``time.monotonic`` counts; None for now.
        progress: called with one line for each thing done, as ``tablecast.cli.live.Live``.

    Returns:
        The deployment's path without ending. Its files are there all together, or not at all.

    Raises:
        TablecastError: the table, the form file or the training cannot be used, or there is
            another deployment of that name.
        UnsupportedStep, ProofFailed: saved, but without a graph.
        KeyboardInterrupt: before there was anything to save, or for the second time.
    """
    from tablecast.training.card_facts import card_of
    from tablecast.training.evaluation.report import look_at_unseen
    from tablecast.training.experiment.setup import quiet_and_single
    from tablecast.training.search.budget import DEFAULT_BUDGET, check_budget
    from tablecast.training.train import MAX_LATENCY, train

    check_budget(budget)
    began = time.monotonic() if began is None else began
    look = read_form(Path(form) if form else None)
    base = Path(out) / (name or name_after(source))
    check_free(base, force)
    with enough_memory(), Interrupts(progress) as interrupts:
        options = ReadingOptions(drop=[*drop], keep=[*keep]).over(reading or ReadingOptions())
        seconds = (budget or DEFAULT_BUDGET) if model == "auto" and trials is None else None
        prepared = take_in(source, target, look, options, seconds, progress)
        trained = train(
            prepared,
            model=model,
            budget=budget,
            trials=trials,
            seed=seed,
            max_latency=MAX_LATENCY if max_latency is None else max_latency,
            began=began,
            interrupts=interrupts,
            progress=progress,
        )
        with quiet_and_single():
            card = card_of(trained, prepared) | {"stated": dict(look.card)}
            schema = _schema_of(prepared, look, card)
            background = background_of(prepared.table, schema)
            interval = look_at_unseen(
                trained.pipeline, prepared, schema, card, seed, progress, trained.clones
            )
            parts = {"background": background, "interval": interval}
            with staged(base) as there:
                save(trained.pipeline, there, schema, card, **parts)
                progress(f"Made {base.name}.pkl and its description.")
                compile_deployment(there, prepared.table, progress=progress)
    return base


def publish(
    source: Any,
    pipeline: Any = None,
    table: Any = None,
    target: str | None = None,
    *,
    name: str | None = None,
    out: str | PathLike[str] = ".",
    form: str | PathLike[str] | None = None,
    reading: ReadingOptions | None = None,
    force: bool = False,
    progress: Progress = print,
    **found: Any,
) -> Proof:
    """Describe, compile and prove what was finished with PyCaret.

    ::

        publish("model.pkl", table=data)       # what save_model wrote
        publish(final, data, name="charges")   # what finalize_model returned
        publish(experiment, final)             # its rows are known; without ``final`` its best

    Args:
        source: the path of what ``save_model`` wrote; a pipeline or an estimator; an experiment, or
            PyCaret's functional module, which stands for its current experiment.
        pipeline: the experiment's pipeline or estimator; None for its best, fitted on all rows.
            Where there is no experiment, the table may stand here.
        table: the rows that the pipeline learnt from: a DataFrame, or what ``read_table`` takes;
            None for those of the experiment.
        target: what is predicted; None asks the pipeline, which knows unless it is not PyCaret's.
        name, out: the deployment's name, by default the table's or the target's, and its folder; a
            path has both.
        form: a form file, or None.
        reading: how a table is read that comes as a path, before what the form file says.
        force: replace another deployment of that name.
        progress: called with one line for each thing done.
        found: more facts for the card, such as ``metrics`` and ``leaderboard``; "notes" follow
            those on the table. ``tablecast.training.comparison.compare.Choice.card`` has them.

    Raises:
        ArtifactError, TableError: nothing in it answers, or something is missing; or there is
            another deployment of that name. Nothing is written.
        UnsupportedStep, ProofFailed: described, but without a graph.
    """
    from tablecast.training.card_facts import facts_of
    from tablecast.training.experiment.finished import finished
    from tablecast.training.experiment.rows import rows_of, schema_of
    from tablecast.training.experiment.setup import quiet_and_single

    if isinstance(pipeline, str | PathLike) or hasattr(pipeline, "columns"):
        pipeline, table, target = None, pipeline, target or table
    look = read_form(Path(form) if form else None)
    options = (reading or ReadingOptions()).over(look.reading)
    rows = read_table(table, options) if isinstance(table, str | PathLike) else table
    with quiet_and_single():
        made = finished(source, pipeline, rows, target)
        rows = made.table if rows is None else rows
        if rows is None:
            raise TableError(
                "The pipeline does not keep its rows: publish it with table=, the rows that "
                "setup() was given, as a DataFrame or a path."
            )
        base = _place_of(made, name, out, table)
        check_free(base, force, made.pickle)
        prepared = rows_of(made, rows)
        prepared = named(prepared, leaks_of(prepared))
        progress(f"{len(prepared.table):,} rows; {made.task} of {made.target!r}.")
        for column in prepared.dropped:
            progress(f"Left out {column.name!r}: {column.reason}.")
        card = found | facts_of(made.pipeline, prepared) | {"stated": dict(look.card)}
        card["notes"] = list(dict.fromkeys([*card["notes"], *found.get("notes", ())]))
        schema = schema_of(made, prepared, look, card["importance"])
        background = background_of(prepared.table, schema)
        seed = found.get("seed", 123)
        interval = _interval_of(made.pipeline, prepared, schema, card, seed, progress)
        parts = {"background": background, "interval": interval}
        with staged(base) as there:
            if made.pickle is None:
                save(made.pipeline, there, schema, card, **parts)
            else:
                shutil.copyfile(made.pickle, with_ending(there, ".pkl"))
                write_description(there, schema, card, **parts)
            try:
                return compile_deployment(there, prepared.table, progress=progress)
            except ProofFailed as failure:
                raise _explained(failure, made, prepared) from None


def _interval_of(
    pipeline: Any, prepared: Prepared, schema: Schema, card: dict[str, Any], *more: Any
) -> dict[str, Any] | None:
    """What ``look_at_unseen`` gives; None where somebody else's pipeline cannot be fitted again."""
    from tablecast.training.evaluation.report import look_at_unseen

    try:
        return look_at_unseen(pipeline, prepared, schema, card, *more)
    except Exception as error:  # whatever its steps raise on a part of the rows
        said = str(error).strip().partition("\n")[0]
        card["notes"].append(
            "How good it is on unseen rows is not known: it cannot be trained on a part of the "
            f"rows ({type(error).__name__}: {said})."
        )
        return None


def _explained(failure: ProofFailed, made: Finished, prepared: Prepared) -> ProofFailed:
    """A failed proof, with its cause where that is in the pipeline itself."""
    from tablecast.compiler.proof.differences import SINGLE_TOLERANCE
    from tablecast.training.experiment.agreement import disagreement

    _, cause = disagreement(made.pipeline, prepared.table, made.task, tolerance=SINGLE_TOLERANCE)
    if not cause:
        return failure
    return ProofFailed(
        "PyCaret does not agree with itself, so no graph can agree with it: a row alone and the "
        f"same row in a batch get different answers, {cause}"
    )


def _place_of(made: Finished, name: str | None, out: str | PathLike[str], table: Any) -> Path:
    """Where a deployment goes: beside its pickle, or into the folder that was asked for."""
    if made.pickle is not None and name is None:
        return without_ending(made.pickle)
    after = table if isinstance(table, str | PathLike) else made.target
    return Path(out) / (name or name_after(after))


def compile_deployment(
    base: str | PathLike[str], table: Any = None, *, progress: Progress = print
) -> Proof:
    """Compile ``NAME.pkl`` to ``NAME.onnx``, proven equal.

    Args:
        base: the deployment's path without ending.
        table: the prepared training table, whose every row is then part of the proof; without it
            the proof takes random rows alone.
        progress: called with one line for each thing done.

    Raises:
        ArtifactError: the pickle or its description is missing, damaged or of other versions.
        UnsupportedStep: a step or the estimator has no graph form.
        ProofFailed: the graph answers differently; nothing is written.
    """
    from tablecast.compiler.pipeline import compile_pipeline
    from tablecast.compiler.row_program.trace import row_program_of

    base = without_ending(base)
    description, pipeline = load_pipeline(base)
    schema = Schema.from_json(description["schema"])
    progress(f"Compiling {base.name}.pkl")
    model = compile_pipeline(pipeline, schema.fields, schema.task)
    progress("Proving that the graph answers as PyCaret does")
    program = row_program_of(model)
    graph = model.SerializeToString()
    proof = _prove(graph, pipeline, schema, table, program)
    description["proof"] = proof.to_json()
    description |= _effects_of(graph, schema, description)
    description["scalar"] = program if proof.scalar_rows else None
    entry = model.metadata_props.add()
    entry.key = graph_file.METADATA_KEY
    entry.value = json.dumps(description, ensure_ascii=False)
    path = graph_file.write_graph(model.SerializeToString(), base)
    progress(f"Wrote {path.name}: {said_of(proof)}")
    return proof


def training_rows(base: Path, source: str | PathLike[str]) -> Any:
    """The prepared training table of a deployment, read again for a proof on its every row.

    Raises:
        TableError: the table cannot be read, or lacks the deployment's columns.
    """
    schema = Schema.from_json(read_description(base)["schema"])
    options = options_of(schema.fields, schema.reading)
    prepared = prepare(read_table(source, options), schema.target, schema.task, options)
    absent = [field.name for field in schema.fields if field.name not in prepared.table]
    if absent:
        raise TableError(
            f"{str(source)!r} has no usable column {absent[0]!r}, which {base.name} reads; name "
            "the table that it was trained on."
        )
    return prepared.table


def verify_deployment(base: str | PathLike[str], rows: int, seed: int) -> Proof:
    """Prove a compiled deployment again, on fresh random rows.

    Raises:
        ArtifactError: a file is missing or is not what was saved.
        ProofFailed: the graph answers differently.
    """
    base = without_ending(base)
    content, description = graph_file.read_graph(base)
    described, pipeline = load_pipeline(base)
    if described["sha256"] != description["sha256"]:
        raise ArtifactError(f"{base.name}.onnx and {base.name}.json do not belong together.")
    schema = Schema.from_json(description["schema"])
    program = description.get("scalar")
    proof = _prove(content, pipeline, schema, None, program, perturbed_rows=rows, seed=seed)
    if program and proof.scalar_rows is None:
        raise ProofFailed(
            f"{base.name}.onnx holds arithmetic that answers otherwise than its graph; compile it "
            f"again (python -m tablecast compile {base.name}.pkl)."
        )
    return proof


def said_of(proof: Proof) -> str:
    """A proof in one line for a person."""
    return (
        f"{proof.rows + proof.perturbed_rows:,} rows agree; worst difference "
        f"{proof.worst_relative:.1e} relative ({proof.worst_absolute:.1e}), "
        f"{proof.label_mismatches} labels differ, worst probability difference "
        f"{proof.worst_probability:.1e}; {proof.seconds:.1f} s."
        + (_IN_SINGLE if proof.precision == "float32" else "")
        + (" One row is answered without onnxruntime." if proof.scalar_rows else "")
    )


def _schema_of(prepared: Prepared, form: Form, card: Mapping[str, Any]) -> Schema:
    return Schema.from_table(
        prepared.table, prepared.target, prepared.task, form, card["importance"]
    )


def _effects_of(content: bytes, schema: Schema, description: Mapping[str, Any]) -> dict[str, Any]:
    """Each field's effect on the graph's answers; nothing without the fields' distributions."""
    from tablecast.inference.marginals import Background
    from tablecast.inference.onnx_engine import GraphEngine
    from tablecast.training.evaluation.partial_dependence import effects_of

    if "background" not in description:
        return {}
    background = Background.from_json(description["background"], schema)
    return {"effects": effects_of(schema, GraphEngine(content), background)}


def _prove(
    content: bytes,
    pipeline: Any,
    schema: Schema,
    table: Any,
    program: Mapping[str, Any] | None,
    **options: Any,
) -> Proof:
    from tablecast.compiler.proof.precision import computes_in_single
    from tablecast.compiler.proof.prove import prove, pycaret_reference
    from tablecast.compiler.proof.random_rows import random_rows
    from tablecast.inference.row_program import function_of

    if table is None:
        table = random_rows(schema.fields, 0, 0)
    options["single"] = computes_in_single(pipeline, schema.fields)
    names = [field.name for field in schema.fields]
    return prove(
        content,
        pycaret_reference(pipeline, schema.task),
        table,
        schema.task,
        schema.fields,
        row_program=function_of(program, names) if program else None,
        **options,
    )
