"""A static Space of Hugging Face, or any other host of files: the page that needs no server."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tablecast.deployment.files import sha256_of
from tablecast.export.ship.front_matter import check_front_matter, front_matter
from tablecast.export.ship.host import Findings, Host
from tablecast.export.ship.own_wheel import carried_file
from tablecast.export.ship.server_folder import Guide
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

COMMANDS = (
    "hf auth login",
    "hf repo create {app} --repo-type space --space-sdk static",
    "hf upload {app} . . --repo-type space",
)


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The page, its icon, and what a Space reads."""
    from tablecast.export.page.html_file import write_page  # needs what training installs

    with TemporaryDirectory() as folder:
        page = Path(folder) / "index.html"
        write_page(shipment.base, page)
        html = page.read_bytes()
    front = front_matter(shipment, sdk="static", app_file="index.html")
    guide = Guide("static", "Hugging Face Spaces, or any host of files", COMMANDS, front)
    values = {"shipment": shipment, "guide": guide.about(shipment), "page_hash": sha256_of(html)}
    return {
        "index.html": html,
        "icon.svg": carried_file("tablecast/static/icon.svg"),
        "README.md": filled("README-static.md", **values),
        "smoke_test.py": filled("smoke_test_static.py", **values),
    }


def check(folder: Path) -> Findings:
    """What a Space would refuse."""
    return check_front_matter(folder / "README.md", sdk="static")


HOST = Host("a static host", files, ("index.html", "icon.svg", "smoke_test.py", "README.md"), check)
