"""Leases: who works on which entry of a queue.  One implementation for both queues (`mail`, `outbox`).

An entry goes ready -> leased -> done | dead | held.  The attempt is counted when the lease is taken, so that an entry
that kills its worker uses up its attempts.  `fence` grows with each lease: whoever lost the lease cannot settle.
Times of leases are the database's own (`epoch_now`); `run_at` is the application's `now`, so a turn can look ahead.
"""

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, Update, bindparam, literal, select, true, update

from gateway.model import EntryState
from gateway.store.db import epoch_now

# Work that failed or lost its process is taken up again after this time; work under way prolongs its lease.
LEASE_SECONDS = 30.0


class Owners:
    """Who of this process holds leases: one name for each piece of work that is under way.

    Only these are prolonged.  Work that failed half-way, with the database away, leaves its leases behind under a name
    that nobody prolongs; so they end, and the sweep gives the work to somebody else.
    """

    def __init__(self, process: str) -> None:
        self.process = process
        self._numbers = itertools.count(1)
        self._working: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def at_work(self) -> Iterator[str]:
        """Hand out a name to take leases under, for as long as the block lasts."""
        name = f"{self.process}:{next(self._numbers)}"
        with self._lock:
            self._working.add(name)
        try:
            yield name
        finally:
            with self._lock:
                self._working.discard(name)

    def working(self) -> list[str]:
        """Return the names whose work is under way."""
        with self._lock:
            return sorted(self._working)


def claim(
    conn: Connection,
    table: Table,
    *,
    owner: str,
    limit: int,
    now: datetime,
    seconds: float = LEASE_SECONDS,
    only: ColumnElement[bool] | None = None,
) -> Sequence[Row[Any]]:
    """Lease up to `limit` entries that are due at `now`, oldest first, and return their whole rows.

    only: a further condition.  seconds: length of the lease; `renew` prolongs it.
    Rows locked by another claimer are passed over, not waited for.
    """
    due = (
        select(table.c.id)
        .where(table.c.state == EntryState.READY, table.c.run_at <= now, true() if only is None else only)
        .order_by(table.c.run_at, table.c.id)
        .limit(limit)
        # PostgreSQL only; SQLite has one writer at a time and SQLAlchemy leaves the clause out.
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        update(table)
        .where(table.c.id.in_(select(due.c.id)))
        .values(
            state=EntryState.LEASED,
            attempts=table.c.attempts + 1,
            fence=table.c.fence + 1,
            lease_owner=owner,
            lease_until=epoch_now() + seconds,
        )
        .returning(table)
    )
    return sorted(conn.execute(taken).all(), key=lambda row: (row.run_at, row.id))


def renew(conn: Connection, table: Table, *, owners: Sequence[str], seconds: float = LEASE_SECONDS) -> int:
    """Prolong all leases of `owners`; return how many they hold."""
    mine = update(table).where(table.c.state == EntryState.LEASED, table.c.lease_owner.in_(owners))
    return conn.execute(mine.values(lease_until=epoch_now() + seconds)).rowcount


def release_expired(conn: Connection, table: Table, *, now: datetime, **marks: Any) -> int:
    """Make entries ready again whose owner went away; return how many.  marks: columns to set on them."""
    gone = update(table).where(table.c.state == EntryState.LEASED, table.c.lease_until < epoch_now())
    return conn.execute(gone.values(state=EntryState.READY, run_at=now, lease_owner="", **marks)).rowcount


def settle(conn: Connection, table: Table, *, entry_id: int, fence: int, state: EntryState, **values: Any) -> bool:
    """End a lease with `state` and `values`; False, and nothing changes, when another lease was taken since."""
    columns = {"state": state, "lease_owner": "", **values}
    return conn.execute(_held(table), {"entry_id": entry_id, "held": fence, **columns}).rowcount == 1


@cache
def _held(table: Table) -> Update:
    return update(table).where(
        table.c.id == bindparam("entry_id"),
        table.c.fence == bindparam("held"),
        table.c.state == literal(EntryState.LEASED),
    )
