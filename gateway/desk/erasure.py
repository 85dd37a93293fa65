"""Erasing before its time: one person with all that is theirs, one update, one file.  Source: PROCESS 7.2.

A person's own cases end and are purged, whatever their time; of other cases only what this person wrote goes.  Any of
it may be killed at any moment: calling again goes on, because the person's addresses are forgotten last.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gateway import addresses, effects
from gateway.cleaning import clean_header
from gateway.desk import cases as desk_cases
from gateway.desk import contacts as desk_contacts
from gateway.desk import record, retention
from gateway.desk.ids import row_id
from gateway.errors import Conflict, NotFound
from gateway.model import Contact, Substatus
from gateway.model.views import CaseView, ErasureView
from gateway.reasons import Reason
from gateway.rules import requests
from gateway.services import Services
from gateway.store import case_views, cases, erasing, events, shells, slack
from gateway.store import retention as store


def preview_contact(services: Services, email: str) -> ErasureView:
    """Return what an erasure would take; writes nothing.  Raises Refused `legal-hold`, NotFound."""
    with services.database.read() as conn:
        contact, person = _person(conn, email)
        own = erasing.own_cases(conn, person)
        counts = [store.counts(conn, number) for number in own]
        return ErasureView(
            contact=str(contact.id),
            cases=tuple(own),
            mails=sum(count["mails"] for count in counts),
            updates=0,
            notices=sum(count["notices"] for count in counts),
            swept=True,
        )


def erase_contact(services: Services, email: str, *, by: str) -> ErasureView:
    """Erase a contact: cases that are theirs end and go, what they wrote elsewhere is emptied, a shell stays.

    Raises Refused `legal-hold`, Conflict while a mail of theirs is in process, NotFound.
    """
    with services.database.write() as conn:
        contact, person = _person(conn, email)
    own = _end_cases(services, contact, person, by=by)
    mails = _in_batches(services, _mail_batch(person, by, services.clock.now()))
    with services.database.write() as conn:
        updates = erasing.empty_updates_by(conn, person)
        erasing.empty_escalations_by(conn, person, now=services.clock.now())
        erasing.end_references(conn, person)
        erasing.drop_answers_about(conn, person)
    notices = _in_batches(services, _notice_batch(services, person))
    with services.database.write() as conn:
        _check_at_rest(conn, person)
        ties = shells.ties(conn, contact.id)
        shells.empty(conn, contact.id, with_account=ties.others == 0 and not ties.arranged)
        counts: dict[str, Any] = {"cases": len(own), "mails": mails, "updates": updates, "notices": notices}
        record.note_along(conn, services, "erased", by=by, contact_id=contact.id, **counts)
    swept = slack.sweep(services.database, large=True)
    return ErasureView(
        contact=str(contact.id), cases=tuple(own), mails=mails, updates=updates, notices=notices, swept=swept
    )


def as_person(contact: Contact) -> erasing.Person:
    """Return whom to look for in the store."""
    own = (contact.email, *contact.alternates)
    every = {form for address in own for form in (address.lower(), addresses.key(address))}
    return erasing.Person(contact_id=contact.id, addresses=tuple(sorted(every)))


def erase_update(services: Services, number: str, update_id: str, *, by: str, file: str = "") -> CaseView:
    """Erase one update with the mail that it came from, or only a file of it.  Calling twice is nothing.

    file: name or sha256 of an attached file.  What was copied from the update goes too: notices that quote it, an
    open question.  Raises Refused `legal-hold` or `case-purged`, NotFound, Conflict while a copy is being sent.
    """
    now = services.clock.now()
    with services.database.write() as conn:
        case = desk_cases.load(conn, number, lock=True)
        effects.check_not_purged(case)
        retention.check_not_held(case.number, case.held_at)
        row = erasing.find_update(conn, case.id, row_id(update_id))
        if row is None:
            raise NotFound(f"Case {case.number} has no update {clean_header(update_id, limit=20)}.")
        if file:
            if row.mail_id is None or not erasing.drop_file(conn, row.mail_id, file):
                raise NotFound(f"Update {row.id} has no file {clean_header(file, limit=80)}.")
        else:
            _drop_notices(conn, services, erasing.empty_update(conn, case.number, row, by=by, now=now))
        events.append(
            conn, "case.updated", case_number=case.number, data={"update_id": str(row.id), "erased": True}, now=now
        )
        cases.note_change(conn, case.number)
        view = case_views.one(conn, case.number)
        what = "file" if file else "update"
        record.note_along(conn, services, "erased", by=by, case=case.number, update_id=row.id, what=what)
    slack.sweep(services.database, large=True)
    return view


def _end_cases(services: Services, contact: Contact, person: erasing.Person, *, by: str) -> list[str]:
    """End and purge the cases of a contact; nobody is told."""
    with services.database.read() as conn:
        own = erasing.own_cases(conn, person)
    for number in own:
        now = services.clock.now()
        with services.database.write() as conn:
            case = desk_cases.load(conn, number, lock=True)
            retention.check_not_held(number, case.held_at)
            if case.contact.id != contact.id:
                continue
            if not case.is_closed:
                decision = requests.close(
                    case, Substatus.CANCELLED, "", by, policy=services.policy, now=now, notify=False
                )
                effects.apply(conn, decision, scribe=services.scribe, now=now, case=case)
            retention.empty_case(conn, number, now=now, staying=contact.id)
        retention.finish(services, number)
    return own


def _person(conn: Connection, email: str) -> tuple[Contact, erasing.Person]:
    contact = desk_contacts.found(conn, email)
    person = as_person(contact)
    if held := erasing.held_cases(conn, person):
        raise retention.on_hold(held[0])
    _check_at_rest(conn, person)
    return contact, person


def _check_at_rest(conn: Connection, person: erasing.Person) -> None:
    if erasing.is_at_work(conn, person):
        raise Conflict(
            Reason.CHANGED_MEANWHILE, "A mail of this person is being processed just now; try again in a minute."
        )


def _drop_notices(conn: Connection, services: Services, ids: Sequence[int]) -> None:
    if store.any_leased(conn, ids):
        raise Conflict(Reason.CHANGED_MEANWHILE, "A mail that quotes it is being sent just now; try again in a minute.")
    retention.drop_sent_files(services, ids)
    store.empty_notices(conn, ids, now=services.clock.now())


def _mail_batch(person: erasing.Person, by: str, now: datetime) -> Callable[[Connection], int]:
    def batch(conn: Connection) -> int:
        if ids := erasing.mails_from(conn, person, limit=retention.BATCH):
            erasing.empty_mails(conn, ids, by=by, now=now)
        return len(ids)

    return batch


def _notice_batch(services: Services, person: erasing.Person) -> Callable[[Connection], int]:
    def batch(conn: Connection) -> int:
        if ids := erasing.notices_to(conn, person, limit=retention.BATCH):
            _drop_notices(conn, services, ids)
        return len(ids)

    return batch


def _in_batches(services: Services, batch: Callable[[Connection], int]) -> int:
    total = 0
    while True:
        with services.database.write() as conn:
            count = batch(conn)
        if not count:
            return total
        total += count
