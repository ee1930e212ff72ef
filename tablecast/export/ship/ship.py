"""A deployment shipped: everything that its host needs, in a folder that is ready to push."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tablecast.export.ship.folder import Written, write_folder
from tablecast.export.ship.host import Host
from tablecast.export.ship.pipelines import pipeline_files
from tablecast.export.ship.registry import host_of
from tablecast.export.ship.shipment import Shipment, shipment_of


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
    with_pickle: bool = False,
    with_log: bool = False,
    ci: str = "",
    table: str = "",
    force: bool = False,
) -> Shipped:
    """Write a deployment as a folder that a host runs, whole or not at all.

    Args:
        name: the deployment's path, without the ending of its files.
        to: the host, one of ``host_names()``.
        folder: empty, not there yet, or shipped into before: then only what changed is written.
        app: its name on the host; by default after the deployment's.
        with_pickle: whether the pickle, which serving does not need, goes along.
        with_log: whether what a prediction log needs is installed, as Compose and Heroku always do.
        ci: a service whose pipeline trains and publishes it: ``github`` or ``circleci``.
        table: what that pipeline trains from: a file, a URL or ``kaggle:OWNER/DATASET``.
        force: replace files of ours that somebody changed.

    Raises:
        ArtifactError: there is no such deployment, or it is damaged.
        ShipError: there is no such host, the host could not call it so, or the folder is somebody
            else's or cannot be written.
    """
    host = host_of(to)
    shipment = shipment_of(name, app, with_pickle, with_log)
    files = dict(host.files(shipment))
    if ci:
        files |= pipeline_files(shipment, to, ci, table)
    facts = {"host": to, "app": shipment.app}
    return Shipped(host, shipment, write_folder(Path(folder), files, facts, force))

