"""Events for other systems: plain rows; their cursor in the feed and their number in the case are left to a sequencer.

So no writer waits for another, and no late commit is passed over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.store.tables import event

_APPEND = event.insert().returning(event.c.id)


def append(conn: Connection, type_: str, *, case_number: str, data: Mapping[str, Any], now: datetime) -> int:
    """Append an event and return its id."""
    row = {"at": now, "type": type_, "case_number": case_number, "data": dict(data)}
    return int(conn.execute(_APPEND, row).scalar_one())


def append_many(conn: Connection, events: Sequence[tuple[str, str, Mapping[str, Any]]], *, now: datetime) -> None:
    """Append events: (type, case number, data) each."""
    if events:
        rows = [{"at": now, "type": type_, "case_number": number, "data": dict(data)} for type_, number, data in events]
        conn.execute(event.insert(), rows)


def latest_id(conn: Connection) -> int:
    """Return the highest event id so far, 0 when there is none."""
    return int(conn.execute(select(func.coalesce(func.max(event.c.id), 0))).scalar_one())


def after(conn: Connection, case_number: str, event_id: int) -> list[tuple[str, datetime]]:
    """Return type and time of the events of a case that came after `event_id`, oldest first."""
    later = select(event.c.type, event.c.at).where(event.c.case_number == case_number, event.c.id > event_id)
    return [(row.type, row.at) for row in conn.execute(later.order_by(event.c.id))]
