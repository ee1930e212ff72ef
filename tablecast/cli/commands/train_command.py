"""``tablecast train``: from a table to a proven deployment."""

import argparse
import time
from shlex import quote

from tablecast.cli.arguments import positive, program, say, tell_stale, whole
from tablecast.cli.command_help import explain
from tablecast.cli.live import Live
from tablecast.cli.table_options import add_table_options, table_options
from tablecast.deployment.files import with_ending
from tablecast.deployment.signature import SIGNED
from tablecast.errors import TrainingError
from tablecast.training import cast
from tablecast.training.cluster.open_cluster import ENGINES
from tablecast.training.skops_file import ALSO

HELP = "train a model on a table and save a deployment"

#: As PyCaret's tutorials have it.
DEFAULT_SEED = 123

#: Options that ``cast`` takes by the same names.
AS_GIVEN = (
    *("name", "out", "form", "like", "force", "budget", "trials", "seed", "max_latency"),
    *("engine", "address", "workers", "also"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    explain(
        parser,
        "Search for the best model of a table, or train one that you name. Then save it, compile "
        "it into a graph that a server can use, and prove that both give the same predictions. "
        "Needs tablecast[train].",
        "tablecast train charges.csv --target charges",
        "tablecast train charges.csv --target charges --budget 600 --force",
        "tablecast train charges.csv --target charges --engine dask --workers 2",
        "tablecast train charges.csv --target charges --model lr --force",
    )
    parser.add_argument(
        "table",
        help="a CSV, Excel or Parquet file, a folder or pattern of CSV or Parquet files, a URL, "
        "the name of a PyCaret data set, or kaggle:OWNER/DATASET",
    )
    parser.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    parser.add_argument("--name", help="the deployment's name (default: the table's name)")
    parser.add_argument(
        "--out", default=".", metavar="FOLDER", help="where to save it (default: this folder)"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace another deployment of that name"
    )
    parser.add_argument(
        "--form", metavar="FILE", help="a TOML file with labels, hints, units and limits"
    )
    parser.add_argument(
        "--like", metavar="NAME",
        help="refuse the table unless it has the columns of this deployment, as a new month's "
        "table of the same kind has",
    )
    parser.add_argument(
        "--model", metavar="ID",
        help="a PyCaret model id, such as lr (linear or logistic regression) or lightgbm; auto "
        "searches for the best one (default: auto)",
    )
    parser.add_argument(
        "--budget", type=positive, metavar="SECONDS",
        help="time that training may take (default: 120)",
    )
    parser.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, metavar="NUMBER",
        help="start of all random draws; PyCaret's session_id (default: %(default)s)",
    )
    parser.add_argument(
        "--max-latency", type=positive, metavar="MICROSECONDS",
        help="skip models slower than this per row (default: 1000)",
    )
    parser.add_argument(
        "--trials", type=whole, metavar="NUMBER",
        help="number of models to try, instead of --budget: the same seed and number give the "
        "same model on every run",
    )
    cluster = parser.add_argument_group("where models are fitted (default: in this process)")
    cluster.add_argument(
        "--engine", choices=tuple(ENGINES),
        help="fit the models of the search on several processes or machines. Needs "
        "tablecast[dask] or tablecast[ray]; the model found is the same",
    )
    cluster.add_argument(
        "--address", metavar="URL",
        help="a cluster that runs already, such as tcp://10.0.0.5:8786 (Dask) or "
        "ray://10.0.0.5:10001 (Ray)",
    )
    cluster.add_argument(
        "--workers", type=whole, metavar="NUMBER",
        help="processes on this machine, where no --address is given (default: one for each core)",
    )
    parser.add_argument(
        "--also", action="append", default=[], choices=ALSO,
        help="write NAME.skops too: the pipeline in a file that names the types which its reader "
        "has to trust",
    )
    add_table_options(parser)


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    # What starting Python and importing took is part of the time that a person waits.
    began = time.monotonic() - time.process_time()
    _check_trials(options)
    with Live() as live:
        base = cast.cast(
            options.table,
            options.target,
            **{name: getattr(options, name) for name in AS_GIVEN},
            model=options.model or "auto",
            reading=table_options(options),
            began=began,
            progress=live,
        )
    tell_stale((with_ending(base, ending) for ending in SIGNED), quote(str(base)))
    say(f"Serve it with: {program()} serve {quote(str(base))}")


def _check_trials(options: argparse.Namespace) -> None:
    """Raises TrainingError where an option goes by the clock, which counted trials do not."""
    for name in ("model", "budget", "max_latency"):
        if options.trials is not None and getattr(options, name) not in (None, "auto"):
            raise TrainingError(
                f"--trials and --{name.replace('_', '-')} cannot be used together. Leave one out."
            )
