"""How many mails a second we accept, each safe on disk before its 250: `python -m benchmarks accept`.

Ours is the real listener, spool and SQLite store (WAL, synchronous=FULL), with its log.  The yardstick is a stock
aiosmtpd whose handler throws each mail away and says 250.  Each server has a process of its own; one client process
sends mails of 3.5 kB over 10 kept connections to one server after the other, in rounds that take turns, so whatever
else this machine does falls on both.  The ratio is the median over the rounds.  A second row has the client send
MAIL, RCPT and DATA in one go, as real MTAs do where PIPELINING is offered; the yardstick does not offer it.
"""

import asyncio
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.row import Row

CONNECTIONS = 10
MAIL_BYTES = 3500
MAILS_PER_ROUND = 2000
ROUNDS = 5
TARGET = 0.85
CARE = "care@example.com"
START_SECONDS = 60

_LINE = b"The quick brown fox jumps over the lazy dog, and then it does so once more.\r\n"


def run() -> list[Row]:
    """Measure; about 30 seconds on an idle machine."""
    with _server(_serve_ours) as ours, _server(_serve_null_sink) as null_sink:
        for port in (ours, null_sink):
            asyncio.run(_send(port, 300, "warm-up", pipelining=False))
        rounds = [
            (
                _rate(ours, f"a{number}"),
                _rate(null_sink, f"b{number}"),
                _rate(ours, f"c{number}", pipelining=True),
            )
            for number in range(ROUNDS)
        ]
    sink = statistics.median(sink for _, sink, _ in rounds)
    yardstick = f"aiosmtpd null sink: {sink:,.0f} mails/s, nothing kept"
    limits = "processor time of one Python process: half the SMTP dialogue, half the statements and pages of the commit"
    return [
        Row(
            name=name,
            figure=statistics.median(figures),
            unit="mails/s",
            yardstick=yardstick,
            ratio=statistics.median(ours / sink for ours, (_, sink, _) in zip(figures, rounds, strict=True)),
            target=TARGET,
            limits=limits,
        )
        for name, figures in (
            ("accept", [lockstep for lockstep, _, _ in rounds]),
            ("accept, client uses PIPELINING", [pipelined for _, _, pipelined in rounds]),
        )
    ]


def _rate(port: int, label: str, *, pipelining: bool = False) -> float:
    """Return mails a second over one round."""
    began = time.perf_counter()
    asyncio.run(_send(port, MAILS_PER_ROUND, label, pipelining=pipelining))
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


async def _send(port: int, count: int, label: str, *, pipelining: bool) -> None:
    """Send that many mails over the kept connections, as fast as the answers come."""
    numbers = iter(range(count))
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: _Client(numbers, label, pipelining=pipelining), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(client.finished for client in clients))


class _Client(asyncio.Protocol):
    """One connection.  Without pipelining it waits for each reply, as aiosmtpd, which does not offer it, demands."""

    def __init__(self, numbers: Iterator[int], label: str, *, pipelining: bool) -> None:
        self._numbers = numbers
        self._label = label
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
        envelope = (b"MAIL FROM:<ann@example.org>\r\n", b"RCPT TO:<care@example.com>\r\n", b"DATA\r\n")
        yield from self._expect(b"220")
        self._transport.write(b"EHLO client.example.org\r\n")
        yield from self._expect(b"250")
        for number in self._numbers:
            for group in [b"".join(envelope)] if self._pipelining else envelope:
                self._transport.write(group)
                for _ in range(group.count(b"\n") - group.endswith(b"DATA\r\n")):
                    yield from self._expect(b"250")
            yield from self._expect(b"354")
            self._transport.write(message(self._label, number))
            yield from self._expect(b"250")

    def _expect(self, code: bytes) -> Generator[None, bytes, None]:
        line = yield
        if not line.startswith(code):
            raise RuntimeError(f"expected {code!r}, the server said {line!r}")


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
