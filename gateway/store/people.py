"""What our side keeps about the customer's people: who they are, which addresses are theirs, whom they act for.

The way of every mail reads them through `store/contacts.py`; here they are set and shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, func, or_, select, update

from gateway import addresses
from gateway.model import Contact
from gateway.model.views import AccountView, ContactView
from gateway.store import contacts, deliverability
from gateway.store.sql import insert_new
from gateway.store.tables import account, acts_for, contact, contact_address


def accounts_named(conn: Connection, name: str) -> list[int]:
    """Return the ids of the accounts of this name, oldest first."""
    return list(conn.execute(select(account.c.id).where(account.c.name == name).order_by(account.c.id)).scalars())


def has_account(conn: Connection, account_id: int) -> bool:
    """Say whether there is an account of this id."""
    return conn.execute(select(account.c.id).where(account.c.id == account_id)).first() is not None


def make_account(conn: Connection, name: str) -> int:
    """Make an account and return its id."""
    return int(conn.execute(account.insert().values(name=name).returning(account.c.id)).scalar_one())


def change(conn: Connection, contact_id: int, **values: Any) -> None:
    """Change columns of a contact."""
    if values:
        conn.execute(update(contact).where(contact.c.id == contact_id).values(values))


def set_addresses(conn: Connection, contact_id: int, wanted: Mapping[str, str]) -> str:
    """Make these the addresses of a contact; return the first one that is another contact's already, "" for none.

    wanted: addresses by their keys, the contact's own address among them.
    """
    mine = contact_address.c.contact_id == contact_id
    conn.execute(delete(contact_address).where(mine, contact_address.c.address_key.not_in(list(wanted))))
    rows = [{"address_key": key, "contact_id": contact_id, "address": wanted[key]} for key in sorted(wanted)]
    conn.execute(insert_new(conn, contact_address), rows)
    kept = set(conn.execute(select(contact_address.c.address_key).where(mine)).scalars())
    return next((address for key, address in wanted.items() if key not in kept), "")


def pin_hash(conn: Connection, contact_id: int) -> str:
    """Return the hash of a contact's phone PIN, "" when there is none."""
    return str(conn.execute(select(contact.c.pin_hash).where(contact.c.id == contact_id)).scalar_one())


def drop_account_without_people(conn: Connection, account_id: int) -> None:
    """Delete an account that nobody is in any more and that nothing was arranged for: its name was a person's."""
    partners = exists().where(or_(acts_for.c.account_id == account_id, acts_for.c.end_user_id == account_id))
    left = exists().where(contact.c.account_id == account_id)
    conn.execute(delete(account).where(account.c.id == account_id, account.c.plan == "", ~left, ~partners))


def set_plan(conn: Connection, account_id: int, plan: str) -> None:
    """Set the plan whose service targets hold for new cases of an account."""
    conn.execute(update(account).where(account.c.id == account_id).values(plan=plan))


def let_act_for(conn: Connection, account_id: int, end_user_id: int, *, allowed: bool) -> None:
    """Let an account act for another, or end that.  Calling twice is nothing."""
    row = {"account_id": account_id, "end_user_id": end_user_id}
    if allowed:
        conn.execute(insert_new(conn, acts_for).values(row))
    else:
        conn.execute(delete(acts_for).where(*(acts_for.c[name] == value for name, value in row.items())))


def view(conn: Connection, person: Contact) -> ContactView:
    """Return a contact as people and programs see it."""
    return ContactView(
        email=person.email,
        name=person.name,
        account=person.account,
        access=person.access,
        alternates=person.alternates,
        language=person.language,
        timezone=person.timezone,
        has_pin=bool(pin_hash(conn, person.id)),
        acts_for=_end_users(conn, person.account_id),
        undeliverable=_undeliverable(conn, person),
    )


def views(conn: Connection, *, account_name: str = "", limit: int = 100, after: str = "") -> list[ContactView]:
    """Return contacts by their addresses.  after: only those behind this address."""
    found = select(*contacts.COLUMNS).select_from(contact.join(account)).order_by(contact.c.email, contact.c.id)
    found = found.where(contact.c.email != "")  # a shell is no person (`store/shells.py`)
    if account_name:
        found = found.where(account.c.name == account_name)
    if after:
        found = found.where(contact.c.email > after)
    rows: Sequence[Any] = conn.execute(found.limit(limit)).all()
    return [view(conn, contacts.from_row(row, contacts.addresses(conn, row.person_id))) for row in rows]


def account_views(conn: Connection, *, account_id: int | None = None, limit: int = 100) -> list[AccountView]:
    """Return accounts by their names; account_id: only this one."""
    count = select(func.count()).where(contact.c.account_id == account.c.id, contact.c.email != "").scalar_subquery()
    found = select(account, count.label("people")).order_by(account.c.name, account.c.id).limit(limit)
    found = found.where(account.c.name != "" if account_id is None else account.c.id == account_id)
    return [
        AccountView(
            id=str(row.id),
            name=row.name,
            plan=row.plan or "standard",
            contacts=row.people,
            acts_for=_end_users(conn, row.id),
        )
        for row in conn.execute(found).all()
    ]


def _undeliverable(conn: Connection, person: Contact) -> tuple[str, ...]:
    keyed = {addresses.key(address): address for address in (person.email, *person.alternates)}
    marked = deliverability.among(conn, list(keyed))
    return tuple(address for key, address in keyed.items() if key in marked)


def _end_users(conn: Connection, account_id: int) -> tuple[str, ...]:
    joined = acts_for.join(account, acts_for.c.end_user_id == account.c.id)
    names = select(account.c.name).select_from(joined).where(acts_for.c.account_id == account_id)
    return tuple(conn.execute(names.order_by(account.c.name)).scalars())
