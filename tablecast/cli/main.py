"""The command line: ``python -m tablecast inspect|train|compile|verify|predict|card``."""

from __future__ import annotations

import argparse
import os
import pkgutil
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from tablecast import __version__
from tablecast.batch.predict_file import ERROR_CHOICES, predict_file
from tablecast.cli import commands as commands_folder
from tablecast.cli.live import Live
from tablecast.cli.progress import ProgressBar
from tablecast.cli.table_options import add_table_options, table_options
from tablecast.deployment.files import without_ending
from tablecast.deployment.opening import load
from tablecast.errors import TablecastError, TrainingError
from tablecast.i18n.language import ENGLISH, LANGUAGES, language_of, speaking
from tablecast.training import cast
from tablecast.web.card_export import card_text, write_card

#: The exit status after Ctrl-C, as shells have it: 128 and SIGINT's number.
INTERRUPTED = 130

#: And where nobody reads on: 128 and SIGPIPE's.
BROKEN_PIPE = 141

#: As PyCaret's tutorials have it.
DEFAULT_SEED = 123

#: What a command may lack where only serving is installed.
FOR_TRAINING = (
    "Training, compiling and verifying need more than serving: install tablecast[train] on Python "
    "3.11 (in a clone of the repository: make setup, then .venv-train/bin/python)."
)

#: A polite kill, and the end of the terminal, which not every system has.
ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 a clear refusal on the terminal, 130 interrupted.
    """
    options = command_parser().parse_args(arguments)
    try:
        with _ended_as_by_ctrl_c():
            options.run(options)
    except TablecastError as error:
        print(f"tablecast: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "tablecast").partition(".")[0] == "tablecast":
            raise
        print(f"tablecast: {error.name} is not installed. {FOR_TRAINING}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who reads, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        with suppress(OSError):  # the terminal may be gone
            print("tablecast: stopped; no partial files were left.", file=sys.stderr)
        return INTERRUPTED
    return 0


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """A command that a signal ends cleans up behind itself; what nohup ignores stays ignored."""
    found = {ending: signal.getsignal(ending) for ending in ENDINGS}
    heard = {ending: then for ending, then in found.items() if then is not signal.SIG_IGN}
    for ending in heard:
        signal.signal(ending, signal.default_int_handler)
    try:
        yield
    finally:
        for ending, then in heard.items():
            signal.signal(ending, then)


def run() -> NoReturn:
    """Run the command that this process was started with, and end the process."""
    status = main()
    if status == INTERRUPTED:
        # Python would wait for estimators that are still being fitted in other threads.
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def command_parser() -> argparse.ArgumentParser:
    """Every command with its arguments and what they are for."""
    parser = argparse.ArgumentParser(
        prog="tablecast", description="From a table to a proven prediction form and API."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train, compile and prove a deployment"))
    _add_compile(commands.add_parser("compile", help="write NAME.onnx from NAME.pkl, and prove it"))
    _add_verify(commands.add_parser("verify", help="prove NAME.onnx again, on new random rows"))
    _add_predict(commands.add_parser("predict", help="predict every row of a file"))
    _add_card(commands.add_parser("card", help="show or export the model card"))
    for module in pkgutil.iter_modules(commands_folder.__path__):
        command = import_module(f"{commands_folder.__name__}.{module.name}")
        command.configure(commands.add_parser(module.name, help=command.HELP))
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", help="a CSV, Excel or Parquet path, a URL, or a data-set name")
    parser.add_argument("--target", required=True, help="the column to predict")
    parser.add_argument("--name", help="the deployment's name (default: the table's)")
    parser.add_argument("--out", default=".", help="folder for its files (default: this one)")
    parser.add_argument(
        "--force", action="store_true", help="replace another deployment of that name"
    )
    parser.add_argument("--form", help="TOML file with labels, hints, units and limits")
    parser.add_argument(
        "--model", help="a PyCaret estimator id such as lr, or auto to search (the default)"
    )
    parser.add_argument(
        "--budget", type=_positive, help="seconds that a search may take (default: 120)"
    )
    parser.add_argument("--seed", type=int, help=f"PyCaret's session_id (default: {DEFAULT_SEED})")
    parser.add_argument(
        "--max-latency", type=_positive, metavar="MICROSECONDS",
        help="skip models slower than this per row (default: 1000)",
    )
    parser.add_argument(
        "--trials", type=_whole,
        help="number of models that a search tries, instead of seconds: the same seed and number "
        "give the same result on every run",
    )
    add_table_options(parser)
    parser.set_defaults(run=_train)


def _add_compile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pickle", metavar="NAME.pkl", help="what train or save_model wrote")
    parser.add_argument("--table", help="the training table; the proof then covers its rows")
    parser.set_defaults(run=_compile)


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the deployment's path, with or without ending")
    parser.add_argument("--rows", type=_whole, default=2000, help="random rows (default: 2000)")
    parser.add_argument("--seed", type=int, help="for the same rows again (default: new rows)")
    parser.set_defaults(run=_verify)


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the deployment's path, with or without ending")
    parser.add_argument("source", metavar="IN", help="CSV, Excel or Parquet file with the rows")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="file to write")
    parser.add_argument(
        "--errors", choices=ERROR_CHOICES, default="fail",
        help="when a row is refused: stop, leave it out, or add the reason in a column "
        "(default: %(default)s)",
    )
    parser.add_argument("--sheet", metavar="NAME", help="a workbook's sheet, or its number from 1")
    parser.set_defaults(run=_predict)


def _add_card(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the deployment's path, with or without ending")
    parser.add_argument(
        "-o", "--output", metavar="FILE",
        help="an .html file (one page that needs nothing else) or a .json file (default: JSON on "
        "the terminal)",
    )
    parser.add_argument(
        "--lang", choices=[language.primary for language in LANGUAGES], default=ENGLISH.primary,
        help="the page's language (default: %(default)s)",
    )
    parser.set_defaults(run=_card)


def _train(options: argparse.Namespace) -> None:
    # What starting Python and importing took is part of the time that a person waits.
    began = time.monotonic() - time.process_time()
    _check_trials(options)
    with Live() as live:
        base = cast.cast(
            options.table,
            options.target,
            name=options.name,
            out=options.out,
            form=options.form,
            force=options.force,
            model=options.model or "auto",
            budget=options.budget,
            trials=options.trials,
            seed=DEFAULT_SEED if options.seed is None else options.seed,
            max_latency=options.max_latency,
            reading=table_options(options),
            began=began,
            progress=live,
        )
    _say(f"Serve it with: TABLECAST_DEPLOYMENT={base} make run")


def _check_trials(options: argparse.Namespace) -> None:
    """Raises TrainingError where an option goes by the clock, which counted trials do not."""
    for name in ("model", "budget", "max_latency"):
        if options.trials is not None and getattr(options, name) not in (None, "auto"):
            raise TrainingError(
                f"--trials counts what the search tries, so that --{name.replace('_', '-')} cannot "
                "be given beside it; leave one of them out."
            )


def _compile(options: argparse.Namespace) -> None:
    base = without_ending(options.pickle)
    table = cast.training_rows(base, options.table) if options.table else None
    cast.compile_deployment(base, table, progress=_say)


def _verify(options: argparse.Namespace) -> None:
    seed = secrets.randbits(32) if options.seed is None else options.seed
    proof = cast.verify_deployment(options.name, options.rows, seed)
    _say(f"{Path(options.name).name}, seed {seed}: {cast.said_of(proof)}")


def _predict(options: argparse.Namespace) -> None:
    deployment = load(options.name)
    with ProgressBar() as bar:
        summary = predict_file(
            deployment, options.source, options.output, errors=options.errors,
            sheet=options.sheet, progress=bar,
        )
    for note in summary.notes:
        _say(note)
    _say(
        f"Predicted {summary.predicted:,} of {summary.rows:,} rows in {summary.seconds:.1f} s, "
        f"{summary.refused:,} refused. Wrote {options.output}."
    )


def _card(options: argparse.Namespace) -> None:
    loaded = load(options.name)
    if options.output is None:
        _say(card_text(loaded).rstrip())
    else:
        with speaking(language_of(options.lang) or ENGLISH):
            written = write_card(loaded, options.output)
        _say(f"Wrote {written}.")


def _say(line: str) -> None:
    print(line, flush=True)


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
