"""What other systems ask of the event feed: all that happened behind a cursor, in order, waiting for it if need be."""

import time

from sqlalchemy import Connection

from gateway import clock
from gateway.cleaning import clean_header
from gateway.errors import InvalidInput
from gateway.model.views import EventView, FeedView
from gateway.services import Services
from gateway.store import events

MOST = 1000
LONGEST_WAIT_SECONDS = 60.0
PAUSE_SECONDS = 0.25
_MOST_DIGITS = 18


def read(services: Services, *, after: str = "", limit: int = 100, wait: float = 0) -> FeedView:
    """Return the events behind a cursor, oldest first, with the cursor to go on from.

    after: the cursor of the last event that was read, "" for the beginning.  limit: how many at most, up to MOST.
    wait: seconds to wait while there is none, up to LONGEST_WAIT_SECONDS; this thread sleeps meanwhile.
    Raises InvalidInput for what is no cursor, and Unavailable.
    """
    start = _place(after)
    most = max(1, min(limit, MOST))
    give_up = clock.monotonic_seconds() + min(wait, LONGEST_WAIT_SECONDS)
    while True:
        with services.database.read() as conn:
            found, passed = _behind(conn, services, start, most)
        left = give_up - clock.monotonic_seconds()
        if found or left <= 0:
            return FeedView(items=tuple(found), next=passed)
        time.sleep(min(PAUSE_SECONDS, left))


def _behind(conn: Connection, services: Services, start: int, most: int) -> tuple[list[EventView], str]:
    """Return what the caller sees behind a place, and the place up to which it has seen all that is its own."""
    only = services.asking.only_of_key
    # First, so that what comes meanwhile is not passed over.
    newest = events.newest(conn) if only else start
    found = events.feed(conn, after=start, limit=most, seen_by=only)
    last = int(found[-1].cursor) if found else start
    return found, str(last if len(found) == most else max(last, newest))


def _place(cursor: str) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MOST_DIGITS):
        raise InvalidInput(f"{clean_header(cursor, limit=40)} is no cursor of the feed; begin without one.")
    return int(cursor)
