"""Whether a folder is what its host takes, as far as that can be told without the host."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from tablecast.deployment import graph_file
from tablecast.deployment.files import sha256_of
from tablecast.errors import ShipError, TablecastError
from tablecast.export.ship.host import Host
from tablecast.export.ship.host_registry import host_of
from tablecast.export.ship.lock import LOCKS, pins_of
from tablecast.export.ship.shipped_folder import RECORD, read_record
from tablecast.export.ship.tools import checked_by_tools


@dataclass(frozen=True)
class Checked:
    """What a check of a folder came to.

    Attributes:
        findings: what is wrong, a sentence or a tool's line each.
        done: the checks that ran.
        left_out: those that did not, since what they need is not installed (tablecast[check]).
    """

    findings: tuple[str, ...]
    done: tuple[str, ...]
    left_out: tuple[str, ...]


def check_folder(folder: Path) -> Checked:
    """Run every check that works here on a folder that ``tablecast ship`` wrote.

    Raises:
        ShipError: it did not write that folder.
    """
    try:
        name = str(read_record(folder)["host"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ShipError(
            f"{str(folder)!r} has no {RECORD} that can be read, so tablecast ship did not write "
            "it. Name a folder that it wrote."
        ) from None
    host = host_of(name)
    findings = list(_lost(folder, host))
    done, left_out = [], []
    checks = {"files and hashes": _own_findings, f"the rules of {host.title}": host.check}
    for what, check in checks.items():
        try:
            findings += check(folder)
            done.append(what)
        except ModuleNotFoundError:
            left_out.append(what)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError, OSError) as error:
            findings.append(f"A file is not of the shape that {host.title} reads: {error}.")
    for tool, found in checked_by_tools(folder).items():
        if found is None:
            left_out.append(f"{tool.program} {tool.files[0]}")
        else:
            done.append(f"{tool.program} {tool.files[0]}")
            findings += found
    return Checked(tuple(findings), tuple(done), tuple(left_out))


def _lost(folder: Path, host: Host) -> Iterator[str]:
    """What should be there by the record, and by the host whatever the record says."""
    recorded = read_record(folder)["files"]
    for place in recorded:
        if not (folder / place).is_file():
            yield f"{place} is missing. Ship again."
    for pattern in host.holds:
        if not any(fnmatch(place, pattern) for place in recorded):
            yield f"{RECORD} lists no {pattern}, which {host.title} needs. Ship again."


def _own_findings(folder: Path) -> Iterator[str]:
    """What holds for every host: one lock, hashes that fit, programs that parse."""
    for graph in sorted(folder.glob("*.onnx")):
        try:
            graph_file.read_graph(graph.with_suffix(""))
        except TablecastError as error:
            yield str(error)
    if any(folder.glob("*.onnx")):
        yield from _lock_findings(folder)
    for program in sorted(folder.glob("*.py")):
        try:
            ast.parse(program.read_bytes())
        except (SyntaxError, ValueError) as error:
            yield f"{program.name} is no Python: {error}."


def _lock_findings(folder: Path) -> Iterator[str]:
    locks = [name for name in LOCKS if (folder / name).is_file()]
    if locks != ["requirements.txt"]:
        yield f"There must be one lock, requirements.txt; there are {', '.join(locks) or 'none'}."
        return
    lock = (folder / "requirements.txt").read_text(encoding="utf-8")
    pinned = {pin.name: pin for pin in pins_of(lock)}
    for wheel in sorted(folder.glob("*.whl")):
        name = wheel.name.split("-")[0]
        if name not in pinned or sha256_of(wheel.read_bytes()) not in pinned[name].hashes:
            yield f"{wheel.name} is not the file that requirements.txt names. Ship again."
    for block in re.split(r"\n(?=\S)", lock.strip()):
        if not block.startswith(("#", "--find-links")) and "--hash=sha256:" not in block:
            yield f"requirements.txt: {block.split()[0]} has no hash."
