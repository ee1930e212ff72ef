"""A Docker Space of Hugging Face."""

from collections.abc import Mapping
from pathlib import Path

from tablecast.export.ship.front_matter import check_front_matter, front_matter
from tablecast.export.ship.host import Findings, Host
from tablecast.export.ship.server_folder import BEHIND_PROXY, IMAGE, PORT, Guide, image_files
from tablecast.export.ship.shipment import Shipment

COMMANDS = (
    "hf auth login",
    "hf repo create {app} --repo-type space --space-sdk docker",
    "hf upload {app} . . --repo-type space",
)
AFTER = """\
The form opens in the Space's own page and at the Space's address (Embed this Space). A Space sleeps
after 48 hours without a visit, and the first visit wakes it.
"""


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The folder of an image, whose README tells the Space what it is."""
    front = front_matter(shipment, sdk="docker", app_port=PORT)
    guide = Guide("spaces", "Hugging Face Spaces", COMMANDS, front, after=AFTER, url="URL")
    return image_files(shipment, guide, variables=BEHIND_PROXY)


def check(folder: Path) -> Findings:
    """What a Space would refuse."""
    return check_front_matter(folder / "README.md", sdk="docker")


HOST = Host("Hugging Face Spaces", files, IMAGE, check)
