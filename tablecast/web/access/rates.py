"""Rate limits for each key and each address, counted by ``limits``."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tablecast.errors import SettingError
from tablecast.web.access.key_file import RATE

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import RateLimiter

log = logging.getLogger("tablecast")

#: Wrong keys from one address before it has to wait. A person mistypes a few; guessing 256 bits is
#: hopeless at any rate.
WRONG_KEYS = "20/m"

TIMES = {"s": "second", "m": "minute", "h": "hour", "d": "day"}

#: A worker takes a hundredth of a rate at once and counts it down by itself, because a count that
#: processes share costs more time than a prediction. A limit that is off by 1% is close enough.
PARTS = 100

#: Addresses and keys that one process remembers. Past them all are forgotten and asked for again,
#: so that strangers with many addresses cannot fill the memory.
MOST_REMEMBERED = 10_000

#: Seconds that an answer of Redis is waited for, where its address names no other limit. Beside a
#: server it takes a thousandth of a second; a worker's loop waits meanwhile, and so does everybody.
WAITING = 0.2

#: Seconds for which a storage that failed is not asked again, and requests have no limit.
RESTING = 10.0


@dataclass
class Permits:
    """What a process may let through before it asks again, and until when that holds.

    Attributes:
        left: requests; none are left for anybody where ``used_up``.
        until: seconds since 1970.
    """

    left: float
    until: float
    used_up: bool = False


#: Of whoever has no rate.
UNLIMITED = Permits(math.inf, math.inf)


class Rates:
    """Counts requests against rates.

    Args:
        storage: an address that ``limits`` knows, such as ``redis://host:6379``; empty for this
            machine's own count.
        shared: a folder that the worker processes share, or None for a count of each process.

    Raises:
        SettingError: the storage is unknown, or its package is not installed.
    """

    def __init__(self, storage: str = "", shared: Path | None = None) -> None:
        from limits.errors import ConfigurationError
        from limits.storage import MemoryStorage, storage_from_string
        from limits.strategies import FixedWindowRateLimiter

        try:
            if storage:
                counts = storage_from_string(storage, **_client_options(storage))
            elif shared:
                from tablecast.web.access.mapped_counts import SharedCounts

                counts = SharedCounts(shared / "rates")
            else:
                counts = MemoryStorage()
        except ConfigurationError as error:
            raise SettingError(f"TABLECAST_LIMITS cannot be used: {error}.") from None
        self._limiter: RateLimiter = FixedWindowRateLimiter(counts)
        self._permits: dict[tuple[str, str], Permits] = {}
        self._resting_until = self._silent_until = 0.0

    def wait(self, rate: str, who: str) -> int:
        """Count one request.

        Args:
            rate: as ``100/m``.
            who: a key's name or an address.

        Returns:
            0 where it may go on, else seconds until one may.
        """
        now = time.time()
        permits = self._permits.get((rate, who))
        if permits and now < permits.until:
            if permits.left:
                permits.left -= 1
                return 0
            if permits.used_up:
                return math.ceil(permits.until - now)
        return self._ask(rate, who, now)

    def permits(self, rate: str, who: str) -> Permits | None:
        """What a process may let through of whoever has just been let through; None for nothing."""
        return self._permits.get((rate, who)) if rate else UNLIMITED

    def _ask(self, rate: str, who: str, now: float) -> int:
        if now < self._resting_until:
            return 0
        item = parsed(rate)
        many = max(1, item.amount // PARTS)
        try:
            taken = next((cost for cost in {many: 0, 1: 0} if self._hit(item, who, cost)), 0)
            until = self._limiter.get_window_stats(item, who).reset_time
        except Exception as error:  # a storage that is away raises what its client raises
            self._resting_until = time.time() + RESTING
            self._say_failed(error, now)
            return 0
        if len(self._permits) >= MOST_REMEMBERED:
            self._permits.clear()
        self._permits[rate, who] = Permits(max(taken - 1, 0), until, used_up=not taken)
        return 0 if taken else max(1, math.ceil(until - now))

    def _hit(self, item: RateLimitItem, who: str, cost: int) -> bool:
        return self._limiter.test(item, who, cost=cost) and self._limiter.hit(item, who, cost=cost)

    def _say_failed(self, error: Exception, now: float) -> None:
        """Whoever is asked goes on without limits; the log says so once a minute."""
        if now >= self._silent_until:
            self._silent_until = now + 60
            log.error("rates are not counted: %s: %s", type(error).__name__, error)


def _client_options(storage: str) -> dict[str, float]:
    """How long the client of a storage waits, where that can be told it."""
    if not storage.startswith(("redis", "valkey")):
        return {}
    return {"socket_timeout": WAITING, "socket_connect_timeout": WAITING}


def parsed(rate: str) -> RateLimitItem:
    """A rate as ``limits`` has it.

    Raises:
        SettingError: it is none.
    """
    from limits import parse

    match = RATE.fullmatch(rate)
    if not match:
        raise SettingError(
            f"{rate!r} is not a rate. Write a whole number above 0, a slash, and s, m, h or d, for "
            "example 100/m."
        )
    return parse(f"{match[1]}/{TIMES[match[2]]}")
