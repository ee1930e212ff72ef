"""``tablecast keys``: make, list and revoke the keys that open a server."""

from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path
from typing import get_args

from tablecast.access.key_file import Key, Role, new_key, read_file, write_file
from tablecast.errors import KeysError

HELP = "make, list and revoke the keys that open a server"

#: Where keys go if neither --file nor TABLECAST_KEYS says so.
DEFAULT_FILE = "keys.jsonl"

EXAMPLE = """\
examples:
  tablecast keys add night-job --role batch --rate 100/m --until 2027-12-31
  tablecast keys list
  tablecast keys revoke night-job
  TABLECAST_KEYS=keys.jsonl gunicorn app:app
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog, parser.formatter_class = EXAMPLE, argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make a key, and show it once")
    add.add_argument("name", help="whose it is, such as night-job")
    add.add_argument(
        "--role", required=True, choices=get_args(Role),
        help="ask: the form and single rows; batch: files too; watch: /metrics; admin: all",
    )
    add.add_argument("--rate", default="", help="requests in a time, such as 100/m (s, m, h, d)")
    add.add_argument(
        "--until", type=_day, metavar="DATE", help="the last day on which it is valid (UTC)"
    )
    listed = actions.add_parser("list", help="list the keys; none of them is shown")
    revoke = actions.add_parser("revoke", help="let a key open nothing any more")
    revoke.add_argument("name", help="the key's name")
    for action, run in ((add, _add), (listed, _list), (revoke, _revoke)):
        action.add_argument(
            "--file", metavar="FILE",
            help=f"the file of keys (default: what TABLECAST_KEYS names, else {DEFAULT_FILE})",
        )
        action.set_defaults(run=run)


def _add(options: argparse.Namespace) -> None:
    path = _file(options)
    keys = read_file(path)
    if any(key.name == options.name for key in keys):
        raise KeysError(
            f"There is a key {options.name!r} already; revoke it, or take another name."
        )
    secret, key = new_key(options.name, options.role, options.rate, options.until)
    write_file(path, [*keys, key])
    print(secret)
    print(
        f"This is the only time that the key is shown. {path} keeps its hash. Programs send it as "
        "Authorization: Bearer KEY; people sign in with it. A server knows it by "
        f"TABLECAST_KEYS={path}"
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
        raise KeysError(f"There is no key {options.name!r} in {path}; there are: {names}.")
    write_file(path, left)
    print(f"Revoked {options.name}. A running server that reads {path} knows within a second.")


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
            "TABLECAST_KEYS holds the keys themselves, which cannot be written from here. Name "
            "a file with --file, then put its text into the variable."
        )
    return Path(named or DEFAULT_FILE)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2027-12-31") from None
