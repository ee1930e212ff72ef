"""Railway, by railway.json and the image's Dockerfile."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tablecast.export.ship.host import Findings, Host
from tablecast.export.ship.server_folder import BEHIND_PROXY, IMAGE, Guide, image_files
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

GUIDE = Guide("railway", "Railway", (
    "railway login",
    "railway init --name {app}",
    "railway up",
), url="URL", after="""\
`railway domain` gives the service its address. Settings that nobody else may read are variables of
the service (`railway variables --set`).
""")  # fmt: skip


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The folder of an image, and how Railway runs it."""
    image = image_files(shipment, GUIDE, variables=BEHIND_PROXY)
    return {**image, "railway.json": filled("railway.json")}


def check(folder: Path) -> Findings:
    """What Railway would refuse."""
    try:
        told = json.loads((folder / "railway.json").read_text(encoding="utf-8"))
        return list(_findings(told))
    except (OSError, ValueError, AttributeError):
        return ["railway.json is no JSON object."]


def _findings(told: dict[str, Any]) -> Iterator[str]:
    if told.get("$schema") != "https://railway.com/railway.schema.json":
        yield "railway.json has no $schema of Railway's."
    if told.get("build", {}).get("builder") != "DOCKERFILE":
        yield "railway.json: build.builder must be DOCKERFILE."
    deploy = told.get("deploy", {})
    if not str(deploy.get("healthcheckPath", "")).startswith("/"):
        yield "railway.json: deploy.healthcheckPath must begin with a slash."
    if not isinstance(deploy.get("healthcheckTimeout"), int):
        yield "railway.json: deploy.healthcheckTimeout must be a number of seconds."
    if deploy.get("restartPolicyType") not in ("ON_FAILURE", "ALWAYS", "NEVER"):
        yield "railway.json: deploy.restartPolicyType must be ON_FAILURE, ALWAYS or NEVER."
    if "$PORT" in str(deploy.get("startCommand", "")):
        yield "railway.json: a start command does not fill in $PORT; the server reads it itself."


HOST = Host("Railway", files, (*IMAGE, "railway.json"), check)
