"""Outgoing mail: one row a mail, the truth about it; a wake-up only says that there is something to do.

The idempotency key is UNIQUE: writing the same notice twice is nothing.  Message-ID and bounce address are keyed hashes
of it, so they are the same on every try and cannot be guessed.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, union_all, update

from gateway import addresses, maillog
from gateway.cleaning import clean_text
from gateway.model import (
    Accepted,
    EntryState,
    Notice,
    OutboxEntry,
    Rejected,
    RelayOutcome,
    SentMail,
    Unknown,
)
from gateway.reasons import Reason
from gateway.store import deliverability, events, lease, mails
from gateway.store.db import Database
from gateway.store.instance import Instance
from gateway.store.sql import insert_new
from gateway.store.tables import blob, contact, episode, mail, outbox, support_case

REPLY_LENGTH = 1000
UNDELIVERABLE = f"{Reason.CONTACT_UNDELIVERABLE}: "
NOT_WANTED = "not sent: the wait for the customer had ended, or was paused, or a later reminder was written"
THREAD_EACH_END = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOutgoing:
    """One mail to write into the outbox; fields as in `Notify`."""

    key: str
    notice: Notice
    to: str
    to_name: str
    case_number: str
    reference_id: str
    context: Mapping[str, Any]
    episode_id: int | None = None


def add(
    conn: Connection, mails: Sequence[NewOutgoing], *, instance: Instance, mail_domain: str, now: datetime
) -> list[int]:
    """Write mails into the outbox and return their ids; one whose key is there already is nothing."""
    if not mails:
        return []
    # In the order of their keys: two transactions that write the same mails never wait for each other in a ring.
    rows = [_row(new, instance, mail_domain, now) for new in sorted(mails, key=lambda new: new.key)]
    return list(conn.execute(insert_new(conn, outbox).returning(outbox.c.id), rows).scalars())


def claim(
    database: Database, *, owner: str, limit: int, now: datetime, ids: Sequence[int] | None = None
) -> list[OutboxEntry]:
    """Lease up to `limit` mails that are due and return all that composing and sending need.  ids: only of these."""
    only = None if ids is None else outbox.c.id.in_(ids)
    with database.write() as conn:
        rows = _leased(conn, owner=owner, limit=limit, now=now, only=only)
        if not rows:
            return []
        first_tries = [row.id for row in rows if row.first_tried_at is None]
        if first_tries:
            conn.execute(update(outbox).where(outbox.c.id.in_(first_tries)).values(first_tried_at=now))
        return _entries(conn, rows, now)


def _leased(
    conn: Connection, *, owner: str, limit: int, now: datetime, only: ColumnElement[bool] | None
) -> Sequence[Row[Any]]:
    """Lease what is due and hold at once what goes to an address that takes no mail (LP-05)."""
    while rows := lease.claim(conn, outbox, owner=owner, limit=limit, now=now, only=only):
        marked = deliverability.among(conn, {addresses.key(row.to_address) for row in rows})
        held = [row for row in rows if addresses.key(row.to_address) in marked]
        for row in held:
            why = f"{UNDELIVERABLE}{marked[addresses.key(row.to_address)]}"[:REPLY_LENGTH]
            lease.settle(conn, outbox, entry_id=row.id, fence=row.fence, state=EntryState.HELD, last_reply=why)
            data = {"outbox_id": str(row.id), "notice": row.notice}
            events.append(conn, "notice.failed", case_number=row.case_number, data=data, now=now)
        if free := [row for row in rows if row not in held]:
            return free
    return []


def release_held(conn: Connection, keys: Collection[str], *, now: datetime) -> list[int]:
    """Let leave what was held because these addresses took no mail; return the ids."""
    held = select(outbox.c.id, outbox.c.to_address).where(
        outbox.c.state == EntryState.HELD, outbox.c.last_reply.startswith(UNDELIVERABLE, autoescape=True)
    )
    ids = [row.id for row in conn.execute(held) if addresses.key(row.to_address) in keys]
    waiting = update(outbox).where(outbox.c.id.in_(ids), outbox.c.state == EntryState.HELD)
    conn.execute(waiting.values(state=EntryState.READY, run_at=now, last_reply=""))
    return ids


def keep_rendered(database: Database, rendered: Sequence[tuple[OutboxEntry, bytes]]) -> list[tuple[OutboxEntry, bytes]]:
    """Make the bytes of mails durable before the first try, so that every try sends the same ones.

    Returns those whose lease still holds: the others belong to another worker, and sending them would double them.
    """
    kept = []
    with database.write() as conn:
        for entry, raw in rendered:
            digest = hashlib.sha256(raw).hexdigest()
            conn.execute(insert_new(conn, blob), {"sha256": digest, "size": len(raw), "bytes": raw})
            held = (outbox.c.id == entry.id) & (outbox.c.fence == entry.fence) & (outbox.c.state == EntryState.LEASED)
            if conn.execute(update(outbox).where(held).values(rendered_sha256=digest)).rowcount == 1:
                kept.append((entry, raw))
    return kept


def settle(
    database: Database,
    entry: OutboxEntry,
    outcome: RelayOutcome,
    *,
    next_run_at: datetime | None,
    now: datetime,
    then: Callable[[Connection], object] | None = None,
) -> bool:
    """End a lease with what the relay said; False when another lease was taken since.

    next_run_at: when to try again; None gives up, and the mail is dead until a person retries it.
    then: done in the same transaction when the lease was ours.
    """
    values: dict[str, Any] = {"last_reply": clean_text(outcome.reply)[:REPLY_LENGTH]}
    if isinstance(outcome, Unknown):
        values["uncertain"] = True
    if isinstance(outcome, Accepted):
        state, values["sent_at"] = EntryState.DONE, now
    elif isinstance(outcome, Rejected) or next_run_at is None:
        state = EntryState.DEAD
    else:
        state, values["run_at"] = EntryState.READY, next_run_at
    with database.write() as conn:
        ended = lease.settle(conn, outbox, entry_id=entry.id, fence=entry.fence, state=state, **values)
        if ended and state is not EntryState.READY:
            type_ = "notice.sent" if state is EntryState.DONE else "notice.failed"
            data = {"outbox_id": str(entry.id), "notice": entry.notice}
            events.append(conn, type_, case_number=entry.case_number, data=data, now=now)
        if ended and then is not None:
            then(conn)
    return ended


def park(database: Database, entry: OutboxEntry, *, why: str, now: datetime) -> bool:
    """Hold a mail that cannot be composed until a person releases it; nothing half-made ever leaves."""
    held, reply = EntryState.HELD, why[:REPLY_LENGTH]
    with database.write() as conn:
        ended = lease.settle(conn, outbox, entry_id=entry.id, fence=entry.fence, state=held, last_reply=reply)
        if ended:
            data = {"outbox_id": str(entry.id), "notice": entry.notice}
            events.append(conn, "notice.failed", case_number=entry.case_number, data=data, now=now)
    return ended


def still_wanted(database: Database, entry: OutboxEntry) -> bool:
    """Say whether a mail may leave at this moment: a reminder only while its wait runs, and only the last one of it.

    Asked right before the relay is, because hours may lie between writing and leaving (OB-10, TM-07).
    """
    if entry.episode_id is None:
        return True
    latest = select(func.max(outbox.c.id)).where(outbox.c.episode_id == entry.episode_id).scalar_subquery()
    runs = select(latest).where(episode.c.id == entry.episode_id, episode.c.ended_at.is_(None), ~_paused(episode))
    with database.read() as conn:
        return conn.execute(runs).scalar() == entry.id


def withdraw(database: Database, entry: OutboxEntry) -> bool:
    """End a lease on a mail that nobody wants any more.  False when another lease was taken since."""
    cancelled = EntryState.CANCELLED
    with database.write() as conn:
        return lease.settle(conn, outbox, entry_id=entry.id, fence=entry.fence, state=cancelled, last_reply=NOT_WANTED)


def want_again(conn: Connection, episode_id: int) -> None:
    """Make the last reminder of a wait ready that was withdrawn while the wait was ended or paused (undo, resume)."""
    latest = select(func.max(outbox.c.id)).where(outbox.c.episode_id == episode_id).scalar_subquery()
    withdrawn = update(outbox).where(
        outbox.c.id == latest, outbox.c.state == EntryState.CANCELLED, outbox.c.last_reply == NOT_WANTED
    )
    conn.execute(withdrawn.values(state=EntryState.READY, last_reply=""))


def sent_by_verp(conn: Connection, verp_keys: Sequence[str]) -> dict[str, SentMail]:
    """Return the outgoing mails that these bounce addresses belong to."""
    if not verp_keys:
        return {}
    found = select(outbox).where(outbox.c.verp_key.in_(verp_keys))
    return {
        row.verp_key: SentMail(
            outbox_id=row.id,
            to=row.to_address,
            message_id=row.message_id,
            case_number=row.case_number,
            notice=Notice(row.notice),
        )
        for row in conn.execute(found)
    }


def mark_bounced(conn: Connection, outbox_id: int, *, now: datetime) -> None:
    """Record that a mail came back; the first time counts."""
    conn.execute(update(outbox).where(outbox.c.id == outbox_id, outbox.c.bounced_at.is_(None)).values(bounced_at=now))


def cancel_unsent(conn: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Cancel those of these mails that have not begun to leave; return the state that each of them has now."""
    if not ids:
        return {}
    waiting = update(outbox).where(outbox.c.id.in_(ids), outbox.c.state.in_((EntryState.READY, EntryState.HELD)))
    # A mail that was tried before may have arrived, so only an untried one counts as unsent.
    conn.execute(waiting.where(outbox.c.uncertain.is_(False)).values(state=EntryState.CANCELLED))
    return {row.id: row.state for row in conn.execute(select(outbox.c.id, outbox.c.state).where(outbox.c.id.in_(ids)))}


def cancel_to(conn: Connection, case_number: str, addresses: Sequence[str]) -> None:
    """Cancel what has not begun to leave to these addresses (in lower case) about a case."""
    theirs = (outbox.c.case_number == case_number, func.lower(outbox.c.to_address).in_(addresses))
    waiting = update(outbox).where(*theirs, outbox.c.state.in_((EntryState.READY, EntryState.HELD)))
    conn.execute(waiting.where(outbox.c.uncertain.is_(False)).values(state=EntryState.CANCELLED))


def not_left(conn: Connection, ids: Sequence[int]) -> list[tuple[int, str]]:
    """Return those of these mails that have not left, with the relay's last words or their state."""
    waiting = (EntryState.READY, EntryState.LEASED, EntryState.DEAD, EntryState.HELD)
    found = select(outbox.c.id, outbox.c.state, outbox.c.last_reply).where(outbox.c.id.in_(ids))
    rows = conn.execute(found.where(outbox.c.state.in_(waiting)).order_by(outbox.c.id))
    return [(row.id, row.last_reply or row.state) for row in rows]


def context_of(conn: Connection, key: str) -> dict[str, Any]:
    """Return the values of the mail that was written under a key; empty when there is none, or they were deleted."""
    kept = conn.execute(select(outbox.c.context).where(outbox.c.idempotency_key == key)).scalar()
    return dict(kept or {})


def last_written(conn: Connection, notice: Notice, *, to: str) -> datetime | None:
    """Return when a notice of this kind was last written for this address."""
    same = func.lower(outbox.c.to_address) == to.lower()
    return conn.execute(select(func.max(outbox.c.created_at)).where(outbox.c.notice == notice, same)).scalar()


def written_since(conn: Connection, notice: Notice, since: datetime) -> int:
    """Count the notices of this kind that were written since then."""
    recent = select(func.count()).select_from(outbox).where(outbox.c.notice == notice, outbox.c.created_at >= since)
    return conn.execute(recent).scalar_one()


def move(conn: Connection, outbox_id: int, *, state: EntryState, allowed: Sequence[EntryState], **values: Any) -> bool:
    """Bring a mail to another state by hand; False when it is in none of the `allowed` ones."""
    fitting = update(outbox).where(outbox.c.id == outbox_id, outbox.c.state.in_(allowed))
    return conn.execute(fitting.values(state=state, **values)).rowcount == 1


def hold_all(conn: Connection, *, why: str) -> int:
    """Hold every mail that has not left, also one that was being sent; return how many.

    One whose bytes were rendered may have been sent before, and says so (`uncertain`).
    """
    waiting = update(outbox).where(outbox.c.state.in_((EntryState.READY, EntryState.LEASED)))
    values = {
        "state": EntryState.HELD,
        "lease_owner": "",
        "fence": outbox.c.fence + 1,
        "last_reply": why,
        "uncertain": outbox.c.uncertain | outbox.c.rendered_sha256.is_not(None),
    }
    return conn.execute(waiting.values(values)).rowcount


def release_all(conn: Connection, *, why: str, now: datetime) -> list[int]:
    """Make every mail ready that is held for this reason; return their ids."""
    held = update(outbox).where(outbox.c.state == EntryState.HELD, outbox.c.last_reply == why)
    return list(conn.execute(held.values(state=EntryState.READY, run_at=now).returning(outbox.c.id)).scalars())


def _row(new: NewOutgoing, instance: Instance, mail_domain: str, now: datetime) -> dict[str, Any]:
    return {
        "idempotency_key": new.key,
        "notice": new.notice,
        "case_number": new.case_number,
        "to_address": new.to,
        "to_name": new.to_name,
        "reference_id": new.reference_id,
        "context": json.loads(json.dumps(new.context)),
        "message_id": f"<{_keyed(instance, 'message-id', new.key)}@{mail_domain}>",
        "verp_key": _keyed(instance, "verp", new.key),
        "created_at": now,
        "state": EntryState.READY,
        "run_at": now,
        "episode_id": new.episode_id,
        "request_id": maillog.request_id(),
    }


def _paused(of: Any) -> Any:
    return of.c.next_at.is_(None)


def _keyed(instance: Instance, purpose: str, key: str) -> str:
    digest = hmac.new(instance.key, f"{purpose}:{key}".encode(), hashlib.sha256).digest()[:16]
    return base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def _entries(conn: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[OutboxEntry]:
    numbers = {row.case_number for row in rows if row.case_number}
    cases = _case_facts(conn, numbers)
    threads = {number: _thread(conn, number) for number in numbers}
    raws = mails.raw_many(conn, [row.rendered_sha256 for row in rows if row.rendered_sha256])
    return [
        OutboxEntry(
            id=row.id,
            notice=Notice(row.notice),
            to=row.to_address,
            to_name=row.to_name,
            case_number=row.case_number,
            subject=cases[row.case_number].subject if row.case_number in cases else "",
            reference_id=row.reference_id,
            language=cases[row.case_number].language if row.reference_id else "en",
            context=row.context,
            message_id=row.message_id,
            thread=tuple(m for m in threads.get(row.case_number, ()) if m != row.message_id),
            verp_key=row.verp_key,
            created_at=row.created_at,
            attempts=row.attempts,
            fence=row.fence,
            first_tried_at=row.first_tried_at or now,
            rendered=raws.get(row.rendered_sha256 or "", b""),
            uncertain=row.uncertain,
            episode_id=row.episode_id,
            request_id=row.request_id,
        )
        for row in rows
    ]


def _case_facts(conn: Connection, numbers: set[str]) -> dict[str, Any]:
    joined = support_case.join(contact, support_case.c.contact_id == contact.c.id)
    facts = select(support_case.c.number, support_case.c.subject, contact.c.language).select_from(joined)
    return {row.number: row for row in conn.execute(facts.where(support_case.c.number.in_(numbers)))}


def _thread(conn: Connection, number: str) -> list[str]:
    """Return the Message-IDs of a case's mails, oldest first: ours that left and the customer's that were linked."""
    ours = select(outbox.c.message_id, outbox.c.sent_at.label("at")).where(
        outbox.c.case_number == number, outbox.c.sent_at.is_not(None), outbox.c.reference_id != ""
    )
    theirs = select(mail.c.message_id, mail.c.received_at.label("at")).where(
        mail.c.case_number == number, mail.c.message_id != "", mail.c.disposition == "linked"
    )
    both = union_all(ours, theirs).subquery()
    ids = list(conn.execute(select(both.c.message_id).order_by(both.c.at)).scalars())
    return ids if len(ids) <= 2 * THREAD_EACH_END else ids[:THREAD_EACH_END] + ids[-THREAD_EACH_END:]
