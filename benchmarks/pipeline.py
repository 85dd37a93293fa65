"""How many replies a second come in by SMTP and end linked and committed: `python -m benchmarks pipeline`.

Ours is `gateway serve` as its own process with its parse children, on SQLite.  The clock runs from the first
connection until the last mail of the round has its disposition `linked`.  The yardstick is a stock aiosmtpd that throws
each mail away; the same client sends the same mails (3.5 kB multipart/alternative, 10 kept connections) to one after
the other, in rounds that take turns.  The ratio is the median over the rounds.
"""

import statistics
import time

from benchmarks import installation, traffic
from benchmarks.installation import Installation
from benchmarks.row import Row

MAILS_PER_ROUND = 1000
ROUNDS = 5
TARGET = 0.12


def run() -> list[Row]:
    """Measure; about 30 seconds."""
    with installation.with_cases() as ours, ours.serving(), traffic.server(traffic.null_sink) as sink:
        _linked_rate(ours, 0)
        rates = [(_linked_rate(ours, number + 1), _sink_rate(sink, ours, number)) for number in range(ROUNDS)]
    return [
        Row(
            name="pipeline",
            figure=statistics.median(our for our, _ in rates),
            unit="mails/s",
            yardstick=f"aiosmtpd null sink: {statistics.median(its for _, its in rates):,.0f} mails/s, nothing kept",
            ratio=statistics.median(our / its for our, its in rates),
            target=TARGET,
            limits="the statements that decide and record a mail, in one Python process beside the SMTP dialogue",
        )
    ]


def _linked_rate(ours: Installation, number: int) -> float:
    mails = ours.replies(f"ours{number}", MAILS_PER_ROUND)
    began = time.perf_counter()
    traffic.send(ours.port, mails)
    ours.wait_for_linked((number + 1) * MAILS_PER_ROUND)
    return MAILS_PER_ROUND / (time.perf_counter() - began)


def _sink_rate(port: int, ours: Installation, number: int) -> float:
    mails = ours.replies(f"sink{number}", MAILS_PER_ROUND)
    began = time.perf_counter()
    traffic.send(port, mails)
    return MAILS_PER_ROUND / (time.perf_counter() - began)
