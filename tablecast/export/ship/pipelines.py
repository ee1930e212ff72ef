"""The pipelines by which a push trains, judges, builds and publishes a shipped folder."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import SplitResult, urlsplit

from tablecast.data import kaggle
from tablecast.errors import ShipError, TableError
from tablecast.export.ship.host_registry import host_of
from tablecast.export.ship.lock import PYTHON, lock_of, with_own_wheel
from tablecast.export.ship.own_wheel import wheel_bytes, wheel_name
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled
from tablecast.schema.form_starter import starter

#: What takes a folder's pipeline away again.
NO_PIPELINE = "none"

#: Where each service looks for its pipeline.
PIPELINES: Mapping[str, str] = {
    "github": ".github/workflows/deploy.yml",
    "circleci": ".circleci/config.yml",
}

#: Endings that a table keeps where it is saved; any other is read as CSV is.
_ENDINGS = (".parquet", ".pq", ".xlsx", ".xls", ".ods", ".tsv", ".zip", ".gz")

#: Actions by the commit of a release.
ACTIONS = {
    "checkout": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "python": "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "upload": "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "download": "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    "attest": "actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2",
    "publish": "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2",
}


def pipeline_files(
    shipment: Shipment, files: Mapping[str, bytes], service: str, table: str
) -> dict[str, bytes]:
    """What a folder needs besides, so that a service trains and publishes it.

    Args:
        files: what it holds for its host.
        service: one of ``PIPELINES``.
        table: what it is trained from, as ``tablecast train`` takes it.

    Raises:
        ShipError: there is no such service, or the table cannot stand in a file.
    """
    if service not in PIPELINES:
        known = ", ".join(PIPELINES)
        raise ShipError(f"There is no pipeline for {service[:40]!r}. Choose one of {known}.")
    _check_table(table)
    target = shipment.deployment.schema.target
    for what, text in (("table", table), ("deployment", shipment.name), ("target", target)):
        _check_plain(what, text)
    stated = shipment.deployment.description["card"].get("stated", {})
    # A pipeline installs the same Python and the same tablecast, whatever the host has of them.
    beside = {".python-version": f"{PYTHON}\n".encode(), wheel_name(): wheel_bytes()}
    # The model that a new one is compared with: a folder of pages alone has it beside the training.
    graph = f"{shipment.name}.onnx"
    places = [place for place in files if PurePosixPath(place).name == graph]
    if not places:
        beside |= {f"training/{name}": own for name, own in shipment.own_files.items()}
    old = (places or [f"training/{graph}"])[0].removesuffix(".onnx")
    facts = {
        "shipment": shipment, "table": table, "image": "Dockerfile" in files,
        "package": _can_be_package(shipment),
    }  # fmt: skip
    pipeline = filled(
        PurePosixPath(PIPELINES[service]).name, **facts, target=target, actions=ACTIONS, old=old,
        saved=f"build/table{_ending(table)}", lock="requirements.txt" in files,
    )  # fmt: skip
    on_kaggle = table.lower().startswith(kaggle.START)
    told = filled(
        "README-pipeline.md", **facts, service=service, kaggle=on_kaggle,
        file=not on_kaggle and "://" not in table,
    )  # fmt: skip
    return {
        **beside,
        "README.md": files["README.md"] + told,
        PIPELINES[service]: pipeline,
        "training/requirements.txt": with_own_wheel(lock_of("training"), ".."),
        "training/form.toml": starter(shipment.name, shipment.deployment.schema, stated).encode(),
    }


def _can_be_package(shipment: Shipment) -> bool:
    """Whether Python can import what its name makes of it."""
    try:
        host_of("wheel").files(shipment)
    except ShipError:
        return False
    return True


def _check_table(table: str) -> None:
    """Before it stands in a file that a service reads, and that many people see."""
    if not table.strip():
        raise ShipError(
            "Say what the pipeline trains from: --table FILE, a URL, or kaggle:OWNER/DATASET."
        )
    if "://" in table:
        _check_address(table)
    elif table.lower().startswith(kaggle.START):
        try:
            kaggle.source_of(table)
        except TableError as error:
            raise ShipError(str(error)) from None
    else:
        _check_place(table)


def _check_address(table: str) -> None:
    address = _address(table)
    if address and (address.password or address.username or address.query):
        raise ShipError(
            "The address of the table holds a password or a key, and the pipeline's file would "
            "show it. Name an address without one, or download the table into the folder."
        )
    if not address or not address.hostname or address.scheme not in ("http", "https"):
        raise ShipError(
            "The pipeline fetches no table from such an address. Name one that begins with "
            "https://, or a file of the folder."
        )


def _address(text: str) -> SplitResult | None:
    """What an address is made of; nothing where it is none."""
    try:
        address = urlsplit(text)
        return address if address.port != 0 else None
    except ValueError:  # of a port, too
        return None


def _check_place(table: str) -> None:
    place = PurePosixPath(table)
    if place.is_absolute() or ".." in place.parts or table.startswith(("-", "~")):
        raise ShipError(
            f"The pipeline cannot read {table[:60]!r}: it has only the files of the folder. Put "
            "the table there, and name it as it is named in the folder, such as data/table.csv."
        )


def _check_plain(what: str, text: str) -> None:
    """What the services fill in themselves, between their own signs, is not a text to them."""
    if not text.isprintable() or any(sign in text for sign in ("${{", "<<")):
        raise ShipError(
            f"The {what} {text[:60]!r} has signs that mean something to the pipeline. Rename it."
        )


def _ending(table: str) -> str:
    last = table.rpartition("/")[2].lower()
    return next((ending for ending in _ENDINGS if last.endswith(ending)), ".csv")
