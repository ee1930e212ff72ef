"""The wheel of this very tablecast, made of the files that run: the same bytes each time.

A clone describes itself in ``pyproject.toml``; an installed package brought its description along.
"""

import hashlib
import io
import tomllib
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from tablecast import __version__
from tablecast.errors import ShipError

#: The folder of the package, and that of its clone or of the installed packages.
PACKAGE = Path(__file__).parents[2]
ROOT = PACKAGE.parent

#: The first moment that a zip file knows; that of the files here would change the wheel's hash.
FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)

#: How a file in a wheel may be used: read by all, written by its owner.
READABLE = 0o644 << 16

_INFO = f"tablecast-{__version__}.dist-info"
_WHEEL = "Wheel-Version: 1.0\nGenerator: tablecast\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel_name() -> str:
    """The file's name, as installers want it."""
    return f"tablecast-{__version__}-py3-none-any.whl"


@cache
def wheel_bytes() -> bytes:
    """The wheel, which installs as the published one does.

    Raises:
        ShipError: this tablecast has no description to put into a wheel.
    """
    files = dict(sorted({**_package_files(), **_info_files()}.items()))
    lines = [f"{name},{_hash_of(content)},{len(content)}" for name, content in files.items()]
    files[f"{_INFO}/RECORD"] = "\n".join([*lines, f"{_INFO}/RECORD,,", ""]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, FIRST_MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = READABLE
            archive.writestr(entry, content)
    return packed.getvalue()


def carried_file(name: str) -> bytes:
    """A file of the repository's root that a wheel carries, by its place in the wheel.

    Args:
        name: such as ``tablecast/export/ship/locks/serving.txt``.
    """
    return _package_files()[name]


@cache
def _package_files() -> dict[str, bytes]:
    """What a wheel installs, by its place: the package, and what a clone has beside it."""
    sources = {"tablecast": PACKAGE}
    if _in_clone():
        hatch = _project_file()["tool"]["hatch"]["build"]["targets"]["wheel"]
        sources |= {place: ROOT / source for source, place in hatch["force-include"].items()}
    return {
        place + file.as_posix().removeprefix(source.as_posix()): file.read_bytes()
        for place, source in sources.items()
        for file in _files_of(source)
    }


def _files_of(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    for file in sorted(source.rglob("*")):
        parts = file.relative_to(source).parts
        hidden = any(part.startswith((".", "__pycache__")) for part in parts)
        if file.is_file() and not hidden and file.suffix not in (".pyc", ".tmp"):
            yield file


def _in_clone() -> bool:
    """Whether the package stands in its repository; an installed one carries its own pages."""
    return not (PACKAGE / "templates").is_dir() and (ROOT / "pyproject.toml").is_file()


def _project_file() -> Mapping[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _info_files() -> dict[str, bytes]:
    metadata, entry_points = _description() if _in_clone() else _installed_description()
    texts = {"METADATA": metadata, "WHEEL": _WHEEL, "entry_points.txt": entry_points}
    return {f"{_INFO}/{name}": text.encode() for name, text in texts.items()}


def _installed_description() -> tuple[str, str]:
    try:
        installed = distribution("tablecast")
    except PackageNotFoundError:
        raise ShipError(
            "This tablecast cannot be packed: it was not installed by pip or uv, and is no clone "
            "of its repository. Install it (pip install tablecast)."
        ) from None
    return installed.read_text("METADATA") or "", installed.read_text("entry_points.txt") or ""


def _description() -> tuple[str, str]:
    """METADATA and entry_points.txt of the clone's ``pyproject.toml``."""
    project = _project_file()["project"]
    lines = [
        "Metadata-Version: 2.4",
        "Name: tablecast",
        f"Version: {__version__}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in project["dependencies"]),
    ]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_for_extra(one, extra)}" for one in requirements]
    scripts = [f"{name} = {where}" for name, where in project["scripts"].items()]
    return "\n".join([*lines, ""]), "\n".join(["[console_scripts]", *scripts, ""])


def _for_extra(requirement: str, extra: str) -> str:
    needed, _, marker = (part.strip() for part in requirement.partition(";"))
    return f"{needed} ; ({marker}) and extra == '{extra}'" if marker else (
        f"{needed} ; extra == '{extra}'"
    )


def _hash_of(content: bytes) -> str:
    digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"
