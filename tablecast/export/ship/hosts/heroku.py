"""Heroku, by git push: buildpack and dyno on Cedar, cloud native buildpack on Fir."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from tablecast.export.ship.host import Host, text_of
from tablecast.export.ship.lock import LOCKS
from tablecast.export.ship.server_folder import SERVER, Guide, server_files
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

GUIDE = Guide("heroku", "Heroku", (
    "git init --initial-branch main && git add --all && git commit --message 'Ship {app}'",
    "heroku create {app}",
    "git push heroku main",
), url="URL", after="""\
`heroku create` says the URL. The size of a dyno sets how many processes serve (WEB_CONCURRENCY).
Its disk forgets: keep a prediction log in a database (`heroku addons:create heroku-postgresql`,
then set TABLECAST_LOG to what `heroku config:get DATABASE_URL` says).
""")  # fmt: skip

#: What Heroku's builder takes of Python, as ``.python-version`` may say it.
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The folder of a buildpack."""
    return {
        **server_files(replace(shipment, with_log=True), GUIDE),
        "Procfile": filled("Procfile"),
        "app.json": filled("app.json", shipment=shipment),
    }




def check(folder: Path) -> Iterator[str]:
    """What Heroku would refuse."""
    locks = [name for name in LOCKS if (folder / name).is_file()]
    if len(locks) != 1:
        yield f"Heroku wants exactly one of {', '.join(LOCKS)}; there are {len(locks)}."
    version = text_of(folder / ".python-version").strip()
    if not version.startswith(VERSIONS):
        yield f".python-version says {version!r}; Heroku has {', '.join(VERSIONS)}."
    if (folder / "runtime.txt").is_file():
        yield "runtime.txt would win over .python-version; remove it."
    if not re.search(r"^web: *\S", text_of(folder / "Procfile"), re.MULTILINE):
        yield "The Procfile has no line for the process web."
    try:
        if not isinstance(json.loads(text_of(folder / "app.json")).get("env"), dict):
            yield "app.json has no env."
    except (ValueError, AttributeError):
        yield "app.json is no JSON object."




HOST = Host("Heroku", files, (*SERVER, "Procfile", "app.json"), check)
