"""What judging a mail costs in one warm process: reading it, the object of `gateway explain`, and the worst text.

The mails are the fixtures of the tests; the yardstick is mail-parser alone over the same mails in the same run.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import mailparser

from benchmarks.row import Row, within
from gateway.desk import explain
from gateway.inbound import htmltext, reading, reply
from gateway.model import Envelope, Policy, Reading, ReadingRules, Source, SpoolEntry
from gateway.rules import profiles
from tests.fixtures import shapes

MAILS = Path(__file__).parents[1] / "tests" / "fixtures"
ROUNDS = 3
ENVELOPE = Envelope(mail_from="ann@example.com", rcpt_tos=("care@example.test",), source=Source.SMTP)
RECEIVED = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class InThisProcess:
    """Reads mails without children, so that only the work is measured."""

    def read_many(self, items: Sequence[tuple[bytes, Envelope]]) -> list[Reading]:
        """Read each mail."""
        return [reading.read(raw, envelope, ReadingRules()) for raw, envelope in items]


def run() -> list[Row]:
    """Measure the mean milliseconds a mail over mail-parser's, and the seconds of the slowest hostile megabyte."""
    raws = [path.read_bytes() for path in sorted(MAILS.rglob("*.eml"))]
    asked = [_asked(raw) for raw in raws]
    policy = Policy(profiles=profiles.BUILT_IN, default_profile=next(iter(profiles.BUILT_IN)))
    reader = InThisProcess()
    alone = _best(lambda: [_parsed(raw) for raw in raws]) / len(raws)
    ours = _best(lambda: explain.explain(asked, reader, policy)) / len(raws)
    slowest, shape = max(_hostile())
    return [
        Row(
            name="explain one mail",
            figure=ours * 1_000,
            unit="ms",
            yardstick=f"mail-parser alone, {alone * 1_000:.2f} ms",
            ratio=alone / ours,
            target=0.5,
            limits=f"mean over {len(raws)} fixture mails; mail-parser itself is a part of it",
        ),
        within("slowest hostile megabyte", slowest, "s", allowed=0.5, limits=f"{shape!r} repeated"),
    ]


def _hostile() -> list[tuple[float, str]]:
    return [
        *((_best(lambda p=piece: reply.split(shapes.megabyte(p))), piece) for piece in shapes.TEXT),
        *((_best(lambda p=piece: htmltext.to_text(shapes.megabyte(p))), piece) for piece in shapes.MARKUP),
    ]


def _asked(raw: bytes) -> explain.Asked:
    entry = SpoolEntry(
        id=0,
        envelope=ENVELOPE,
        received_at=RECEIVED,
        size_bytes=len(raw),
        attempts=1,
        failures=0,
        fence=0,
        raw=raw,
        oversized=False,
    )
    return explain.Asked(path="-", entry=entry)


def _parsed(raw: bytes) -> None:
    # It raises on some of the hostile ones; that is its time.
    with contextlib.suppress(Exception):
        mailparser.parse_from_bytes(raw)


def _best(work: Callable[[], object]) -> float:
    """Return the best of some timings after one to warm up, in seconds of CPU."""
    work()
    best = 1e9
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


if __name__ == "__main__":
    for row in run():
        print(f"{row.name}: {row.figure:.3f} {row.unit}, {row.ratio:.2f} of {row.yardstick} ({row.limits})")
