"""``tablecast ship``: a deployment as a folder that a host runs."""

import argparse
import sys
from pathlib import Path

from tablecast.cli.arguments import add_deployment, say
from tablecast.cli.command_help import explain
from tablecast.errors import ShipError
from tablecast.export.ship.host_registry import host_names
from tablecast.export.ship.offline_checks import check_folder
from tablecast.export.ship.ship import Shipped, ship

HELP = "write a folder that a host runs, ready to push"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Write a small repository that a host runs: the deployment, an app of a few lines, one "
        "hashed lock, the host's own files, a smoke test, and a README with the commands that are "
        "left. Shipping again needs only NAME and FOLDER; it changes what changed, and keeps files "
        "of your own.",
        "tablecast ship charges --to heroku -o charges-heroku",
        "tablecast ship charges --to docker -o charges-image --check",
        "tablecast ship --check charges-image",
        "tablecast ship charges --to fly -o charges-ci --ci github --table charges.csv",
        "tablecast ship charges --to fly -o charges-fly",
    )
    add_deployment(parser, nargs="?")
    parser.add_argument("--to", metavar="HOST", help=f"where it runs: {', '.join(host_names())}")
    parser.add_argument("-o", "--output", metavar="FOLDER", help="the folder to write")
    parser.add_argument(
        "--app", default="", metavar="APP",
        help="its name on the host, such as house-prices (default: after the deployment)",
    )
    parser.add_argument(
        "--with-pickle", action=argparse.BooleanOptionalAction,
        help="put NAME.pkl and NAME.json into the folder too, which serving does not need",
    )
    parser.add_argument(
        "--with-log", action=argparse.BooleanOptionalAction,
        help="install what a prediction log needs (TABLECAST_LOG), which adds 50 MB; Compose and "
        "Heroku always do",
    )
    parser.add_argument(
        "--ci", metavar="SERVICE", default="",
        help="add a pipeline that tests, trains, judges, builds and publishes at each push: github "
        "or circleci; none takes it away",
    )
    parser.add_argument(
        "--table", metavar="TABLE", default="",
        help="with --ci: what it trains from, a file of the folder, a URL or kaggle:OWNER/DATASET",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace files of the folder that somebody changed"
    )
    parser.add_argument(
        "--check", metavar="FOLDER", nargs="?", const="",
        help="run every check that works offline, on the folder that is written or on FOLDER",
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    if options.name is None and options.check:
        return _check(options.check)
    if not (options.name and options.output):
        raise ShipError(
            "Name a deployment, a host and a folder: tablecast ship NAME --to HOST -o FOLDER. To "
            "check a folder: tablecast ship --check FOLDER."
        )
    if options.check not in (None, "", options.output):
        raise ShipError(f"--check {options.check} and -o {options.output} differ. Name one folder.")
    shipped = ship(
        options.name, options.to or "", options.output, app=options.app,
        with_pickle=options.with_pickle, with_log=options.with_log, ci=options.ci,
        table=options.table, force=options.force,
    )  # fmt: skip
    _tell(shipped, options.output)
    if options.check is not None:
        _check(options.output)
    return None


def _tell(shipped: Shipped, folder: str) -> None:
    done = shipped.written
    for place in done.kept:
        say(f"Kept {place}, which somebody changed.")
    if not (done.written or done.removed):
        say(f"{folder} is up to date for {shipped.host.title} ({done.same} files).")
        return
    files = "1 file" if len(done.written) == 1 else f"{len(done.written)} files"
    parts = [f"{files} written", f"{done.same} unchanged"]
    if done.removed:
        parts.append(f"{len(done.removed)} removed")
    say(f"Shipped {shipped.shipment.name} for {shipped.host.title}: {', '.join(parts)}.")
    say(f"{Path(folder) / 'README.md'} has the commands that are left.")


def _check(folder: str) -> None:
    """Say what was checked; end with 1 where something was found."""
    checked = check_folder(Path(folder))
    for finding in checked.findings:
        say(finding)
    say(f"Checked {folder}: {'; '.join(checked.done)}.")
    if checked.left_out:
        say(f"Not checked: {'; '.join(checked.left_out)}. Install tablecast[check] for that.")
    if checked.findings:
        sys.exit(1)
    say("Nothing was found.")
