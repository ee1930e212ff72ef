"""Arguments that several commands have, and the line that they print."""

import argparse
import math
import sys
from collections.abc import Iterable
from pathlib import Path

from tablecast.deployment.signature import stale_signatures
from tablecast.settings import SETTINGS


def add_deployment(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    """The deployment that a command is about."""
    parser.add_argument(
        "name", metavar="NAME", nargs=nargs,
        help="the deployment: the path of its files, such as build/charges, without their endings",
    )


def say(line: str) -> None:
    """Print a line at once, into a log too."""
    print(line, flush=True)


def program() -> str:
    """What a person types before a command: a clone of the repository has no script."""
    return "tablecast" if Path(sys.argv[0]).stem == "tablecast" else "python -m tablecast"


def refused(error: Exception) -> str:
    """The line by which a command refuses.

    What it advises is typed as the person has typed it. What the system refuses, such as to write
    to a full disk, is a line too, wherever it was met.
    """
    if isinstance(error, OSError):
        where = f"{str(error.filename)[:99]!r} cannot be used: " if error.filename else ""
        return f"tablecast: {where}{error.strerror or error}."
    return f"tablecast: {str(error).replace('python -m tablecast', program())}"


def tell_stale(changed: Iterable[Path], name: str) -> None:
    """Name the signatures of changed files, which no longer fit, and how to sign again."""
    for signature in stale_signatures(changed):
        line = f"{signature.name} no longer fits. Sign again: {program()} sign {name} --key FILE"
        print(line, file=sys.stderr, flush=True)


def positive(text: str) -> float:
    """An argument that is a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def whole(text: str) -> int:
    """An argument that is a whole number of at least 1."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def workers(text: str) -> int:
    """An argument that is how many processes the server starts, as its setting has them."""
    number, most = whole(text), SETTINGS["workers"].most
    if number > most:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {most}")
    return number


def port(text: str) -> int:
    """An argument that is the number of a port."""
    if not (text.isdecimal() and len(text) <= 5 and 0 < int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, a number from 1 to 65535")
    return int(text)
