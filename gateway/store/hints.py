"""Candidate cases for a mail that no Reference ID linked: what the mail gives is looked up, nothing is guessed here."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from gateway import addresses
from gateway.linking import sighting
from gateway.model import HintFacts, HintQuery, SpoolEntry, Status
from gateway.store.tables import account, contact, contact_address, outbox, reference, support_case

# Each clue brings at most this many cases, newest first: hints are for a person's eyes.
EACH = 20
_RAW_BYTES = 1_000_000
_CASE_NUMBER = re.compile(r"(?<![0-9])[0-9]{10}(?![0-9])")


def candidates(conn: Connection, query: HintQuery) -> list[HintFacts]:
    """Return what is known of every case that one of the clues points to."""
    numbers: dict[str, None] = {}
    for clue in _clues(query):
        numbers |= dict.fromkeys(conn.execute(clue.limit(EACH)).scalars())
    if not numbers:
        return []
    return _facts(conn, list(numbers), query)


def named_in_raw(conn: Connection, entry: SpoolEntry) -> list[str]:
    """Return the waiting cases that a mail which nobody could read seems to be about.

    Its raw bytes are searched for Reference IDs and case numbers, and the contact's cases count when the contact sent
    it: enough to keep the timer from closing such a case, and nothing more.
    """
    raw = entry.raw[:_RAW_BYTES].decode("latin-1")
    ids = [seen.id for seen in sighting.scan(raw) if seen.id][:EACH]
    digits = list(dict.fromkeys(_CASE_NUMBER.findall(raw)))[:EACH]
    of_ids = select(reference.c.case_number).where(reference.c.id.in_(ids))
    sender = select(contact_address.c.contact_id).where(
        contact_address.c.address_key == addresses.key(entry.envelope.mail_from)
    )
    about = or_(
        support_case.c.number.in_(digits), support_case.c.number.in_(of_ids), support_case.c.contact_id.in_(sender)
    )
    waits = support_case.c.status.in_((Status.AWAITING_INFO, Status.SOLUTION_PROPOSED))
    return list(conn.execute(select(support_case.c.number).where(waits, about)).scalars())


def _clues(query: HintQuery) -> Iterable[Select[Any]]:
    newest = support_case.c.modified_at.desc()
    if query.case_numbers:
        yield select(support_case.c.number).where(support_case.c.number.in_(query.case_numbers))
    if query.references:
        yield select(reference.c.case_number).where(reference.c.id.in_(query.references))
    if query.damaged_pieces:
        pieces = [reference.c.id.contains(piece, autoescape=True) for piece in query.damaged_pieces]
        yield select(reference.c.case_number).where(or_(*pieces))
    if query.message_ids:
        yield select(outbox.c.case_number).where(outbox.c.message_id.in_(query.message_ids), outbox.c.case_number != "")
    if query.sender:
        known = select(contact_address.c.contact_id).where(contact_address.c.address_key == query.sender)
        yield select(support_case.c.number).where(support_case.c.contact_id.in_(known)).order_by(newest)
        yield _of_account(contact_address.c.address_key == query.sender).order_by(newest)
    if query.domain:
        at_domain = contact_address.c.address_key.endswith(f"@{query.domain}", autoescape=True)
        yield _of_account(at_domain).order_by(newest)
    if query.subject_words:
        words = [func.lower(support_case.c.subject).contains(word, autoescape=True) for word in query.subject_words[:3]]
        yield select(support_case.c.number).where(and_(*words)).order_by(newest)


def _of_account(address: Any) -> Select[Any]:
    known = select(contact.c.account_id).join(contact_address).where(address).limit(EACH)
    of_it = support_case.join(contact, support_case.c.contact_id == contact.c.id)
    return select(support_case.c.number).select_from(of_it).where(contact.c.account_id.in_(known))


def _facts(conn: Connection, numbers: list[str], query: HintQuery) -> list[HintFacts]:
    rows = conn.execute(
        select(support_case, contact.c.account_id)
        .select_from(support_case.join(contact, support_case.c.contact_id == contact.c.id).join(account))
        .where(support_case.c.number.in_(numbers))
        .order_by(support_case.c.modified_at.desc())
    ).all()
    people = _people(conn, {row.account_id for row in rows})
    issued = _issued(conn, numbers, query)
    sent = _sent(conn, numbers, query)
    return [
        HintFacts(
            case_number=row.number,
            subject=row.subject,
            closed=row.status == Status.CLOSED,
            contact_addresses=tuple(a for a, who in people[row.account_id] if who == row.contact_id),
            account_addresses=tuple(a for a, who in people[row.account_id] if who != row.contact_id),
            account_domains=tuple({a.rpartition("@")[2] for a, _ in people[row.account_id]}),
            message_ids=tuple(m for number, m, _ in sent if number == row.number and m in query.message_ids),
            references=tuple(r for number, r in issued if number == row.number),
            recent_recipient=any(number == row.number and to == query.sender for number, _, to in sent),
        )
        for row in rows
    ]


def _people(conn: Connection, account_ids: set[int]) -> dict[int, list[tuple[str, int]]]:
    found = select(contact.c.account_id, contact_address.c.address_key, contact.c.id).join(
        contact_address, contact_address.c.contact_id == contact.c.id
    )
    people: dict[int, list[tuple[str, int]]] = {account_id: [] for account_id in account_ids}
    for account_id, address, contact_id in conn.execute(found.where(contact.c.account_id.in_(account_ids))):
        people[account_id].append((address, contact_id))
    return people


def _issued(conn: Connection, numbers: list[str], query: HintQuery) -> list[tuple[str, str]]:
    if not (query.references or query.damaged_pieces):
        return []
    rows = conn.execute(select(reference.c.case_number, reference.c.id).where(reference.c.case_number.in_(numbers)))
    wanted, pieces = set(query.references), query.damaged_pieces
    return [(number, id_) for number, id_ in rows if id_ in wanted or any(piece in id_ for piece in pieces)]


def _sent(conn: Connection, numbers: list[str], query: HintQuery) -> list[tuple[str, str, str]]:
    to = func.lower(outbox.c.to_address)
    fitting = or_(outbox.c.message_id.in_(query.message_ids), to == query.sender)
    rows = conn.execute(
        select(outbox.c.case_number, outbox.c.message_id, to).where(outbox.c.case_number.in_(numbers), fitting)
    )
    return [(number, message_id, address) for number, message_id, address in rows]
