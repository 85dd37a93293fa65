"""A smart host for tests: a real SMTP server that remembers every mail whose final dot it saw."""

import threading
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Sunk:
    """One mail as it arrived."""

    sender: str
    to: tuple[str, ...]
    raw: bytes

    @property
    def message_id(self) -> str:
        """Return its Message-ID, "" when it has none."""
        return str(message_from_bytes(self.raw).get("Message-ID", ""))


class Sink:
    """Listens on 127.0.0.1; a context manager."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        self._mails: list[Sunk] = []
        self._lock = threading.Lock()
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> "Sink":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take every mail."""
        content: Any = envelope.content
        with self._lock:
            self._mails.append(Sunk(sender=envelope.mail_from or "", to=tuple(envelope.rcpt_tos), raw=content))
        return "250 2.0.0 taken"

    @property
    def mails(self) -> list[Sunk]:
        """Return what has arrived so far, in order."""
        with self._lock:
            return list(self._mails)
