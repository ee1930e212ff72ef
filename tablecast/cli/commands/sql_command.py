"""``tablecast sql``: a deployment as one statement that a database runs."""

import argparse
from pathlib import Path

from tablecast.cli.arguments import add_deployment, say
from tablecast.cli.command_help import explain
from tablecast.deployment.opening import load_with_graph
from tablecast.deployment.unfinished import write_whole
from tablecast.errors import SqlError
from tablecast.export.sql.dialects import DIALECTS
from tablecast.export.sql.programs import with_program
from tablecast.export.sql.statement import statement_of

HELP = "write a deployment as one SQL statement"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Write one SQL statement that predicts every row of a table whose columns are the "
        "deployment's fields. It does not check values. A statement has at most 2 MB, so large "
        "forests have none.",
        "tablecast sql charges --dialect postgresql --table customers --keep id",
        "tablecast sql charges --dialect sqlite -o charges.sql",
    )
    add_deployment(parser)
    parser.add_argument(
        "--dialect", required=True, choices=list(DIALECTS), help="the database that will run it"
    )
    parser.add_argument(
        "--table", default="new_rows", metavar="TABLE",
        help="the table with the rows (default: %(default)s)",
    )
    parser.add_argument(
        "--view", default="", metavar="VIEW", help="create a view of this name (default: a select)"
    )
    parser.add_argument(
        "--keep", action="append", default=[], metavar="COLUMN",
        help="keep another column of the table, such as a key; may be repeated",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the file to write (default: the terminal)"
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    loaded, graph = load_with_graph(options.name)
    statement = statement_of(
        with_program(loaded, graph), options.dialect, options.table, options.view, options.keep
    )
    if options.output is None:
        say(statement.rstrip())
        return
    path = Path(options.output)
    write_whole(path, statement, SqlError)
    say(f"Wrote {path}.")
