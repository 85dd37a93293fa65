"""When to try again.  Pure: attempts and times in, a time out.

One clock for all retries of outgoing mail: the row's `run_at`.  Nothing here sleeps and nothing is delayed in a broker.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.model import NextTry

WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
GIVE_UP_AFTER = timedelta(hours=48)
# A burst that failed together must not come back together; a tenth is enough to spread it and keeps the figures honest.
SPREAD = 0.1


# Waits between the tries of a webhook, as the specification lists them: about three days in all.
CALL_WAITS = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
# A webhook that fails again and again rests between two calls, whichever events wait for it; a short rest, so that it
# is noticed soon when the receiver is back.
FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(seconds=60)
FAILURES_BEFORE_REST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """No further try: the mail goes to the dead letters and a person is told."""

    tried_for: timedelta


def next_attempt(attempts: int, *, first_tried_at: datetime, now: datetime, jitter: float) -> datetime | GiveUp:
    """Say when to offer a deferred mail to the relay again.

    attempts: leases taken so far, 1 or more.  jitter: 0 <= j < 1, spreads a burst.
    Waits 1, 5, 15 minutes, then 1 hour, each up to a tenth longer; 48 hours after the first try returns GiveUp.
    Never raises.
    Source: RFC 5321 section 4.5.4.1 (relays give up after 4-5 days; we tell a person sooner).
    """
    if now - first_tried_at >= GIVE_UP_AFTER:
        return GiveUp(tried_for=now - first_tried_at)
    wait = WAITS[min(max(attempts, 1), len(WAITS)) - 1]
    return now + wait * (1 + SPREAD * jitter)


def next_call(attempts: int, failures: int, *, now: datetime, retry_after: timedelta | None, jitter: float) -> NextTry:
    """Say when to call a webhook again that did not take an event, and how long it is left alone.

    attempts: tries of this event so far, 1 or more.  failures: calls of this webhook in a row that failed, this one
    included.  retry_after: what the receiver asked for; it may lengthen a wait and never shortens it.
    Waits 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours, each up to a tenth longer; then never again.
    Source: https://www.standardwebhooks.com (specification: retry schedule).
    """
    rest = timedelta(0)
    if failures >= FAILURES_BEFORE_REST:
        rest = min(FIRST_REST * 2 ** min(failures - FAILURES_BEFORE_REST, 16), LONGEST_REST)
    rest = max(rest, retry_after or timedelta(0))
    rest_until = now + rest if rest else None
    if attempts > len(CALL_WAITS):
        return NextTry(run_at=None, rest_until=rest_until)
    wait = CALL_WAITS[max(attempts, 1) - 1] * (1 + SPREAD * jitter)
    return NextTry(run_at=now + max(wait, rest), rest_until=rest_until)
