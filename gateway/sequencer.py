"""The sequencer: gives what was committed its place in the event feed.

Writers insert plain rows, so none of them waits for another.  Any number of processes may take turns; one at a time
leads, the others pass.  Where none does, the feed stands still and nothing is lost.  Source: DESIGN 1.7.
"""

from datetime import timedelta

from gateway.services import Services
from gateway.store import events, lead

# How often `gateway serve` looks: what an event waits at most before other systems can read it.
EVERY_SECONDS = 0.25
# Rows of one transaction: on SQLite nobody else writes meanwhile.
BATCH = 500
FORGET_EVERY_SECONDS = 3600.0


def turn(services: Services) -> int:
    """Give every committed event its place; return how many.  Calling twice is nothing.  Raises Unavailable."""
    given = 0
    while True:
        # Looked at first without the writer's lock, because most turns find nothing.
        with services.database.read() as conn:
            if not events.unseen(conn):
                return given
        with services.database.write() as conn:
            done = events.sequence(conn, limit=BATCH) if lead.take(conn, lead.SEQUENCER) else 0
        given += done
        if done < BATCH:
            return given


def forget(services: Services) -> int:
    """Delete the events that are older than `[retention] events_days`; return how many.  Raises Unavailable."""
    before = services.clock.now() - timedelta(days=services.config.retention.events_days)
    forgotten = 0
    while True:
        with services.database.write() as conn:
            done = events.forget(conn, before=before, limit=BATCH)
        forgotten += done
        if done < BATCH:
            return forgotten
