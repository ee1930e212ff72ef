"""``tablecast log``: the prediction log as a table, and what is deleted from it."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tablecast.cli.arguments import say, whole
from tablecast.cli.command_help import explain
from tablecast.data.logged_table import FIRST
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.files import without_ending
from tablecast.deployment.opening import load
from tablecast.errors import LogError
from tablecast.log.open_log import engine_for_commands
from tablecast.settings import read_settings

HELP = "export the prediction log, or delete from it"

WHERE = "TABLECAST_LOG says where the log is, as for the server."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        f"A server with TABLECAST_LOG keeps every answer. {WHERE}",
        "TABLECAST_LOG=sqlite:///log.db tablecast serve charges",
        "tablecast log export -o asked.csv",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    export = actions.add_parser("export", help="write the answers as a table")
    explain(
        export,
        "Write what was asked and answered as a table: id, at, deployment, prediction, the "
        "fields, and what it was, as far as it was told, under the target's name. train takes "
        "such a table. " + WHERE,
        "tablecast log export --deployment charges -o asked.parquet",
        "tablecast log export -o asked.csv",
    )
    export.add_argument(
        "-o", "--output", required=True, metavar="FILE",
        help="the file to write: .csv, .xlsx or .parquet",
    )
    add_deployment_option(export)
    prune = actions.add_parser("prune", help="delete old answers")
    explain(
        prune,
        "Delete answers, refusals and outcomes older than so many days. A server with "
        "TABLECAST_LOG_DAYS does so by itself. " + WHERE,
        "tablecast log prune --days 365",
    )
    prune.add_argument(
        "--days", type=whole, required=True, metavar="N", help="keep what is younger"
    )
    erase = actions.add_parser("erase", help="delete one answer and its outcome")
    explain(
        erase,
        "Delete the answer with this id, its outcome, and what its request would be answered "
        "again. Counts that no person can be found in stay. " + WHERE,
        "tablecast log erase 01932f1a-7c21-7d4e-9b0c-5f6a7b8c9d0e",
    )
    erase.add_argument("id", metavar="ID", help="the id that the prediction gave")
    for action, run in ((export, _export), (prune, _prune), (erase, _erase)):
        action.set_defaults(run=run)


def add_deployment_option(parser: argparse.ArgumentParser) -> None:
    """Whose answers a command is about."""
    parser.add_argument(
        "--deployment", metavar="NAME",
        help="whose answers: the path of its files without endings (default: "
        "TABLECAST_DEPLOYMENT)",
    )


def named_deployment(
    options: argparse.Namespace, settings: Mapping[str, Any]
) -> tuple[Deployment, list[str]]:
    """The deployment that a command is about, and the names that the log may know it by."""
    path = options.deployment or settings["deployment"]
    loaded = load(path)
    return loaded, list(dict.fromkeys([without_ending(path).name, loaded.name]))


def _export(options: argparse.Namespace) -> None:
    settings = read_settings()
    engine = engine_for_commands(settings)
    from tablecast.export.log_file import write_log
    from tablecast.log.reader import answers_of, deployments_of, known_as

    loaded, names = named_deployment(options, settings)
    name = known_as(engine, *names)
    there = deployments_of(engine)
    if there and name not in there:
        raise LogError(
            f"The log has no answers of {name}, only of {', '.join(there[:5])}. Name the files of "
            "the one whose answers you want: --deployment PATH."
        )
    rows = answers_of(engine, name)
    exported = write_log(loaded.schema, rows, Path(options.output))
    say(f"Wrote {exported.rows:,} answers of {name} to {options.output}.")
    if aside := [one for one in exported.first if one not in FIRST]:
        say(
            f"The log's own columns are called {', '.join(aside)}, since {name} has columns of "
            "their names. train knows them."
        )
    if exported.gone:
        say(
            f"Left out: {', '.join(sorted(exported.gone))}. Earlier versions of {name} asked for "
            "it, this one does not. The log has it in the column given of its table prediction."
        )


def _prune(options: argparse.Namespace) -> None:
    engine = engine_for_commands(read_settings())
    from tablecast.log.database import errors_of_log
    from tablecast.log.retention import delete_old

    with errors_of_log():
        count = delete_old(engine, options.days)
    say(f"Deleted {count:,} answers older than {options.days:,} days.")


def _erase(options: argparse.Namespace) -> None:
    engine = engine_for_commands(read_settings())
    from tablecast.log.database import errors_of_log
    from tablecast.log.entries import read_id
    from tablecast.log.retention import erase

    with errors_of_log():
        found = erase(engine, read_id(options.id))
    if not found:
        raise LogError(f"The log has no answer with the id {options.id!r}. Copy the whole id.")
    say(f"Erased {options.id} and what belongs to it.")
