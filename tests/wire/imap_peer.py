"""An IMAP server whose answers tests write themselves: for lies that no real server tells on demand."""

import base64
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self

_LITERAL_UIDS = re.compile(rb"UID FETCH ([0-9,:*]+) \((.+)\)")


class Peer:
    """Serve a few mails.  sent: what it sends in place of the body of a mail; None leaves the whole answer out.

    password: what LOGIN must give.  token: what XOAUTH2 must give.  tls: where it speaks TLS from the first byte.
    noted: every command that came, without its tag.
    """

    def __init__(
        self,
        mails: dict[int, bytes],
        *,
        sent: Callable[[int, bytes], bytes | None] = lambda _uid, raw: raw,
        password: str = "open-sesame",
        token: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._tls = tls
        self.mails, self.sent, self.password, self.token = mails, sent, password, token
        self.uidvalidity = 7
        self.capabilities = "IMAP4rev1 IDLE MOVE UIDPLUS AUTH=XOAUTH2"
        self.noted: list[str] = []
        self.flagged: set[int] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            self._secured(client) as client,
            client.makefile("rwb", buffering=0) as stream,
        ):
            stream.write(b"* OK ready\r\n")
            while line := stream.readline():
                tag, _, command = line.strip().partition(b" ")
                self.noted.append(command.decode())
                if command == b"IDLE":
                    stream.write(b"+ idling\r\n")
                    stream.readline()
                    stream.write(tag + b" OK done\r\n")
                    continue
                if command.startswith(b"AUTHENTICATE"):
                    stream.write(b"+ \r\n")
                    command += b" " + stream.readline().strip()
                lines, end = self._answer(command)
                for one in lines:
                    stream.write(one)
                stream.write(tag + b" " + end + b" done\r\n")
                if command == b"LOGOUT":
                    return

    def _secured(self, client: socket.socket) -> socket.socket:
        return client if self._tls is None else self._tls.wrap_socket(client, server_side=True)

    def _answer(self, command: bytes) -> tuple[list[bytes], bytes]:
        word = command.split(b" ")[0].upper()
        if word == b"UID":
            word = b" ".join(command.split(b" ")[:2]).upper()
        match word:
            case b"CAPABILITY":
                return [b"* CAPABILITY " + self.capabilities.encode() + b"\r\n"], b"OK"
            case b"LOGIN":
                return [], b"OK" if self.password.encode() in command else b"NO [AUTHENTICATIONFAILED] no"
            case b"AUTHENTICATE":
                given = base64.b64decode(command.split(b" ")[2]).decode() if command.count(b" ") > 1 else ""
                return [], b"OK" if f"Bearer {self.token}\1" in given else b"NO [AUTHENTICATIONFAILED] no"
            case b"SELECT" | b"EXAMINE":
                return self._selected(), b"OK [READ-WRITE] done"
            case b"UID SEARCH":
                return [b"* SEARCH " + b" ".join(b"%d" % uid for uid in sorted(self.mails)) + b"\r\n"], b"OK"
            case b"UID FETCH":
                return self._fetched(command), b"OK"
            case b"UID STORE":
                self.flagged |= {int(uid) for uid in command.split(b" ")[2].split(b",")}
                return [], b"OK"
            case b"BROKEN":
                return [], b"BAD"
            case _:
                return [], b"OK"

    def _selected(self) -> list[bytes]:
        facts = {"UIDVALIDITY": self.uidvalidity, "UIDNEXT": max(self.mails, default=0) + 1}
        lines = [f"* OK [{name} {value}] ok\r\n".encode() for name, value in facts.items()]
        return [f"* {len(self.mails)} EXISTS\r\n".encode(), *lines]

    def _fetched(self, command: bytes) -> list[bytes]:
        found = _LITERAL_UIDS.match(command)
        assert found is not None
        answers = []
        for uid in map(int, found[1].split(b",")):
            raw = self.mails.get(uid)
            if raw is None:
                continue
            if b"BODY" not in found[2]:
                answers.append(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(raw)})\r\n".encode())
                continue
            body = self.sent(uid, raw)
            if body is not None:
                answers.append(f"* {uid} FETCH (UID {uid} BODY[] {{{len(body)}}}\r\n".encode() + body + b")\r\n")
        return answers
