"""People of the customer: accounts, contacts and every address that counts as a contact."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, select

from gateway.errors import Unavailable
from gateway.model import Access, Contact
from gateway.store.sql import insert_new
from gateway.store.tables import account, acts_for, contact, contact_address

COLUMNS = (
    contact.c.id.label("person_id"),
    contact.c.email,
    contact.c.name.label("contact_name"),
    contact.c.access,
    contact.c.language,
    contact.c.timezone,
    account.c.id.label("account_id"),
    account.c.name.label("account_name"),
    account.c.plan.label("account_plan"),
)
_FIND = (
    select(*COLUMNS)
    .select_from(contact_address.join(contact).join(account))
    .where(contact_address.c.address_key == bindparam("key"))
)
_ADDRESSES = (
    select(contact_address.c.contact_id, contact_address.c.address)
    .where(contact_address.c.contact_id.in_(bindparam("contacts", expanding=True)))
    .order_by(contact_address.c.address)
)


def find(conn: Connection, address_key: str) -> Contact | None:
    """Return the contact to whom this address belongs, as its own or as an alternate.

    address_key: the address in the form in which two equal ones are equal strings (`gateway.addresses.key`).
    """
    row = conn.execute(_FIND, {"key": address_key}).first()
    return from_row(row, addresses(conn, row.person_id)) if row else None


def acting(conn: Connection, address_key: str) -> Contact | None:
    """Return the contact of an address together with the accounts for which it may act (a partner's end users)."""
    found = find(conn, address_key)
    if found is None:
        return None
    end_users = select(acts_for.c.end_user_id).where(acts_for.c.account_id == found.account_id)
    return replace(found, acts_for=tuple(conn.execute(end_users).scalars()))


def create(conn: Connection, *, email: str, name: str, address_key: str, account_id: int | None = None) -> Contact:
    """Make a Designated Contact, with an account of its own unless one is named (CONTRACT 4, `POST /cases`)."""
    if account_id is None:
        account_id = conn.execute(account.insert().values(name=name or email).returning(account.c.id)).scalar_one()
    values: dict[str, Any] = {"account_id": account_id, "email": email, "name": name, "access": Access.READ_WRITE}
    contact_id = conn.execute(contact.insert().values(values).returning(contact.c.id)).scalar_one()
    mine = insert_new(conn, contact_address).values(address_key=address_key, contact_id=contact_id, address=email)
    if conn.execute(mine.returning(contact_address.c.address_key)).first() is None:
        raise Unavailable("Another request has just made this contact; try again.")
    made = find(conn, address_key)
    assert made is not None
    return made


def addresses(conn: Connection, contact_id: int) -> tuple[str, ...]:
    """Return every address of a contact."""
    return addresses_of(conn, [contact_id])[contact_id]


def addresses_of(conn: Connection, contact_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Return every address of each of these contacts."""
    found: dict[int, tuple[str, ...]] = dict.fromkeys(contact_ids, ())
    for row in conn.execute(_ADDRESSES, {"contacts": list(contact_ids)}):
        found[row.contact_id] = (*found[row.contact_id], row.address)
    return found


def from_row(row: Any, own: tuple[str, ...]) -> Contact:
    """Build a Contact from a row that has COLUMNS and from all its addresses."""
    return Contact(
        id=row.person_id,
        email=row.email,
        name=row.contact_name,
        account_id=row.account_id,
        account=row.account_name,
        access=Access(row.access),
        alternates=tuple(a for a in own if a != row.email),
        language=row.language,
        timezone=row.timezone,
        plan=row.account_plan,
    )
