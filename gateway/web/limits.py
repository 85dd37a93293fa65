"""How often somebody may call: a bucket for each key, and one for each address that sends keys that do not count.

A bucket holds the calls of one minute and fills evenly.  Each process counts for itself; nothing is kept.  An address
is the peer's own, or what a trusted proxy says of it (`web.trusted_proxies`): nobody else's word counts (AP-07).
"""

import threading
from collections import OrderedDict
from math import ceil

from gateway.clock import monotonic_seconds
from gateway.config import WebSection
from gateway.reasons import Reason
from gateway.web.problems import Problem

MINUTE_SECONDS = 60.0
# Callers that are remembered; who was quiet for longest is forgotten first, and may begin anew with a full bucket.
REMEMBERED = 10_000


class Limit:
    """Buckets of `calls` a minute, by caller.  0: no limit."""

    def __init__(self, calls: int) -> None:
        self._calls = calls
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str) -> None:
        """Take one call out of a bucket.  Raises Problem 429 with the time to wait when it is empty."""
        if self._calls and (wait := self._wait(who, taken=1)) > 0:
            raise _too_many(wait)

    def check(self, who: str) -> None:
        """Refuse whoever has an empty bucket.  Raises Problem 429."""
        if self._calls and (wait := self._wait(who, taken=0)) > 0:
            raise _too_many(wait)

    def _wait(self, who: str, *, taken: int) -> float:
        """Return for how many seconds there is no call left; 0 when there is one, which is taken then."""
        now = monotonic_seconds()
        with self._lock:
            left, since = self._left.pop(who, (float(self._calls), now))
            left = min(self._calls, left + (now - since) * self._calls / MINUTE_SECONDS)
            wait = 0.0 if left >= 1 else (1 - left) * MINUTE_SECONDS / self._calls
            self._left[who] = (left if wait else left - taken, now)
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        return wait


class Limits:
    """How often a key may call, and how often an address may call without one that counts; all routes share them."""

    def __init__(self, settings: WebSection) -> None:
        self.keys = Limit(settings.calls_per_minute)
        self.strangers = Limit(settings.refused_per_minute)


def _too_many(wait: float) -> Problem:
    return Problem(429, Reason.RATE_LIMITED, headers={"Retry-After": str(max(1, ceil(wait)))})
