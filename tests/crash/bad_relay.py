"""A smart host that misbehaves by chance, and remembers what it took, answered for or not."""

import contextlib
import random
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes

HANG_SECONDS = 3.0
# Of a hundred mails, how many meet which answer while the relay is bad; the others are taken.
AT_RCPT = (("451 for now", 6), ("550 for ever", 3))
AT_DOT = (
    ("451 after the dot", 5),
    ("554 after the dot", 3),
    ("hangs after the dot", 2),
    ("drops the line after the dot", 5),
)
AT_GREETING = (("drops the line at once", 5), ("421 at the greeting", 3))
TAKEN_ALL_THE_SAME = ("hangs after the dot", "drops the line after the dot")


class BadRelay:
    """Listens on 127.0.0.1 inside `running`.  is_bad: faults are on.  met: how often each fault was played."""

    def __init__(self) -> None:
        self.is_bad = False
        self.port = 0
        self.met: Counter[str] = Counter()
        self._taken: dict[str, list[bytes]] = {}
        self._lock = threading.Lock()
        self._chance = random.Random(7)

    @contextlib.contextmanager
    def running(self) -> Iterator["BadRelay"]:
        """Serve inside the block."""
        relay = self

        class Session(socketserver.StreamRequestHandler):
            timeout = 60

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    relay._talk(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128

        with Server(("127.0.0.1", 0), Session) as server:
            self.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield self
            finally:
                server.shutdown()

    def taken(self) -> dict[str, list[bytes]]:
        """Return the copies of each mail that it took, by Message-ID."""
        with self._lock:
            return {message_id: list(copies) for message_id, copies in self._taken.items()}

    def _talk(self, session: socketserver.StreamRequestHandler) -> None:
        def say(text: str) -> None:
            session.wfile.write(f"{text}\r\n".encode("ascii"))

        fault = self._draw(AT_GREETING)
        if fault:
            if fault.startswith("421"):
                say("421 4.3.2 come back later")
            return
        say("220 relay.example.test ready")
        while line := session.rfile.readline():
            verb = line.split(b" ")[0].strip().upper()
            if verb == b"QUIT":
                say("221 2.0.0 bye")
                return
            if verb == b"RCPT" and (fault := self._draw(AT_RCPT)):
                say("451 4.2.0 not now" if fault.startswith("451") else "550 5.7.1 not for us")
            elif verb == b"DATA":
                say("354 go on")
                if not self._take(session, self._read(session)):
                    return
            else:
                say("250 2.0.0 fine")

    def _read(self, session: socketserver.StreamRequestHandler) -> bytes:
        lines = []
        while (line := session.rfile.readline()) != b".\r\n":
            if not line:
                raise ConnectionError
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _take(self, session: socketserver.StreamRequestHandler, raw: bytes) -> bool:
        """Answer for a mail; False when the line is to be dropped."""
        fault = self._draw(AT_DOT)
        if not fault or fault in TAKEN_ALL_THE_SAME:
            with self._lock:
                self._taken.setdefault(str(message_from_bytes(raw)["Message-ID"]), []).append(raw)
        if fault.startswith(("451", "554")):
            session.wfile.write(f"{fault[:3]} {fault[0]}.0.0 refused\r\n".encode("ascii"))
            return True
        if fault:
            time.sleep(HANG_SECONDS if fault.startswith("hangs") else 0)
            with contextlib.suppress(OSError):
                session.request.shutdown(socket.SHUT_RDWR)
            return False
        session.wfile.write(b"250 2.0.0 taken\r\n")
        return True

    def _draw(self, faults: tuple[tuple[str, int], ...]) -> str:
        if not self.is_bad:
            return ""
        with self._lock:
            at = self._chance.randrange(100)
            for name, share in faults:
                if at < share:
                    self.met[name] += 1
                    return name
                at -= share
        return ""
