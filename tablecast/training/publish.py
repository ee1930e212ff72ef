"""``tablecast.publish``: a finished PyCaret model, described, compiled and proven."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablecast.data.leakage import leaks_of, named
from tablecast.data.sources import read_table
from tablecast.deployment.description import save, write_description
from tablecast.deployment.files import with_ending, without_ending
from tablecast.deployment.staging import check_free, name_after, named_place, staged
from tablecast.errors import ProofFailed, Remark, TableError
from tablecast.inference.marginals import background_of
from tablecast.schema.form_file import Form, read_form
from tablecast.schema.options import ReadingOptions
from tablecast.training.cast import Progress, compile_deployment

if TYPE_CHECKING:
    from tablecast.compiler.proof.prove import Proof
    from tablecast.data.prepared import Prepared
    from tablecast.schema.schema import Schema
    from tablecast.training.experiment.finished import Finished


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
    **facts: Any,
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
        reading: how a table is read that comes as a path, before what the form file says; and the
            columns by which refits split and weigh rows (``group``, ``time``, ``weight``), by
            default the experiment's ``fold_groups``.
        force: replace another deployment of that name.
        progress: called with one line for each thing done.
        facts: more facts for the card, such as ``metrics`` and ``leaderboard``; "notes" follow
            those on the table. ``tablecast.training.comparison.compare.Choice.card`` has them.

    Raises:
        ArtifactError, TableError: nothing in it answers, or something is missing; or there is
            another deployment of that name. Nothing is written.
        UnsupportedStep, ProofFailed: described, but without a graph.
    """
    from tablecast.training.experiment.finished import finished
    from tablecast.training.experiment.rows import rows_of
    from tablecast.training.experiment.setup import quiet_and_single

    if isinstance(pipeline, str | PathLike) or hasattr(pipeline, "columns"):
        pipeline, table, target = None, pipeline, target or table
    look = read_form(form, reading)
    rows = read_table(table, look.reading) if isinstance(table, str | PathLike) else table
    with quiet_and_single():
        finished_model = finished(source, pipeline, rows, target)
        base = _base_of(finished_model, name, out, table)
        check_free(base, force, finished_model.pickle)
        prepared = rows_of(finished_model, _rows(finished_model, rows), look.reading)
        prepared = named(prepared, leaks_of(prepared))
        progress(
            f"{len(prepared.table):,} rows; {finished_model.task} of {finished_model.target!r}."
        )
        for column in prepared.dropped:
            progress(f"Ignored {column.name}: {column.reason}.")
        schema, description = _described(finished_model, prepared, look, facts, progress)
        with staged(base, force, finished_model.pickle) as there:
            _write(finished_model, there, schema, description)
            try:
                return compile_deployment(there, prepared.table, progress=progress)
            except ProofFailed as failure:
                raise _explained(failure, finished_model, prepared) from None


def _rows(finished_model: Finished, table: Any) -> Any:
    """The rows that were given, or else the experiment's."""
    rows = finished_model.table if table is None else table
    if rows is None:
        raise TableError(
            "The pipeline does not keep its rows: publish it with table=, the rows that setup() "
            "was given, as a DataFrame or a path."
        )
    return rows


def _described(
    finished_model: Finished,
    prepared: Prepared,
    look: Form,
    facts: Mapping[str, Any],
    progress: Progress,
) -> tuple[Schema, dict[str, Any]]:
    """The schema, and the description's other parts."""
    from tablecast.training.card_facts import facts_of
    from tablecast.training.experiment.rows import schema_of

    card = {**facts, **facts_of(finished_model.pipeline, prepared), "stated": dict(look.card)}
    card["notes"] = list(dict.fromkeys([*card["notes"], *facts.get("notes", ())]))
    schema = schema_of(finished_model, prepared, look, card["importance"])
    background = background_of(prepared.table, schema)
    seed = facts.get("seed", 123)
    interval = _interval_of(finished_model.pipeline, prepared, schema, card, seed, progress)
    return schema, {"card": card, "background": background, "interval": interval}


def _write(
    finished_model: Finished, there: Path, schema: Schema, description: dict[str, Any]
) -> None:
    """The pickle and its description; a pickle that is there already, byte by byte."""
    if finished_model.pickle is None:
        save(finished_model.pipeline, there, schema, **description)
    else:
        shutil.copyfile(finished_model.pickle, with_ending(there, ".pkl"))
        write_description(there, schema, **description)


def _interval_of(
    pipeline: Any, prepared: Prepared, schema: Schema, card: dict[str, Any], *more: Any
) -> dict[str, Any] | None:
    """What ``look_at_unseen`` gives; None where somebody else's pipeline cannot be fitted again."""
    from tablecast.training.evaluation.report import look_at_unseen

    try:
        return look_at_unseen(pipeline, prepared, schema, card, *more)
    except Exception as error:  # whatever its steps raise on a part of the rows
        reason = str(error).strip().partition("\n")[0]
        card["notes"].append(Remark(
            "Performance on unseen rows is unknown: the pipeline cannot be trained on part of the "
            "rows ({error}).",
            values={"error": f"{type(error).__name__}: {reason}"},
        ))
        return None


def _explained(failure: ProofFailed, finished_model: Finished, prepared: Prepared) -> ProofFailed:
    """A failed proof, with its cause where that is in the pipeline itself."""
    from tablecast.compiler.proof.differences import SINGLE_TOLERANCE
    from tablecast.training.experiment.agreement import disagreement

    _, cause = disagreement(
        finished_model.pipeline, prepared.table, finished_model.task, tolerance=SINGLE_TOLERANCE
    )
    if not cause:
        return failure
    return ProofFailed(
        "The pipeline's predictions depend on the batch, so no graph can match them: the same row "
        f"alone and in a batch gets different predictions, {cause}"
    )


def _base_of(
    finished_model: Finished, name: str | None, out: str | PathLike[str], table: Any
) -> Path:
    """Where a deployment goes: beside its pickle, or into the folder that was asked for."""
    if finished_model.pickle is not None and name is None:
        return without_ending(finished_model.pickle)
    after = table if isinstance(table, str | PathLike) else finished_model.target
    return named_place(out, name_after(after) if name is None else name)
