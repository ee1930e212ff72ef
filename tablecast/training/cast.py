"""The whole way of a table in one function: train, save, compile and prove."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from tablecast.data.sheets import ENDINGS as SHEETS
from tablecast.data.sources import PARQUET_ENDINGS, read_table
from tablecast.deployment import graph_file
from tablecast.deployment.description import made_by, save
from tablecast.deployment.files import without_ending
from tablecast.deployment.opening import load_pipeline
from tablecast.deployment.staging import check_free, name_after, named_place, staged
from tablecast.deployment.versions import base_meant
from tablecast.errors import ArtifactError, EngineError, ProofFailed, Remark
from tablecast.inference.marginals import background_of
from tablecast.schema.form_file import Form, read_form
from tablecast.schema.options import ReadingOptions, options_of
from tablecast.schema.schema import Schema
from tablecast.training.cluster.open_cluster import opened
from tablecast.training.intake import take_in
from tablecast.training.interrupts import Interrupts
from tablecast.training.like import expected_of
from tablecast.training.memory import enough_memory, freed_memory_kept
from tablecast.training.skops_file import check_installed, write_beside

if TYPE_CHECKING:
    from tablecast.compiler.proof.prove import Proof
    from tablecast.data.prepared import Prepared

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
    like: str | PathLike[str] | None = None,
    force: bool = False,
    model: str = "auto",
    budget: float | None = None,
    trials: int | None = None,
    seed: int = 123,
    max_latency: float | None = None,
    engine: str | None = None,
    address: str | None = None,
    workers: int | None = None,
    drop: Collection[str] = (),
    keep: Collection[str] = (),
    group: str | None = None,
    time: str | None = None,
    weight: str | None = None,
    also: Collection[str] = (),
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
        like: a deployment whose columns the table has to have, or None.
        force: replace another deployment of that name.
        model, budget, trials, seed, max_latency: see ``tablecast.training.train.train``.
        engine, address, workers: where a search fits its models; see
            ``tablecast.training.cluster.open_cluster.opened``.
        drop, keep: columns to leave out, and columns that are features even where they look like
            the target in disguise.
        group, time, weight: columns by which rows are split and counted; see ``ReadingOptions``.
        also: what to write besides pickle and graph, of ``skops_file.ALSO``.
        reading: what else a person says of the table, before what the form file says.
        began: when the budget began, as ``time.monotonic`` counts; None for now.
        progress: called with one line for each thing done, as ``tablecast.cli.live.Live``.

    Returns:
        The deployment's path without ending. Its files are there all together, or not at all.

    Raises:
        TablecastError: the table, the form file, the engine or the training cannot be used, or
            there is another deployment of that name.
        UnsupportedStep, ProofFailed: saved, but without a graph.
        SkopsError: saved, but without the .skops file that was asked for.
        KeyboardInterrupt: before there was anything to save, or for the second time.
    """
    from tablecast.training.card_facts import card_of
    from tablecast.training.evaluation.report import look_at_unseen
    from tablecast.training.experiment.setup import quiet_and_single
    from tablecast.training.search.budget import DEFAULT_BUDGET, check_budget
    from tablecast.training.train import MAX_LATENCY, train

    check_budget(budget)
    if "skops" in also:
        check_installed()
    began = monotonic() if began is None else began
    options = ReadingOptions(drop=[*drop], keep=[*keep], group=group, time=time, weight=weight)
    look = read_form(form, options.over(reading or ReadingOptions()))
    expected = None if like is None else expected_of(like)
    base = named_place(out, name_after(source) if name is None else name)
    check_free(base, force)
    if engine and model != "auto":
        raise EngineError("--engine spreads a search, and --model fits one model. Leave one out.")
    with (
        enough_memory(),
        freed_memory_kept(),
        opened(engine, address, workers, progress) as executor,
        Interrupts(progress) as interrupts,
    ):
        seconds = (budget or DEFAULT_BUDGET) if model == "auto" and trials is None else None
        prepared = take_in(
            source, target, look, like=expected, budget=seconds, began=began, progress=progress
        )
        trained = train(
            prepared,
            model=model,
            budget=budget,
            trials=trials,
            seed=seed,
            max_latency=MAX_LATENCY if max_latency is None else max_latency,
            began=began,
            executor=executor,
            interrupts=interrupts,
            progress=progress,
        )
        with quiet_and_single():
            card = card_of(trained, prepared) | {"stated": dict(look.card)}
            schema = _schema_of(prepared, look, card)
            background = background_of(prepared.table, schema)
            interval = look_at_unseen(
                trained.pipeline, prepared, schema, card, seed, progress, trained.refits
            )
            parts = {"background": background, "interval": interval}
            with staged(base, force) as there:
                save(trained.pipeline, there, schema, card, **parts)
                progress(f"Saved {base.name}.pkl and {base.name}.json")
                compile_deployment(there, prepared.table, progress=progress)
                if "skops" in also:
                    write_beside(trained.pipeline, there, prepared, progress)
    return base


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
    progress(f"Compiling {base.name}.pkl, {made_by(description)}")
    model = compile_pipeline(pipeline, schema.fields, schema.task)
    progress("Checking that the graph gives the same predictions as PyCaret")
    program = row_program_of(model)
    graph = model.SerializeToString()
    proof = _prove(graph, pipeline, schema, table, program)
    description["proof"] = proof.to_json()
    if note := _below_zero(proof, schema, table):
        progress(str(note))
        description["card"]["notes"].append(note.to_json())
    description |= _effects_of(graph, schema, description)
    description["scalar"] = program if proof.scalar_rows else None
    entry = model.metadata_props.add()
    entry.key = graph_file.METADATA_KEY
    entry.value = json.dumps(description, ensure_ascii=False)
    path = graph_file.write_graph(model.SerializeToString(), base)
    progress(f"Wrote {path.name}: {proof_summary(proof)}")
    return proof


def _below_zero(proof: Proof, schema: Schema, table: Any) -> Remark | None:
    """What to say where the proof's rows have a negative answer, and the training rows none.

    No pipeline of ours has; somebody else's is published as it is.
    """
    known = schema.target in getattr(table, "columns", ())
    if proof.least is None or proof.least >= 0 or not known or table[schema.target].min() < 0:
        return None
    return Remark(
        "{target} is never below zero in the training rows, but this pipeline can predict less: "
        "the lowest of {rows} checked predictions is {least}. "
        "tablecast.features.PossibleTarget prevents that.",
        values={
            "target": schema.target, "rows": proof.rows + proof.perturbed_rows,
            "least": proof.least,
        },
    )


def training_rows(base: Path, source: str | PathLike[str]) -> Any:
    """The training table of a deployment, read again for a proof on its every row.

    Raises:
        TableError: the table cannot be read, or lacks the deployment's columns.
    """
    from tablecast.training.experiment.finished import Finished
    from tablecast.training.experiment.rows import rows_of

    description, pipeline = load_pipeline(base)
    schema = Schema.from_json(description["schema"])
    finished = Finished(pipeline, description["schema"]["task"], None)
    options = options_of(schema.fields, schema.reading)
    if os.fspath(source).lower().endswith((*SHEETS, *PARQUET_ENDINGS)):
        options = replace(options, encoding=None)
    return rows_of(finished, read_table(source, options)).table


def verify_deployment(base: str | PathLike[str], rows: int, seed: int) -> Proof:
    """Prove a compiled deployment again, on fresh random rows.

    Raises:
        ArtifactError: a file is missing or is not what was saved.
        ProofFailed: the graph answers differently.
    """
    base = base_meant(base)
    content, description = graph_file.read_graph(base)
    described, pipeline = load_pipeline(base)
    if described["sha256"] != description["sha256"]:
        raise ArtifactError(f"{base.name}.onnx and {base.name}.json do not belong together.")
    schema = Schema.from_json(description["schema"])
    program = description.get("scalar")
    proof = _prove(content, pipeline, schema, None, program, perturbed_rows=rows, seed=seed)
    if program and proof.scalar_rows is None:
        raise ProofFailed(
            f"{base.name}.onnx has a single-row evaluator that differs from its graph; compile it "
            f"again (python -m tablecast compile {base.name}.pkl)."
        )
    return proof


def proof_summary(proof: Proof) -> str:
    """A proof in one line for a person."""
    rows = proof.rows + proof.perturbed_rows
    differ = f"{proof.worst_relative:.1e} relative ({proof.worst_absolute:.1e})"
    if proof.worst_probability:
        differ = f"{proof.worst_probability:.1e} in a probability"
    single = _IN_SINGLE if proof.precision == "float32" else ""
    faster = " Single-row requests use a faster built-in evaluator." if proof.scalar_rows else ""
    summary = f"{rows:,} rows agree; largest difference {differ}; {proof.seconds:.1f} s."
    return summary + single + faster


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
