"""The PROXY protocol: a proxy in a named network says in front of the dialogue who the client is (versions 1 and 2).

The law: nobody else is asked or believed, for with a header anybody could borrow a trusted relay's address; and whoever
is asked must answer, so a proxy that says nothing gets no greeting.
The header is looked at in the socket and only it is taken out: what stands behind it may be the first bytes of TLS.
It is read by the library; only its length is found here.  Source: the PROXY protocol of HAProxy, sections 2 to 2.2.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from aiosmtpd.proxy_protocol import V2_SIGNATURE, ProxyData, get_proxy

from gateway.config import SmtpSection
from gateway.inbound.smtp_limits import Networks

V1_BYTES = 107
# Addresses take 216 bytes at most; the rest are notes of the proxy (TLV), in which nobody here is interested.
V2_BYTES = 16 + 2048
_FIXED_BYTES = 16
# An incomplete header stays in the socket, so the loop would call at once for ever; proxies write theirs in one piece.
_AGAIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Introduced:
    """What a proxy said.  address: of the client; "" when the proxy speaks for itself (a health check)."""

    address: str


def proxies(settings: SmtpSection) -> Networks:
    """Return the networks whose proxies are asked; none without `proxy_protocol`."""
    named = settings.proxy_networks or settings.trusted_relays
    return Networks(named if settings.proxy_protocol else [])


def header_bytes(begun: bytes) -> int | None:
    """Return how long the header is that begins so; None while that cannot be known.  Raises ValueError for none."""
    if begun[:1] == b"P":
        return _v1_bytes(begun)
    if begun[: len(V2_SIGNATURE)] != V2_SIGNATURE[: len(begun)]:
        raise ValueError("no PROXY header")
    if len(begun) < _FIXED_BYTES:
        return None
    length = _FIXED_BYTES + int.from_bytes(begun[14:16], "big")
    if length > V2_BYTES:
        raise ValueError("the PROXY header is too long")
    return length


def read(header: bytes) -> Introduced | None:
    """Read a whole header; None for a wrong one."""
    data = _parsed(header)
    if not data.valid:
        return None
    source = data.src_addr
    # LOCAL (version 2) and UNKNOWN (version 1): the connection is the proxy's own.
    if not isinstance(source, IPv4Address | IPv6Address) or data.command == 0:
        return Introduced("")
    return Introduced(str(source))


def _v1_bytes(begun: bytes) -> int | None:
    end = begun.find(b"\r\n")
    if end >= 0 and end + 2 <= V1_BYTES and begun.startswith(b"PROXY "):
        return end + 2
    if end >= 0 or len(begun) >= V1_BYTES or not (begun + b"PROXY "[len(begun) :]).startswith(b"PROXY "):
        raise ValueError("no PROXY header")
    return None


class _Memory:
    """A header that is all there, as the reader that the library asks for."""

    def __init__(self, header: bytes) -> None:
        self._rest = header

    async def read(self, n: int = -1) -> bytes:
        taken, self._rest = (self._rest[:n], self._rest[n:]) if n >= 0 else (self._rest, b"")
        return taken

    async def readexactly(self, n: int) -> bytes:
        return await self.read(n)

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        return await self.read(self._rest.find(separator) + len(separator))


def _parsed(header: bytes) -> ProxyData:
    """Run the library's reader, which never has to wait here."""
    coroutine = get_proxy(_Memory(header))
    try:
        coroutine.send(None)
    except StopIteration as returned:
        parsed: ProxyData = returned.value
        return parsed
    raise AssertionError("the library waited for more than the header")


class Looking:
    """Looks for the header of a new connection whose transport has read nothing yet; then the transport may read.

    It looks into the socket through a second handle, for the first is the transport's.
    done: called once, with who was introduced, or None when no header came or a wrong one.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        done: "Callable[[Looking, Introduced | None], None]",
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._done = done
        self._socket = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        self._socket.setblocking(False)
        self._timers: list[asyncio.TimerHandle] = []

    def start(self, seconds: float) -> None:
        """Keep the transport from reading and wait for the header, that many seconds at most."""
        self._transport.pause_reading()
        self._timers.append(self._loop.call_later(seconds, self.give_up))
        self._wait()

    def give_up(self) -> None:
        """End without a header."""
        self._finish(None)

    def _wait(self) -> None:
        self._loop.add_reader(self._socket.fileno(), self._peek)

    def _peek(self) -> None:
        try:
            begun = self._socket.recv(V2_BYTES, socket.MSG_PEEK)
            length = header_bytes(begun) if begun else 0
        except BlockingIOError:
            return
        except (OSError, ValueError):
            self._finish(None)
            return
        if length is None or len(begun) < length:
            self._loop.remove_reader(self._socket.fileno())
            self._timers[1:] = [self._loop.call_later(_AGAIN_SECONDS, self._wait)]
        else:
            self._finish(read(self._socket.recv(length)) if length else None)

    def _finish(self, introduced: Introduced | None) -> None:
        for timer in self._timers:
            timer.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        with contextlib.suppress(RuntimeError):
            # It may be lost by now.
            self._transport.resume_reading()
        self._done(self, introduced)
