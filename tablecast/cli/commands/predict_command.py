"""``tablecast predict``: rows in, the same with predictions out."""

import argparse
import re
from collections import Counter
from pathlib import Path

from tablecast.batch.engines import engine_names
from tablecast.batch.predict_file import ERROR_CHOICES, Progress, predict_file
from tablecast.batch.predict_parts import Workers, predict_parts
from tablecast.batch.summary import Summary
from tablecast.cli.arguments import add_deployment, say, whole
from tablecast.cli.command_help import explain
from tablecast.cli.progress import ProgressBar
from tablecast.deployment.opening import load
from tablecast.errors import BatchError

HELP = "predict every row of a file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Read files with the deployment's columns, and write the same rows with predictions in "
        "new columns. Predicted amounts get the low and the high end of their range too. IN and "
        "OUT may be addresses such as s3://bucket/rows.csv (pip install 'tablecast[cloud]').",
        "tablecast predict charges new.csv -o predicted.csv --errors column",
        "tablecast predict charges new.csv -o parts/ --engine processes",
        "tablecast predict charges new.csv -o predicted.csv",
    )
    add_deployment(parser)
    parser.add_argument(
        "source", metavar="IN",
        help="a CSV, Excel or Parquet file with the rows; or a folder or pattern of CSV or Parquet "
        "files",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT",
        help="the file to write; or a folder, which gets part-00000.csv and so on",
    )
    parser.add_argument(
        "--errors", choices=ERROR_CHOICES, default="fail",
        help="what to do with an invalid row: stop, leave it out, or keep it and add the reason "
        "in a column (default: %(default)s)",
    )
    parser.add_argument(
        "--sheet", metavar="NAME", help="the sheet of a workbook, by name or by number from 1"
    )
    parser.add_argument(
        "--engine", choices=engine_names(),
        help="predict in parts, on several processes of this machine or a cluster of Dask, Ray or "
        "Spark; the result is the same. OUT is a folder where its name has no ending",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=whole, metavar="N",
        help="how many workers to start here (default: one for each processor)",
    )
    where.add_argument(
        "--address", metavar="URL", help="the cluster to use, such as tcp://host:8786"
    )
    parser.add_argument(
        "--resume", action="store_true",
        help="go on with a run in parts that was interrupted: parts that are done are kept",
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    if not options.engine and (options.workers or options.address is not None):
        raise BatchError("--workers and --address are for an engine: add --engine, such as "
                         "--engine processes.")  # fmt: skip
    by_worker: Counter[str] = Counter()
    with ProgressBar() as bar:
        if _is_in_parts(options):
            summary, by_worker = _in_parts(options, bar)
        else:
            summary = predict_file(
                load(options.name), options.source, options.output, errors=options.errors,
                sheet=options.sheet, progress=bar,
            )
    for note in summary.notes:
        say(note)
    if options.engine and by_worker:
        shares = ", ".join(f"{worker} {parts}" for worker, parts in sorted(by_worker.items()))
        say(f"Parts by worker ({options.engine}): {shares}.")
    say(
        f"Predicted {summary.predicted:,} of {summary.rows:,} rows in {summary.seconds:.1f} s, "
        f"{summary.refused:,} refused. Wrote {options.output}."
    )


def _is_in_parts(options: argparse.Namespace) -> bool:
    """Whether more is asked than one file of this machine into another."""
    if options.engine or options.resume or "://" in options.source + options.output:
        return True
    source, output = Path(options.source), Path(options.output)
    is_pattern = re.search(r"[*?\[]", options.source) and not source.exists()
    return bool(is_pattern) or source.is_dir() or output.is_dir() or options.output.endswith("/")


def _in_parts(
    options: argparse.Namespace, progress: Progress
) -> tuple[Summary, Counter[str]]:
    workers = Workers(options.engine, options.workers, options.address)
    return predict_parts(
        load(options.name), options.source, options.output, workers, errors=options.errors,
        sheet=options.sheet, progress=progress, resume=options.resume,
    )
