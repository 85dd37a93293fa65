"""What may have to go, and the emptying of it: mails, notices and cases become stubs (`store/personal.py`).

Every function works on a bounded number of rows inside the caller's transaction; doing it twice is nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, cast, delete, exists, func, literal, or_, select, text, true, update

from gateway.model import Disposition, EntryState, EscalationState, ReferenceState, Status
from gateway.model.retention import ClosedCase, LooseEntry
from gateway.reasons import Reason
from gateway.store import blobs, cases, search, slack
from gateway.store.address_tables import delivery_failure
from gateway.store.call_tables import idempotency
from gateway.store.idempotency import KEPT as ANSWERS_KEPT
from gateway.store.personal import EMPTIED
from gateway.store.tables import (
    attachment,
    case_update,
    episode,
    escalation,
    mail,
    mail_mention,
    outbox,
    queue_item,
    reference,
    support_case,
)
from gateway.store.webhook_tables import webhook_delivery

# Large files of one transaction: SQLite writes each of them once more, to blank it.
BATCH_BYTES = 33_554_432
ENDED = (EntryState.DONE, EntryState.DEAD, EntryState.CANCELLED)
LOOSE = (Disposition.AUTOMATIC, Disposition.BOUNCE, Disposition.DUPLICATE)
_LINKED_AT = (
    select(func.max(queue_item.c.resolved_at))
    .where(queue_item.c.case_number == support_case.c.number)
    .correlate(support_case)
    .scalar_subquery()
)
_CLOSED = select(support_case, _LINKED_AT.label("linked_at")).where(
    support_case.c.closed_at.is_not(None), support_case.c.purged_at.is_(None)
)
_FILES = exists().where(attachment.c.mail_id == mail.c.id)
_UPLOADED = or_(
    exists().where(attachment.c.mail_id == mail.c.id, attachment.c.sha256 != ""),
    # The bytes of such a mail hold its files; what of it was never read may hold some.
    (mail.c.raw_sha256 != "") & or_(_FILES, mail.c.oversized, mail.c.reason == Reason.UNPARSEABLE),
)


def closed_cases(
    conn: Connection, *, before: datetime, limit: int, after: tuple[datetime, str] | None = None
) -> list[ClosedCase]:
    """Return cases that were closed before a moment and still hold data, the longest closed first.

    after: closing time and number of the last one of the page before.
    """
    found = _CLOSED.where(support_case.c.closed_at < before)
    if after is not None:
        at, number = after
        same_time = (support_case.c.closed_at == at) & (support_case.c.number > number)
        found = found.where(or_(support_case.c.closed_at > at, same_time))
    rows = conn.execute(found.order_by(support_case.c.closed_at, support_case.c.number).limit(limit))
    return [_closed_case(row) for row in rows]


def closed_case(conn: Connection, number: str) -> ClosedCase | None:
    """Return one closed case that still holds data, under its lock; None when it is open or purged now."""
    row = conn.execute(_CLOSED.where(support_case.c.number == number).with_for_update(of=support_case)).first()
    return _closed_case(row) if row else None


def loose_mails(
    conn: Connection, *, before: datetime, limit: int, after: int = 0, lock: bool = False
) -> list[LooseEntry]:
    """Return mails of no case that ended before a moment, lowest id first; open queue items have not ended.

    lock: hold them until the transaction ends (PostgreSQL), so that an undo that is under way comes before or after.
    """
    ended = func.coalesce(queue_item.c.resolved_at, mail.c.processed_at)
    found = (
        select(mail.c.id, mail.c.size, ended.label("ended_at"), queue_item.c.id.is_not(None).label("undoable"))
        .select_from(mail.outerjoin(queue_item, queue_item.c.mail_id == mail.c.id))
        # Spelled as the index over loose mails is, so that both planners see that it fits.
        .where(mail.c.case_number.is_(None), mail.c.purged_at.is_(None), mail.c.disposition.is_not(None))
        .where(mail.c.processed_at < before, mail.c.id > after)
        .where(
            or_(
                mail.c.disposition.in_(LOOSE),
                (mail.c.disposition == Disposition.QUEUED) & (queue_item.c.resolved_at < before),
            )
        )
        .order_by(mail.c.id)
        .limit(limit)
    )
    rows = _bounded(conn.execute(found.with_for_update(of=mail) if lock else found).all())
    return [LooseEntry(id=row.id, ended_at=row.ended_at, undoable=row.undoable) for row in rows]


def loose_notices(conn: Connection, *, before: datetime, limit: int, after: int = 0) -> list[LooseEntry]:
    """Return outgoing mails of no case that were written before a moment and will not leave any more by themselves."""
    found = select(outbox.c.id, outbox.c.created_at).where(
        outbox.c.case_number == literal(""),
        outbox.c.purged_at.is_(None),
        outbox.c.created_at < before,
        outbox.c.state.in_(ENDED),
        outbox.c.id > after,
    )
    rows = conn.execute(found.order_by(outbox.c.id).limit(limit))
    return [LooseEntry(id=row.id, ended_at=row.created_at) for row in rows]


def being_purged(conn: Connection, limit: int) -> list[str]:
    """Return cases whose purge was begun and has not ended."""
    # The bare column, as the index has it: SQLite would not see that `= 1` is the same.
    found = select(support_case.c.number).where(text("support_case.purge_runs"))
    return list(conn.execute(found.order_by(support_case.c.id).limit(limit)).scalars())


def counts(conn: Connection, number: str) -> dict[str, int]:
    """Return how many mails, files and notices of a case still hold data."""
    theirs = (mail.c.case_number == number, mail.c.purged_at.is_(None))
    files = select(func.count()).select_from(attachment.join(mail)).where(*theirs, attachment.c.sha256 != "")
    notices = select(func.count()).where(outbox.c.case_number == number, outbox.c.purged_at.is_(None))
    return {
        "mails": conn.execute(select(func.count()).select_from(mail).where(*theirs)).scalar_one(),
        "files": conn.execute(files).scalar_one(),
        "notices": conn.execute(notices).scalar_one(),
    }


def mails_of(conn: Connection, number: str, *, limit: int, uploads_only: bool = False) -> list[int]:
    """Return mails of a case that still hold data.  uploads_only: only those with files in them."""
    found = select(mail.c.id, mail.c.size).where(mail.c.case_number == number, mail.c.purged_at.is_(None))
    found = found.where(_UPLOADED if uploads_only else true())
    return [row.id for row in _bounded(conn.execute(found.order_by(mail.c.id).limit(limit)).all())]


def notices_of(conn: Connection, number: str, *, limit: int) -> list[int]:
    """Return outgoing mails of a case that still hold data and are not being sent at this moment."""
    found = select(outbox.c.id).where(outbox.c.case_number == number, outbox.c.purged_at.is_(None))
    idle = found.where(outbox.c.state != EntryState.LEASED).order_by(outbox.c.id).limit(limit)
    return list(conn.execute(idle.with_for_update()).scalars())


def empty_mails(conn: Connection, ids: Sequence[int], *, now: datetime) -> int:
    """Leave of these mails, and of their duplicates, only the stub; return how many that were."""
    slack.note(conn)
    every = [*ids, *_copies(conn, ids)]
    digests = [*_values(conn, mail.c.raw_sha256, mail.c.id, every), *_files(conn, every)]
    # First what points to a mail: mentions have no life of their own.
    conn.execute(delete(mail_mention).where(mail_mention.c.mail_id.in_(every)))
    conn.execute(delete(attachment).where(attachment.c.mail_id.in_(every)))
    conn.execute(update(queue_item).where(queue_item.c.mail_id.in_(every)).values(EMPTIED[queue_item]))
    emptied = update(mail).where(mail.c.id.in_(every), mail.c.purged_at.is_(None))
    count = conn.execute(emptied.values({**EMPTIED[mail], "purged_at": now})).rowcount
    blobs.drop_unused(conn, digests)
    return count


def drop_uploads(conn: Connection, ids: Sequence[int]) -> None:
    """Delete the files of these mails and the raw bytes that hold them; names, sizes and the text stay."""
    slack.note(conn)
    every = [*ids, *_copies(conn, ids)]
    digests = [*_values(conn, mail.c.raw_sha256, mail.c.id, every), *_files(conn, every)]
    conn.execute(update(attachment).where(attachment.c.mail_id.in_(every)).values(sha256=""))
    conn.execute(update(mail).where(mail.c.id.in_(every)).values(raw_sha256=""))
    blobs.drop_unused(conn, digests)


def empty_notices(conn: Connection, ids: Sequence[int], *, now: datetime) -> None:
    """Leave of these outgoing mails only the stub; what has not left never does."""
    slack.note(conn)
    digests = _values(conn, outbox.c.rendered_sha256, outbox.c.id, ids)
    waiting = (EntryState.READY, EntryState.HELD)
    conn.execute(delete(delivery_failure).where(delivery_failure.c.outbox_id.in_(ids)))
    mine = update(outbox).where(outbox.c.id.in_(ids))
    conn.execute(mine.where(outbox.c.state.in_(waiting)).values(state=EntryState.CANCELLED))
    # Still unique, as it has to be: some keys hold an address.
    key = literal("emptied/", String) + cast(outbox.c.id, String)
    conn.execute(mine.values({**EMPTIED[outbox], "idempotency_key": key, "purged_at": now}))
    blobs.drop_unused(conn, [digest for digest in digests if digest])


def empty_case(conn: Connection, number: str, nobody: int, *, now: datetime) -> None:
    """Leave of a case number, dates, statuses and tombstones; its mails and notices follow in batches.

    nobody: id of the shell that takes the place of its contact.  The caller has the lock of the case.
    """
    slack.note(conn)
    case_id = conn.execute(select(support_case.c.id).where(support_case.c.number == number)).scalar_one()
    conn.execute(delete(case_update).where(case_update.c.case_id == case_id))
    search.forget(conn, [case_id])
    conn.execute(update(episode).where(episode.c.case_id == case_id).values(EMPTIED[episode]))
    mine = update(escalation).where(escalation.c.case_id == case_id)
    active = mine.where(escalation.c.state.in_((EscalationState.REQUESTED, EscalationState.ACCEPTED)))
    conn.execute(active.values(state=EscalationState.CLOSED, closed_at=now))
    conn.execute(mine.values(EMPTIED[escalation]))
    calls = update(webhook_delivery).where(webhook_delivery.c.case_number == number)
    conn.execute(calls.values(EMPTIED[webhook_delivery]))
    set_tombstones(conn, number)
    stub = {"held_at": None, "contact_id": nobody, "purged_at": now, "purge_runs": True}
    gone = {**EMPTIED[support_case], **stub, "version": support_case.c.version + 1}
    conn.execute(update(support_case).where(support_case.c.id == case_id).values(gone))


def drop_old_answers(conn: Connection, *, now: datetime) -> None:
    """Delete the kept answers of calls whose time is over; a call sweeps only a few of them."""
    if conn.execute(delete(idempotency).where(idempotency.c.at < now - ANSWERS_KEPT)).rowcount:
        slack.note(conn)


def any_leased(conn: Connection, ids: Sequence[int]) -> bool:
    """Say whether one of these outgoing mails is being sent."""
    leased = select(outbox.c.id).where(outbox.c.id.in_(ids), outbox.c.state == EntryState.LEASED)
    return conn.execute(leased.limit(1)).first() is not None


def set_tombstones(conn: Connection, number: str) -> None:
    """Put a tombstone in the place of every Reference ID of a case."""
    found = select(reference.c.id).where(reference.c.case_number == number, reference.c.state != ReferenceState.PURGED)
    for id_ in conn.execute(found).scalars().all():
        stone = {"id": cases.tombstone(id_), "recipient": "", "state": ReferenceState.PURGED}
        conn.execute(update(reference).where(reference.c.id == id_).values(stone))


def end_purge(conn: Connection, number: str) -> bool:
    """Note that nothing of a case is left to empty; False while a mail of it is being sent."""
    left = exists().where(outbox.c.case_number == number, outbox.c.purged_at.is_(None))
    done = update(support_case).where(support_case.c.number == number, ~left)
    return conn.execute(done.values(purge_runs=False)).rowcount == 1


def note_uploads_gone(conn: Connection, number: str, *, now: datetime) -> None:
    """Note that a case holds no uploads any more."""
    conn.execute(update(support_case).where(support_case.c.number == number).values(uploads_purged_at=now))


def hold(conn: Connection, number: str, *, by: str, why: str, now: datetime | None) -> None:
    """Set a legal hold; now None ends it."""
    values: dict[str, Any] = {"held_at": now, "held_by": by, "held_why": why, "version": support_case.c.version + 1}
    conn.execute(update(support_case).where(support_case.c.number == number).values(values))


def _closed_case(row: Any) -> ClosedCase:
    assert row.status == Status.CLOSED
    return ClosedCase(
        number=row.number,
        closed_at=row.closed_at,
        held=row.held_at is not None,
        uploads_gone=row.uploads_purged_at is not None,
        linked_at=row.linked_at,
    )


def _bounded(rows: Sequence[Any]) -> list[Any]:
    """Return the first rows whose mails are together not too large for one transaction; one at least."""
    taken: list[Any] = []
    size_bytes = 0
    for row in rows:
        size_bytes += row.size
        if taken and size_bytes > BATCH_BYTES:
            break
        taken.append(row)
    return taken


def _copies(conn: Connection, ids: Sequence[int]) -> list[int]:
    copies = select(mail.c.id).where(mail.c.duplicate_of.in_(ids), mail.c.duplicate_of.is_not(None))
    return list(conn.execute(copies).scalars())


def _files(conn: Connection, mail_ids: Sequence[int]) -> list[str]:
    return _values(conn, attachment.c.sha256, attachment.c.mail_id, mail_ids)


def _values(conn: Connection, column: Any, where: Any, ids: Iterable[int]) -> list[str]:
    return list(conn.execute(select(column).where(where.in_(list(ids)))).scalars())
