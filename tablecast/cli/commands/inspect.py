"""``tablecast inspect``: what is understood of a table, before anything is trained on it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tablecast.cli.table_options import add_table_options, table_options

HELP = "say what is understood of a table"


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("table", help="what train takes: a CSV, Excel or Parquet path, or a URL")
    parser.add_argument("--target", help="the column to predict")
    parser.add_argument("--form", help="a TOML file, whose [table] may say what these options say")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    add_table_options(parser)
    parser.epilog = "For example: tablecast inspect cars.csv --target price --missing '?'"
    parser.set_defaults(run=_inspect)


def _inspect(options: argparse.Namespace) -> None:
    from tablecast.data.inspection import inspect
    from tablecast.schema.form_file import read_form

    form = read_form(Path(options.form) if options.form else None)
    found = inspect(options.table, options.target, table_options(options), form)
    print(json.dumps(found.to_json(), ensure_ascii=False, indent=1) if options.json else found)
