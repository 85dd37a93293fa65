"""What the benchmarks send, and where to: a fast SMTP client, replies of customers, and the sink that keeps nothing.

The client is one asyncio protocol a connection, far cheaper than any server it talks to.  The null sink is a stock
aiosmtpd in a process of its own: the yardstick of whatever takes mail in Python.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

CARE = "care@example.com"
CONNECTIONS = 10
MAIL_BYTES = 3500
START_SECONDS = 60

_SENTENCE = "We looked at the pump again this morning and it still stops after about three percent of the run."
_QUOTED = "Which version do you run, and what does the log say at the time of the stop?"
# Of the mail's text part; what is left of MAIL_BYTES goes to the HTML part, as with real clients.
_TEXT_LINES = 10


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it goes over the wire, dot-stuffed, with its final dot."""

    sender: str
    data: bytes


def reply(label: str, *, sender: str, case_number: str, reference_id: str) -> Mail:
    """Return a customer's reply of about MAIL_BYTES: multipart/alternative, our mail quoted below, ID in both parts.

    label: makes the mail differ from all others.
    """
    said = [f"Hello, this is {label}.", *([_SENTENCE] * _TEXT_LINES), ""]
    quoted = ["On Monday, Customer Care wrote:", f"> {_QUOTED}", ">", f"> Reference ID: {reference_id}", ""]
    text = "\r\n".join([*said, *quoted])
    head = (
        f"From: Ann Lee <{sender}>\r\nTo: {CARE}\r\nSubject: Re: [Case {case_number}] It does not start\r\n"
        f"Message-ID: <{label}@example.org>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="=_part"\r\n\r\n'
    )
    plain = f"--=_part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    opening = "--=_part\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>\r\n"
    closing = (
        f'<div class="quote">On Monday, Customer Care wrote:<blockquote>\r\n<p>{_QUOTED}</p>\r\n'
        f"<p>Reference ID: <b>{reference_id}</b></p>\r\n</blockquote></div>\r\n</body></html>\r\n--=_part--\r\n"
    )
    line = f"<p>{_SENTENCE}</p>\r\n"
    lines = max(1, (MAIL_BYTES - len(head + plain + opening + closing)) // len(line))
    return Mail(sender, f"{head}{plain}{opening}{line * lines}{closing}.\r\n".encode())


def send(port: int, mails: Sequence[Mail], *, pipelining: bool = False) -> None:
    """Send mails over CONNECTIONS kept connections, as fast as the answers come.  Raises when one is refused."""
    asyncio.run(_send(port, iter(mails), pipelining=pipelining))


async def _send(port: int, mails: Iterator[Mail], *, pipelining: bool) -> None:
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: _Client(mails, pipelining=pipelining), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(client.finished for client in clients))


class _Client(asyncio.Protocol):
    """One connection.  Without pipelining it waits for each reply, as aiosmtpd, which does not offer it, demands."""

    def __init__(self, mails: Iterator[Mail], *, pipelining: bool) -> None:
        self._mails = mails
        self._pipelining = pipelining
        self._said = b""
        self._steps = self._dialogue()
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        next(self._steps)

    def data_received(self, data: bytes) -> None:
        self._said += data
        while b"\n" in self._said and not self.finished.done():
            line, _, self._said = self._said.partition(b"\n")
            # Only the last line of a reply has a blank after the code.
            if line[3:4] == b" ":
                self._advance(line)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(error or ConnectionError("the server hung up"))

    def _advance(self, line: bytes) -> None:
        try:
            self._steps.send(line)
        except StopIteration:
            self._transport.close()
            self.finished.set_result(None)
        except RuntimeError as error:
            self._transport.close()
            self.finished.set_exception(error)

    def _dialogue(self) -> Generator[None, bytes, None]:
        yield from self._expect(b"220")
        self._transport.write(b"EHLO client.example.org\r\n")
        yield from self._expect(b"250")
        for mail in self._mails:
            recipient = f"RCPT TO:<{CARE}>\r\n".encode()
            envelope = (f"MAIL FROM:<{mail.sender}>\r\n".encode(), recipient, b"DATA\r\n")
            for group in [b"".join(envelope)] if self._pipelining else envelope:
                self._transport.write(group)
                for _ in range(group.count(b"\n") - group.endswith(b"DATA\r\n")):
                    yield from self._expect(b"250")
            yield from self._expect(b"354")
            self._transport.write(mail.data)
            yield from self._expect(b"250")

    def _expect(self, code: bytes) -> Generator[None, bytes, None]:
        line = yield
        if not line.startswith(code):
            raise RuntimeError(f"expected {code!r}, the server said {line!r}")


@contextmanager
def server(serve: Callable[[Connection], None]) -> Iterator[int]:
    """Run a server in a process of its own; yields its port.  serve: sends its port, then runs until told to stop."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        if not here.poll(START_SECONDS):
            raise RuntimeError("the server did not start")
        yield here.recv()
    finally:
        here.send("stop")
        process.join(START_SECONDS)


class _Nothing:
    """A handler that keeps nothing."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        return "250 OK"


def null_sink(pipe: Connection) -> None:
    """Serve as a stock aiosmtpd that throws each mail away and says 250 (for `server`)."""
    from aiosmtpd.controller import UnthreadedController

    loop = asyncio.new_event_loop()
    # With a name given, aiosmtpd asks no name server.
    controller = UnthreadedController(
        _Nothing(), hostname="127.0.0.1", port=0, loop=loop, server_hostname="sink.example.com"
    )
    controller.begin()
    assert controller.server is not None
    pipe.send(controller.server.sockets[0].getsockname()[1])
    loop.add_reader(pipe.fileno(), loop.stop)
    loop.run_forever()
