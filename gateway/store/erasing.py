"""Erasure before its time: what one person wrote and was sent, one update, one file.  Source: PROCESS 7.2.

Looking for a person reads whole tables: it happens seldom, and an index would cost every mail that arrives.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, cast, delete, exists, func, or_, select, update

from gateway.model import EntryState, EscalationState, MailKind, ReferenceState, Resolution
from gateway.model.escalation import ACTIVE
from gateway.reasons import Reason
from gateway.store import blobs, queue, retention, slack
from gateway.store.call_tables import idempotency
from gateway.store.personal import EMPTIED
from gateway.store.tables import (
    attachment,
    case_update,
    episode,
    escalation,
    mail,
    outbox,
    queue_item,
    reference,
    support_case,
)

ERASED = "[erased]"
# An excerpt of a text that stands in a notice is at least so long, or it is the whole text.
_EXCERPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom to look for.  addresses: all of them, in lower case and as keys."""

    contact_id: int
    addresses: tuple[str, ...]


def is_theirs(column: Any, person: Person) -> Any:
    """Return the condition that an address is one of this person's."""
    return func.lower(column).in_(person.addresses)


def own_cases(conn: Connection, person: Person) -> list[str]:
    """Return the numbers of the cases whose contact this is."""
    found = select(support_case.c.number).where(support_case.c.contact_id == person.contact_id)
    return list(conn.execute(found.order_by(support_case.c.number)).scalars())


def held_cases(conn: Connection, person: Person) -> list[str]:
    """Return the cases under a legal hold that are this person's, or that hold something of this person."""
    wrote = exists().where(case_update.c.case_id == support_case.c.id, is_theirs(case_update.c.author, person))
    asked = exists().where(escalation.c.case_id == support_case.c.id, is_theirs(escalation.c.requester, person))
    mailed = exists().where(mail.c.case_number == support_case.c.number, is_theirs(mail.c.sender, person))
    told = exists().where(outbox.c.case_number == support_case.c.number, is_theirs(outbox.c.to_address, person))
    theirs = or_(support_case.c.contact_id == person.contact_id, wrote, asked, mailed, told)
    found = select(support_case.c.number).where(support_case.c.held_at.is_not(None), theirs)
    return list(conn.execute(found.order_by(support_case.c.number)).scalars())


def is_at_work(conn: Connection, person: Person) -> bool:
    """Say whether a mail of this person is being processed, or one to this person is being sent."""
    coming = select(mail.c.id).where(mail.c.disposition.is_(None), is_theirs(mail.c.mail_from, person))
    leaving = select(outbox.c.id).where(outbox.c.state == EntryState.LEASED, is_theirs(outbox.c.to_address, person))
    return any(conn.execute(found.limit(1)).first() is not None for found in (coming, leaving))


def mails_from(conn: Connection, person: Person, *, limit: int) -> list[int]:
    """Return mails that this person sent, or that report of one to this person, and that still hold data."""
    reports = (mail.c.kind == MailKind.BOUNCE) & _holds(mail.c.text, person)
    sent = or_(is_theirs(mail.c.sender, person), is_theirs(mail.c.mail_from, person), reports)
    found = select(mail.c.id).where(mail.c.purged_at.is_(None), mail.c.disposition.is_not(None), sent)
    return list(conn.execute(found.order_by(mail.c.id).limit(limit)).scalars())


def notices_to(conn: Connection, person: Person, *, limit: int) -> list[int]:
    """Return outgoing mails to this person, or that name an address of this person, and that still hold data."""
    about = or_(is_theirs(outbox.c.to_address, person), _holds(cast(outbox.c.context, String), person))
    found = select(outbox.c.id).where(outbox.c.purged_at.is_(None), outbox.c.state != EntryState.LEASED, about)
    return list(conn.execute(found.order_by(outbox.c.id).limit(limit)).scalars())


def empty_mails(conn: Connection, ids: Sequence[int], *, by: str, now: datetime) -> None:
    """Leave of these mails only the stub, whatever they wait for, and nothing of the updates that they made."""
    waiting = select(queue_item.c.id).where(queue_item.c.mail_id.in_(ids), queue_item.c.state == queue.OPEN)
    for item_id in conn.execute(waiting).scalars().all():
        queue.resolve(conn, item_id, Resolution.DISCARDED, by=by, now=now)
    rows = conn.execute(select(case_update).where(case_update.c.mail_id.in_(ids))).all()
    for row in rows:
        _empty_update(conn, row, author="")
    retention.empty_mails(conn, ids, now=now)


def empty_updates_by(conn: Connection, person: Person) -> int:
    """Empty what this person posted in other people's cases, and put a word in the place of the address elsewhere."""
    rows = conn.execute(select(case_update).where(is_theirs(case_update.c.author, person))).all()
    for row in rows:
        _empty_update(conn, row, author="")
    for row in conn.execute(select(case_update).where(_holds(case_update.c.text, person))).all():
        text = _without(row.text, person.addresses)
        conn.execute(update(case_update).where(case_update.c.id == row.id).values(text=text))
    return len(rows)


def empty_escalations_by(conn: Connection, person: Person, *, now: datetime) -> None:
    """Empty the escalations that this person asked for; an active one ends, because nobody can be answered."""
    mine = select(escalation.c.id).where(is_theirs(escalation.c.requester, person))
    ids = conn.execute(mine).scalars().all()
    active = update(escalation).where(escalation.c.id.in_(ids), escalation.c.state.in_(ACTIVE))
    conn.execute(active.values(state=EscalationState.CLOSED, closed_at=now))
    conn.execute(update(escalation).where(escalation.c.id.in_(ids)).values(EMPTIED[escalation]))


def drop_answers_about(conn: Connection, person: Person) -> None:
    """Delete the kept answers of calls that name this person."""
    conn.execute(delete(idempotency).where(_holds(idempotency.c.body, person)))


def end_references(conn: Connection, person: Person) -> None:
    """Revoke the Reference IDs that this person was sent, and forget to whom they were sent."""
    sent = update(reference).where(reference.c.recipient.in_(person.addresses))
    conn.execute(sent.where(reference.c.state == ReferenceState.LIVE).values(state=ReferenceState.REVOKED))
    conn.execute(sent.values(recipient=""))


def find_update(conn: Connection, case_id: int, update_id: int) -> Any | None:
    """Return one update of a case."""
    return conn.execute(
        select(case_update).where(case_update.c.case_id == case_id, case_update.c.id == update_id)
    ).first()


def empty_update(conn: Connection, case_number: str, row: Any, *, by: str, now: datetime) -> list[int]:
    """Empty one update, the mail that it came from, and what was copied from it; return the notices that quote it.

    Those are left to the caller, who also has their files.
    """
    quotes = _quoting(conn, case_number, row.text)
    _empty_copies(conn, row.case_id, row.text)
    if row.mail_id is None:
        _empty_update(conn, row, author=row.author)
    else:
        empty_mails(conn, [row.mail_id], by=by, now=now)
    return quotes


def drop_file(conn: Connection, mail_id: int, named: str) -> int:
    """Delete the files of this name or digest from a mail, and the raw bytes that hold them; return how many."""
    same = or_(attachment.c.name == named, attachment.c.sha256 == named)
    found = conn.execute(select(attachment).where(attachment.c.mail_id == mail_id, same)).all()
    if found:
        slack.note(conn)
        conn.execute(attachment.delete().where(attachment.c.id.in_([row.id for row in found])))
        every = or_(mail.c.id == mail_id, mail.c.duplicate_of == mail_id)
        digests = [*conn.execute(select(mail.c.raw_sha256).where(every)).scalars(), *(row.sha256 for row in found)]
        conn.execute(update(mail).where(every).values(raw_sha256=""))
        blobs.drop_unused(conn, digests)
    return len(found)


def _empty_update(conn: Connection, row: Any, *, author: str) -> None:
    slack.note(conn)
    flags = [*(flag for flag in row.flags if flag != Reason.ERASED), Reason.ERASED]
    emptied = update(case_update).where(case_update.c.id == row.id)
    conn.execute(emptied.values(text="", author=author, flags=flags))


def _empty_copies(conn: Connection, case_id: int, text: str) -> None:
    """Empty what the same words were copied into when they were said: question, escalation, description."""
    for table, column in (
        *((episode, episode.c.question), (escalation, escalation.c.details), (escalation, escalation.c.answer)),
        (support_case, support_case.c.description),
    ):
        where = table.c.id if table is support_case else table.c.case_id
        rows = conn.execute(select(table.c.id, column.label("words")).where(where == case_id)).all()
        same = [row.id for row in rows if _is_part(row.words, text)]
        conn.execute(update(table).where(table.c.id.in_(same)).values({column.name: ""}))


def _quoting(conn: Connection, case_number: str, text: str) -> list[int]:
    found = select(outbox.c.id, outbox.c.context, outbox.c.state).where(
        outbox.c.case_number == case_number, outbox.c.purged_at.is_(None)
    )
    return [row.id for row in conn.execute(found) if any(_is_part(words, text) for words in _words(row.context))]


def _is_part(words: str, text: str) -> bool:
    """Say whether words are a text, or a beginning of it that is long enough to be no chance."""
    words, text = words.strip(), text.strip()
    return bool(words) and (words == text or (len(words) >= _EXCERPT and text.startswith(words)))


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [words for one in inside for words in _words(one)]


def _holds(column: Any, person: Person) -> Any:
    return or_(*(func.lower(column).contains(address, autoescape=True) for address in person.addresses))


def _without(text: str, addresses: Collection[str]) -> str:
    for address in sorted(addresses, key=len, reverse=True):
        start = text.lower().find(address)
        while start >= 0:
            text = text[:start] + ERASED + text[start + len(address) :]
            start = text.lower().find(address)
    return text
