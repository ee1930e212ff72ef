"""``tablecast serve``: a deployment's form and API at an address."""

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from tablecast.cli.address import check_free, open_when_ready, shown
from tablecast.cli.arguments import port, workers
from tablecast.cli.command_help import explain
from tablecast.deployment.files import OPENED, check_there, readable, without_ending
from tablecast.deployment.folder import deployments_in, is_folder
from tablecast.deployment.versions import resolved
from tablecast.errors import ServeError
from tablecast.settings import SETTINGS, read_settings

HELP = "serve a deployment's form and API"

SERVERS = ("gunicorn", "granian")

#: Who can reach it, if nobody says otherwise: this machine alone. A form without keys that the
#: whole network can use should be somebody's decision.
THIS_MACHINE = "127.0.0.1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Serve the form, the API and the model card of a deployment until Ctrl-C. Only this "
        "machine can reach it unless --host says otherwise; before you let others in, make keys "
        "(tablecast keys --help).",
        "tablecast serve                                     # TABLECAST_DEPLOYMENT",
        "tablecast serve models                              # a folder of deployments",
        "tablecast serve charges --host 0.0.0.0              # for the whole network",
        "tablecast serve charges --form form.toml --reload   # while you edit labels",
        "tablecast serve charges --port 8000 --open",
    )
    parser.add_argument(
        "name", metavar="NAME", nargs="?",
        help="the deployment: the path of its files, such as build/charges, without their endings; "
        "or a folder of its versions, or of deployments (default: "
        f"{SETTINGS['deployment'].variable})",
    )
    parser.add_argument(
        "--host", default=THIS_MACHINE, metavar="ADDRESS",
        help="the address to listen on; 0.0.0.0 lets other machines in (default: %(default)s, this "
        "machine only)",
    )
    parser.add_argument(
        "--port", type=port, metavar="NUMBER",
        help=f"the port to listen on (default: {SETTINGS['port'].variable}, or "
        f"{SETTINGS['port'].default})",
    )
    parser.add_argument(
        "--workers", type=workers, metavar="NUMBER",
        help=f"worker processes (default: {SETTINGS['workers'].variable}, or "
        f"{SETTINGS['workers'].default})",
    )
    parser.add_argument(
        "--server", choices=SERVERS, default=SERVERS[0],
        help="the web server; granian answers more requests per second (default: %(default)s)",
    )
    parser.add_argument(
        "--form", metavar="FILE",
        help="show this form file's labels and limits; the deployment's files stay as they are",
    )
    parser.add_argument(
        "--reload", action="store_true",
        help="notice changed files of the deployment, and a changed form file, while serving",
    )
    parser.add_argument(
        "--open", action="store_true", help="open the page in a browser once it answers"
    )


def run(options: argparse.Namespace) -> None:
    """Become the server: this process ends as it does, and signals reach it."""
    if options.name == "":
        raise ServeError("Name a deployment, or leave NAME out. An empty name is none.")
    if "\0" in (options.name or ""):
        raise ServeError(f"{options.name!r} is no path. Name a deployment.")
    _say_where_in_environment(options)
    settings = read_settings()
    _check_deployment(without_ending(settings["deployment"]), settings["engine"])
    _check_form(settings["form_file"])
    _check_server(options.server)
    check_free(options.host, settings["port"])
    address = shown(options.host, settings["port"])
    print(f"Serving {settings['deployment']} at {address} ({options.server}, "
          f"{_counted(settings['workers'])}). Ctrl-C stops it.", file=sys.stderr, flush=True)
    if options.open:
        open_when_ready(address)
    command = _command(options.server, options.host, settings["port"], settings["workers"])
    os.execv(command[0], command)


def _say_where_in_environment(options: argparse.Namespace) -> None:
    """What the options say goes before the environment, where the server looks."""
    said = {
        "deployment": options.name, "port": options.port, "workers": options.workers,
        "form_file": options.form, "reload": "on" if options.reload else None,
    }
    for name, value in said.items():
        if value is not None:
            os.environ[SETTINGS[name].variable] = str(value)


def _check_deployment(path: Path, engine: str) -> None:
    """Raises ArtifactError where there is nothing to serve, before anything of it is opened."""
    with readable(path):
        if is_folder(path):
            deployments_in(path, OPENED[engine][0])
        else:
            check_there(resolved(path), engine)


def _check_form(form: str) -> None:
    """Raises FormFileError where a form file cannot be read; the server says if it does not fit."""
    if form:
        from tablecast.schema.form_file import read_form  # which most servers do without

        read_form(form)


def _check_server(server: str) -> None:
    if sys.platform == "win32":
        raise ServeError(
            "gunicorn and granian do not run on Windows. Use WSL (Windows Subsystem for Linux) or "
            "Docker."
        )
    if find_spec(server) is None:
        raise ServeError(f"{server} is not installed. Install it: pip install {server}")


def _command(server: str, host: str, port: int, workers: int) -> list[str]:
    """What starts the server, with the Python that runs this."""
    if server == "granian":
        module = "tablecast.web.server.granian_server"
        return [sys.executable, "-m", module, host, str(port), str(workers)]
    return [
        sys.executable, "-m", "gunicorn", "--config", "python:tablecast.web.server.gunicorn_config",
        "--bind", f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "tablecast.web.app:create_app_or_exit()",
    ]  # fmt: skip


def _counted(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"
