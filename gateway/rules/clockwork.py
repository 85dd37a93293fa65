"""Is the time to be believed?  Pure.

A wrong clock would close every case at once, so each turn of a scheduler compares the machine's clock with three
others: the monotonic one that never jumps, the database's, and the time of the last turn of any scheduler.
The decision is written down in docs/decisions/0005-a-clock-that-jumps.md.  Source: PROCESS 4.7, FA-09.
"""

from datetime import datetime, timedelta

from gateway.model import ClockReading, Doubt, DoubtKind

# Less is the slewing of a time server, two machines that differ a little, a restart.
TOLERANCE = timedelta(minutes=15)
# So long nothing may be odd before closures go on by themselves: a sender's server tries again within that time, too.
QUIET_SECONDS = 3600.0


def doubt(present: ClockReading, before: ClockReading | None, last_turn_at: datetime | None) -> Doubt | None:
    """Return why the present time is not to be believed, None when nothing speaks against it.

    before: what this process read in its turn before; None in its first.  last_turn_at: of any scheduler, ever.
    """
    tolerance = TOLERANCE.total_seconds()
    if before is not None:
        moved = (present.wall - before.wall).total_seconds() - (present.monotonic - before.monotonic)
        if abs(moved) > tolerance:
            return _jump(f"The clock of this machine moved by {_minutes(moved)} at once.")
    apart = present.wall.timestamp() - present.database
    if abs(apart) > tolerance:
        return _jump(f"The clock of this machine is {_minutes(apart)} away from the database's.")
    if last_turn_at is None:
        return None
    since = (present.wall - last_turn_at).total_seconds()
    if since < -tolerance:
        return _jump(f"The last turn of a scheduler was {_minutes(-since)} later than now.")
    if since > tolerance:
        return Doubt(
            kind=DoubtKind.OUTAGE, why=f"No scheduler ran for {_minutes(since)}; answers may still be on the way."
        )
    return None


def _jump(why: str) -> Doubt:
    return Doubt(kind=DoubtKind.JUMP, why=why)


def _minutes(seconds: float) -> str:
    minutes = round(abs(seconds) / 60)
    return f"{minutes} minutes" if minutes < 600 else f"{round(minutes / 60)} hours"
