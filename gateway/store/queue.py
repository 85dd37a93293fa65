"""The admin team's queue: mail that no Reference ID linked, one item a mail."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select, update

from gateway.linking import sighting
from gateway.model import Hint, QueueForAdmin, Resolution
from gateway.model.views import HintView, QueueItemView
from gateway.store.sql import insert_new
from gateway.store.tables import mail, mail_mention, queue_item

OPEN, DONE = "open", "done"
# From this score on a hint is more than a likeness: the mail names the case (number, thread, damaged ID), or the
# contact wrote it soon after we did.  The timer does not close a case while such a mail waits (PROCESS 4.7).
NAMING_SCORE = 40
# An address has 254 (RFC 5321 4.5.3.1); what is longer is cut, because it stands in an index.
RECIPIENT_LENGTH = 320
# What an undo restores can be large, and nobody is shown it.
_SHOWN = (column for column in queue_item.c if column is not queue_item.c.undo)
_VIEWED = select(*_SHOWN, mail.c.sender, mail.c.subject).select_from(queue_item.join(mail))


def add(conn: Connection, item: QueueForAdmin, *, now: datetime) -> None:
    """Put a mail into the queue; a mail that is there already stays as it is."""
    row = {
        "mail_id": item.mail_id,
        "reason": item.reason,
        "recipient": item.recipient[:RECIPIENT_LENGTH],
        "hints": [_hint(h) for h in item.hints],
        "state": OPEN,
        "created_at": now,
        "conversation": item.conversation,
    }
    conn.execute(insert_new(conn, queue_item).values(row))
    named = {hint.case_number for hint in item.hints if hint.score >= NAMING_SCORE}
    if named:
        rows = [{"mail_id": item.mail_id, "case_number": number} for number in sorted(named)]
        conn.execute(insert_new(conn, mail_mention), rows)


def load(conn: Connection, item_id: int, *, lock: bool = False) -> Any | None:
    """Return the row of an item; lock: hold it until the transaction ends."""
    found = select(queue_item).where(queue_item.c.id == item_id)
    return conn.execute(found.with_for_update() if lock else found).first()


def version(item: Any) -> str:
    """Return a word that changes whenever a person did something to an item; it is the item's ETag."""
    moments = (item.claimed_at, item.resolved_at)
    marks = "-".join("" if moment is None else f"{moment.timestamp():.6f}" for moment in moments)
    return f"{item.state}-{marks}"


def resolve(
    conn: Connection,
    item_id: int,
    resolution: Resolution,
    *,
    by: str,
    now: datetime,
    case_number: str | None = None,
    why: str = "",
    undo: Mapping[str, Any] | None = None,
) -> bool:
    """Resolve an open item; False when somebody resolved it before."""
    still_open = update(queue_item).where(queue_item.c.id == item_id, queue_item.c.state == OPEN)
    values = {"resolution": resolution, "case_number": case_number, "why": why, "undo": dict(undo or {})}
    return conn.execute(still_open.values(state=DONE, resolved_at=now, resolved_by=by, **values)).rowcount == 1


def reopen(conn: Connection, item_id: int) -> bool:
    """Make a resolved item open again (undo)."""
    resolved = update(queue_item).where(queue_item.c.id == item_id, queue_item.c.state == DONE)
    empty: dict[str, Any] = {"resolution": None, "case_number": None, "resolved_at": None, "undo": None}
    return conn.execute(resolved.values(state=OPEN, resolved_by="", why="", **empty)).rowcount == 1


def claim(conn: Connection, item_id: int, by: str, *, now: datetime | None) -> None:
    """Note who looks at an item; "" releases it."""
    claimed = update(queue_item).where(queue_item.c.id == item_id)
    conn.execute(claimed.values(claimed_by=by, claimed_at=now))


def overdue(conn: Connection, *, before: datetime) -> bool:
    """Say whether an open item is older, and nobody was told of it."""
    return bool(conn.execute(select(exists().where(*_quietly_waiting(before)))).scalar())


def mark_alarmed(conn: Connection, *, before: datetime, now: datetime) -> list[tuple[int, datetime]]:
    """Mark the open items that are older and of which nobody was told; return id and age of each, oldest first."""
    mark = update(queue_item).where(*_quietly_waiting(before)).values(alarmed_at=now)
    rows = conn.execute(mark.returning(queue_item.c.id, queue_item.c.created_at))
    return sorted((row.id, row.created_at) for row in rows)


def alarming(conn: Connection, *, before: datetime) -> datetime | None:
    """Return since when the oldest item waits that is older and of which nobody was told; None when there is none."""
    return conn.execute(select(func.min(queue_item.c.created_at)).where(*_quietly_waiting(before))).scalar()


def views(
    conn: Connection,
    *,
    now: datetime,
    state: str = OPEN,
    reason: str = "",
    item_id: int | None = None,
    limit: int = 100,
    after: int = 0,
) -> list[QueueItemView]:
    """Return items, oldest first.  state: open, done or all."""
    found = _VIEWED
    if item_id is not None:
        found = found.where(queue_item.c.id == item_id)
    elif state != "all":
        found = found.where(queue_item.c.state == state)
    if reason:
        found = found.where(queue_item.c.reason == reason)
    found = found.where(queue_item.c.id > after).order_by(queue_item.c.id).limit(limit)
    return [view(row, now) for row in conn.execute(found)]


def _quietly_waiting(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return queue_item.c.state == OPEN, queue_item.c.alarmed_at.is_(None), queue_item.c.created_at < before


def view(row: Any, now: datetime) -> QueueItemView:
    """Return a row, joined with `sender` and `subject` of its mail, as people and programs see it."""
    return QueueItemView(
        id=str(row.id),
        mail_id=str(row.mail_id),
        reason=row.reason,
        recipient=sighting.redact(row.recipient),
        from_=row.sender,
        subject=sighting.redact(row.subject),
        hints=_hints(row.hints),
        state=row.state,
        resolution=row.resolution,
        case=row.case_number,
        claimed_by=row.claimed_by or None,
        created_at=row.created_at,
        age_seconds=max(0, int((now - row.created_at).total_seconds())),
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by or None,
        why=row.why or None,
        version=version(row),
    )


def _hint(hint: Hint) -> dict[str, Any]:
    return {"case": hint.case_number, "score": hint.score, "evidence": list(hint.evidence)}


def _hints(stored: Sequence[Mapping[str, Any]]) -> tuple[HintView, ...]:
    return tuple(HintView(case=h["case"], score=h["score"], evidence=tuple(h["evidence"])) for h in stored)
