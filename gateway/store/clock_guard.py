"""What the schedulers know of the time: the last turn of any of them, and a doubt that is in force.

Times of a doubt are the database's own, so that it ends for all schedulers at once.
"""

from datetime import datetime

from sqlalchemy import Connection, select, update

from gateway.model import Doubt, DoubtKind
from gateway.store.db import epoch_now
from gateway.store.sql import insert_new
from gateway.store.tables import clock_guard

NAME = "scheduler"
_ROW = clock_guard.c.name == NAME


def last_turn(conn: Connection) -> tuple[datetime | None, float]:
    """Return when a scheduler last took a turn (None: never), and the database's time in seconds since 1970."""
    at = conn.execute(select(clock_guard.c.last_turn_at).where(_ROW)).scalar()
    return at, float(conn.execute(select(epoch_now())).scalar_one())


def note_turn(conn: Connection, *, now: datetime, doubt: Doubt | None, quiet_seconds: float) -> None:
    """Note a turn, and what was odd about the time in it; a doubt lasts until it was quiet for `quiet_seconds`."""
    conn.execute(insert_new(conn, clock_guard).values(name=NAME, last_turn_at=now))
    values: dict[str, object] = {"last_turn_at": now}
    in_force = current(conn)
    if doubt is not None:
        # A jump is the graver doubt: an outage that follows does not soften it.
        graver = in_force if in_force is not None and in_force.kind is DoubtKind.JUMP else doubt
        values |= {"doubt": graver.kind, "why": graver.why, "doubted_until": epoch_now() + quiet_seconds}
    conn.execute(update(clock_guard).where(_ROW).values(values))


def current(conn: Connection) -> Doubt | None:
    """Return the doubt that is in force."""
    found = select(clock_guard.c.doubt, clock_guard.c.why).where(
        _ROW, clock_guard.c.doubt != "", clock_guard.c.doubted_until > epoch_now()
    )
    row = conn.execute(found).first()
    return Doubt(kind=DoubtKind(row.doubt), why=row.why) if row else None


def trust(conn: Connection) -> bool:
    """End a doubt because a person says that the time is right; False when there was none."""
    doubted = update(clock_guard).where(_ROW, clock_guard.c.doubt != "", clock_guard.c.doubted_until > epoch_now())
    return conn.execute(doubted.values(doubt="", why="", doubted_until=0.0)).rowcount == 1
