"""``tablecast verify``: the proof of a deployment on new random rows."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

from tablecast.cli.arguments import add_deployment, say, whole
from tablecast.cli.command_help import explain
from tablecast.training import cast

HELP = "prove NAME.onnx again, on new random rows"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Predict random rows with PyCaret (NAME.pkl) and with the graph (NAME.onnx), and stop at "
        "the first difference. Needs tablecast[train].",
        "tablecast verify charges",
        "tablecast verify charges --rows 500 --seed 7",
    )
    add_deployment(parser)
    parser.add_argument(
        "--rows", type=whole, default=2000, metavar="NUMBER",
        help="how many random rows (default: 2000)",
    )
    parser.add_argument(
        "--seed", type=int, metavar="NUMBER", help="to get the same rows again (default: new rows)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    seed = secrets.randbits(32) if options.seed is None else options.seed
    proof = cast.verify_deployment(options.name, options.rows, seed)
    say(f"{Path(options.name).name}, seed {seed}: {cast.proof_summary(proof)}")
