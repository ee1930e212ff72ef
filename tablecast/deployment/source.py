"""Where a deployment is opened from, and whether what stands there has changed."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tablecast.deployment import versions
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.files import OPENED, with_ending
from tablecast.deployment.opening import load
from tablecast.errors import ArtifactError

#: What tells a file from the one that was there before: modified, size, and which file it is.
Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class Source:
    """A deployment's path, and what of it is looked at again.

    Attributes:
        path: of its files without ending, or of the folder of its versions.
        engine: what opens it.
        form: a form file whose words and limits go before the deployment's own.
        watched: whether changed files count, and not only another version.
        nested: whether the path stands in a folder of deployments; see ``versions.is_versioned``.
    """

    path: Path
    engine: str
    form: Path | None = None
    watched: bool = False
    nested: bool = False

    @property
    def changes(self) -> bool:
        """Whether a stamp can differ from an earlier one."""
        return self.watched or self._is_versioned

    def stamp(self) -> Stamp:
        """What differs where another deployment would be opened."""
        stamps = [_stamp_of(self.path / versions.STATE)] if self._is_versioned else []
        if self.watched:
            stamps += map(_stamp_of, [*self._files(), *([self.form] if self.form else [])])
        return tuple(stamps)

    def size(self) -> int:
        """Bytes of the largest file that is opened."""
        return max((stamp[1] for stamp in map(_stamp_of, self._files()) if stamp), default=0)

    def open(self) -> Deployment:
        """Open what stands there now.

        Raises:
            ArtifactError, FormFileError: it cannot be served.
        """
        loaded = load(versions.resolved(self.path, self.nested), self.engine)
        if self.form is None:
            return loaded
        # Here, since a start without a form file is a fifth quicker without them.
        from tablecast.deployment.relabelled_files import with_form
        from tablecast.schema.form_file import read_form

        return with_form(loaded, read_form(self.form))

    def open_shadow(self) -> Deployment | None:
        """Open what answers for the log alone; None where nothing does. Raises ArtifactError."""
        if not self._is_versioned:
            return None
        version = versions.state_of(self.path).shadow
        return load(versions.base_of(self.path, version), self.engine) if version else None

    @cached_property
    def _is_versioned(self) -> bool:
        return versions.is_versioned(self.path, self.nested)

    def _files(self) -> list[Path]:
        try:
            base = versions.resolved(self.path, self.nested)
        except ArtifactError:
            return []
        return [with_ending(base, ending) for ending in OPENED[self.engine]]


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
