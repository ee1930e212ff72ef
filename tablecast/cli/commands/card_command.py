"""``tablecast card``: a deployment's model card, on the terminal or as a file."""

import argparse

from tablecast.cli.arguments import add_deployment, say
from tablecast.cli.command_help import explain
from tablecast.deployment.opening import load
from tablecast.i18n.language import ENGLISH, LANGUAGES, language_of, speaking
from tablecast.web.card_export import card_text, write_card

HELP = "show or export the model card"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "The model card tells how good a deployment is, where it is wrong, and how it was "
        "trained. It contains no training rows.",
        "tablecast card charges",
        "tablecast card charges -o card.html --lang en",
    )
    add_deployment(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE",
        help="a .html file (one page that needs nothing else) or a .json file (default: JSON on "
        "the terminal)",
    )
    parser.add_argument(
        "--lang", choices=[language.primary for language in LANGUAGES], default=ENGLISH.primary,
        help="the page's language (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    loaded = load(options.name)
    if options.output is None:
        say(card_text(loaded).rstrip())
    else:
        with speaking(language_of(options.lang) or ENGLISH):
            written = write_card(loaded, options.output)
        say(f"Wrote {written}.")
