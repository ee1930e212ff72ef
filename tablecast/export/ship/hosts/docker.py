"""An image for Docker, Podman or Kubernetes."""

from collections.abc import Mapping

from tablecast.export.ship.host import Host
from tablecast.export.ship.server_folder import IMAGE, PORT, Guide, image_files
from tablecast.export.ship.shipment import Shipment

GUIDE = Guide("docker", "Docker", (
    "docker build --tag {app} .",
    f"docker run --detach --name {{app}} --publish 127.0.0.1:{PORT}:{PORT} --read-only \\\n"
    "  --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges {app}",
    "docker logs --follow {app}",
))  # fmt: skip


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The folder of an image."""
    return image_files(shipment, GUIDE)


HOST = Host("Docker", files, IMAGE)
