"""What our side asks about the customer's people: set, show and list contacts and accounts, check a caller's PIN."""

import re
import zoneinfo
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from gateway import addresses
from gateway.cleaning import clean_header
from gateway.desk import audit, pins
from gateway.desk import cases as desk_cases
from gateway.desk.ids import row_id
from gateway.errors import Conflict, InvalidInput, NotFound, Refused
from gateway.model import Access, Contact
from gateway.model.views import AccountView, CaseView, ContactView
from gateway.outbound import compose
from gateway.reasons import Reason
from gateway.rules import requests
from gateway.services import Services
from gateway.store import contacts, grants, people

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})?")
_BY_ID = "#"


def put(
    services: Services,
    email: str,
    *,
    name: str | None = None,
    account: str | None = None,
    access: Access | None = None,
    alternates: Sequence[str] | None = None,
    language: str | None = None,
    timezone: str | None = None,
    pin: str | None = None,
) -> ContactView:
    """Make or change a contact; what is None stays as it was.  Calling twice is nothing.

    account: its name, made when there is none of that name, or `#ID`.  alternates: all of them, in place of those there
    were.  pin: "" takes it away.
    Raises InvalidInput, and Conflict when an address is another contact's.
    """
    values: dict[str, Any] = {
        "name": None if name is None else clean_header(name),
        "access": access,
        "language": None if language is None else _language(language),
        "timezone": None if timezone is None else _timezone(timezone),
        "pin_hash": None if pin is None else _pin_hash(pin),
    }
    with services.database.write() as conn:
        _check_account(conn, services, account)
        is_new = contacts.find(conn, addresses.key(email)) is None
        person = desk_cases.contact_for(conn, services, email, name or "", account_id=_account(conn, account))
        if is_new and services.asking.only_of_key:
            grants.give(conn, services.asking.only_of_key, grants.CONTACT, str(person.id))
        if account is not None:
            values["account_id"] = _account(conn, account)
        people.change(conn, person.id, **{key: value for key, value in values.items() if value is not None})
        people.drop_account_without_people(conn, person.account_id)
        if alternates is not None:
            _set_alternates(conn, services, person, alternates)
        changed = {"alternates", *values} if alternates is not None else set(values)
        facts = {"access": access, "was": person.access} if access is not None else {}
        names = sorted(name for name in changed if name == "alternates" or values[name] is not None)
        audit.note_along(conn, services, "contact.set", f"contact:{person.id}", changed=names, **facts)
        return people.view(conn, found(conn, email))


def show(services: Services, email: str) -> ContactView:
    """Return the contact of an address, its own or an alternate.  Raises NotFound."""
    with services.database.read() as conn:
        return people.view(conn, found(conn, email))


def find(services: Services, *, account: str = "", limit: int = 100, after: str = "") -> list[ContactView]:
    """Return contacts by their addresses.  after: only those behind this address."""
    with services.database.read() as conn:
        return people.views(conn, account_name=account, limit=limit, after=after)


def accounts(services: Services, *, limit: int = 100) -> list[AccountView]:
    """Return accounts by their names."""
    with services.database.read() as conn:
        return people.account_views(conn, limit=limit)


def set_account(
    services: Services, name: str, *, plan: str | None = None, acts_for: str | None = None, no_longer: bool = False
) -> AccountView:
    """Change an account: the plan whose service targets hold, and for whom it acts (PROCESS 1.1).

    acts_for: an account that this one acts for from now on, or no longer.  Raises NotFound and InvalidInput.
    """
    with services.database.write() as conn:
        mine = _known_account(conn, name)
        if plan is not None:
            people.set_plan(conn, mine, clean_header(plan, limit=64))
            audit.note_along(conn, services, "account.set", f"account:{mine}", plan=clean_header(plan, limit=64))
        if acts_for is not None:
            end_user = _known_account(conn, acts_for)
            if end_user == mine:
                raise InvalidInput("An account acts for itself anyway; name the end user's account.")
            people.let_act_for(conn, mine, end_user, allowed=not no_longer)
            acts = {"acts_for": f"account:{end_user}", "allowed": not no_longer}
            audit.note_along(conn, services, "account.set", f"account:{mine}", **acts)
        return people.account_views(conn, account_id=mine)[0]


def of_case(
    services: Services, number: str, *, email: str, name: str = "", revoke: bool = False, author: str = ""
) -> CaseView:
    """Give a case to another contact; an unknown address becomes a Designated Contact of the case's account.

    revoke: the Reference IDs that the old contact was sent end, and what has not left for that address is cancelled.
    """
    with services.database.read() as conn:
        known, only = contacts.find(conn, addresses.key(email)), services.asking.only_of_key
        if only and known and not grants.sees_contact(conn, only, known.id):
            raise Refused(Reason.NOT_PERMITTED, "This contact is of another account, which you do not see.")
    return desk_cases.change(
        services,
        number,
        lambda conn, case, _now: requests.change_contact(
            case,
            desk_cases.contact_for(conn, services, email, name, account_id=case.contact.account_id),
            author,
            revoke=revoke,
        ),
        act="case.contact",
    )


def found(conn: Connection, email: str) -> Contact:
    """Return the contact of an address.  Raises NotFound."""
    key = addresses.key(email)
    person = contacts.find(conn, key) if key else None
    if person is None:
        raise NotFound(f"There is no contact {clean_header(email, limit=80)}; `gateway contact list` shows them.")
    return person


def _check_account(conn: Connection, services: Services, account: str | None) -> None:
    """Keep a caller that sees only its own from putting people into the account of somebody else."""
    only = services.asking.only_of_key
    if only and account is not None and not all(grants.sees_account(conn, only, a) for a in _accounts(conn, account)):
        raise Refused(Reason.NOT_PERMITTED, "This account is not one of yours; leave it out, or name a new one.")


def _account(conn: Connection, account: str | None) -> int | None:
    if account is None:
        return None
    named = _accounts(conn, account)
    if not named and account.startswith(_BY_ID):
        raise _no_account(account)
    return named[0] if named else people.make_account(conn, clean_header(account))


def _known_account(conn: Connection, account: str) -> int:
    named = _accounts(conn, account)
    if not named:
        raise _no_account(account)
    return named[0]


def _no_account(account: str) -> NotFound:
    shown = clean_header(account, limit=80)
    return NotFound(f"There is no account {shown}; `gateway account list` shows those there are.")


def _accounts(conn: Connection, account: str) -> list[int]:
    if not clean_header(account):
        raise InvalidInput("Name the account: it is empty.")
    if account.startswith(_BY_ID):
        found = row_id(account.removeprefix(_BY_ID))
        return [found] if people.has_account(conn, found) else []
    named = people.accounts_named(conn, clean_header(account))
    if len(named) > 1:
        ids = ", ".join(f"{_BY_ID}{one}" for one in named)
        raise InvalidInput(f"There are {len(named)} accounts of this name; name one by its id: {ids}.")
    return named


def _set_alternates(conn: Connection, services: Services, person: Contact, alternates: Sequence[str]) -> None:
    wanted = {addresses.key(person.email): person.email}
    for address in (one.strip() for one in alternates):
        if not compose.valid_recipient(address):
            raise InvalidInput(f"{clean_header(address, limit=80) or 'Nothing'} is not one mail address.")
        if addresses.key(address) in services.policy.own_addresses:
            raise InvalidInput(f"{address} is one of our own addresses; a contact cannot have it.")
        wanted.setdefault(addresses.key(address), address)
    taken = people.set_addresses(conn, person.id, wanted)
    if taken:
        raise Conflict(Reason.INVALID_INPUT, f"{taken} belongs to another contact; take it from that one first.")


def _pin_hash(pin: str) -> str:
    if not pin:
        return ""
    pins.check_form(pin)
    return pins.hashed(pin)


def _language(language: str) -> str:
    word = language.lower().replace("_", "-")
    if not _LANGUAGE.fullmatch(word):
        raise InvalidInput("Write a language like en, de or pt-br.")
    return word


def _timezone(name: str) -> str:
    if name and name not in zoneinfo.available_timezones():
        raise InvalidInput(f"There is no time zone {clean_header(name, limit=40)}; write one like Europe/Berlin.")
    return name
