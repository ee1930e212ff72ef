"""A deployment shipped: everything that its host needs, in a folder that is ready to push."""

from dataclasses import dataclass
from pathlib import Path

from tablecast.errors import ShipError
from tablecast.export.ship.host import Host
from tablecast.export.ship.host_registry import host_names, host_of
from tablecast.export.ship.pipelines import NO_PIPELINE, pipeline_files
from tablecast.export.ship.shipment import Shipment, shipment_of
from tablecast.export.ship.shipped_folder import Written, read_record, write_folder


@dataclass(frozen=True)
class Shipped:
    """What was shipped.

    Attributes:
        host: where it goes.
        shipment: the deployment, and its name there.
        written: what became of the folder's files.
    """

    host: Host
    shipment: Shipment
    written: Written


def ship(
    name: str | Path,
    to: str,
    folder: str | Path,
    *,
    app: str = "",
    with_pickle: bool | None = None,
    with_log: bool | None = None,
    ci: str = "",
    table: str = "",
    force: bool = False,
) -> Shipped:
    """Write a deployment as a folder that a host runs, whole or not at all.

    Args:
        name: the deployment's path, without the ending of its files.
        to: the host, one of ``host_names()``. What is not said, this and what follows, is as it
            was when the folder was written last.
        folder: empty, not there yet, or shipped into before: then only what changed is written.
        app: its name on the host; by default after the deployment's.
        with_pickle: whether the pickle, which serving does not need, goes along.
        with_log: whether what a prediction log needs is installed, as Compose and Heroku always do.
        ci: a service whose pipeline trains and publishes it: ``github``, ``circleci`` or ``none``.
        table: what that pipeline trains from: a file, a URL or ``kaggle:OWNER/DATASET``.
        force: replace files of ours that somebody changed.

    Raises:
        ArtifactError: there is no such deployment, or it is damaged.
        ShipError: there is no such host, the host could not call it so, or the folder is somebody
            else's or cannot be written.
    """
    last = _last_time(Path(folder))
    to, app, ci = to or last.get("host", ""), app or last.get("app", ""), ci or last.get("ci", "")
    if not to:
        raise ShipError(f"Say which host, by --to: {', '.join(host_names())}.")
    host = host_of(to)
    shipment = shipment_of(
        name, app,
        with_pickle="with_pickle" in last if with_pickle is None else with_pickle,
        with_log="with_log" in last if with_log is None else with_log,
    )  # fmt: skip
    files = dict(host.files(shipment))
    facts = {"host": to, "app": shipment.app, **_flags(shipment)}
    if ci not in ("", NO_PIPELINE):
        table = table or last.get("table", "")
        files |= pipeline_files(shipment, files, ci, table)
        facts |= {"ci": ci, "table": table}
    elif table:
        raise ShipError("--table is for a pipeline. Add --ci github or --ci circleci.")
    return Shipped(host, shipment, write_folder(Path(folder), files, facts, force))


def _last_time(folder: Path) -> dict[str, str]:
    """What was asked for when the folder was written last; empty where it was not."""
    try:
        record = read_record(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # what stands there, if anything, is told when it is to be written
    return {key: value for key, value in record.items() if isinstance(value, str)}


def _flags(shipment: Shipment) -> dict[str, str]:
    given = {"with_pickle": shipment.with_pickle, "with_log": shipment.with_log}
    return {name: "yes" for name, value in given.items() if value}
