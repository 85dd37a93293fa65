"""Outgoing mail as people and programs see it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, or_, select

from gateway.model import EntryState
from gateway.model.views import OutboxView, PlannedView
from gateway.store.tables import episode, outbox

NOT_LEFT = (EntryState.READY, EntryState.LEASED, EntryState.HELD, EntryState.DEAD)


def many(
    conn: Connection, *, state: str, limit: int, notice: str = "", case: str = "", after: int = 0
) -> list[OutboxView]:
    """Return outgoing mails, oldest first.  state: one of the states, `open` (has not left) or `all`.

    after: only those with a higher id.
    """
    found = select(outbox).where(outbox.c.id > after).order_by(outbox.c.id).limit(limit)
    for column, value in ((outbox.c.notice, notice), (outbox.c.case_number, case)):
        if value:
            found = found.where(column == value)
    if state == "open":
        found = found.where(outbox.c.state.in_(NOT_LEFT))
    elif state != "all":
        found = found.where(outbox.c.state == state)
    return [_view(row) for row in conn.execute(found)]


def one(conn: Connection, outbox_id: int) -> OutboxView | None:
    """Return one outgoing mail."""
    row = conn.execute(select(outbox).where(outbox.c.id == outbox_id)).first()
    return _view(row) if row else None


def by_key(conn: Connection, key: str) -> OutboxView | None:
    """Return the outgoing mail that was written under a key."""
    row = conn.execute(select(outbox).where(outbox.c.idempotency_key == key)).first()
    return _view(row) if row else None


def waiting(conn: Connection, *, start: datetime, until: datetime) -> list[PlannedView]:
    """Return the mails that stand in the outbox and would leave up to `until`; those due before `start` leave then."""
    on_its_way = outbox.c.state.in_((EntryState.READY, EntryState.LEASED))
    runs = or_(
        outbox.c.episode_id.is_(None),
        exists().where(episode.c.id == outbox.c.episode_id, episode.c.ended_at.is_(None)),
    )
    rows = conn.execute(select(outbox).where(on_its_way, outbox.c.run_at <= until, runs).order_by(outbox.c.id))
    return [
        PlannedView(
            at=max(row.run_at, start),
            case=row.case_number or None,
            notice=row.notice,
            to=row.to_address,
            why="It stands in the outbox and is due.",
        )
        for row in rows
    ]


def _view(row: Any) -> OutboxView:
    return OutboxView(
        id=str(row.id),
        notice=row.notice,
        case=row.case_number or None,
        to=row.to_address,
        state=row.state,
        attempts=row.attempts,
        run_at=row.run_at,
        last_reply=row.last_reply,
        message_id=row.message_id,
        uncertain=row.uncertain,
        created_at=row.created_at,
        sent_at=row.sent_at,
        bounced_at=row.bounced_at,
    )
