"""``tablecast inspect``: how tablecast reads a table, before anything is trained on it."""

import argparse
import json
from pathlib import Path

from tablecast.cli.command_help import explain
from tablecast.cli.table_options import add_table_options, table_options
from tablecast.deployment.unfinished import write_whole
from tablecast.errors import TableError

HELP = "show how a table is read, without training"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    explain(
        parser,
        "Show how tablecast reads a table: its columns and their kinds, missing values, the task, "
        "and anything unusual. Takes about a second and trains nothing. If it is wrong about a "
        "column, the options below correct it; train takes the same ones. Needs tablecast[train].",
        "tablecast inspect charges.csv",
        "tablecast inspect charges.csv --target charges --missing '?'",
    )
    parser.add_argument(
        "table",
        help="a CSV, Excel or Parquet file, a folder or a pattern of CSV or Parquet files, a URL, "
        "the name of a PyCaret data set, or kaggle:OWNER/DATASET",
    )
    parser.add_argument("--target", metavar="COLUMN", help="the column to predict")
    parser.add_argument(
        "--form", metavar="FILE", help="a TOML file; its [table] may hold the options below"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.add_argument(
        "--save", metavar="FILE", help="save the table as it came, such as one of Kaggle's"
    )
    add_table_options(parser)


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    from tablecast.data.inspection import inspect
    from tablecast.schema.form_file import read_form

    form = read_form(options.form)
    table = _saved(options.table, Path(options.save)) if options.save else options.table
    inspection = inspect(table, options.target, table_options(options), form)
    as_json = options.json and json.dumps(inspection.to_json(), ensure_ascii=False, indent=1)
    print(as_json or inspection)


def _saved(table: str, file: Path) -> Path:
    """Save a table's bytes, and give the file that is read instead."""
    from tablecast.data.sources import fetch_table

    content, _, _ = fetch_table(table)
    write_whole(file, content, TableError)
    return file
