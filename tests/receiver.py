"""A receiver of webhooks on a loopback socket: keeps what came, answers what a test tells it to.

`behaviour(number)` says how the call with this number, from 0, is treated: a status, or a word of `WORDS`.
"""

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

WORDS = ("hang", "reset", "flood", "drip", "close", "garbage", "bomb", "reset-in-body")
TLS_HELLO = 0x16
SAY_200_FIRST = ("flood", "bomb", "reset-in-body")
Behaviour = Callable[[int], int | str]


@dataclass(frozen=True)
class Came:
    """One call as it came in."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def event(self) -> dict[str, Any]:
        """Return what was posted."""
        read: dict[str, Any] = json.loads(self.body)
        return read

    def proven_by(self, secret: str) -> bool:
        """Say whether the signature is right, as the specification's own library sees it."""
        with contextlib.suppress(Exception):
            Webhook(secret).verify(self.body, self.headers)
            return True
        return False


@dataclass
class Receiver:
    """Listens on a free port, or on `port`, until `close`.  connections: how many there were, whatever came of them."""

    behaviour: Behaviour = lambda _number: 200
    extra: str = ""
    came: list[Came] = field(default_factory=list)
    taken: list[Came] = field(default_factory=list)
    connections: int = 0
    sent_bytes: int = 0

    port: int = 0
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = int(self._server.getsockname()[1])
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return an address that is called."""
        return f"http://127.0.0.1:{self.port}/hook"

    def events(self) -> list[dict[str, Any]]:
        """Return the events that were answered with 2xx, once each, in the order of the feed."""
        by_id = {one.headers["webhook-id"]: one.event for one in list(self.taken)}
        return sorted(by_id.values(), key=lambda event: int(event["cursor"]))

    def close(self) -> None:
        """Stop listening and let hanging calls go."""
        self._over.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError, ValueError):
            if self.tls is not None:
                peer = self.tls.wrap_socket(peer, server_side=True)
            came = _read(peer)
            with self._lock:
                number = len(self.came)
                self.came.append(came)
            said = self.behaviour(number)
            if said in SAY_200_FIRST or (isinstance(said, int) and 200 <= said < 300):
                with self._lock:
                    self.taken.append(came)
            if isinstance(said, str):
                self._misbehave(peer, said)
                return
            peer.sendall(f"HTTP/1.1 {said} X\r\n{self.extra}Content-Length: 2\r\n\r\nok".encode())

    def _misbehave(self, peer: socket.socket, word: str) -> None:
        if word == "hang":
            self._over.wait(60)
        elif word == "reset":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif word == "garbage":
            peer.sendall(b"220 mail.example.com ESMTP\r\n")
        elif word == "drip":
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 600:
                peer.sendall(bytes((byte,)))
                if self._over.wait(0.1):
                    return
        elif word in ("flood", "bomb"):
            encoding = "Content-Encoding: gzip\r\n" if word == "bomb" else ""
            peer.sendall(f"HTTP/1.1 200 OK\r\n{encoding}Content-Length: 1073741824\r\n\r\n".encode())
            for _block in range(16_384):
                peer.sendall(b"\x1f\x8b" * 32_768)
                self.sent_bytes += 65_536
        elif word == "reset-in-body":
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextlib.contextmanager
def receiving(behaviour: Behaviour = lambda _number: 200, *, extra: str = "") -> Iterator[Receiver]:
    """Run a receiver for a block.  extra: header lines of every answer, each with its CRLF."""
    receiver = Receiver(behaviour=behaviour, extra=extra)
    try:
        yield receiver
    finally:
        receiver.close()


def _read(peer: socket.socket) -> Came:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += _some(peer)
        if raw[0] == TLS_HELLO:
            raise OSError("this receiver speaks no TLS")
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _some(peer)
    return Came(path=first.split()[1], headers=headers, body=body.decode())


def _some(peer: socket.socket) -> bytes:
    if not (piece := peer.recv(65_536)):
        raise OSError("closed")
    return piece
