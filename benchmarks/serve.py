"""What `gateway serve` costs before it does anything: `python -m benchmarks serve`, about 20 seconds.

Memory: the resident memory (RSS) of the process and all its children, summed, a second after it has read, linked and
committed one mail; pages that the children share with each other count once for each, so the true cost (PSS, named
below the table) is less.
Start: from the start of the process until the client has the 250 of its first mail, which is committed by then; on an
existing database and on none.  The median of five starts.
"""

import smtplib
import statistics
import time

from benchmarks import installation
from benchmarks.installation import MEGABYTE, Installation
from benchmarks.row import Row, within
from benchmarks.traffic import CARE

MEMORY_MEGABYTES = 250
START_SECONDS = 2.5
STARTS = 5


def run() -> list[Row]:
    """Measure."""
    with installation.with_cases() as ours:
        rss, pss = _idle_memory(ours)
        again = statistics.median(_first_250(ours, f"again{number}") for number in range(STARTS))
    first = statistics.median(_first_start(f"first{number}") for number in range(STARTS))
    return [
        within(
            "idle memory",
            rss / MEGABYTE,
            "MB",
            allowed=MEMORY_MEGABYTES,
            limits=f"a Python each for serve, fork server and two parse children; as PSS it is {pss / MEGABYTE:.0f} MB",
        ),
        within("start to first 250", again, "s", allowed=START_SECONDS, limits="importing the libraries"),
        within("the same, no database yet", first, "s", allowed=START_SECONDS, limits="the same, then the migrations"),
    ]


def _idle_memory(ours: Installation) -> tuple[int, int]:
    with ours.serving() as serve:
        _hand_in(ours, ours.replies("idle", 1)[0].data.decode().removesuffix(".\r\n"))
        ours.wait_for_linked(1)
        time.sleep(1)
        return installation.memory_bytes(serve)


def _first_start(label: str) -> float:
    with installation.fresh() as ours:
        return _first_250(ours, label)


def _first_250(ours: Installation, label: str) -> float:
    began = time.perf_counter()
    with ours.serving():
        _hand_in(ours, f"From: ann@example.org\r\nMessage-ID: <{label}@example.org>\r\n\r\nHello, this is {label}.\r\n")
        return time.perf_counter() - began


def _hand_in(ours: Installation, mail: str) -> None:
    with smtplib.SMTP("127.0.0.1", ours.port, local_hostname="client.example.org", timeout=60) as smtp:
        smtp.sendmail("ann@example.org", [CARE], mail)
