"""The command line: ``python -m tablecast COMMAND``."""

import argparse
import os
import pkgutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import NoReturn

from tablecast import __version__
from tablecast.cli import commands as commands_folder
from tablecast.cli.arguments import refused
from tablecast.cli.command_help import explain
from tablecast.cli.table_options import with_texts
from tablecast.errors import TablecastError

#: The exit status after Ctrl-C, as shells have it: 128 and SIGINT's number.
INTERRUPTED = 130

#: And where nobody reads on: 128 and SIGPIPE's.
BROKEN_PIPE = 141

#: What a command may lack where only serving is installed.
FOR_TRAINING = (
    "Training, compiling and verifying need more packages than serving: install tablecast[train] "
    "on Python 3.11 or 3.12 (in a clone of the repository: make setup, then "
    ".venv-train/bin/python)."
)

#: A polite kill, and the end of the terminal, which not every system has.
ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


#: What ends the name of a command's module; what stands before it is the command's own.
ENDING = "_command"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 a clear refusal on the terminal, 130 interrupted.
    """
    given = with_texts(sys.argv[1:] if arguments is None else arguments)
    options = command_parser(given[:1]).parse_args(given)
    try:
        with _ended_as_by_ctrl_c():
            options.run(options)
    except BrokenPipeError:  # who reads, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (TablecastError, OSError) as error:
        print(refused(error), file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "tablecast").partition(".")[0] == "tablecast":
            raise
        print(f"tablecast: {error.name} is not installed. {FOR_TRAINING}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        notes = " ".join(getattr(interrupt, "__notes__", ["No partial files were left."]))
        with suppress(OSError):  # the terminal may be gone
            print(f"tablecast: stopped. {notes}", file=sys.stderr)
        return INTERRUPTED
    return 0


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """A command that a signal ends cleans up behind itself; what nohup ignores stays ignored."""
    handlers = {ending: signal.getsignal(ending) for ending in ENDINGS}
    heard = {ending: then for ending, then in handlers.items() if then is not signal.SIG_IGN}
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


def command_parser(wanted: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Every command with its arguments and what they are for.

    Args:
        wanted: the commands that are enough, where they are commands: to import all of them takes
            several times as long as to start a server.
    """
    parser = argparse.ArgumentParser(prog="tablecast")
    explain(
        parser,
        "Turn a table into a prediction form and an API. Without an installed package, write "
        "python -m tablecast instead of tablecast.",
        "tablecast inspect charges.csv --target charges      # look at a table",
        "tablecast train charges.csv --target charges        # train a model",
        "tablecast train --help                              # show all options",
        "tablecast predict charges new.csv -o predicted.csv  # predict a file",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    modules = [module.name for module in pkgutil.iter_modules(commands_folder.__path__)]
    names = [module.removesuffix(ENDING) for module in modules]
    for name in [name for name in names if name in wanted] or names:
        command = import_module(f"{commands_folder.__name__}.{name}{ENDING}")
        its_parser = commands.add_parser(name, help=command.HELP)
        its_parser.set_defaults(run=getattr(command, "run", None))  # or one for each of its actions
        command.configure(its_parser)
    return parser
