"""``tablecast verify``: the proof of a deployment, or of a page, on new random rows."""

import argparse
import secrets
from pathlib import Path

from tablecast.cli.arguments import say, whole
from tablecast.cli.command_help import explain
from tablecast.training import cast

HELP = "prove NAME.onnx again, on new random rows"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Predict random rows with PyCaret (NAME.pkl) and with the graph (NAME.onnx), and stop at "
        "the first difference. Of a page that tablecast page wrote, check that it is the "
        "deployment's, unchanged, and compare its predictions. Needs tablecast[train].",
        "tablecast verify charges.html --of charges",
        "tablecast verify charges",
        "tablecast verify charges --rows 500 --seed 7",
    )
    parser.add_argument(
        "name", metavar="NAME",
        help="the deployment: the path of its files, such as build/charges, without their "
        "endings; or the .html file of a page",
    )
    parser.add_argument(
        "--of", metavar="NAME", help="the deployment of a page (default: the page's own path)"
    )
    parser.add_argument(
        "--rows", type=whole, default=2000, metavar="NUMBER",
        help="how many random rows (default: 2000)",
    )
    parser.add_argument(
        "--seed", type=int, metavar="NUMBER", help="to get the same rows again (default: new rows)"
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    seed = secrets.randbits(32) if options.seed is None else options.seed
    path = Path(options.name)
    if path.suffix.lower() in (".html", ".htm"):
        from tablecast.export.page.check import check_page  # needs what training installs

        page = check_page(path, options.of or path.with_suffix(""), options.rows, seed)
        say(
            f"{path.name}, seed {seed}: unchanged, and equal to the deployment on {page.rows:,} "
            f"random rows (largest relative difference: {page.worst_relative:.2g})"
        )
        return
    proof = cast.verify_deployment(options.name, options.rows, seed)
    say(f"{Path(options.name).name}, seed {seed}: {cast.proof_summary(proof)}")
