"""Docker Compose: the server, and PostgreSQL for its prediction log."""

from collections.abc import Mapping
from dataclasses import replace

from tablecast.export.ship.host import Host
from tablecast.export.ship.server_folder import IMAGE, IMAGES, PORT, Guide, image_files
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

GUIDE = Guide("compose", "Docker Compose", (
    'test -e .env || (umask 077 && echo "LOG_PASSWORD=$(openssl rand -hex 24)" > .env)',
    "docker compose up --build --detach --wait",
    "docker compose logs --follow web",
), after="""\
The first command makes the database's password, into a file that neither git nor the image takes.
Another one than that of the first start is refused: the database keeps its own. The port is
published on this machine alone; put a proxy with TLS in front for others.
""")  # fmt: skip


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The folder of an image, and what runs it beside a database."""
    compose = filled("compose.yaml", shipment=shipment, port=PORT, postgres=IMAGES["postgres"])
    return {**image_files(replace(shipment, with_log=True), GUIDE), "compose.yaml": compose}


HOST = Host("Docker Compose", files, (*IMAGE, "compose.yaml"))
