"""How much work waits, and since when: what the doctor, the metrics and the overview say of the two queues."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select

from gateway.model import EntryState
from gateway.store.tables import mail, outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """One queue.  due: entries that somebody should be working on; oldest_due_at: since when.  dead: given up."""

    due: int
    oldest_due_at: datetime | None
    dead: int


def mails(conn: Connection, *, now: datetime) -> Backlog:
    """Look at the received mail that is not processed."""
    return _look(conn, mail, now)


def notices(conn: Connection, *, now: datetime) -> Backlog:
    """Look at the outgoing mail that has not left."""
    return _look(conn, outbox, now)


def _look(conn: Connection, table: Table, now: datetime) -> Backlog:
    due = (table.c.state == EntryState.READY, table.c.run_at <= now)
    count, oldest = conn.execute(select(func.count(), func.min(table.c.run_at)).where(*due)).one()
    dead: Any = select(func.count()).select_from(table).where(table.c.state == EntryState.DEAD)
    return Backlog(due=count, oldest_due_at=oldest, dead=conn.execute(dead).scalar_one())
