"""``tablecast sign``: sign a deployment's files, so that servers may want them signed."""

from __future__ import annotations

import argparse

from tablecast.deployment.signature import new_key, sign
from tablecast.errors import ArtifactError

HELP = "sign a deployment's files, or make a key to sign with"

EXAMPLE = """\
examples:
  tablecast sign --new-key ours.key
  tablecast sign charges --key ours.key
  TABLECAST_SIGNED_BY=ours.key.pub gunicorn app:app
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog, parser.formatter_class = EXAMPLE, argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", nargs="?", help="the deployment's path, with or without ending")
    parser.add_argument("--key", metavar="FILE", help="the secret key")
    parser.add_argument("--new-key", metavar="FILE", help="make a key, with FILE.pub beside it")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    if options.new_key:
        public, text = new_key(options.new_key)
        print(f"Wrote {options.new_key}, which nobody else may have, and {public}.")
        print(f"A server that wants signatures knows it by TABLECAST_SIGNED_BY={text}")
    if options.name and options.key:
        for written in sign(options.name, options.key):
            print(f"Wrote {written}.")
    elif not options.new_key:
        raise ArtifactError("Name a deployment and --key FILE, or make a key with --new-key FILE.")
