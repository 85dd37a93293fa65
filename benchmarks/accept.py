"""How many mails a second we accept, each safe on disk before its 250: `python -m benchmarks accept`.

Ours is the real listener, spool and SQLite store (WAL, synchronous=FULL), with its log.  The yardstick is a stock
aiosmtpd whose handler throws each mail away and says 250.  Each server has a process of its own; one client process
sends mails of 3.5 kB over 10 kept connections to one server after the other, in rounds that take turns, so whatever
else this machine does falls on both.  The ratio is the median over the rounds.  A second row has the client send
MAIL, RCPT and DATA in one go, as real MTAs do where PIPELINING is offered; the yardstick does not offer it.
"""

import os
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks import traffic
from benchmarks.row import Row
from benchmarks.traffic import CARE, MAIL_BYTES, Mail

MAILS_PER_ROUND = 2000
ROUNDS = 5
TARGET = 0.85
SENDER = "ann@example.org"

_LINE = b"The quick brown fox jumps over the lazy dog, and then it does so once more.\r\n"


def run() -> list[Row]:
    """Measure; about 30 seconds on an idle machine."""
    with traffic.server(_serve_ours) as ours, traffic.server(traffic.null_sink) as null_sink:
        for port in (ours, null_sink):
            traffic.send(port, mails("warm-up", 300))
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
    prepared = mails(label, MAILS_PER_ROUND)
    began = time.perf_counter()
    traffic.send(port, prepared, pipelining=pipelining)
    return MAILS_PER_ROUND / (time.perf_counter() - began)


def mails(label: str, count: int) -> list[Mail]:
    """Return that many mails of MAIL_BYTES, no two alike."""
    made = []
    for number in range(count):
        head = (
            f"From: Ann Lee <{SENDER}>\r\nTo: {CARE}\r\nSubject: Re: [Case 0000000042] It does not start\r\n"
            f"Message-ID: <{label}.{number}@example.org>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\n"
        ).encode()
        made.append(Mail(SENDER, head + _LINE * ((MAIL_BYTES - len(head)) // len(_LINE)) + b".\r\n"))
    return made


def _serve_ours(pipe: Connection) -> None:
    from gateway import maillog
    from gateway.clock import SystemClock
    from gateway.config import load
    from gateway.inbound.smtp import Listener
    from gateway.inbound.spool import Spool
    from gateway.model import NewMail, SpooledMail
    from gateway.store import db
    from gateway.store import mails as store

    # The log is written as in production, to a place that costs nothing.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    maillog.configure()
    with tempfile.TemporaryDirectory() as folder:
        database = db.Database(f"sqlite:///{Path(folder) / 'accept.db'}")
        db.ensure_schema(database)

        def write_batch(batch: Any) -> list[SpooledMail]:
            incoming: list[NewMail] = list(batch)
            with database.write() as conn:
                return store.spool_many(conn, incoming)

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
