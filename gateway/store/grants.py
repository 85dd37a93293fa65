"""What keys see that see only their own: a row for each case and contact that a key made or was granted."""

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, cast, exists, literal, select

from gateway.store.call_tables import api_grant
from gateway.store.sql import insert_new
from gateway.store.tables import contact, escalation, support_case

CASE, CONTACT = "case", "contact"
_SEEN = select(literal(1)).where(
    api_grant.c.key_id == bindparam("key_id"),
    api_grant.c.kind == bindparam("kind"),
    api_grant.c.ref == bindparam("ref"),
)


def give(conn: Connection, key_id: int, kind: str, ref: str) -> None:
    """Let a key see something from now on.  Calling twice is nothing."""
    conn.execute(insert_new(conn, api_grant).values(key_id=key_id, kind=kind, ref=ref))


def sees_case(conn: Connection, key_id: int, number: str) -> bool:
    """Say whether a key sees a case.  number: with its leading zeros."""
    return conn.execute(_SEEN, {"key_id": key_id, "kind": CASE, "ref": number}).first() is not None


def sees_escalation(conn: Connection, key_id: int, escalation_id: int) -> bool:
    """Say whether a key sees an escalation: it does where it sees its case."""
    of = select(support_case.c.number).select_from(escalation.join(support_case))
    number = conn.execute(of.where(escalation.c.id == escalation_id)).scalar()
    return number is not None and sees_case(conn, key_id, number)


def sees_contact(conn: Connection, key_id: int, contact_id: int) -> bool:
    """Say whether a key sees a contact: one that it made, or one of an account whose cases it sees."""
    if conn.execute(_SEEN, {"key_id": key_id, "kind": CONTACT, "ref": str(contact_id)}).first() is not None:
        return True
    account_id = conn.execute(select(contact.c.account_id).where(contact.c.id == contact_id)).scalar()
    return account_id is not None and sees_account(conn, key_id, account_id)


def sees_account(conn: Connection, key_id: int, account_id: int) -> bool:
    """Say whether a key sees a case or made a contact of an account."""
    case_of = support_case.join(contact, support_case.c.contact_id == contact.c.id)
    by_case = select(literal(1)).select_from(case_of.join(api_grant, api_grant.c.ref == support_case.c.number))
    mine = (api_grant.c.key_id == key_id, contact.c.account_id == account_id)
    if conn.execute(by_case.where(api_grant.c.kind == CASE, *mine).limit(1)).first() is not None:
        return True
    as_text = cast(contact.c.id, api_grant.c.ref.type)
    by_contact = select(literal(1)).select_from(contact.join(api_grant, api_grant.c.ref == as_text))
    return conn.execute(by_contact.where(api_grant.c.kind == CONTACT, *mine).limit(1)).first() is not None


def seen_case(key_id: int | BindParameter[int], number: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a key sees the case of this number."""
    return exists().where(api_grant.c.key_id == key_id, api_grant.c.kind == CASE, api_grant.c.ref == number)


def seen_cases(key_id: int) -> Select[tuple[str]]:
    """Return the numbers of the cases that a key sees."""
    return select(api_grant.c.ref).where(api_grant.c.key_id == key_id, api_grant.c.kind == CASE)
