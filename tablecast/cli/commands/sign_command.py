"""``tablecast sign``: sign a deployment's files for servers that require a signature."""

import argparse

from tablecast.cli.arguments import add_deployment
from tablecast.cli.command_help import explain
from tablecast.deployment.signature import new_key, sign
from tablecast.errors import ArtifactError

HELP = "sign a deployment's files, or make a key to sign with"

def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Sign a deployment with your secret key, as minisign does. A server with "
        "TABLECAST_SIGNED_BY opens only deployments that this key has signed. Make a key once.",
        "tablecast sign --new-key ours.key",
        "TABLECAST_SIGNED_BY=ours.key.pub tablecast serve charges",
        "tablecast sign charges --key ours.key",
    )
    add_deployment(parser, nargs="?")
    parser.add_argument("--key", metavar="FILE", help="the secret key to sign with")
    parser.add_argument(
        "--new-key", metavar="FILE",
        help="make a secret key in FILE, and the public key that servers need in FILE.pub",
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    if options.new_key:
        public, text = new_key(options.new_key)
        print(f"Wrote the secret key {options.new_key} (keep it to yourself) and {public}.")
        print(f"Servers that require this signature need TABLECAST_SIGNED_BY={text}")
    if options.name and options.key:
        for written in sign(options.name, options.key):
            print(f"Wrote {written}.")
    elif not options.new_key:
        raise ArtifactError("Name a deployment and --key FILE, or make a key with --new-key FILE.")
