"""Contacts without a person: the shell that a purge or an erasure leaves, and nobody, to whom purged cases belong."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, exists, func, or_, select, update

from gateway.model import Access
from gateway.model.retention import Ties
from gateway.store import deliverability, slack
from gateway.store.personal import EMPTIED
from gateway.store.sql import insert_new
from gateway.store.tables import account, acts_for, contact, contact_address, instance, reference, support_case

NOBODY = "nobody"


def nobody(conn: Connection) -> int:
    """Return the id of the contact that stands where no person stands any more, made at the first call."""
    fact = select(instance.c.value).where(instance.c.name == NOBODY)
    if (found := conn.execute(fact).scalar()) is not None:
        return int(found)
    account_id = conn.execute(account.insert().values(name="").returning(account.c.id)).scalar_one()
    row = {"account_id": account_id, "email": "", "access": Access.BASIC}
    made = conn.execute(contact.insert().values(row).returning(contact.c.id)).scalar_one()
    # Two first purges at once: the second one's shell is used by nobody.
    conn.execute(insert_new(conn, instance).values(name=NOBODY, value=str(made)))
    return int(conn.execute(fact).scalar_one())


def people_of(conn: Connection, number: str) -> list[int]:
    """Return the contacts that a case is tied to: its own, and everybody who was sent a Reference ID of it."""
    own = select(support_case.c.contact_id).where(support_case.c.number == number)
    sent = (
        select(contact_address.c.contact_id)
        .join(reference, reference.c.recipient == contact_address.c.address_key)
        .where(reference.c.case_number == number)
    )
    return sorted({*conn.execute(own).scalars(), *conn.execute(sent).scalars()})


def without_cases(conn: Connection, contact_ids: Sequence[int]) -> list[int]:
    """Return those of these contacts who are persons and have no case that still holds data."""
    none = ~exists().where(support_case.c.contact_id == contact.c.id)
    found = select(contact.c.id).where(contact.c.id.in_(contact_ids), contact.c.email != "", none)
    return list(conn.execute(found.order_by(contact.c.id)).scalars())


def ties(conn: Connection, contact_id: int, *, beside: Collection[int] = ()) -> Ties:
    """Return what ties a contact to this installation.  beside: people of the account who go with it."""
    mine = conn.execute(
        select(contact.c.access, account.c.id, account.c.plan).join(account).where(contact.c.id == contact_id)
    ).one()
    others = select(func.count()).where(
        contact.c.account_id == mine.id, contact.c.id.not_in([contact_id, *beside]), contact.c.email != ""
    )
    partners = select(func.count()).where(or_(acts_for.c.account_id == mine.id, acts_for.c.end_user_id == mine.id))
    cases = select(func.count()).where(support_case.c.contact_id == contact_id)
    partnered = bool(conn.execute(partners).scalar_one())
    return Ties(
        cases=conn.execute(cases).scalar_one(),
        others=conn.execute(others).scalar_one(),
        arranged=partnered or bool(mine.plan) or mine.access != Access.READ_WRITE,
    )


def empty(conn: Connection, contact_id: int, *, with_account: bool) -> None:
    """Leave of a contact only a row without a person.  with_account: the account was this person's alone."""
    keys = select(contact_address.c.address_key).where(contact_address.c.contact_id == contact_id)
    deliverability.forget(conn, conn.execute(keys).scalars().all())
    slack.note(conn)
    conn.execute(delete(contact_address).where(contact_address.c.contact_id == contact_id))
    conn.execute(update(contact).where(contact.c.id == contact_id).values(EMPTIED[contact]))
    if with_account:
        own = select(contact.c.account_id).where(contact.c.id == contact_id).scalar_subquery()
        conn.execute(update(account).where(account.c.id == own).values(EMPTIED[account]))
