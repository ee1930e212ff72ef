"""``tablecast predict``: a file of rows in, the same with predictions out."""

from __future__ import annotations

import argparse

from tablecast.batch.predict_file import ERROR_CHOICES, predict_file
from tablecast.cli.arguments import add_deployment, say
from tablecast.cli.command_help import explain
from tablecast.cli.progress import ProgressBar
from tablecast.deployment.opening import load

HELP = "predict every row of a file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Read a file with the deployment's columns, and write the same rows with predictions in "
        "new columns. Predicted amounts get the low and the high end of their range too.",
        "tablecast predict charges new.csv -o predicted.csv --errors column",
        "tablecast predict charges new.csv -o predicted.csv",
    )
    add_deployment(parser)
    parser.add_argument("source", metavar="IN", help="a CSV, Excel or Parquet file with the rows")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="the file to write")
    parser.add_argument(
        "--errors", choices=ERROR_CHOICES, default="fail",
        help="what to do with an invalid row: stop, leave it out, or keep it and add the reason "
        "in a column (default: %(default)s)",
    )
    parser.add_argument(
        "--sheet", metavar="NAME", help="the sheet of a workbook, by name or by number from 1"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    deployment = load(options.name)
    with ProgressBar() as bar:
        summary = predict_file(
            deployment, options.source, options.output, errors=options.errors,
            sheet=options.sheet, progress=bar,
        )
    for note in summary.notes:
        say(note)
    say(
        f"Predicted {summary.predicted:,} of {summary.rows:,} rows in {summary.seconds:.1f} s, "
        f"{summary.refused:,} refused. Wrote {options.output}."
    )
