"""How many mails a second leave: `python -m benchmarks deliver`.

Ours is the real outbox on SQLite (WAL, synchronous=FULL) through delivery and the SMTP relay with four connections:
claimed, composed, stored before the first octet, sent, settled.  The yardstick renders the same templates, builds the
mail with the stdlib's `email` and sends it with `smtplib`, over four kept connections from four threads, and keeps
nothing.  Both send to one sink that throws mails away, in rounds that take turns; the ratio is the median over the
rounds.  The sink is Postfix's smtp-sink where it is installed, else one of our own, in a process of its own.
"""

import asyncio
import contextlib
import multiprocessing
import shutil
import smtplib
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.row import Row
from gateway import app, config, maillog
from gateway.desk import cases
from gateway.model import OutboxEntry
from gateway.outbound import compose, delivery
from gateway.store import outbox

CONNECTIONS = 4
MAILS_PER_ROUND = 500
ROUNDS = 5
TARGET = 0.5
_TEXT = "The quick brown fox jumps over the lazy dog, and then it does so once more.\n" * 12


def run() -> list[Row]:
    """Measure; about 30 seconds."""
    with tempfile.TemporaryDirectory() as folder, _sink() as (port, sink), _logging_to(Path(folder) / "log"):
        house = make_store(Path(folder), port)
        try:
            rates = [_round(house, port) for _ in range(ROUNDS + 1)][1:]  # The first one warms up.
        finally:
            house.close()
    return [
        Row(
            name="deliver",
            figure=statistics.median(our for our, _ in rates),
            unit="mails/s",
            yardstick=f"render, email, smtplib to {sink}: {statistics.median(its for _, its in rates):,.0f} mails/s",
            ratio=statistics.median(our / its for our, its in rates),
            target=TARGET,
            limits="one interpreter lock for all: the statements that claim, keep and settle, then rendering",
        )
    ]


def make_store(folder: Path, port: int) -> app.App:
    """Return a whole gateway on a new SQLite database, its relay set to the sink."""
    settings = config.load(
        gateway={"data_dir": folder, "care_address": "care@example.com", "base_url": "https://cases.example.com"},
        database={"url": f"sqlite:///{folder / 'gateway.db'}"},
        relay={"host": "127.0.0.1", "port": port, "connections": CONNECTIONS},
    )
    return app.build(settings)


@contextlib.contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    with file.open("w") as log, contextlib.redirect_stderr(log):
        maillog.configure(json=True)
        yield
    maillog.configure(level="WARNING")


def _round(house: app.App, port: int) -> tuple[float, float]:
    """Return mails a second of ours and of the yardstick."""
    for number in range(MAILS_PER_ROUND + 1):  # One more is the sample.
        cases.open_case(
            house.services,
            subject=f"The export stops, number {number}",
            description=_TEXT,
            contact_email=f"maria{number}@example.org",
            contact_name="Maria Weber",
        )
    office = house.post_office()
    sample = _sample(office)
    ours = _timed([lambda: _drain(office)] * CONNECTIONS)
    share = MAILS_PER_ROUND // CONNECTIONS
    return ours, _timed([lambda: _send_plainly(office, sample, port, share)] * CONNECTIONS)


def _sample(office: delivery.PostOffice) -> OutboxEntry:
    # The yardstick renders an entry like those that ours does; this one stays leased and never leaves.
    now = office.clock.now()
    [entry] = outbox.claim(office.db, owner="sample", limit=1, now=now)
    return entry


def _drain(office: delivery.PostOffice) -> None:
    delivery.drain(office)


def _send_plainly(office: delivery.PostOffice, entry: OutboxEntry, port: int, mails: int) -> None:
    values = compose.template_values(entry, office.letterhead, office.clock.now())
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example.com", timeout=60) as smtp:
        for number in range(mails):
            parts = (
                office.env.get_template(f"{entry.notice}/{part}") for part in ("subject.txt", "body.txt", "body.html")
            )
            subject, text, html = (part.render(values) for part in parts)
            mail = EmailMessage()
            mail["From"] = "Customer Care <care@example.com>"
            mail["To"] = f"Maria Weber <maria{number}@example.org>"
            mail["Subject"] = f"[Case {entry.case_number}] {subject.strip()}"
            mail["Date"] = format_datetime(office.clock.now())
            mail["Message-ID"] = f"<{number}.{threading.get_ident()}@example.com>"
            mail.set_content(text)
            mail.add_alternative(html, subtype="html")
            smtp.send_message(mail)


def _timed(jobs: Sequence[Callable[[], None]]) -> float:
    """Run the jobs, a thread each; return mails a second over all."""
    threads = [threading.Thread(target=job) for job in jobs]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return MAILS_PER_ROUND / (time.perf_counter() - began)


# The sink


@contextlib.contextmanager
def _sink() -> Iterator[tuple[int, str]]:
    found = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")
    with _postfix_sink(found) if found else _own_sink() as port:
        yield port, "smtp-sink" if found else "a null sink"


@contextlib.contextmanager
def _postfix_sink(program: str) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # Root may not run it as itself; `-u nobody` is refused to anybody else.
    as_user = ["-u", "nobody"] if Path("/root").stat().st_uid == 0 and _is_root() else []
    process = subprocess.Popen([program, *as_user, f"127.0.0.1:{port}", "100"], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _is_root() -> bool:
    return Path("/proc/self").stat().st_uid == 0


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextlib.contextmanager
def _own_sink() -> Iterator[int]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        if not here.poll(60):
            raise TimeoutError("the sink did not start")
        yield here.recv()
    finally:
        process.terminate()
        process.join(10)


def _serve(ready: Connection) -> None:
    async def forever() -> None:
        server = await asyncio.start_server(_converse, "127.0.0.1", 0, limit=1 << 20)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 sink\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        writer.write(b"354 go on\r\n" if verb == b"DATA" else b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
        if verb == b"QUIT":
            break
        if verb == b"DATA":
            await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"250 thrown away\r\n")
    writer.close()
