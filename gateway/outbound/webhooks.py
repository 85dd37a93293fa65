"""Call a webhook: sign an event, find out where it goes, post it there, say what the receiver answered.

The law: the host is resolved once for a call, every address is checked, and the connection goes to a checked address
with the name in Host and in TLS.  No redirect, no proxy, no cookie; the whole call has one deadline; of the answer
only the status counts.  What the receiver sends beside it is read up to a limit and forgotten.
Source: WH-01 to WH-03, https://www.standardwebhooks.com (specification, version 1).
"""

import json
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus

import httpcore2
from standardwebhooks import Webhook

from gateway.clock import monotonic_seconds
from gateway.errors import InvalidInput
from gateway.model import CallOutcome, GoneForGood, Missed, Taken, WebhookCall
from gateway.outbound import destinations
from gateway.outbound.destinations import Destination, Network

CALL_SECONDS = 20.0
CONNECT_SECONDS = 10.0
# After the status: time and bytes that the rest of an answer is worth.
REST_SECONDS = 5.0
ANSWER_BYTES = 65_536
ADDRESSES_TRIED = 3
LONGEST_RETRY_AFTER = timedelta(hours=24)

Resolver = Callable[[str, int], list[str]]
Headers = Mapping[bytes | str, bytes | str]


class Refused(Exception):
    """The destination may not be called; the message says why."""


def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a host, none when it has none.  Waits for the system's resolver."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(place[4][0]) for place in found))


def check(url: str, allowed: Sequence[Network], *, find: Resolver = resolve) -> Destination:
    """Return where an address leads, for saving it.  Raises InvalidInput when it may not be called.

    A public name that has no address just now is let through: it is checked again at each call.
    """
    to = destinations.read(url)
    addresses = [to.host] if to.address else find(to.host, to.port)
    if not addresses and to.scheme == "https" and not destinations.is_local_name(to.host):
        return to
    if why := destinations.refusal(to, addresses, allowed):
        raise InvalidInput(f"This webhook may not be called: {why}. [webhooks] allowed_networks lists exceptions.")
    return to


def body_of(call: WebhookCall) -> str:
    """Return what is posted: the feed's own item, and the two fields that the specification names."""
    return json.dumps({"type": call.event["type"], "timestamp": call.event["at"], **call.event}, separators=(",", ":"))


def signed(call: WebhookCall, body: str, *, now: datetime) -> Headers:
    """Return the headers of a call.  now: the moment of this try; each secret adds a signature."""
    signatures = [Webhook(secret).sign(call.message_id, now, body) for secret in call.secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "case-gateway",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "webhook-id": call.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def post(call: WebhookCall, allowed: Sequence[Network], *, now: datetime, find: Resolver = resolve) -> CallOutcome:
    """Make one call, CALL_SECONDS long at most (the resolver aside).  Never raises for what happens outside."""
    deadline = monotonic_seconds() + CALL_SECONDS
    body = body_of(call)
    try:
        to = destinations.read(call.url)
        backend = _CheckedNetwork(to, allowed, find, deadline)
        with httpcore2.ConnectionPool(ssl_context=_tls(), network_backend=backend, max_connections=1) as pool:
            with pool.stream("POST", to.url, headers=signed(call, body, now=now), content=body.encode()) as answer:
                outcome = _said(answer, now)
                backend.deadline = min(deadline, monotonic_seconds() + REST_SECONDS)
                _read_the_rest(answer)
                return outcome
    except (Refused, InvalidInput) as refused:
        return Missed(words=f"not called: {refused}")
    except httpcore2.TimeoutException:
        return Missed(words=f"no answer within {CALL_SECONDS:.0f} seconds")
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        return Missed(words=_in_words(error))


def _said(answer: httpcore2.Response, now: datetime) -> CallOutcome:
    status = answer.status
    words = f"HTTP {status} {_phrase(status)}".rstrip()
    if 200 <= status < 300:
        return Taken(words=words, status=status)
    if status == HTTPStatus.GONE:
        return GoneForGood(words=words)
    if 300 <= status < 400:
        words += " (redirects are not followed)"
    return Missed(words=words, status=status, retry_after=_retry_after(answer, now))


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def _retry_after(answer: httpcore2.Response, now: datetime) -> timedelta | None:
    """Return what a receiver under load asks for, in seconds or as a date.  Source: RFC 9110 section 10.2.3."""
    if answer.status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return None
    said = next((v.decode("ascii", "replace").strip() for k, v in answer.headers if k.lower() == b"retry-after"), "")
    wait = None
    if said.isdigit() and len(said) <= 9:
        wait = timedelta(seconds=int(said))
    elif said:
        with suppress(ValueError, TypeError, OverflowError):
            wait = parsedate_to_datetime(said) - now
    return None if wait is None else max(timedelta(0), min(wait, LONGEST_RETRY_AFTER))


def _read_the_rest(answer: httpcore2.Response) -> None:
    # Out of politeness: a receiver that is still writing would see a reset.  Nothing of it is kept or unpacked.
    seen = 0
    with suppress(httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
        for piece in answer.iter_stream():
            seen += len(piece)
            if seen >= ANSWER_BYTES:
                return


def _in_words(error: Exception) -> str:
    """Return what went wrong without a word that came from outside."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "the receiver's certificate is not trusted"
    if isinstance(cause, ssl.SSLError):
        return "TLS failed"
    if isinstance(cause, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, httpcore2.ConnectError):
        return "no connection"
    if isinstance(error, httpcore2.RemoteProtocolError):
        return "the receiver broke off, or its answer is no HTTP"
    return "the connection broke"


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _CheckedNetwork(httpcore2.NetworkBackend):
    """Connects to a checked address of the host; each step ends at the deadline (monotonic seconds)."""

    def __init__(self, to: Destination, allowed: Sequence[Network], find: Resolver, deadline: float) -> None:
        self._to, self._allowed, self._find = to, allowed, find
        self.deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Resolve once, check every address, connect to one of them.  Raises Refused."""
        addresses = [self._to.host] if self._to.address else self._find(self._to.host, self._to.port)
        if why := destinations.refusal(self._to, addresses, self._allowed):
            raise Refused(why)
        *others, last = addresses[:ADDRESSES_TRIED]
        plain = httpcore2.SyncBackend()
        for address in others:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return _Timed(plain.connect_tcp(address, self._to.port, timeout=self._left(CONNECT_SECONDS / 2)), self)
        return _Timed(plain.connect_tcp(last, self._to.port, timeout=self._left(CONNECT_SECONDS)), self)

    def _left(self, most: float) -> float:
        return max(0.001, min(most, self.deadline - monotonic_seconds()))

    def left(self) -> float:
        """Return the seconds that are left.  Raises ReadTimeout when none are."""
        seconds = self.deadline - monotonic_seconds()
        if seconds <= 0:
            raise httpcore2.ReadTimeout("the deadline of the call")
        return seconds


class _Timed(httpcore2.NetworkStream):
    """A stream whose every step has what is left of the call's time: a receiver that drips gains nothing by it."""

    def __init__(self, stream: httpcore2.NetworkStream, network: _CheckedNetwork) -> None:
        self._stream, self._network = stream, network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._stream.read(max_bytes, timeout=self._network.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._stream.write(buffer, timeout=self._network.left())

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Begin TLS; the certificate is checked against the name, whatever address was called."""
        inner = self._stream.start_tls(ssl_context, server_hostname=server_hostname, timeout=self._network.left())
        return _Timed(inner, self._network)

    def get_extra_info(self, info: str) -> object:
        """Say what the stream underneath says."""
        return self._stream.get_extra_info(info)
