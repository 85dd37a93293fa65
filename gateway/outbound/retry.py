"""When to try again.  Pure: attempts and times in, a time out.

One clock for all retries of outgoing mail: the row's `run_at`.  Nothing here sleeps and nothing is delayed in a broker.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
GIVE_UP_AFTER = timedelta(hours=48)
# A burst that failed together must not come back together; a tenth is enough to spread it and keeps the figures honest.
SPREAD = 0.1


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
