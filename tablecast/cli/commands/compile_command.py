"""``tablecast compile``: the graph of a saved pipeline, with its proof."""

import argparse

from tablecast.cli.arguments import say, tell_stale
from tablecast.cli.command_help import explain
from tablecast.deployment.files import with_ending
from tablecast.deployment.staging import check_free
from tablecast.deployment.versions import base_meant
from tablecast.training import cast

HELP = "write NAME.onnx from NAME.pkl, and prove it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Write the graph of a deployment again, for example with a newer version of tablecast, "
        "and prove that it gives PyCaret's predictions. Reads NAME.pkl and NAME.json; writes "
        "NAME.onnx and its hash. Needs tablecast[train].",
        "tablecast compile charges.pkl --table charges.csv",
    )
    parser.add_argument("pickle", metavar="NAME.pkl", help="the pipeline that train has saved")
    parser.add_argument(
        "--table", metavar="FILE",
        help="the training table, so that the proof covers its rows as well as random ones",
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    base = base_meant(options.pickle)
    check_free(base, force=True)
    table = cast.training_rows(base, options.table) if options.table else None
    cast.compile_deployment(base, table, progress=say)
    tell_stale([with_ending(base, ".onnx")], options.pickle)
