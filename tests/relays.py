"""A relay whose every answer can be scripted, over real sockets, and the certificates it may show."""

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

Action = Callable[["Line"], None]


class Line:
    """One connection, as the relay sees it."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = b""

    def say(self, text: bytes) -> None:
        self.socket.sendall(text)

    def until(self, end: bytes) -> bytes:
        """Read up to and with `end`; raises EOFError when the client has gone."""
        while end not in self._buffer:
            data = self.socket.recv(65_536)
            if not data:
                raise EOFError
            self._buffer += data
        before, _, self._buffer = self._buffer.partition(end)
        return before + end

    def reset(self) -> None:
        """Drop the connection the rude way: RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.hang_up()

    def hang_up(self) -> None:
        self.socket.close()
        raise EOFError


@dataclass(slots=True)
class ScriptedRelay:
    """Answers `banner EHLO STARTTLS AUTH MAIL RCPT DATA . RSET` as told; whatever is not told goes well.

    An answer is bytes to say, an action, or a list of these that is used up connection by connection and step by step.
    """

    answers: dict[str, bytes | Action | list[bytes | Action | None]] = field(default_factory=dict)
    extensions: tuple[bytes, ...] = ()
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    port: int = 0
    connections: int = 0
    seen: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    @contextlib.contextmanager
    def running(self) -> Iterator["ScriptedRelay"]:
        """Listen inside the block."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            accepting = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            accepting.start()
            try:
                yield self
            finally:
                # On Linux, closing does not wake a thread that waits in accept; shutting down does.
                with contextlib.suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
                accepting.join(5)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with contextlib.suppress(OSError, EOFError, ssl.SSLError):
            if self.implicit and self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._talk(Line(connection))
        connection.close()

    def _talk(self, line: Line) -> None:
        self._answer(line, "banner", b"220 relay.example.test ready\r\n")
        while True:
            command = line.until(b"\r\n").decode("ascii").strip()
            verb = command.split(" ")[0].split(":")[0].upper()
            self.seen.append(command)
            match verb:
                case "EHLO":
                    lines = [b"relay.example.test", *self.extensions]
                    said = b"".join(b"250-" + e + b"\r\n" for e in lines[:-1]) + b"250 " + lines[-1] + b"\r\n"
                    self._answer(line, "EHLO", said)
                case "STARTTLS" if self.tls:
                    self._answer(line, "STARTTLS", b"220 go on\r\n")
                    line.socket = self.tls.wrap_socket(line.socket, server_side=True)
                case "DATA":
                    if self._answer(line, "DATA", b"354 go on\r\n").startswith(b"354"):
                        text = line.until(b"\r\n.\r\n")
                        self.mails.append(text)
                        self._answer(line, ".", b"250 2.0.0 taken as 4711\r\n")
                case "QUIT":
                    line.say(b"221 bye\r\n")
                    return
                case _:
                    self._answer(line, verb, b"250 ok\r\n")

    def _answer(self, line: Line, step: str, usual: bytes) -> bytes:
        answer = self.answers.get(step)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if callable(answer):
            answer(line)
            return b""
        said = usual if answer is None else answer
        line.say(said)
        if said.startswith(b"421"):
            line.hang_up()
        return said


def certificate(folder: Path, names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context with a fresh certificate for `names` and a client's context that trusts only it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=relay", "-addext"]
    subprocess.run([*command, f"subjectAltName={names}"], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))
