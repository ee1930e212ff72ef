"""A place where a deployment is served: opened when it is asked for, and again when it changed."""

import logging
import math
import time
from collections.abc import Callable
from threading import Lock

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.source import Source, Stamp
from tablecast.errors import ArtifactError, TablecastError
from tablecast.web.http.opened import Opened

log = logging.getLogger("tablecast")

#: Seconds after which a change is noticed. "Within a second" leaves the rest for opening, beside
#: other requests on a busy machine: it takes 6 ms of the processor for the insurance form, and a
#: look 0.06.
FRESHNESS = 0.1


class Mount:
    """A deployment's place in a server.

    What is open answers until another is ready to, and whoever has begun with it ends with it.
    Whatever cannot be opened changes nothing: the log says why.

    Args:
        source: where it is opened from.
        name: under which it is served beside others; "" where it is alone.
        prepare: called with what was opened, before anybody is answered from it.
    """

    def __init__(
        self, source: Source | Deployment, name: str = "",
        prepare: Callable[[Opened], None] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.prepare = prepare
        self.source = source if isinstance(source, Source) else None
        self._opened = None if isinstance(source, Source) else Opened(source, name)
        #: Bytes of the largest file that is open; 0 where nothing is.
        self.size = 0
        self._stamp: Stamp | None = None
        self._problem: TablecastError | None = None
        self._look_at = -math.inf if self._opened is None else math.inf
        self._changing = Lock()

    def current(self) -> Opened:
        """What answers now.

        Raises:
            TablecastError: nothing does, since what stands there cannot be opened.
        """
        # Whoever has something to answer from need not wait for another who opens.
        is_due = time.monotonic() >= self._look_at
        if is_due and self._changing.acquire(blocking=self._opened is None):
            try:
                if time.monotonic() >= self._look_at:
                    self._look_again()
            finally:
                self._changing.release()
        opened = self._opened
        if opened is None:
            assert self._problem
            raise self._problem
        return opened

    @property
    def problem(self) -> TablecastError | None:
        """Why nothing is open, where that was tried and what stands there has not changed."""
        if self._problem is None or self._opened is not None or self.source is None:
            return None
        return self._problem if self.source.stamp() == self._stamp else None

    def ready(self) -> Opened | None:
        """What answers now, where that takes no opening and no waiting; None where it may."""
        if time.monotonic() >= self._look_at:
            assert self.source
            if self._opened is None or self.source.stamp() != self._stamp:
                return None
            self._look_at = self._next_look()
        return self._opened

    def close(self) -> None:
        """Forget what is open; the next request opens it again."""
        with self._changing:
            self._opened, self._stamp, self._look_at, self.size = None, None, -math.inf, 0

    def _look_again(self) -> None:
        assert self.source
        stamp = self.source.stamp()  # before what it stamps is read
        if stamp != self._stamp or (self._opened is None and self._problem is None):
            self._stamp = stamp
            self._open()
        self._look_at = self._next_look()

    def _open(self) -> None:
        assert self.source
        is_first = self._opened is None
        try:
            opened = Opened(self.source.open(), self.name, self._shadow(self.source))
            if self.prepare:
                self.prepare(opened)
        except (TablecastError, OSError) as error:
            self._problem = worded(error)
            if not is_first:
                log.error("%s stays as it was: %s", self.name or "The deployment", error)
            return
        self._opened, self._problem, self.size = opened, None, self.source.size()
        if not is_first:
            version = opened.loaded.description["version"]
            log.warning("Serving %s, version %s, from now on.", opened.loaded.name, version)

    def _shadow(self, source: Source) -> Deployment | None:
        """What answers for the log alone; where that cannot be opened, all else goes on."""
        try:
            return source.open_shadow()
        except (TablecastError, OSError) as error:
            log.error("The shadow of %s is not asked: %s", self.name or source.path, worded(error))
            return None

    def _next_look(self) -> float:
        assert self.source
        return time.monotonic() + FRESHNESS if self.source.changes else math.inf


def worded(error: Exception) -> TablecastError:
    """What the system says of a file, as an error that a person can mend."""
    if isinstance(error, OSError):
        return ArtifactError(f"{str(error.filename)!r} cannot be read: {error.strerror}.")
    assert isinstance(error, TablecastError)
    return error
