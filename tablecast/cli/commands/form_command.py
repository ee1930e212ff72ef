"""``tablecast form``: write a deployment's form file, or put one into it without training."""

import argparse
import time
from pathlib import Path

from tablecast.cli.arguments import add_deployment, program, say, tell_stale
from tablecast.cli.command_help import explain
from tablecast.deployment.relabelled_files import description_of, relabel
from tablecast.deployment.unfinished import write_whole
from tablecast.errors import FormFileError
from tablecast.schema.form_file import read_form
from tablecast.schema.form_starter import starter
from tablecast.schema.schema import Schema

HELP = "change a deployment's labels, limits and colours without training"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "A form file holds a deployment's labels, hints, units, limits, order, logo and colour, "
        "and the words of its model card. Write the deployment's own to a file, edit it, and put "
        "it back: predictions stay the same, and nothing is trained.",
        "tablecast form charges --write form.toml",
        "tablecast form charges --form form.toml",
    )
    add_deployment(parser)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "--write", metavar="FILE", help="write a form file that has every key, each explained"
    )
    action.add_argument(
        "--form", metavar="FILE",
        help="put this form file into the deployment; keys that it does not have stay as they are",
    )
    parser.add_argument(
        "--force", action="store_true", help="with --write: replace a file of that name"
    )


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    if options.write:
        _write(options.name, Path(options.write), options.force)
    else:
        _put(options.name, options.form)


def _write(name: str, path: Path, force: bool) -> None:
    description = description_of(name)
    if path.exists() and not force:
        raise FormFileError(
            f"There is a {str(path)!r} already. Choose another name, or replace it (--force)."
        )
    schema = Schema.from_json(description["schema"])
    text = starter(name, schema, description["card"].get("stated", {}))
    write_whole(path, text, FormFileError)
    say(f"Wrote {path}. Edit it, then run: {program()} form {name} --form {path}")


def _put(name: str, file: str) -> None:
    began = time.monotonic()
    form = read_form(file)
    changed = relabel(name, form)
    if form.source and form.source.says("table"):
        say("Ignored [table]: it says how to read a table, which only training does.")
    if not changed:
        say("Nothing changes: the deployment says all of it already.")
        return
    names = ", ".join(path.name for path in changed)
    say(f"Wrote {names} in {time.monotonic() - began:.1f} s. The graph is the same, and so its "
        "proof holds.")
    tell_stale(changed, name)
