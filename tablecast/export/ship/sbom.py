"""What a folder's server is made of, as a CycloneDX document: the lock, and the lock alone."""

import json
from typing import Any

from tablecast import __version__
from tablecast.export.ship.lock import Pin, pins_of
from tablecast.export.ship.shipment import Shipment

#: What the image takes out again after it was installed, see ``files/Dockerfile``.
TAKEN_OUT = ("granian",)


def sbom_of(shipment: Shipment, lock: str, wheel_hash: str) -> bytes:
    """The document, which is the same for the same deployment and lock.

    Args:
        lock: the text of the lock that is installed, without the wheel of tablecast.
        wheel_hash: the SHA-256 of that wheel.
    """
    own = Pin("tablecast", __version__, (wheel_hash,))
    pins = sorted(pin for pin in (*pins_of(lock), own) if pin.name not in TAKEN_OUT)
    components = [_component(pin) for pin in pins]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": shipment.deployment.description["created"],
            "component": {
                "type": "application",
                "bom-ref": shipment.app,
                "name": shipment.app,
                "version": str(shipment.deployment.description["version"]),
                "hashes": [_sha256(shipment.deployment.description["sha256"])],
            },
        },
        "components": components,
        "dependencies": [
            {"ref": shipment.app, "dependsOn": [one["bom-ref"] for one in components]}
        ],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _component(pin: Pin) -> dict[str, Any]:
    """One package: any one of its files is what is installed."""
    address = f"pkg:pypi/{pin.name}@{pin.version}"
    files = [
        {"type": "distribution", "url": address, "hashes": [_sha256(one)]} for one in pin.hashes
    ]
    return {
        "type": "library",
        "bom-ref": address,
        "name": pin.name,
        "version": pin.version,
        "purl": address,
        "externalReferences": files,
    }


def _sha256(content: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": content}
