"""``tablecast keys``: make, list and revoke the keys that a server accepts."""

import argparse
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

from tablecast.cli.command_help import explain
from tablecast.errors import KeysError
from tablecast.web.access.key_file import Key, Role, new_key, read_file, write_file

HELP = "make, list and revoke keys of a server"

#: Where keys go if neither --file nor TABLECAST_KEYS says so.
DEFAULT_FILE = "keys.jsonl"

def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "A server with TABLECAST_KEYS answers only requests that carry a key. People sign in "
        "with theirs; programs send Authorization: Bearer KEY. Without TABLECAST_KEYS the server "
        "is open to everybody.",
        "tablecast keys list",
        "TABLECAST_KEYS=keys.jsonl tablecast serve charges",
        "tablecast keys add night-job --role batch --rate 100/m --until 2027-12-31",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make a key and show it once")
    explain(
        add,
        "Make a key and print it. The file keeps only its hash, so copy the key now.",
        "tablecast keys add alice --role ask",
        "tablecast keys add night-job --role batch --rate 100/m --until 2027-12-31",
    )
    add.add_argument("name", metavar="NAME", help="who the key is for, such as night-job")
    add.add_argument(
        "--role", required=True, choices=get_args(Role),
        help="what it opens. ask: the form and predictions of rows; batch: files as well; watch: "
        "/watch and /metrics only; admin: everything",
    )
    add.add_argument(
        "--rate", default="", metavar="RATE",
        help="most requests in a second, minute, hour or day, such as 100/m (default: no limit)",
    )
    add.add_argument(
        "--until", type=_day, metavar="DATE",
        help="last day on which it is valid, in UTC, such as 2027-12-31 (default: no end)",
    )
    listed = actions.add_parser("list", help="list names and roles; keys themselves are not shown")
    explain(listed, "List each key's name, role, rate and last day.", "tablecast keys list")
    revoke = actions.add_parser("revoke", help="make a key invalid")
    explain(
        revoke,
        "Make a key invalid. Running servers notice it within a second.",
        "tablecast keys revoke night-job",
    )
    revoke.add_argument("name", metavar="NAME", help="the name that keys list shows")
    for action, run in ((add, _add), (listed, _list), (revoke, _revoke)):
        action.add_argument(
            "--file", metavar="FILE",
            help=f"the file of keys (default: the file in TABLECAST_KEYS, or {DEFAULT_FILE})",
        )
        action.set_defaults(run=run)


def _add(options: argparse.Namespace) -> None:
    path = _file(options)
    keys = read_file(path)
    if any(key.name == options.name for key in keys):
        raise KeysError(
            f"A key named {options.name!r} exists already. Revoke it, or choose another name."
        )
    if options.until and options.until < datetime.now(UTC).date():
        raise KeysError(f"{options.until} is past: the key would open nothing. Name another day.")
    secret, key = new_key(options.name, options.role, options.rate, options.until)
    write_file(path, [*keys, key])
    print(secret)
    print(
        f"Copy the key now: {path} keeps only its hash. Programs send it as Authorization: Bearer "
        f"KEY; people sign in with it. Start the server with TABLECAST_KEYS={path}"
    )


def _list(options: argparse.Namespace) -> None:
    path = _file(options)
    keys = read_file(path)
    if not keys:
        print(f"There are no keys in {path}.")
        return
    rows = [("name", "role", "rate", "until"), *map(_row, keys)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _revoke(options: argparse.Namespace) -> None:
    path = _file(options)
    keys = read_file(path)
    left = [key for key in keys if key.name != options.name]
    if len(left) == len(keys):
        names = ", ".join(key.name for key in keys) or "none"
        raise KeysError(f"{path} has no key named {options.name!r}. Its keys: {names}.")
    write_file(path, left)
    print(f"Revoked {options.name}. Running servers that use {path} notice it within a second.")


def _row(key: Key) -> tuple[str, str, str, str]:
    until = key.until.isoformat() if key.until else "-"
    if key.until and key.until < date.today():
        until += " (expired)"
    return key.name, key.role, key.rate or "-", until


def _file(options: argparse.Namespace) -> Path:
    if options.file:
        return Path(options.file)
    named = os.environ.get("TABLECAST_KEYS", "").strip()
    if named.startswith("{"):
        raise KeysError(
            "TABLECAST_KEYS holds the keys themselves, not a file, so this command cannot change "
            "them. Name a file with --file, then copy its text into the variable."
        )
    return Path(named or DEFAULT_FILE)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        words = f"{text!r} is not a date; write it as 2027-12-31"
        raise argparse.ArgumentTypeError(words) from None
