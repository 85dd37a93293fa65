"""The queue as a list that people work through: pages by id, what changed, siblings of a conversation.

No statement here counts or sorts the whole queue: counts end at COUNTED, pages go on from an id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from gateway.linking import sighting
from gateway.model.desk_views import PulseView, QueuePageView, QueueRowView
from gateway.store import queue
from gateway.store.tables import attachment, mail, queue_item

COUNTED = 1000
FIRST_LINE_READ, FIRST_LINE = 600, 180
SIBLINGS_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuery:
    """Which items to list; an empty field asks for all.  state: open, done or all.  older_than: created before.

    after: only items with a higher id (for `open`), or a lower one (else: latest first).
    """

    state: str = queue.OPEN
    reason: str = ""
    recipient: str = ""
    claimed_by: str = ""
    older_than: datetime | None = None
    after: int = 0
    limit: int = 30


def page(conn: Connection, query: QueueQuery, *, now: datetime) -> QueuePageView:
    """Return one page: open items oldest first, others latest first."""
    found = select(*_COLUMNS).select_from(queue_item.join(mail)).where(*_filters(query))
    if query.state == queue.OPEN:
        found = found.where(queue_item.c.id > query.after).order_by(queue_item.c.id)
    else:
        found = found.where(queue_item.c.id < query.after) if query.after else found
        found = found.order_by(queue_item.c.id.desc())
    rows = conn.execute(found.limit(query.limit + 1)).all()
    shown = rows[: query.limit]
    # Where all of it is on this page, counting would only walk the same rows again.
    total = len(rows) if len(rows) <= query.limit and not query.after else _count(conn, query)
    return QueuePageView(
        rows=_rows(conn, shown, now),
        total=min(total, COUNTED),
        more_than=total > COUNTED,
        next_after=str(shown[-1].id) if len(rows) > query.limit else None,
        oldest_seconds=oldest_seconds(conn, now=now),
        newest=str(newest_id(conn)),
    )


def row(conn: Connection, item_id: int, *, now: datetime) -> QueueRowView | None:
    """Return one item as a row."""
    found = select(*_COLUMNS).select_from(queue_item.join(mail)).where(queue_item.c.id == item_id)
    rows = _rows(conn, conn.execute(found).all(), now)
    return rows[0] if rows else None


def next_open(conn: Connection, query: QueueQuery, *, beside: Sequence[int]) -> int | None:
    """Return the id of the open item to look at after these: the next one that matches, else the first."""
    found = select(queue_item.c.id).where(*_filters(query), queue_item.c.id.not_in(beside)).limit(1)
    found = found.order_by(queue_item.c.id)
    behind = conn.execute(found.where(queue_item.c.id > max(beside, default=0))).scalar()
    return behind if behind is not None else conn.execute(found).scalar()


def siblings(conn: Connection, item_id: int, *, now: datetime) -> tuple[QueueRowView, ...]:
    """Return the other open items of the conversation of an item, oldest first."""
    shared = select(queue_item.c.conversation).where(queue_item.c.id == item_id).scalar_subquery()
    same = (queue_item.c.conversation == shared, queue_item.c.conversation != "", queue_item.c.state == queue.OPEN)
    found = select(*_COLUMNS).select_from(queue_item.join(mail)).where(*same, queue_item.c.id != item_id)
    return _rows(conn, conn.execute(found.order_by(queue_item.c.id).limit(SIBLINGS_SHOWN)).all(), now)


def pulse(conn: Connection, query: QueueQuery, *, ids: Sequence[int], newest: int, now: datetime) -> PulseView:
    """Say what changed since a list was shown.  newest: the highest id that anybody had seen then."""
    fresh = select(queue_item.c.id).where(*_filters(query), queue_item.c.id > newest).limit(COUNTED).subquery()
    states = select(queue_item.c.id, queue_item.c.state, queue_item.c.claimed_by).where(queue_item.c.id.in_(ids))
    return PulseView(
        newer=conn.execute(select(func.count()).select_from(fresh)).scalar_one(),
        items=tuple((str(one.id), one.state, one.claimed_by) for one in conn.execute(states)),
        oldest_seconds=oldest_seconds(conn, now=now),
    )


def newest_id(conn: Connection) -> int:
    """Return the highest id of the queue, 0 when it is empty."""
    return int(conn.execute(select(func.max(queue_item.c.id))).scalar() or 0)


def oldest_seconds(conn: Connection, *, now: datetime) -> int | None:
    """Return the age of the item that waits longest, None when nothing waits."""
    # Ids rise with time, so the first open one is the oldest: one step in the index.
    first = select(queue_item.c.created_at).where(queue_item.c.state == queue.OPEN).order_by(queue_item.c.id).limit(1)
    created = conn.execute(first).scalar()
    return None if created is None else max(0, int((now - created).total_seconds()))


def recipients(conn: Connection, *, limit: int = 20) -> list[str]:
    """Return addresses of ours that the latest open items were sent to."""
    latest = select(queue_item.c.recipient).where(queue_item.c.state == queue.OPEN)
    some = latest.order_by(queue_item.c.id.desc()).limit(COUNTED).subquery()
    found = conn.execute(select(some.c.recipient).distinct().order_by(some.c.recipient).limit(limit)).scalars()
    return [sighting.redact(one) for one in found]


_files = select(func.count()).where(attachment.c.mail_id == mail.c.id).scalar_subquery().label("files")
_COLUMNS: tuple[Any, ...] = (
    queue_item,
    mail.c.sender,
    mail.c.sender_name,
    mail.c.subject,
    mail.c.received_at,
    func.substr(mail.c.reply, 1, FIRST_LINE_READ).label("beginning"),
    _files,
)


def _filters(query: QueueQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.state != "all":
        wanted.append(queue_item.c.state == query.state)
    for column, value in (
        (queue_item.c.reason, query.reason),
        (queue_item.c.recipient, query.recipient),
        (queue_item.c.claimed_by, query.claimed_by),
    ):
        if value:
            wanted.append(column == value)
    if query.older_than is not None:
        wanted.append(queue_item.c.created_at <= query.older_than)
    return wanted


def _count(conn: Connection, query: QueueQuery) -> int:
    some: Select[Any] = select(queue_item.c.id).where(*_filters(query)).limit(COUNTED + 1)
    return int(conn.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def _rows(conn: Connection, rows: Sequence[Any], now: datetime) -> tuple[QueueRowView, ...]:
    shared = _sizes(conn, {one.conversation for one in rows} - {""})
    return tuple(
        QueueRowView(
            item=queue.view(one, now),
            sender_name=one.sender_name,
            first_line=_first_line(one.beginning),
            files=one.files,
            siblings=max(0, shared.get(one.conversation, 0) - (one.state == queue.OPEN)),
            received_at=one.received_at,
        )
        for one in rows
    )


def _sizes(conn: Connection, conversations: set[str]) -> dict[str, int]:
    """Return how many open items each conversation has."""
    if not conversations:
        return {}
    counted = select(queue_item.c.conversation, func.count())
    counted = counted.where(queue_item.c.conversation.in_(conversations), queue_item.c.state == queue.OPEN)
    rows = conn.execute(counted.group_by(queue_item.c.conversation)).all()
    return {row[0]: row[1] for row in rows}


def _first_line(beginning: str) -> str:
    line = next((line for line in beginning.split("\n") if line.strip()), "")
    return sighting.redact(" ".join(line.split()))[:FIRST_LINE]
