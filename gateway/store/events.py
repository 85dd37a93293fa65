"""Events for other systems: plain rows, and the feed that is made of them.

Writers insert rows and nothing else.  `sequence` gives committed rows their cursor in the feed and their number in the
case, so no writer waits for another: a transaction that began early and commits late gets its place when it commits,
behind all that was read before.  Cursors and numbers count up from 1 without a gap, and are never given twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, func, literal, or_, select, update

from gateway.model import EventType, Status
from gateway.model.views import EventView
from gateway.store import grants
from gateway.store.sql import add_up, insert_new_rows, insert_row
from gateway.store.tables import counter, event, event_sequence, support_case

_CURSOR = "event-cursor"
_UNSEEN = select(event.c.id, event.c.case_number).where(event.c.cursor.is_(None)).order_by(event.c.id)
_ANY_UNSEEN = select(exists().where(event.c.cursor.is_(None)))
_PLACE = (
    update(event).where(event.c.id == bindparam("of")).values(cursor=bindparam("place"), sequence=bindparam("number"))
)
_AFTER = select(event).where(event.c.cursor > bindparam("after")).order_by(event.c.cursor).limit(bindparam("most"))
_WORDS = frozenset(EventType)


def append(conn: Connection, type_: str, *, case_number: str, data: Mapping[str, Any], now: datetime) -> int:
    """Append an event and return its id."""
    row = {"at": now, "type": type_, "case_number": case_number, "data": dict(data)}
    return int(insert_row(conn, event, row, event.c.id))


def append_many(conn: Connection, events: Sequence[tuple[str, str, Mapping[str, Any]]], *, now: datetime) -> None:
    """Append events: (type, case number, data) each."""
    if events:
        rows = [{"at": now, "type": type_, "case_number": number, "data": dict(data)} for type_, number, data in events]
        insert_new_rows(conn, event, rows)


def latest_id(conn: Connection) -> int:
    """Return the highest event id so far, 0 when there is none."""
    return int(conn.execute(select(func.coalesce(func.max(event.c.id), 0))).scalar_one())


def after(conn: Connection, case_number: str, event_id: int) -> list[tuple[str, datetime]]:
    """Return type and time of the events of a case that came after `event_id`, oldest first."""
    later = select(event.c.type, event.c.at).where(event.c.case_number == case_number, event.c.id > event_id)
    return [(row.type, row.at) for row in conn.execute(later.order_by(event.c.id))]


def unseen(conn: Connection) -> bool:
    """Say whether an event waits for its place in the feed."""
    return bool(conn.execute(_ANY_UNSEEN).scalar())


def sequence(conn: Connection, *, limit: int) -> int:
    """Give committed events their places, oldest row first, `limit` at most; return how many.

    The caller is the only one who does so until its transaction ends (`store.lead.take`); so all that was placed before
    is committed, and a reader never sees a place before all earlier ones.
    """
    rows = conn.execute(_UNSEEN.limit(limit)).all()
    if not rows:
        return 0
    last = _grown(conn, len(rows)) - len(rows)
    numbers = _numbers(conn, Counter(row.case_number for row in rows if row.case_number))
    places = []
    for place, row in enumerate(rows, start=last + 1):
        number = numbers.get(row.case_number)
        places.append({"of": row.id, "place": place, "number": number})
        if number is not None:
            numbers[row.case_number] = number + 1
    conn.execute(_PLACE, places)
    return len(rows)


def feed(conn: Connection, *, after: int, limit: int, seen_by: int = 0) -> list[EventView]:
    """Return the events behind this cursor, in the order of the feed.

    seen_by: only those of cases that the key of this id sees, 0 for all.
    """
    wanted = _AFTER.where(grants.seen_case(seen_by, event.c.case_number)) if seen_by else _AFTER
    return [_view(row) for row in conn.execute(wanted, {"after": after, "most": limit})]


def newest(conn: Connection) -> int:
    """Return the last place of the feed, 0 when it is empty."""
    return int(conn.execute(select(func.coalesce(func.max(event.c.cursor), 0))).scalar_one())


def one(conn: Connection, event_id: int) -> EventView | None:
    """Return one event of the feed."""
    row = conn.execute(select(event).where(event.c.id == event_id, event.c.cursor.is_not(None))).first()
    return _view(row) if row else None


def shown_type(type_: str) -> str:
    """Return the type under which the feed shows an event: a word of our own bookkeeping is a change of the case."""
    return type_ if type_ in _WORDS else EventType.CASE_UPDATED


def forget(conn: Connection, *, before: datetime, limit: int) -> int:
    """Delete `limit` events at most that are older, oldest first; return how many.

    Those of a case that is open, or was closed later than that, stay: its rules and its incident report read them.
    """
    kept = exists().where(
        support_case.c.number == event.c.case_number,
        or_(support_case.c.status != literal(Status.CLOSED), support_case.c.closed_at >= before),
    )
    old = select(event.c.id).where(event.c.cursor.is_not(None), event.c.at < before, ~kept)
    return conn.execute(delete(event).where(event.c.id.in_(old.order_by(event.c.cursor).limit(limit)))).rowcount


def _grown(conn: Connection, by: int) -> int:
    """Return the last cursor that is given from now on."""
    return int(conn.execute(add_up(conn, counter, counter.c.value), {"name": _CURSOR, "value": by}).scalar_one())


def _numbers(conn: Connection, wanted: Mapping[str, int]) -> dict[str, int]:
    """Return the next number of each case, and note how many of them are taken now."""
    grow = add_up(conn, event_sequence, event_sequence.c.last, event_sequence.c.case_number)
    rows = [{"case_number": number, "last": count} for number, count in sorted(wanted.items())]
    last = {row.case_number: row.last for row in conn.execute(grow, rows)} if rows else {}
    return {number: last[number] - count + 1 for number, count in wanted.items()}


def _view(row: Row[Any]) -> EventView:
    type_ = shown_type(row.type)
    return EventView(
        cursor=str(row.cursor),
        id=str(row.id),
        at=row.at,
        type=type_,
        case=row.case_number or None,
        sequence=row.sequence,
        data=row.data if type_ == row.type else {**row.data, "changed": row.type.partition(".")[2]},
    )
