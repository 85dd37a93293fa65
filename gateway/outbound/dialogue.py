"""Speak SMTP with a relay: the stdlib's client with bounded replies, deadlines, and TLS that is verified or absent.

Nothing here knows what a reply means for a mail; that is `relay.py`.
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from gateway.clock import monotonic_seconds
from gateway.config import RelaySection

# A reply of RFC 5321 has 512 octets a line; a relay that sends more than this is broken or hostile (OB-08).
REPLY_BYTES = 65_536
REPLY_SHOWN = 500
_CODE = re.compile(rb"([2-5][0-9]{2})([ -]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long we wait and how long a connection is kept; all but `mails` in seconds.

    connect: TCP and TLS handshake.  command: greeting and each reply but the last.  dot: the reply to the final dot;
    less than ten minutes makes duplicates.  idle: a kept connection older than this is closed.  probe: one that was
    idle longer than this is asked first.  pause: after a failed connection nobody tries for so long.
    """

    connect: float = 30
    command: float = 300
    dot: float = 600
    idle: float = 60
    probe: float = 5
    pause: float = 2
    mails: int = 100


class Client(smtplib.SMTP):
    """One connection to the relay.  Setting it up connects nothing; `begin` does."""

    def __init__(self, settings: RelaySection, hello_name: str, patience: Patience, tls: ssl.SSLContext) -> None:
        super().__init__(local_hostname=hello_name, timeout=patience.connect)
        self._host = settings.host  # The name that STARTTLS checks the certificate against.
        self._settings = settings
        self._patience = patience
        self._tls = tls
        self._buffer = b""
        self.wait_for = patience.command

    def begin(self) -> None:
        """Connect, greet, secure and sign in, or raise."""
        code, reply = self.connect(self._settings.host, self._settings.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, reply)
        self._hello()
        if self._settings.tls == "starttls":
            self._start_tls()
            self._hello()
        if self._settings.user:
            self.login(self._settings.user, self._settings.password.get_secret_value())

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[None]:
        """Wait so long for replies inside the block."""
        before, self.wait_for = self.wait_for, seconds
        try:
            yield
        finally:
            self.wait_for = before

    def getreply(self) -> tuple[int, bytes]:
        """Return code and text of one reply; code -1 is nonsense.

        Raises SMTPServerDisconnected at the end of the connection, when the reply is too long or comes too slowly:
        the deadline is for the whole reply, so a relay that drips one byte a minute does not hold us.
        """
        deadline = monotonic_seconds() + self.wait_for
        texts, size = [], 0
        while True:
            line = self._line(deadline)
            size += len(line)
            found = _CODE.match(line)
            if not found:
                return -1, line[:REPLY_SHOWN]
            texts.append(line[4:].strip())
            if found.group(2) != b"-":
                return int(found.group(1)), b"\n".join(texts)
            if size > REPLY_BYTES:
                self._give_up("the reply is too long")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), timeout)
        try:
            # One small segment for each command: waiting to fill it would cost 40 ms a mail.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._settings.tls == "implicit":
                connection = self._tls.wrap_socket(connection, server_hostname=host)
            connection.settimeout(self._patience.command)
        except BaseException:
            connection.close()
            raise
        return connection

    def _hello(self) -> None:
        code, reply = self.ehlo()
        if code != 250:
            raise smtplib.SMTPHeloError(code, reply)

    def _start_tls(self) -> None:
        if not self.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError("the relay does not offer STARTTLS")
        code, reply = self.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, reply)
        if self._buffer:
            # RFC 3207 section 4.2: what stands before the handshake may be anybody's.
            self._give_up("plain text was sent ahead of the TLS handshake")
        self._connection().settimeout(self._patience.connect)
        self.sock = self._tls.wrap_socket(self._connection(), server_hostname=self._host)

    def _connection(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        return self.sock

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            left = deadline - monotonic_seconds()
            if len(self._buffer) > REPLY_BYTES:
                self._give_up("the reply is too long")
            if left <= 0:
                self._give_up("no reply in time")
            self._buffer += self._receive(left)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _receive(self, seconds: float) -> bytes:
        connection = self._connection()
        try:
            connection.settimeout(seconds)
            data = connection.recv(4096)
            connection.settimeout(self._patience.command)
        except TimeoutError:
            self._give_up("no reply in time")
        except OSError as error:
            self._give_up(f"the connection was lost ({error.strerror or type(error).__name__})")
        return data or self._give_up("the relay closed the connection")

    def _give_up(self, why: str) -> NoReturn:
        self.close()
        raise smtplib.SMTPServerDisconnected(why)


def stuffed(raw: bytes) -> bytes:
    """Return the mail as it goes over the wire, without the final dot: only CRLF line ends, dots doubled.

    A bare CR or LF would let a mail end before its end (HAZARDS fact 11, OB-05), so none leaves,
    whatever was handed in.
    """
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return b"".join(b"." + line + b"\r\n" if line.startswith(b".") else line + b"\r\n" for line in lines)
