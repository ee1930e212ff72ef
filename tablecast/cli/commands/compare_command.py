"""``tablecast compare``: is a new deployment better than an old one by more than chance?"""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tablecast.batch.compare_deployments import Comparison, compare_deployments
from tablecast.cli.arguments import refused, say, tell_stale
from tablecast.cli.command_help import explain
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tablecast.deployment.relabelled_files import redescribe
from tablecast.errors import TablecastError

HELP = "tell whether a new deployment is better than an old one"

#: The exit status where the new one is worse, and where the two could not be compared.
WORSE, FAILED = 1, 2

#: Comparisons that a card keeps, the newest first.
MOST_KEPT = 10

VERDICTS = {
    "better": "{new} is better than {old} by more than chance.",
    "worse": "{new} is worse than {old} by more than chance.",
    "no difference": "The difference between {new} and {old} is not more than chance.",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Predict every row of a table whose outcomes are known with both deployments, and compare "
        "their errors row by row. Use rows that neither was trained on, such as those of tablecast "
        "log export. The exit status is 0 if the new one is better or the difference is not more "
        "than chance, 1 if it is worse, and 2 if they cannot be compared. The result is added to "
        "the new one's model card.",
        "tablecast compare charges charges_new --table outcomes.csv",
    )
    for name, words in (("old", "the deployment in use"), ("new", "the deployment to judge")):
        parser.add_argument(
            name, metavar=name.upper(), help=f"{words}: the path of its files without their endings"
        )
    parser.add_argument(
        "--table", required=True, metavar="FILE",
        help="a CSV, Excel or Parquet file with the columns of both, and the column they predict",
    )
    parser.add_argument(
        "--sheet", metavar="NAME", help="the sheet of a workbook, by name or by number from 1"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument(
        "--no-record", action="store_true", help="leave the new one's model card as it is"
    )


def run(options: argparse.Namespace) -> None:
    """Run the command. Raises SystemExit: with 1 if the new one is worse, 2 if it failed."""
    try:
        old, new = load(options.old), load(options.new)
        found = compare_deployments(old, new, options.table, options.sheet)
        entry = _entry(old, options.table, found)
        changed = [] if options.no_record else redescribe(options.new, partial(_recorded, entry))
    except (TablecastError, OSError) as error:
        print(refused(error), file=sys.stderr)
        raise SystemExit(FAILED) from None
    if options.json:
        say(json.dumps({**entry, "new_deployment": _named(new)}, indent=2, ensure_ascii=False))
    else:
        _tell(options.old, options.new, found)
    tell_stale(changed, options.new)
    if found.verdict == "worse":
        raise SystemExit(WORSE)


def _tell(old: str, new: str, found: Comparison) -> None:
    names = {"old": Path(old).name, "new": Path(new).name}
    if names["old"] == names["new"]:
        names = {"old": old, "new": new}
    empty, refusals = found.rows_without_target, found.rows_refused
    say(f"Compared on {found.rows:,} rows."
        + (f" {empty:,} have no outcome." if empty else "")
        + (f" {refusals:,} are refused by one of the two." if refusals else ""))
    say(f"Mean {found.loss}: {found.old:,.6g} ({names['old']}), {found.new:,.6g} ({names['new']}).")
    within = ""
    if found.low is not None and found.high is not None:
        within = f" (95% interval {found.low:+,.4g} to {found.high:+,.4g})"
    say(f"New minus old: {found.new - found.old:+,.4g}{within}, p = {found.p:.2g} (sign-flip test "
        "of the paired differences).")
    say(VERDICTS[found.verdict].format(**names))
    say("This holds only for rows that neither was trained on.")


def _named(deployment: Deployment) -> dict[str, str]:
    return {name: str(deployment.description[name]) for name in ("name", "version", "sha256")}


def _entry(old: Deployment, table: str, found: Comparison) -> dict[str, Any]:
    """What the card keeps."""
    moment = datetime.now(UTC).replace(microsecond=0).isoformat()
    return {"at": moment, "old_deployment": _named(old), "table": Path(table).name,
            **found.to_json()}


def _recorded(entry: Mapping[str, Any], description: Mapping[str, Any]) -> dict[str, Any]:
    """The description with a comparison, instead of an earlier one with the same deployment."""
    card = description["card"]
    same = entry["old_deployment"]["sha256"]
    others = [
        one for one in card.get("comparisons", ()) if one["old_deployment"]["sha256"] != same
    ]
    return {**description, "card": {**card, "comparisons": [entry, *others][:MOST_KEPT]}}
