"""What one client, and all of them together, may use: connections, bytes in memory, time.

Every figure is a setting of `[smtp]`.  Used by one event loop only, so nothing is locked.  Source: SM-07 to SM-11.
"""

from asyncio import AbstractEventLoop, TimerHandle
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from gateway.config import SmtpSection
from gateway.errors import ConfigError

_IPV6_SITE_BITS = 64


class Networks:
    """Networks of the settings.  Raises ConfigError for what is none."""

    def __init__(self, texts: list[str]) -> None:
        self._networks = _networks(texts)

    def hold(self, address: str) -> bool:
        """Say whether an IP address lies in one of them."""
        parsed = _parse(address)
        return parsed is not None and any(parsed in network for network in self._networks)


class Connections:
    """Counts connections: all together, and for each address (an IPv6 /64 counts as one)."""

    def __init__(self, settings: SmtpSection) -> None:
        self._max_total = settings.max_connections
        self._max_per_address = settings.max_connections_per_address
        self._trusted = Networks(settings.trusted_relays)
        self._open: Counter[str] = Counter()
        self._total = 0

    def admit(self, address: str) -> bool:
        """Count one more connection, or say that there is no room for it."""
        key = _site(address)
        if self._total >= self._max_total:
            return False
        if self._open[key] >= self._max_per_address and not self._trusted.hold(address):
            return False
        self._open[key] += 1
        self._total += 1
        return True

    def leave(self, address: str) -> None:
        """Give back what `admit` counted."""
        key = _site(address)
        self._total -= 1
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]


class InflightBytes:
    """The memory for mails that are being received or wait for their commit, all sessions together."""

    def __init__(self, max_bytes: int) -> None:
        self._free_bytes = max_bytes

    def has_room(self, size_bytes: int) -> bool:
        """Say whether a mail of this size would fit now."""
        return size_bytes <= self._free_bytes

    def hold(self) -> "Held":
        """Begin an account for one mail."""
        return Held(self)

    def take(self, size_bytes: int) -> bool:
        """Take memory, or say that there is none."""
        if size_bytes > self._free_bytes:
            return False
        self._free_bytes -= size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """Return memory."""
        self._free_bytes += size_bytes


class Held:
    """The bytes that one mail holds.  Calling `release` twice is nothing."""

    def __init__(self, account: InflightBytes) -> None:
        self._account = account
        self._size_bytes = 0

    def grow(self, size_bytes: int) -> bool:
        """Hold more, or say that there is no room."""
        if not self._account.take(size_bytes):
            return False
        self._size_bytes += size_bytes
        return True

    def release(self) -> None:
        """Give everything back."""
        self._account.give_back(self._size_bytes)
        self._size_bytes = 0


class Deadline:
    """One lazy timer: moving the deadline is an assignment, so a read costs no timer of its own."""

    def __init__(self, loop: AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._due: float | None = None
        self._timer: TimerHandle | None = None

    def start(self, seconds: float) -> None:
        """Call `expired` that many seconds from now, instead of whatever was set before."""
        self._due = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._due:
            self._arm(self._due)

    def stop(self) -> None:
        """Expire no more until the next start."""
        self._due = None

    def close(self) -> None:
        """Forget the timer; for the end of a session."""
        self._due = None
        if self._timer:
            self._timer.cancel()

    def _arm(self, when: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._due is None:
            return
        if self._loop.time() < self._due:
            self._arm(self._due)
        else:
            self._due = None
            self._expired()


class Pace:
    """The least speed of a message, averaged over windows of `window_seconds`; a slow but steady client stays."""

    def __init__(self, *, min_bytes_per_second: int, window_seconds: float, now: float) -> None:
        self._min_bytes_per_second = min_bytes_per_second
        self._window_seconds = window_seconds
        self._began = now
        self._bytes = 0

    def too_slow(self, size_bytes: int, now: float) -> bool:
        """Count received bytes; say whether the window that ends now was too slow.  now: the loop's clock, seconds."""
        self._bytes += size_bytes
        elapsed = now - self._began
        if elapsed < self._window_seconds:
            return False
        slow = self._bytes < self._min_bytes_per_second * elapsed
        self._began, self._bytes = now, 0
        return slow


def _networks(texts: list[str]) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(text, strict=False) for text in texts]
    except ValueError:
        raise ConfigError("smtp.trusted_relays takes networks, for example 192.0.2.0/24 or 2001:db8::/48.") from None


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped
    return parsed


def _site(address: str) -> str:
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _IPV6_SITE_BITS), strict=False))
    return address
