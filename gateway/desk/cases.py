"""What people and other systems ask of cases.  Each function is one transaction; rules decide, effects act.

All raise Refused (with a reason), NotFound or Unavailable; on any error nothing was changed.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from gateway import addresses, effects
from gateway.cleaning import clean_header
from gateway.desk import audit, pins
from gateway.errors import InvalidInput, NotFound, Refused
from gateway.model import (
    Case,
    CaseDetails,
    CaseType,
    Channel,
    Contact,
    Decision,
    Feed,
    OpenCase,
    Priority,
    RecordUpdate,
    Status,
    Substatus,
    Visibility,
)
from gateway.model.views import CaseView, UpdateView
from gateway.outbound import compose
from gateway.reasons import Reason
from gateway.rules import access, requests
from gateway.services import Services
from gateway.store import case_views, cases, contacts, grants, people

TEXT_LENGTH = 1_000_000
NO_DETAILS = CaseDetails()


def open_case(
    services: Services,
    *,
    subject: str,
    description: str,
    contact_email: str,
    contact_name: str = "",
    priority: Priority = Priority.MEDIUM,
    type: CaseType = CaseType.SUPPORT,
    profile: str = "",
    owner: str = "",
    external_ref: str = "",
    previous: str = "",
    details: CaseDetails = NO_DETAILS,
    by_customer: bool = False,
) -> CaseView:
    """Open a case; an unknown address becomes a Designated Contact with an account of its own.

    profile: that of the product line when left out, and without one the default profile.
    by_customer: the customer chose the priority, so only those of the profile's `customer_priorities` will do.
    """
    need(subject, "a subject")
    profile = requests.profile_for(profile, details.product_line, policy=services.policy)
    now = services.clock.now()
    with audit.watched(services, "case.open", "case"), services.database.write() as conn:
        if previous:
            previous = seen(conn, services, previous).number
        contact = contact_for(conn, services, contact_email, contact_name)
        opened = OpenCase(
            case_number=cases.next_number(conn, services.config.gateway.first_case_number),
            subject=clean_header(subject),
            description=description,
            contact_id=contact.id,
            priority=priority,
            type=type,
            profile=profile,
            owner=_address_or_none(owner),
            external_ref=external_ref,
            previous=previous,
            details=details,
        )
        decision = requests.open_case(opened, contact, policy=services.policy, by_customer=by_customer)
        made = effects.apply(conn, decision, scribe=services.scribe, now=now)
        if services.asking.only_of_key:
            grants.give(conn, services.asking.only_of_key, grants.CASE, opened.case_number)
        view = case_views.one(conn, opened.case_number, hints=requests.hints(subject, description))
    services.ring_outbox(made.outbox_ids)
    return view


def show(services: Services, number: str) -> CaseView:
    """Return one case."""
    with services.database.read() as conn:
        view = case_views.find(conn, padded) if (padded := _padded(number)) else None
    if view is None:
        raise _no_case(number)
    return view


def find(services: Services, query: case_views.CaseQuery) -> list[CaseView]:
    """Return cases, latest modified first unless the query says otherwise."""
    with services.database.read() as conn:
        return case_views.many(conn, replace(query, seen_by=services.asking.only_of_key))


def updates(
    services: Services, number: str, *, feed: Feed = Feed.CASE, after: int = 0, limit: int | None = None
) -> list[UpdateView]:
    """Return a feed of a case, oldest first.  after: only those with a higher id.  limit: None for all."""
    with services.database.read() as conn:
        return case_views.updates(conn, load(conn, number).id, feed, after=after, limit=limit)


def post(
    services: Services,
    number: str,
    *,
    text: str,
    author: str,
    channel: Channel = Channel.AGENT,
    visibility: Visibility = Visibility.INTERNAL,
    pin: str = "",
) -> UpdateView:
    """Post an update.  What the customer says through portal, app or telephone is public and flips a waiting case.

    pin: what a caller told as the phone PIN.
    """
    need(text, "a text")
    pin_checked = told_pin(services, author, pin)
    visibility = Visibility.PUBLIC if channel in requests.FROM_CUSTOMER else visibility
    now = services.clock.now()
    with audit.watched(services, "case.update", about(number)), services.database.write() as conn:
        case = locked(conn, services, number, alternates=False)
        posted = RecordUpdate(
            case_number=case.number, feed=Feed.CASE, channel=channel, author=author, visibility=visibility, text=text
        )
        poster = person(conn, author) if channel in requests.FROM_CUSTOMER else None
        decision = requests.post_update(case, posted, poster, policy=services.policy, pin_checked=pin_checked)
        made = effects.apply(conn, decision, scribe=services.scribe, now=now, case=case)
        view = case_views.posted(*made.updates[0], now=now)
    services.ring_outbox(made.outbox_ids)
    return view


def request_info(services: Services, number: str, *, text: str, author: str) -> CaseView:
    """Ask the contact for information: awaiting-info, a mail, and a new wait."""
    need(text, "the question")
    policy = services.policy
    return _decide(
        services, number, lambda case, now: requests.request_info(case, text, author, policy=policy, now=now)
    )


def propose_solution(
    services: Services, number: str, *, text: str, author: str, substatus: Substatus | None = None
) -> CaseView:
    """Give a solution and ask for confirmation: solution-proposed, a mail, and a new wait."""
    need(text, "the solution")
    policy = services.policy
    return _decide(
        services,
        number,
        lambda case, now: requests.propose_solution(case, text, author, substatus, policy=policy, now=now),
    )


def set_status(services: Services, number: str, status: Status, substatus: Substatus | None = None) -> CaseView:
    """Move a case by hand."""
    policy = services.policy
    return _decide(services, number, lambda case, _now: requests.set_status(case, status, substatus, policy=policy))


def close(
    services: Services, number: str, *, substatus: Substatus | None = None, text: str = "", author: str = ""
) -> CaseView:
    """Close a case and tell the contact.  author: one of the customer's people needs the right to (PROCESS 5.2)."""
    policy = services.policy

    def rule(conn: Connection, case: Case, now: datetime) -> Decision:
        if (customer := person(conn, author)) is not None:
            access.check(access.Act.CLOSE, customer, case)
        return requests.close(case, substatus, text, author, policy=policy, now=now)

    return change(services, number, rule, act="case.close")


def set_priority(services: Services, number: str, priority: Priority, *, by_customer: bool = False) -> CaseView:
    """Give a case another priority; follow-ups pause and resume with it."""
    policy = services.policy
    return _decide(
        services,
        number,
        lambda case, now: requests.set_priority(case, priority, policy=policy, now=now, by_customer=by_customer),
    )


def acknowledge(services: Services, number: str, *, author: str) -> CaseView:
    """Note that our side has read what came in, and that it is no answer."""
    return _decide(services, number, lambda case, _now: requests.acknowledge(case, author))


def reopen(
    services: Services,
    number: str,
    *,
    text: str,
    channel: Channel = Channel.PHONE,
    author: str = "",
    recorded_by: str = "",
    pin: str = "",
) -> CaseView:
    """Open a closed case again.

    author: who of the customer asks for it, "" when our side does.  recorded_by: our side, whose words they are then.
    pin: what a caller told as the phone PIN.
    """
    need(text, "the reason")
    pin_checked = told_pin(services, author, pin)
    now = services.clock.now()
    with audit.watched(services, "case.reopen", about(number)), services.database.write() as conn:
        case = locked(conn, services, number)
        posted = RecordUpdate(
            case_number=case.number,
            feed=Feed.CASE,
            channel=channel,
            author=author or recorded_by,
            visibility=Visibility.PUBLIC,
            text=text,
        )
        contact = person(conn, author)
        if author and contact is None:
            raise Refused(Reason.NOT_DESIGNATED_CONTACT, f"{clean_header(author)} is no contact that we know.")
        decision = requests.reopen(case, posted, contact, policy=services.policy, now=now, pin_checked=pin_checked)
        made = effects.apply(conn, decision, scribe=services.scribe, now=now, case=case)
        view = case_views.one(conn, case.number)
    services.ring_outbox(made.outbox_ids)
    return view


def close_request(services: Services, number: str, *, text: str, author: str) -> CaseView:
    """Record that the customer wants the case closed; the owner is told and nothing changes."""
    need(text, "a text")
    policy = services.policy
    return change(
        services,
        number,
        lambda conn, case, _now: requests.close_request(case, text, author, person(conn, author), policy=policy),
        act="case.close-request",
    )


def reopen_request(services: Services, number: str, *, text: str, author: str) -> CaseView:
    """Record that the customer wants a closed case back; they are told how to call, the owner that they ask."""
    need(text, "the reason")
    policy = services.policy
    return change(
        services,
        number,
        lambda conn, case, now: requests.reopen_request(
            case, text, author, person(conn, author), policy=policy, now=now
        ),
        act="case.reopen-request",
    )


def person(conn: Connection, address: str) -> Contact | None:
    """Return the contact of an address with all that decides about the rights; None for anybody else, our side too."""
    key = addresses.key(address)
    return contacts.acting(conn, key) if key else None


def told_pin(services: Services, author: str, pin: str) -> bool | None:
    """Say whether the PIN that a caller told is the contact's own; None when none was told (`rules.access.check_pin`).

    The hash is slow on purpose, so it is compared outside of any transaction.
    """
    if not pin:
        return None
    with services.database.read() as conn:
        caller = person(conn, author)
        kept = people.pin_hash(conn, caller.id) if caller else ""
    return pins.matches(pin, kept)


def contact_for(
    conn: Connection, services: Services, email: str, name: str, *, account_id: int | None = None
) -> Contact:
    """Return the contact of an address, made new when the address is unknown.  Raises InvalidInput for no address.

    account_id: where a new contact belongs; an account of its own when left out.
    """
    email = email.strip()
    if not compose.valid_recipient(email):
        raise InvalidInput(
            f"{clean_header(email) or 'Nothing'} is not one mail address; write it like dana@example.com."
        )
    key = addresses.key(email)
    if key in services.policy.own_addresses:
        raise InvalidInput(
            f"{email} is one of our own addresses; name the customer's, or mail would go round in circles."
        )
    known = contacts.find(conn, key)
    if known is not None:
        return known
    return contacts.create(conn, email=email, name=clean_header(name), address_key=key, account_id=account_id)


def _decide(services: Services, number: str, rule: Callable[[Case, datetime], Decision]) -> CaseView:
    return change(services, number, lambda _conn, case, now: rule(case, now))


def change(
    services: Services, number: str, rule: Callable[[Connection, Case, datetime], Decision], *, act: str = "case.change"
) -> CaseView:
    """Load a case under its lock, let a rule decide, do it, and return the case as it is then.

    act: what a refusal is entered under into the audit trail.
    """
    now = services.clock.now()
    with audit.watched(services, act, about(number)), services.database.write() as conn:
        case = locked(conn, services, number)
        made = effects.apply(conn, rule(conn, case, now), scribe=services.scribe, now=now, case=case)
        view = case_views.one(conn, case.number)
    services.ring_outbox(made.outbox_ids)
    return view


def load(conn: Connection, number: str, *, lock: bool = False, alternates: bool = True) -> Case:
    """Return a case by its number, with or without leading zeros.  Raises NotFound.

    lock, alternates: as in `store.cases.load`.
    """
    padded = _padded(number)
    case = cases.load(conn, padded, lock=lock, alternates=alternates) if padded else None
    if case is None:
        raise _no_case(number)
    return case


def _padded(number: str) -> str:
    """Return a case number with its leading zeros, "" for what is none."""
    padded = number.strip().zfill(cases.NUMBER_WIDTH)
    return padded if padded.isascii() and padded.isdigit() else ""


def locked(conn: Connection, services: Services, number: str, *, alternates: bool = True) -> Case:
    """Return a case and hold it until the transaction ends.  Raises NotFound, or Stale when the caller saw another.

    alternates: as in `store.cases.load`.
    """
    case = load(conn, number, lock=True, alternates=alternates)
    services.check_match(str(case.version))
    return case


def seen(conn: Connection, services: Services, number: str, *, lock: bool = False) -> Case:
    """Return a case that a request names in its body.  Raises NotFound also for one that the caller does not see."""
    case = load(conn, number, lock=lock)
    only = services.asking.only_of_key
    if only and not grants.sees_case(conn, only, case.number):
        raise _no_case(number)
    return case


def _no_case(number: str) -> NotFound:
    return NotFound(f"There is no case {clean_header(number, limit=40)}; `gateway case list` shows those there are.")


def about(number: str) -> str:
    """Return how the audit trail names a case, also one that does not exist."""
    return f"case:{clean_header(number.strip(), limit=40).zfill(cases.NUMBER_WIDTH)}"


def need(value: str, what: str) -> None:
    """Refuse an empty or a boundless text.  Raises InvalidInput."""
    if not value.strip():
        raise InvalidInput(f"Give {what}: it is empty.")
    if len(value) > TEXT_LENGTH:
        raise InvalidInput(f"Shorten {what} to {TEXT_LENGTH} characters.")


def _address_or_none(address: str) -> str:
    if address and not compose.valid_recipient(address):
        raise InvalidInput(f"The owner {clean_header(address)} is not one mail address.")
    return address
