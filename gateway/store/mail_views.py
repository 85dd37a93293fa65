"""Received mail as people and programs see it, and the ledger over all of it.

Reference IDs are redacted here: only the raw bytes, which few may fetch, still hold them (ID-12).
"""

from typing import Any

from sqlalchemy import Connection, func, or_, select

from gateway.linking import sighting
from gateway.model import Disposition
from gateway.model.views import LedgerView, MailDetailView, MailView, TraceView
from gateway.store import case_views
from gateway.store.tables import mail


def many(
    conn: Connection, *, limit: int, disposition: str = "", before: int | None = None, text: str = ""
) -> list[MailView]:
    """Return mails, newest first.  before: only those with a lower id.  text: part of sender or subject."""
    found = select(mail).order_by(mail.c.id.desc()).limit(limit)
    if disposition:
        found = found.where(mail.c.disposition == disposition)
    if before is not None:
        found = found.where(mail.c.id < before)
    if text:
        in_either = (column.icontains(text, autoescape=True) for column in (mail.c.sender, mail.c.subject))
        found = found.where(or_(*in_either))
    return [MailView(**_brief(row)) for row in conn.execute(found)]


def one(conn: Connection, mail_id: int) -> MailDetailView | None:
    """Return one mail with its text, its files and every check it went through."""
    row = conn.execute(select(mail).where(mail.c.id == mail_id)).first()
    if row is None:
        return None
    return MailDetailView(
        **_brief(row),
        kind_reason=row.kind_reason,
        text=sighting.redact(row.text),
        attachments=case_views.attachments(conn, [row.id]).get(row.id, ()),
        defects=tuple(row.defects),
        trace=tuple(TraceView(**step) for step in row.trace),
        last_error=row.last_error,
    )


def ledger(conn: Connection) -> LedgerView:
    """Return the balance: every accepted mail has one disposition or is in progress.

    accepted is counted by itself, from the rows, so that a row with a word that does not exist would show.
    """
    # One statement: on PostgreSQL two would see two moments, and a mail that came between them would be out of balance.
    every = select(func.count()).select_from(mail.alias("every")).scalar_subquery()
    rows = conn.execute(select(mail.c.disposition, func.count(), every).group_by(mail.c.disposition)).all()
    counts: dict[str | None, int] = {disposition: count for disposition, count, _ in rows}
    accepted = rows[0][2] if rows else 0
    known = {word.value: counts.get(word.value, 0) for word in Disposition}
    in_progress = counts.get(None, 0)
    balanced = accepted == sum(known.values()) + in_progress
    return LedgerView(accepted=accepted, in_progress=in_progress, balanced=balanced, **known)


def _brief(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "received_at": row.received_at,
        "source": row.source,
        "from_": row.sender or row.mail_from,
        "to": tuple(sighting.redact(to) for to in row.rcpt_tos),
        "subject": sighting.redact(row.subject),
        "kind": row.kind,
        "disposition": row.disposition,
        "reason": row.reason,
        "flags": tuple(row.flags),
        "case": row.case_number,
        "size": row.size,
        "sha256": row.sha256,
        "duplicate_of": str(row.duplicate_of) if row.duplicate_of else None,
    }
