"""``tablecast outcomes``: what predictions should have been, from a file."""

import argparse
from pathlib import Path

from tablecast.cli.arguments import say
from tablecast.cli.command_help import explain
from tablecast.cli.commands.log_command import WHERE, add_deployment_option, named_deployment
from tablecast.log.open_log import engine_for_commands
from tablecast.settings import read_settings

HELP = "tell the prediction log what it was"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Tell the prediction log what earlier predictions should have been. " + WHERE,
        "tablecast outcomes add told.csv",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", help="read a file of ids and outcomes")
    explain(
        add,
        "Read a CSV or Excel file with a column id (or prediction_id) and a column outcome (or "
        "the target's name). All of it is kept, or nothing; to tell an outcome again changes "
        "nothing. " + WHERE,
        "tablecast outcomes add corrected.xlsx --replace",
        "tablecast outcomes add told.csv",
    )
    add.add_argument("file", metavar="FILE", help="a CSV or Excel file")
    add.add_argument(
        "--replace", action="store_true", help="replace outcomes that are known otherwise"
    )
    add_deployment_option(add)


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    settings = read_settings()
    engine = engine_for_commands(settings)
    from tablecast.batch.outcome_file import read_outcome_file
    from tablecast.log.database import errors_of_log
    from tablecast.log.outcomes import OutcomesRefused, add_outcomes
    from tablecast.log.reader import known_as

    loaded, names = named_deployment(options, settings)
    read = read_outcome_file(loaded, Path(options.file))
    try:
        with errors_of_log():
            counted = add_outcomes(
                engine, known_as(engine, *names), read.told, None, replacing=options.replace
            )
    except OutcomesRefused as refused:
        raise read.not_kept(refused) from None
    say(f"Kept {counted.added:,} new outcomes; {counted.known:,} were known, and {read.empty:,} "
        "rows had none.")  # fmt: skip
