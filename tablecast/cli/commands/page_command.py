"""``tablecast page``: a deployment as one HTML file that predicts without a server."""

import argparse
from pathlib import Path

from tablecast.cli.arguments import add_deployment, say
from tablecast.cli.command_help import explain
from tablecast.i18n.language import ENGLISH, LANGUAGES, language_of, speaking

HELP = "write one HTML file that predicts without a server"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "The file has the form, the predictions and the model card. It opens from a disk, without "
        "a network, and sends nothing. Before it is written, its own JavaScript is compared with "
        "the deployment on 2,000 random rows. Needs tablecast[train].",
        "tablecast page charges -o charges.html",
        "tablecast page charges -o charges.html --no-card",
    )
    add_deployment(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="the .html file to write"
    )
    parser.add_argument("--no-card", action="store_true", help="leave the model card out")
    parser.add_argument(
        "--lang", choices=[language.primary for language in LANGUAGES], default=ENGLISH.primary,
        help="the language that the page opens in; it offers the others (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    from tablecast.export.page.html_file import write_page  # needs what training installs

    with speaking(language_of(options.lang) or ENGLISH):
        proof = write_page(options.name, options.output, card=not options.no_card)
    size = Path(options.output).stat().st_size
    say(
        f"Wrote {options.output} ({size / 1000:,.0f} KB). It equals the deployment on "
        f"{proof.rows:,} random rows (largest relative difference: {proof.worst_relative:.2g})."
    )
