"""The one lock of a folder: every package by version and hash, and our own wheel beside it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.markers import Marker

from tablecast import __version__
from tablecast.deployment.files import sha256_of
from tablecast.export.ship.own_wheel import carried_file, wheel_bytes

#: The Python that folders ask for, and what markers of the lock are to know of it.
PYTHON = "3.11"
_PLACE = {
    "python_version": PYTHON, "python_full_version": f"{PYTHON}.0", "sys_platform": "linux",
    "platform_system": "Linux", "os_name": "posix", "implementation_name": "cpython",
    "platform_python_implementation": "CPython", "platform_machine": "x86_64",
}  # fmt: skip

#: Files by which Heroku, and other builders, know how to install; a second one fails the build.
LOCKS = ("requirements.txt", "Pipfile.lock", "poetry.lock", "uv.lock")

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)(?: *;([^\\]*))?")


@dataclass(frozen=True, order=True)
class Pin:
    """A package of a lock, with the SHA-256 of each file that it may be installed from."""

    name: str
    version: str
    hashes: tuple[str, ...]


def lock_of(name: str) -> str:
    """A lock that tablecast carries: ``serving``, or ``with_log``, which can keep a log too."""
    return carried_file(f"tablecast/export/ship/locks/{name}.txt").decode()


def with_own_wheel(lock: str, folder: str = ".") -> bytes:
    """The same lock with our wheel, which no index has: it is found in the folder, by its hash.

    Args:
        folder: where the wheel is, from where the lock is.
    """
    own = f"tablecast=={__version__} \\\n    --hash=sha256:{sha256_of(wheel_bytes())}\n"
    return f"--find-links {folder}\n{own}{lock}".encode()


def pins_of(lock: str) -> Iterator[Pin]:
    """What a lock installs on Linux with the Python of our folders."""
    for block in re.split(r"\n(?=\S)", lock):
        pinned = _PIN.match(block)
        if pinned and (not pinned[3] or Marker(pinned[3]).evaluate(_PLACE)):
            yield Pin(pinned[1], pinned[2], tuple(re.findall(r"sha256:([0-9a-f]{64})", block)))
