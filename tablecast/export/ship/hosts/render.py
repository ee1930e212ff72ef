"""Render, by a blueprint (render.yaml) and the image's Dockerfile."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tablecast.export.ship.host import Findings, Host, read_yaml, text_of
from tablecast.export.ship.server_folder import BEHIND_PROXY, IMAGE, Guide, image_files
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

#: Where Render looks for a server that no PORT sends elsewhere, and ports that it keeps for itself.
PORT = 10000
RESERVED = (18012, 18013, 19099)

GUIDE = Guide("render", "Render", (
    "git init --initial-branch main && git add --all && git commit --message 'Ship {app}'",
    "gh repo create {app} --private --source . --push",
    "open 'https://dashboard.render.com/select-repo?type=blueprint'",
), url="URL", after="""\
The last command opens Render, where you choose the repository; every push to it is then deployed.
The free plan sleeps after 15 minutes without a request, and has no disk.
""")  # fmt: skip


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The folder of an image, and its blueprint."""
    blueprint = filled("render.yaml", shipment=shipment, variables=BEHIND_PROXY)
    return {**image_files(shipment, GUIDE, port=PORT), "render.yaml": blueprint}


def check(folder: Path) -> Findings:
    """What Render would refuse, or no longer reads."""
    told = read_yaml(text_of(folder / "render.yaml"))
    services = told.get("services") if isinstance(told, dict) else None
    if not isinstance(services, list) or not services:
        return ["render.yaml has no services."]
    return [found for service in services for found in _findings(service, folder)]


def _findings(service: dict[str, Any], folder: Path) -> Iterator[str]:
    for key in ("type", "name", "runtime", "plan", "healthCheckPath"):
        if not isinstance(service.get(key), str):
            yield f"render.yaml: a service has no {key}."
    if "env" in service:
        yield "render.yaml: env is the old word for runtime."
    if service.get("runtime") == "docker" and not (
        (folder / service.get("dockerfilePath", "./Dockerfile")).is_file()
    ):
        yield "render.yaml: dockerfilePath names no file."
    if not str(service.get("healthCheckPath", "/")).startswith("/"):
        yield "render.yaml: healthCheckPath must begin with a slash."
    for variable in service.get("envVars", []):
        if "key" not in variable or not {"value", "sync", "generateValue"} & variable.keys():
            yield "render.yaml: a variable needs a key, and a value or sync: false."
        if variable.get("key") == "PORT" and int(variable.get("value", 0)) in RESERVED:
            yield f"render.yaml: Render keeps the ports {RESERVED} for itself."


HOST = Host("Render", files, (*IMAGE, "render.yaml"), check)
