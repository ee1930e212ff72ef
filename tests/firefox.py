"""Debian's Firefox, driven by Mozilla's own protocol, and how the tests start it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.real_servers import free_port

if TYPE_CHECKING:
    from marionette_driver.marionette import Marionette

FIREFOX = Path("/usr/bin/firefox-esr")

#: Seconds that a search for an element waits for it.
PATIENCE = 10


@contextmanager
def firefox(folder: Path) -> Iterator[Marionette]:
    """A Firefox without a window; ``folder`` gets its log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its packages warn about one another
        from marionette_driver.marionette import Marionette

    started = Marionette(
        bin=str(FIREFOX), headless=True, port=free_port(), gecko_log=str(folder / "gecko.log"),
        prefs={"intl.accept_languages": "en-GB,en"},
    )
    started.start_session()
    started.timeout.implicit = PATIENCE
    profile = started.instance.profile
    try:
        yield started
    finally:
        started.quit()
        started.cleanup()
        profile.restore = False  # it is removed by now; at Python's end it would be once more
