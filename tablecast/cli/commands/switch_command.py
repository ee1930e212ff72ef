"""``tablecast switch``: serve another version of a deployment, or list its versions."""

import argparse
from pathlib import Path

from tablecast.cli.arguments import say
from tablecast.cli.command_help import explain
from tablecast.deployment import versions
from tablecast.deployment.files import readable
from tablecast.deployment.opening import load
from tablecast.errors import ArtifactError

HELP = "serve another version of a deployment"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Each version of charges stands in a folder of its own: charges/1/charges.onnx, "
        "charges/2/charges.onnx. Running servers take the new version within a second, without a "
        "failed request. The VERSION previous is the one before. Without VERSION, list them all.",
        "tablecast train charges.csv --target charges --model lr --out charges/2",
        "tablecast switch charges 2",
        "tablecast switch charges",
    )
    parser.add_argument("name", metavar="NAME", help="the folder of the deployment's versions")
    parser.add_argument(
        "version", metavar="VERSION", nargs="?",
        help=f"the version to serve: the name of its folder, or {versions.PREVIOUS}",
    )
    shadow = parser.add_mutually_exclusive_group()
    shadow.add_argument(
        "--shadow", action="store_true",
        help="let VERSION answer beside the current one, only for the prediction log",
    )
    shadow.add_argument(
        "--no-shadow", action="store_true", help="let no version answer beside the current one"
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    folder = Path(options.name)
    with readable(folder):
        versions.check_versioned(folder)
    if options.no_shadow:
        versions.shadow(folder, None)
        say(f"{folder} has no shadow version.")
    elif options.version is None:
        if options.shadow:
            raise ArtifactError("Name the VERSION that --shadow is about.")
        _list(folder)
    elif options.shadow:
        wanted = versions.named(folder, options.version)
        load(versions.base_of(folder, wanted))
        versions.shadow(folder, wanted)
        say(f"Version {wanted} of {folder} answers for the prediction log, too.")
    else:
        _switch(folder, options.version)


def _switch(folder: Path, version: str) -> None:
    before = versions.state_or_none(folder)
    wanted = versions.named(folder, version)
    load(versions.base_of(folder, wanted))  # what cannot be opened is not switched to
    now = versions.switch(folder, wanted)
    when = "already" if now == before else "now"
    back = f" The one before was {now.previous}." if now.previous else ""
    say(f"{folder} serves version {now.current} {when}.{back}")


def _list(folder: Path) -> None:
    state = versions.state_of(folder)
    marks = {state.shadow: "shadow", state.previous: "previous", state.current: "current"}
    for version in versions.versions_in(folder):
        say(f"{version}\t{marks.get(version, '')}".rstrip())
