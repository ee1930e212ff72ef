"""What ``--help`` says of a command: what it does, in a sentence or two, and examples."""

import argparse
import textwrap

#: Columns of the text: a terminal has 80.
WIDTH = 78


def explain(parser: argparse.ArgumentParser, description: str, *examples: str) -> None:
    """Give a command its description and its examples, each a line for the terminal."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = textwrap.fill(description, WIDTH)
    parser.epilog = "\n  ".join(["examples:", *examples])
