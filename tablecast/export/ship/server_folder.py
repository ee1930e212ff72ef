"""The files of every folder that runs our server, and those of one that is built as an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tablecast.deployment.files import sha256_of
from tablecast.export.ship.lock import PYTHON, lock_of, with_own_wheel
from tablecast.export.ship.own_wheel import wheel_bytes, wheel_name
from tablecast.export.ship.sbom import sbom_of
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

#: Images by the digest that their tags had in autumn 2026. A Dockerfile says how to look up newer.
IMAGES = {
    "python": "python:3.11-slim-bookworm@sha256:"
    "a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b",
    "uv": "ghcr.io/astral-sh/uv:0.12.19@sha256:"
    "04d046b13e60d6bcec73cbc5e1cad25d680dea90c8573340950a0ac2d1aef424",
    "adapter": "public.ecr.aws/awsguru/aws-lambda-adapter:1.0.1@sha256:"
    "1e5ab4d9242167500ed8a7bed8a79b448228aaa51cf382fb51fe4bf8a5f9a811",
    "postgres": "postgres:17-alpine@sha256:"
    "b0f9560a2de083e2cc7382e75f808c7381a32852a7ec49117deedb300e552b24",
}

#: What every folder holds that runs our server, and that of an image.
SERVER = (
    "*.onnx", "*.onnx.sha256", "tablecast-*.whl", "requirements.txt", ".python-version", "app.py",
    "smoke_test.py", "README.md",
)  # fmt: skip
IMAGE = (*SERVER, "Dockerfile", ".dockerignore", "sbom.json")

#: The port of a folder that no host tells another one: that of a Space.
PORT = 7860

#: Where a host's proxy is the only way in, what it says of the client and of TLS is believed.
BEHIND_PROXY = {"TABLECAST_PROXIES": "*"}


@dataclass(frozen=True)
class Guide:
    """What a folder's README tells.

    Attributes:
        to: the host's name, as ``--to`` takes it.
        host: what people call it.
        commands: what is left to do, a line for the shell each; ``{app}`` is the name on the host.
        front: front matter, which some hosts read.
        before, after: paragraphs around the commands.
        url: where the server then is.
    """

    to: str
    host: str
    commands: tuple[str, ...]
    front: str = ""
    before: str = ""
    after: str = ""
    url: str = f"http://localhost:{PORT}"

    def about(self, shipment: Shipment) -> Guide:
        """The same with the name on the host filled in."""
        app = shipment.app
        return replace(
            self,
            commands=tuple(one.replace("{app}", app) for one in self.commands),
            before=self.before.replace("{app}", app),
            url=self.url.replace("{app}", app),
        )


def server_files(shipment: Shipment, guide: Guide) -> dict[str, bytes]:
    """What every folder has that runs our server."""
    values = {"shipment": shipment}
    return {
        **shipment.own_files,
        wheel_name(): wheel_bytes(),
        "requirements.txt": with_own_wheel(lock_of(shipment.lock)),
        ".python-version": f"{PYTHON}\n".encode(),
        ".gitignore": filled("gitignore"),
        "app.py": filled("app.py", **values),
        "smoke_test.py": filled("smoke_test.py", **values),
        "README.md": readme(shipment, guide),
    }


def image_files(
    shipment: Shipment,
    guide: Guide,
    *,
    port: int = PORT,
    variables: Mapping[str, str] | None = None,
    adapter: bool = False,
) -> dict[str, bytes]:
    """What a folder has that is built as an image.

    Args:
        port: where it listens unless ``PORT`` says otherwise.
        variables: settings that the image has.
        adapter: whether Amazon's web adapter goes into it.
    """
    description = shipment.deployment.description
    dockerfile = filled(
        "Dockerfile", shipment=shipment, port=port, variables=dict(variables or {}),
        adapter=adapter, images=IMAGES, version=str(description["version"]),
        created=description["created"],
    )  # fmt: skip
    return {
        **server_files(shipment, guide),
        "Dockerfile": dockerfile,
        ".dockerignore": filled("dockerignore"),
        "sbom.json": sbom_of(shipment, lock_of(shipment.lock), sha256_of(wheel_bytes())),
    }


def readme(shipment: Shipment, guide: Guide) -> bytes:
    """The README of a folder."""
    return filled("README.md", shipment=shipment, guide=guide.about(shipment))
