"""How many mails a second we accept, each safe on disk before its 250: `python -m benchmarks accept`.

Ours is the real listener, spool and SQLite store (WAL, synchronous=FULL), with its log.  The yardstick is a stock
aiosmtpd whose handler throws each mail away and says 250.  Each server has a process of its own; one client process
sends mails of 3.5 kB over 10 kept connections to one server after the other, in rounds that take turns, so whatever
else this machine does falls on both.  The ratio is the median over the rounds.
"""

import asyncio
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.row import Row

CONNECTIONS = 10
MAIL_BYTES = 3500
MAILS_PER_ROUND = 3000
ROUNDS = 5
TARGET = 0.85
CARE = "care@example.com"
START_SECONDS = 60

_LINE = b"The quick brown fox jumps over the lazy dog, and then it does so once more.\r\n"


def run() -> list[Row]:
    """Measure; about 30 seconds."""
    with _server(_serve_ours) as ours, _server(_serve_null_sink) as null_sink:
        for port in (ours, null_sink):
            asyncio.run(_send(port, 500, "warm-up"))
        rates = [(_rate(ours, f"a{number}"), _rate(null_sink, f"b{number}")) for number in range(ROUNDS)]
    return [
        Row(
            name="accept",
            figure=statistics.median(our for our, _ in rates),
            unit="mails/s",
            yardstick=f"aiosmtpd null sink: {statistics.median(its for _, its in rates):,.0f} mails/s, nothing kept",
            ratio=statistics.median(our / its for our, its in rates),
            target=TARGET,
            limits="one Python process: the SMTP dialogue, then the statements of the group commit",
        )
    ]


def _rate(port: int, label: str) -> float:
    """Return mails a second over one round."""
    began = time.perf_counter()
    asyncio.run(_send(port, MAILS_PER_ROUND, label))
    return MAILS_PER_ROUND / (time.perf_counter() - began)


# The client


def message(label: str, number: int) -> bytes:
    """Return a mail of MAIL_BYTES that differs from all others, with its final dot."""
    head = (
        f"From: Ann Lee <ann@example.org>\r\nTo: {CARE}\r\nSubject: Re: [Case 0000000042] It does not start\r\n"
        f"Message-ID: <{label}.{number}@example.org>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\n"
    ).encode()
    lines = (MAIL_BYTES - len(head)) // len(_LINE)
    return head + _LINE * lines + b".\r\n"


async def _send(port: int, count: int, label: str) -> None:
    """Send that many mails over the kept connections, as fast as the answers come."""
    numbers = iter(range(count))
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: _Client(numbers, label), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(client.finished for client in clients))


class _Client(asyncio.Protocol):
    """One connection.  It waits for each reply: aiosmtpd does not offer PIPELINING."""

    def __init__(self, numbers: Iterator[int], label: str) -> None:
        self._numbers = numbers
        self._label = label
        self._said = b""
        self._steps = self._dialogue()
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        next(self._steps)

    def data_received(self, data: bytes) -> None:
        self._said += data
        # A reply is whole when its last line, the one with a blank after the code, is.
        if self._said.endswith(b"\n") and self._said[self._said.rfind(b"\n", 0, -1) + 1 :][3:4] == b" ":
            said, self._said = self._said, b""
            try:
                self._steps.send(said)
            except StopIteration:
                self._transport.close()
                self.finished.set_result(None)
            except RuntimeError as error:
                self._transport.close()
                self.finished.set_exception(error)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(error or ConnectionError("the server hung up"))

    def _dialogue(self) -> Iterator[Any]:
        yield from self._expect(b"220", b"")
        yield from self._expect(b"250", b"EHLO client.example.org\r\n")
        for number in self._numbers:
            yield from self._expect(b"250", b"MAIL FROM:<ann@example.org>\r\n")
            yield from self._expect(b"250", b"RCPT TO:<care@example.com>\r\n")
            yield from self._expect(b"354", b"DATA\r\n")
            yield from self._expect(b"250", message(self._label, number))

    def _expect(self, code: bytes, command: bytes) -> Iterator[Any]:
        if command:
            self._transport.write(command)
        said: bytes = yield
        if not said.startswith(code):
            raise RuntimeError(f"expected {code!r}, the server said {said!r}")


# The servers


@contextmanager
def _server(serve: Callable[[Connection], None]) -> Iterator[int]:
    """Run a server in a process of its own; yields its port."""
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


def _serve_ours(pipe: Connection) -> None:
    from gateway import maillog
    from gateway.clock import SystemClock
    from gateway.config import load
    from gateway.inbound.smtp import Listener
    from gateway.inbound.spool import Spool
    from gateway.model import NewMail, SpooledMail
    from gateway.store import db, mails

    # The log is written as in production, to a place that costs nothing.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    maillog.configure()
    with tempfile.TemporaryDirectory() as folder:
        database = db.Database(f"sqlite:///{Path(folder) / 'accept.db'}")
        db.ensure_schema(database)

        def write_batch(batch: Any) -> list[SpooledMail]:
            incoming: list[NewMail] = list(batch)
            with database.write() as conn:
                return mails.spool_many(conn, incoming)

        config = load(gateway={"care_address": CARE}, smtp={"port": 0, "max_messages_per_session": 1_000_000})
        spool = Spool(write_batch)
        spool.start()
        listener = Listener(config, spool.put, SystemClock())
        listener.start()
        pipe.send(listener.port)
        pipe.recv()
        listener.stop()
        spool.stop()
        database.close()


class _Nothing:
    """A handler that keeps nothing."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        return "250 OK"


def _serve_null_sink(pipe: Connection) -> None:
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
