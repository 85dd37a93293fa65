"""Does `gateway serve` grow while it works?  `python -m benchmarks memory`; 20,000 mails, one to two minutes.

The resident memory (RSS) of `gateway serve` and all its children, after a warm-up of 2,000 replies and again after
20,000, each time when the last one is linked and committed.  Growth of a tenth or of 15 MB, whichever is more, is
allowed: caches and the allocator's arenas may still fill a little, a leak of 1 kB a mail would show as 18 MB.
"""

from benchmarks import installation, traffic
from benchmarks.installation import MEGABYTE, Installation
from benchmarks.row import Row, within

MAILS = 20_000
WARM_UP = 2_000
ROUND = 1_000
ALLOWED_SHARE = 0.1
ALLOWED_BYTES = 15 * MEGABYTE


def run() -> list[Row]:
    """Measure; at 200 mails a second 100 seconds."""
    with installation.with_cases() as ours, ours.serving() as serve:
        _feed(ours, 0, WARM_UP)
        before, _ = installation.memory_bytes(serve)
        _feed(ours, WARM_UP, MAILS)
        after, _ = installation.memory_bytes(serve)
    allowed = max(ALLOWED_BYTES, before * ALLOWED_SHARE)
    return [
        within(
            f"growth over {MAILS:,} mails",
            max(0, after - before) / MEGABYTE,
            "MB",
            allowed=allowed / MEGABYTE,
            limits=f"RSS with children: {before / MEGABYTE:.0f} MB when warm, {after / MEGABYTE:.0f} MB at the end",
        )
    ]


def _feed(ours: Installation, first: int, last: int) -> None:
    for number in range(first, last, ROUND):
        traffic.send(ours.port, ours.replies(f"mail{number}", ROUND))
        ours.wait_for_linked(number + ROUND)
