"""AWS Lambda: the image with Amazon's web adapter, and a template that SAM deploys."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tablecast.export.ship.host import Host, text_of
from tablecast.export.ship.server_folder import BEHIND_PROXY, IMAGE, Guide, image_files
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

PORT = 8080  # the adapter's own default

#: One process, since Lambda sends an instance one request at a time, and has no /dev/shm.
VARIABLES = {
    **BEHIND_PROXY,
    "AWS_LWA_PORT": str(PORT),
    "AWS_LWA_READINESS_CHECK_PATH": "/readyz",
    "WEB_CONCURRENCY": "1",
}

GUIDE = Guide("lambda", "AWS Lambda", (
    "aws configure",
    "sam build",
    "sam deploy --stack-name {app} --resolve-image-repos --resolve-s3 \\\n"
    "  --capabilities CAPABILITY_IAM",
), url="URL", after="""\
`sam deploy` ends with the URL. Everybody may call it: set AuthType to AWS_IAM in template.yaml
where only signed requests may. Lambda takes 6 MB in a request; larger files go to /batch in parts.
""")  # fmt: skip


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The folder of an image, and the stack that runs it."""
    image = image_files(shipment, GUIDE, port=PORT, variables=VARIABLES, adapter=True)
    return {**image, "template.yaml": filled("template.yaml", shipment=shipment)}




def check(folder: Path) -> Iterator[str]:
    """What would not start there."""
    text = text_of(folder / "Dockerfile")
    if "/opt/extensions/" not in text:
        yield "The Dockerfile does not copy the web adapter to /opt/extensions."
    ports = dict(re.findall(r"\b(PORT|AWS_LWA_PORT)=\"?(\d+)", text))
    if len(ports) != 2 or len(set(ports.values())) != 1:
        yield "The Dockerfile must set PORT and AWS_LWA_PORT to one number."
    if not re.search(r"\bWEB_CONCURRENCY=\"?1\b", text):
        yield "The Dockerfile must set WEB_CONCURRENCY to 1: Lambda has no /dev/shm."
    if "PackageType: Image" not in text_of(folder / "template.yaml"):
        yield "template.yaml has no function of PackageType: Image."


HOST = Host("AWS Lambda", files, (*IMAGE, "template.yaml"), check)
