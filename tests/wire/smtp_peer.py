"""Real sockets for the listener's tests: a running Listener with a spool in memory, and a client that sends bytes.

HANG_SECONDS is a guard against hangs, many times longer than anything here should take.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

from gateway.clock import FixedClock
from gateway.config import load
from gateway.inbound.smtp import Listener
from gateway.inbound.spool import Spool
from gateway.model import NewMail, SpooledMail

HANG_SECONDS = 60
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CARE = "care@example.com"
MESSAGE = b"From: ann@example.org\r\nSubject: hello\r\n\r\nThe answer is 42.\r\n"


class MemoryStore:
    """Keeps mails in a list, one row a content key; `error` makes it fail, `gate` makes it wait."""

    def __init__(self) -> None:
        self.mails: list[NewMail] = []
        self.duplicates: list[int] = []
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def write_batch(self, mails: Sequence[NewMail]) -> list[SpooledMail]:
        self.gate.wait(HANG_SECONDS)
        if self.error:
            raise self.error
        return [self._keep(mail) for mail in mails]

    def _keep(self, mail: NewMail) -> SpooledMail:
        keys = [kept.content_key for kept in self.mails]
        if mail.content_key in keys:
            first = keys.index(mail.content_key) + 1
            self.duplicates.append(first)
            return SpooledMail(id=1000 + len(self.duplicates), duplicate_of=first)
        self.mails.append(mail)
        return SpooledMail(id=len(self.mails))

    def content(self, index: int = -1) -> bytes:
        """Return a mail without our own Received field."""
        field, _, rest = self.mails[index].raw.partition(b"\r\n\t")
        assert field.startswith(b"Received: from ")
        while rest.split(b"\r\n", 1)[1].startswith(b"\t"):
            rest = rest.split(b"\r\n\t", 1)[1]
        return rest.split(b"\r\n", 1)[1]


class House:
    """A running listener with its spool and store."""

    def __init__(self, listener: Listener, store: MemoryStore) -> None:
        self.listener = listener
        self.store = store

    def client(self, *, hello: bool = True) -> "Client":
        client = Client(self.listener.port)
        if hello:
            assert client.reply().startswith("220 ")
            assert client.command("EHLO client.example.org").startswith("250")
        return client


@contextlib.contextmanager
def house(
    *, put: Callable[[NewMail], "Future[SpooledMail]"] | None = None, gateway: dict[str, Any] | None = None, **smtp: Any
) -> Iterator[House]:
    """Run a listener on a free port; smtp: settings of the `[smtp]` section."""
    config = load(gateway={"care_address": CARE} | (gateway or {}), smtp={"port": 0} | smtp)
    store = MemoryStore()
    spool = Spool(store.write_batch)
    spool.start()
    listener = Listener(config, put or spool.put, FixedClock(NOW))
    listener.start()
    try:
        yield House(listener, store)
    finally:
        store.gate.set()
        listener.stop()
        spool.stop()


class Client:
    """Sends bytes, reads replies."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ahead = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self) -> str:
        """Return the next reply line, "" at the end of the connection."""
        while b"\r\n" not in self._ahead:
            chunk = self.socket.recv(65536)
            if not chunk:
                assert not self._ahead, "the connection ended inside a reply"
                return ""
            self._ahead += chunk
        line, _, self._ahead = self._ahead.partition(b"\r\n")
        return line.decode("ascii")

    def reply(self) -> str:
        """Return the next reply; its lines joined by LF."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def command(self, text: str | bytes) -> str:
        self.send((text.encode() if isinstance(text, str) else text) + b"\r\n")
        return self.reply()

    def begin(self, *, sender: str = "ann@example.org", recipient: str = CARE, parameters: str = "") -> None:
        """Go up to 354."""
        assert self.command(f"MAIL FROM:<{sender}>{parameters}").startswith("250 ")
        assert self.command(f"RCPT TO:<{recipient}>").startswith("250 ")
        assert self.command("DATA").startswith("354 ")

    def deliver(self, message: bytes = MESSAGE) -> str:
        """Send a whole mail; return the reply to its dot."""
        self.begin()
        self.send(message + b".\r\n")
        return self.reply()

    def ended(self) -> bool:
        """Say whether the server has closed the connection."""
        try:
            return self.line() == ""
        except ConnectionError:
            return True
