"""The deployments of a folder, each under its own name, opened when somebody asks for it.

``NAME.onnx``, ``NAME/NAME.onnx`` and ``NAME/VERSION/NAME.onnx`` are deployments of the name NAME.
What cannot be served is listed with the reason, and stops nothing else.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from tablecast.deployment import graph_file, versions
from tablecast.deployment.description import read_description
from tablecast.deployment.files import OPENED
from tablecast.deployment.folder import deployments_in
from tablecast.deployment.source import Source, Stamp
from tablecast.deployment.staging import why_no_name
from tablecast.errors import ArtifactError, TablecastError
from tablecast.i18n.language import LANGUAGES
from tablecast.schema.schema import Schema
from tablecast.web.http.opened import Opened
from tablecast.web.mounts.mount import Mount, worded

#: Seconds after which a deployment that came or went is noticed: 200 of them take 2 ms to look at.
FRESHNESS = 0.5

#: Bytes of graphs that a worker keeps open; each takes some times as much memory. The one that was
#: asked for last is kept, whatever it takes.
MOST_BYTES = 40_000_000


@dataclass(frozen=True)
class Listed:
    """A deployment in the list of them.

    Attributes:
        name: under which it is served.
        problem: why it is not served; "" where it is.
        version, created: as it was trained; "" where it is not served.
        words: its title and what it predicts, by ``Language.primary``.
    """

    name: str
    problem: str = ""
    version: str = ""
    created: str = ""
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class Fleet:
    """The deployments of a folder.

    Args:
        folder: where they are.
        engine: what opens them.
        most_open: deployments that are open at the same time.
        taken: names that are addresses of the server itself.

    Raises:
        ArtifactError: there is none, or none that can be served.
    """

    def __init__(
        self, folder: Path, engine: str, most_open: int, taken: frozenset[str] = frozenset()
    ) -> None:
        self.folder = folder
        self.prepare: Callable[[Opened], None] | None = None
        self._engine, self._most_open, self._taken = engine, most_open, taken
        self._mounts: dict[str, Mount] = {}
        self._open: OrderedDict[str, Mount] = OrderedDict()
        self._listed: dict[str, tuple[Stamp, Listed]] = {}
        self._look_at = 0.0
        self._changing = Lock()
        deployments_in(folder, OPENED[engine][0])
        listed = self.listed()
        if all(one.problem for one in listed):
            raise ArtifactError(
                f"Nothing in {str(folder)!r} can be served. {listed[0].name}: {listed[0].problem}"
            )

    def listed(self) -> list[Listed]:
        """All deployments, by name. What has changed since the last time is read again."""
        with self._changing:
            self._scan()
            mounts = dict(self._mounts)
        names = sorted(mounts, key=lambda name: (name.casefold(), name))
        return [self._read(mounts[name]) for name in names]

    def mount(self, name: str) -> Mount | None:
        """Where a deployment is served; None where there is none of that name."""
        if self._why_not(name):
            return None
        if time.monotonic() >= self._look_at:
            with self._changing:
                self._scan()
        return self._mounts.get(name)

    def open(self, name: str) -> Opened | None:
        """What answers for a name now; None where there is none. Others may be closed for it.

        Raises:
            TablecastError: what stands there cannot be opened.
        """
        mount = self.mount(name)
        if mount is None:
            return None
        mount.prepare = self.prepare
        opened = mount.current()
        with self._changing:
            self._open[name] = mount
            self._open.move_to_end(name)
            closed = list(self._too_many())
        for one in closed:
            one.close()
        return opened

    def ready(self, name: str) -> Opened | None:
        """What answers for a name, where that takes no opening and no waiting."""
        mount = self._open.get(name)
        opened = mount.ready() if mount else None
        if opened:
            with suppress(KeyError):  # another request has just closed it
                self._open.move_to_end(name)
        return opened

    def description(self, name: str) -> Mapping[str, Any] | None:
        """What a deployment says of itself, which is not opened for it; None where there is none.

        Raises:
            ArtifactError, OSError: it cannot be read.
        """
        mount = self.mount(name)
        if mount is None or mount.source is None:
            return None
        return self._description(mount.source)

    def _description(self, source: Source) -> Mapping[str, Any]:
        base = versions.resolved(source.path, nested=True)
        read = graph_file.read_graph_description if self._engine == "onnx" else read_description
        return read(base)

    def _too_many(self) -> Iterator[Mount]:
        """Those that were not asked for the longest, past the most that may be open."""
        size = sum(mount.size for mount in list(self._open.values()))
        while len(self._open) > 1 and (len(self._open) > self._most_open or size > MOST_BYTES):
            _, mount = self._open.popitem(last=False)
            size -= mount.size
            yield mount

    def _scan(self) -> None:
        """Look for deployments that came and went."""
        if time.monotonic() < self._look_at:
            return
        try:
            paths = deployments_in(self.folder, OPENED[self._engine][0])
        except ArtifactError:  # for now: it had some at the start
            paths = {}
        found = {
            name: Source(path, self._engine, watched=True, nested=True)
            for name, path in paths.items()
        }
        for name in self._mounts.keys() - found.keys():
            del self._mounts[name]
            self._open.pop(name, None)
            self._listed.pop(name, None)
        for name, source in found.items():
            known = self._mounts.get(name)
            if known is None or known.source != source:
                self._mounts[name] = Mount(source, name)
        self._look_at = time.monotonic() + FRESHNESS

    def _read(self, mount: Mount) -> Listed:
        """What is listed of a deployment, read when it has changed."""
        assert mount.source
        if mount.problem:
            return Listed(mount.name, self._told(mount.problem))
        stamp = mount.source.stamp()
        known = self._listed.get(mount.name)
        if known is None or known[0] != stamp:
            known = stamp, self._described(mount.name, mount.source)
            self._listed[mount.name] = known
        return known[1]

    def _told(self, error: TablecastError) -> str:
        """An error, without where on the machine the folder is."""
        return str(error).replace(str(self.folder), self.folder.name or ".")

    def _why_not(self, name: str) -> str:
        """Why a name is no address of a deployment; "" where it is one."""
        if name in self._taken:
            return "the server itself has an address of that name"
        if set(name) & set("%?#"):
            return "it has a sign that means something else in an address (%, ? or #)"
        return why_no_name(name)

    def _described(self, name: str, source: Source) -> Listed:
        if why := self._why_not(name):
            readable = os.fsencode(name).decode("utf-8", "replace")
            return Listed(readable, f"The name cannot be an address: {why}. Rename it.")
        try:
            return _listed(name, self._description(source))
        except (TablecastError, OSError) as error:
            return Listed(name, self._told(worded(error)))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            return Listed(name, f"Its description cannot be read ({type(error).__name__}).")


def _listed(name: str, description: Mapping[str, Any]) -> Listed:
    schema = Schema.from_json(description["schema"])
    created = datetime.fromisoformat(description["created"]).isoformat()
    words = {}
    for language in LANGUAGES:
        shown = schema.in_language(language)
        words[language.primary] = (shown.title, shown.target_label or shown.target)
    return Listed(name, "", str(description["version"]), created, words)
