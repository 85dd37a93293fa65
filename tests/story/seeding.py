"""Puts the fixed world of the fixture mails into a store, through the store's own functions where there are some."""

from typing import Any

from sqlalchemy import Connection

from gateway import addresses
from gateway.model import CaseType, Priority, Status
from gateway.store import cases
from gateway.store.db import Database
from gateway.store.tables import account, contact, contact_address, reference
from tests.fixtures import world


def seed(database: Database) -> None:
    """Write people, cases and Reference IDs."""
    with database.write() as conn:
        ids = _people(conn)
        for case in world.CASES:
            if not case.purged:
                _case(conn, case, ids[case.contact.email])
            _references(conn, case)


def _people(conn: Connection) -> dict[str, int]:
    accounts: dict[str, int] = {}
    ids = {}
    for person in world.PEOPLE:
        if person.account not in accounts:
            made = account.insert().values(name=person.account).returning(account.c.id)
            accounts[person.account] = conn.execute(made).scalar_one()
        row: dict[str, Any] = {"account_id": accounts[person.account], "email": person.email, "name": person.name}
        row |= {"access": person.access, "language": person.language}
        ids[person.email] = conn.execute(contact.insert().values(row).returning(contact.c.id)).scalar_one()
        for address in (person.email, *person.alternates):
            own = {"address_key": addresses.key(address), "contact_id": ids[person.email], "address": address}
            conn.execute(contact_address.insert().values(own))
    return ids


def _case(conn: Connection, case: world.WorldCase, contact_id: int) -> None:
    cases.insert(
        conn,
        number=case.number,
        subject=case.subject,
        description=case.subject,
        status=case.status,
        substatus=case.substatus,
        priority=Priority.MEDIUM,
        type=CaseType.SUPPORT,
        profile="cloud",
        contact_id=contact_id,
        opened_at=world.ASKED_AT,
        modified_at=world.ASKED_AT,
        closed_at=world.ASKED_AT if case.status is Status.CLOSED else None,
    )
    if case.asked_at is not None:
        loaded = cases.load(conn, case.number)
        assert loaded is not None
        cases.start_episode(conn, loaded, status=case.status, question=case.question, steps=(), now=case.asked_at)


def _references(conn: Connection, case: world.WorldCase) -> None:
    for issued in case.references:
        row = {"id": issued.id, "case_number": case.number, "feed": issued.feed, "state": issued.state}
        own = {"recipient": addresses.key(case.contact.email), "created_at": world.ASKED_AT}
        conn.execute(reference.insert().values({**row, **own}))
