"""Received mail: the spool and the record of every mail ever accepted (table `mail`)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from gateway.model import (
    Decision,
    Disposition,
    EntryState,
    Envelope,
    InboundMail,
    MailFacts,
    MailKind,
    NewMail,
    Reading,
    Sender,
    Source,
    SpooledMail,
    SpoolEntry,
    Verdict,
)
from gateway.reasons import Reason
from gateway.store import lease
from gateway.store.sql import insert_new, insert_new_rows
from gateway.store.tables import attachment, blob, mail, mail_mention, support_case

LAST_ERROR_LENGTH = 500
# A new mail is due whatever the clock does: one that is set back an hour must not hold up what has arrived.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


def spool_many(conn: Connection, mails: Sequence[NewMail]) -> list[SpooledMail]:
    """Put mails into the spool; calling twice with the same mail yields a duplicate row without raw bytes.

    The caller acknowledges them to their senders only after its transaction committed.
    """
    firsts = {m.content_key: m for m in reversed(mails)}
    # In the order of their keys: two transactions that insert the same mails never wait for each other in a ring.
    new = [firsts[key] for key in sorted(firsts)]
    ids = dict(insert_new_rows(conn, mail, [_row(m) for m in new], mail.c.content_key, mail.c.id))
    made = set(ids.values())
    if made:
        insert_new_rows(conn, blob, [_blob(m.sha256, m.raw) for m in new if m.content_key in ids])
    if len(ids) < len(new):
        ids |= _ids_by_key(conn, [key for key in firsts if key not in ids])
    return [_spooled(conn, m, ids[m.content_key], made) for m in mails]


def claim(conn: Connection, *, owner: str, limit: int, now: datetime) -> list[SpoolEntry]:
    """Lease up to `limit` mails that wait; a mail whose earlier lease expired comes alone."""
    rows = lease.claim(conn, mail, owner=owner, limit=1, now=now, only=mail.c.alone)
    if not rows:
        rows = lease.claim(conn, mail, owner=owner, limit=limit, now=now, only=~mail.c.alone)
    raws = raw_many(conn, [row.raw_sha256 for row in rows])
    return [_entry(row, raws[row.raw_sha256]) for row in rows]


def hold(conn: Connection, entries: Sequence[SpoolEntry]) -> set[int]:
    """Return the ids of those entries whose lease is still ours; the rows stay locked until the transaction ends."""
    fences = {entry.id: entry.fence for entry in entries}
    leased = select(mail.c.id, mail.c.fence).where(mail.c.id.in_(fences), mail.c.state == EntryState.LEASED)
    # PostgreSQL only; on SQLite the writer is alone anyway.
    rows = conn.execute(leased.order_by(mail.c.id).with_for_update())
    return {row.id for row in rows if row.fence == fences[row.id]}


def finish(conn: Connection, entry: SpoolEntry, reading: Reading, decision: Decision, *, now: datetime) -> bool:
    """Write what was read and decided and end the lease; False when the lease was lost meanwhile.

    The contents of the attached files are stored before, by `keep_files`.
    """
    ended = lease.settle(
        conn,
        mail,
        entry_id=entry.id,
        fence=entry.fence,
        state=EntryState.DONE,
        processed_at=now,
        last_error="",
        trace=[{"step": t.step, "result": t.result, "reason": t.reason} for t in (*reading.trace, *decision.trace)],
        **_verdict(decision),
        **_reading(reading),
    )
    files = reading.mail.attachments
    if ended and files:
        conn.execute(attachment.insert(), [_attachment(entry.id, a) for a in files])
    return ended


def keep_files(conn: Connection, readings: Iterable[Reading]) -> None:
    """Store the attached files of a batch, each content once.

    In the order of their digests: two batches with the same two logos in them never wait for each other in a ring.
    """
    files = {a.sha256: a.content for reading in readings for a in reading.mail.attachments}
    if files:
        conn.execute(insert_new(conn, blob), [_blob(sha256, files[sha256]) for sha256 in sorted(files)])


def give_back(conn: Connection, entry: SpoolEntry, *, run_at: datetime, error: str, failed: bool, alone: bool) -> bool:
    """End a lease without a result.  failed: it counts against this mail.  alone: take it outside a batch next time."""
    return lease.settle(
        conn,
        mail,
        entry_id=entry.id,
        fence=entry.fence,
        state=EntryState.READY,
        run_at=run_at,
        failures=entry.failures + failed,
        alone=alone,
        last_error=error[:LAST_ERROR_LENGTH],
    )


def quarantine(conn: Connection, entry: SpoolEntry, *, now: datetime, error: str, names: Sequence[str] = ()) -> bool:
    """Set a mail aside with its raw bytes; a person sees it.  names: cases that it seems to be about (PROCESS 4.7)."""
    if names:
        rows = [{"mail_id": entry.id, "case_number": number} for number in names]
        conn.execute(insert_new(conn, mail_mention), rows)
    return lease.settle(
        conn,
        mail,
        entry_id=entry.id,
        fence=entry.fence,
        state=EntryState.DONE,
        processed_at=now,
        disposition=Disposition.QUARANTINED,
        reason=Reason.QUARANTINED,
        failures=entry.failures + 1,
        last_error=error[:LAST_ERROR_LENGTH],
    )


def set_aside(conn: Connection, mail_id: int, *, now: datetime, error: str) -> None:
    """Set a mail aside that nobody has leased yet: it only tells a person of one that could not be had."""
    values = {"disposition": Disposition.QUARANTINED, "reason": Reason.QUARANTINED, "processed_at": now}
    told = update(mail).where(mail.c.id == mail_id, mail.c.disposition.is_(None))
    conn.execute(told.values(state=EntryState.DONE, last_error=error[:LAST_ERROR_LENGTH], **values))


def replay(conn: Connection, mail_id: int, *, now: datetime) -> bool:
    """Make a quarantined mail ready again; False when it is not quarantined, or its bytes are gone."""
    there = (mail.c.id == mail_id, mail.c.purged_at.is_(None))
    quarantined = update(mail).where(*there, mail.c.disposition == Disposition.QUARANTINED)
    fresh = {"disposition": None, "reason": "", "processed_at": None, "failures": 0, "alone": True}
    return conn.execute(quarantined.values(state=EntryState.READY, run_at=now, **fresh)).rowcount == 1


def link(conn: Connection, mail_id: int, case_number: str | None) -> None:
    """Note which case a mail belongs to (None: none any more).  Its disposition stays what it was."""
    conn.execute(update(mail).where(mail.c.id == mail_id).values(case_number=case_number))
    # What a late mail brings into a closed case has to go as its other uploads did.
    conn.execute(update(support_case).where(support_case.c.number == case_number).values(uploads_purged_at=None))


def facts(conn: Connection, mail_id: int) -> MailFacts | None:
    """Return what the rules need to know of a mail that was read earlier."""
    row = conn.execute(select(mail).where(mail.c.id == mail_id)).first()
    if row is None:
        return None
    sender = Sender(
        address=row.sender,
        name=row.sender_name,
        ambiguous=row.sender_ambiguous,
        authentication=Verdict(row.sender_authentication),
    )
    return MailFacts(
        id=row.id,
        kind=MailKind(row.kind or MailKind.PERSON),
        kind_reason=row.kind_reason,
        sender=sender,
        received_at=row.received_at,
        recipient=(row.rcpt_tos or [""])[0],
        subject=row.subject,
        text=row.text,
        reply=row.reply,
        like_a_person=row.like_a_person,
        defects=tuple(row.defects),
    )


def linked_case(conn: Connection, mail_id: int) -> str:
    """Return the number of the case that a mail is linked to, also by hand; "" for none, and for automatic mail."""
    by_people = mail.c.disposition.in_((Disposition.LINKED, Disposition.QUEUED))
    return conn.execute(select(mail.c.case_number).where(mail.c.id == mail_id, by_people)).scalar() or ""


def raw_many(conn: Connection, digests: Sequence[str]) -> dict[str, bytes]:
    """Return the stored bytes by their sha256; those that were purged are missing."""
    if not digests:
        return {}
    return {row.sha256: row.bytes for row in conn.execute(select(blob).where(blob.c.sha256.in_(digests)))}


def raw(conn: Connection, mail_id: int) -> bytes | None:
    """Return the bytes of one mail, None when there are none (any more)."""
    found = select(blob.c.bytes).join(mail, mail.c.raw_sha256 == blob.c.sha256).where(mail.c.id == mail_id)
    return conn.execute(found).scalar()


def is_purged(conn: Connection, mail_id: int) -> bool:
    """Say whether only the stub of a mail is left."""
    return conn.execute(select(mail.c.purged_at).where(mail.c.id == mail_id)).scalar() is not None


def in_progress(conn: Connection) -> int:
    """Count the mails that have no disposition yet."""
    return conn.execute(select(func.count()).select_from(mail).where(mail.c.disposition.is_(None))).scalar_one()


def _ids_by_key(conn: Connection, keys: Any) -> dict[str, int]:
    originals = select(mail.c.content_key, mail.c.id).where(
        mail.c.content_key.in_(list(keys)), mail.c.duplicate_of.is_(None)
    )
    return {row.content_key: row.id for row in conn.execute(originals)}


def _spooled(conn: Connection, new: NewMail, original: int, made: set[int]) -> SpooledMail:
    """Return what became of a mail.  made: rows inserted just now; the first mail that takes one is its original."""
    if original in made:
        made.remove(original)
        return SpooledMail(id=original)
    raw_sha256 = conn.execute(select(mail.c.raw_sha256).where(mail.c.id == original)).scalar_one()
    told = {"duplicate_of": original, "raw_sha256": raw_sha256, "state": EntryState.DONE}
    told |= {"disposition": Disposition.DUPLICATE, "reason": Reason.DUPLICATE, "processed_at": new.received_at}
    row_id = conn.execute(mail.insert().values(_row(new) | told).returning(mail.c.id)).scalar_one()
    return SpooledMail(id=row_id, duplicate_of=original)


def _row(new: NewMail) -> dict[str, Any]:
    return {
        "source": new.envelope.source,
        "mail_from": new.envelope.mail_from,
        "rcpt_tos": list(new.envelope.rcpt_tos),
        "peer": new.envelope.peer,
        "received_at": new.received_at,
        "size": len(new.raw),
        "sha256": new.sha256,
        "raw_sha256": new.sha256,
        "content_key": new.content_key,
        "oversized": new.oversized,
        "state": EntryState.READY,
        "run_at": AT_ONCE,
    }


def _blob(sha256: str, content: bytes) -> dict[str, Any]:
    return {"sha256": sha256, "size": len(content), "bytes": content}


def _attachment(mail_id: int, a: Any) -> dict[str, Any]:
    return {
        "mail_id": mail_id,
        "name": a.name,
        "content_type": a.content_type,
        "size": a.size_bytes,
        "sha256": a.sha256,
    }


def _entry(row: Row[Any], raw: bytes) -> SpoolEntry:
    envelope = Envelope(mail_from=row.mail_from, rcpt_tos=tuple(row.rcpt_tos), source=Source(row.source), peer=row.peer)
    return SpoolEntry(
        id=row.id,
        envelope=envelope,
        received_at=row.received_at,
        size_bytes=row.size,
        attempts=row.attempts,
        failures=row.failures,
        fence=row.fence,
        raw=raw,
        oversized=row.oversized,
        alone=row.alone,
    )


def _verdict(decision: Decision) -> dict[str, Any]:
    return {
        "disposition": decision.disposition,
        "reason": decision.reason,
        "flags": list(decision.flags),
        "case_number": decision.case_number or None,
    }


def _reading(reading: Reading) -> dict[str, Any]:
    read: InboundMail = reading.mail
    return {
        "kind": reading.kind,
        "kind_reason": reading.kind_reason,
        "like_a_person": reading.like_a_person,
        "sender": read.sender.address,
        "sender_name": read.sender.name,
        "sender_ambiguous": read.sender.ambiguous,
        "sender_authentication": read.sender.authentication,
        "recipients": list(read.to),
        "subject": read.subject,
        "message_id": read.message_id,
        "text": read.text,
        "reply": read.reply,
        "defects": list(read.defects),
    }
