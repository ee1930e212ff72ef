"""Fly.io, by fly.toml and the image's Dockerfile."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tablecast.export.ship.host import Findings, Host
from tablecast.export.ship.server_folder import BEHIND_PROXY, IMAGE, Guide, image_files
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

PORT = 8080  # Fly's own default

#: Seconds that Fly waits at most for a machine to stop.
LONGEST_KILL = 300

GUIDE = Guide("fly", "Fly.io", (
    "fly auth login",
    "fly apps create {app}",
    "fly deploy",
), url="https://{app}.fly.dev", after="""\
A machine stops where nobody asks, and starts with the next request. `fly secrets set` takes
settings that nobody else may read; fly.toml says where it runs (`primary_region`).
""")  # fmt: skip


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The folder of an image, and how Fly runs it."""
    told = filled("fly.toml", shipment=shipment, port=PORT, variables=BEHIND_PROXY)
    return {**image_files(shipment, GUIDE, port=PORT), "fly.toml": told}


def check(folder: Path) -> Findings:
    """What Fly would refuse, or what would stop it badly."""
    try:
        told = tomllib.loads((folder / "fly.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [f"fly.toml cannot be read: {error}."]
    return list(_findings(told, folder))


def _findings(told: dict[str, Any], folder: Path) -> Iterator[str]:
    for key in ("app", "primary_region"):
        if not isinstance(told.get(key), str):
            yield f"fly.toml has no {key}."
    if not (folder / told.get("build", {}).get("dockerfile", "Dockerfile")).is_file():
        yield "fly.toml: build.dockerfile names no file."
    if told.get("kill_signal") != "SIGTERM":
        yield "fly.toml: Fly stops with SIGINT, which ends requests; set kill_signal to SIGTERM."
    if not 0 < int(told.get("kill_timeout", 5)) <= LONGEST_KILL:
        yield f"fly.toml: kill_timeout is from 1 to {LONGEST_KILL} seconds."
    service = told.get("http_service", {})
    if not isinstance(service.get("internal_port"), int):
        yield "fly.toml: http_service has no internal_port."
    if str(service.get("internal_port")) != told.get("env", {}).get("PORT", str(PORT)):
        yield "fly.toml: PORT in env is another port than http_service.internal_port."
    for one in service.get("checks", []):
        if not str(one.get("path", "")).startswith("/"):
            yield "fly.toml: a check has no path."


HOST = Host("Fly.io", files, (*IMAGE, "fly.toml"), check)
