"""Who of the customer's people may do what: one table.  Pure.  Source: PROCESS 1.1, 5.1-5.3, 6.1.

Everything that decides about a person's right stands here.  Mail is not asked: a reply is recorded whoever sends it,
and whether it flips a case is `rules/mail.py`.  Our own side may do all of this; what a role of it may not is decided
at the API.
"""

from enum import Enum

from gateway.errors import Refused
from gateway.model import Access, Case, Contact, Policy, Priority
from gateway.reasons import Reason


class Act(Enum):
    """What a person asks for; the value finishes the sentence `Only ... can ...`."""

    LOOK = "look at"
    OPEN = "open"
    UPDATE = "update"
    CLOSE = "close"
    REOPEN = "ask to reopen"
    ESCALATE = "escalate"


class Standing(Enum):
    """How a person stands towards a case."""

    DESIGNATED = "Designated Contact of the case's account"
    PARTNER = "Designated Contact of an account that acts for the case's account"
    READER = "contact of the case's account who may look"
    KNOWN = "contact of the case's account without rights"
    STRANGER = "somebody else"


_FULL = frozenset({Standing.DESIGNATED, Standing.PARTNER})
MAY: dict[Act, frozenset[Standing]] = {
    Act.LOOK: _FULL | {Standing.READER},
    Act.OPEN: _FULL,
    Act.UPDATE: _FULL,
    Act.CLOSE: _FULL,
    Act.REOPEN: _FULL,
    Act.ESCALATE: _FULL,
}
_INSIDE = {
    Access.READ_WRITE: Standing.DESIGNATED,
    Access.READ_ONLY: Standing.READER,
    Access.BASIC: Standing.KNOWN,
}


def standing(person: Contact | None, account_id: int) -> Standing:
    """Say how a person stands towards the cases of an account.  None: nobody whom we know."""
    if person is None:
        return Standing.STRANGER
    if person.account_id == account_id:
        return _INSIDE[person.access]
    acts = account_id in person.acts_for and person.access is Access.READ_WRITE
    return Standing.PARTNER if acts else Standing.STRANGER


def may(act: Act, person: Contact | None, account_id: int) -> bool:
    """Say whether the table lets a person do this with the cases of an account."""
    return standing(person, account_id) in MAY[act]


def check(act: Act, person: Contact | None, case: Case) -> Contact:
    """Return the person, who may do this.  Raises Refused `not-designated-contact`."""
    if person is None or not may(act, person, case.contact.account_id):
        raise Refused(
            Reason.NOT_DESIGNATED_CONTACT,
            f"Only a Designated Contact of {case.contact.account}, or of a partner that acts for it, can {act.value} "
            f"case {case.number}.",
        )
    return person


def check_case_contact(person: Contact) -> None:
    """Refuse a case contact who is no Designated Contact (PROCESS 1.1)."""
    if not may(Act.OPEN, person, person.account_id):
        raise Refused(
            Reason.NOT_DESIGNATED_CONTACT,
            f"{person.email} has {person.access} access; only a Designated Contact (read-write) can have a case.",
        )


def check_customer_priority(priority: Priority, policy: Policy, profile: str) -> None:
    """Refuse a priority that a customer cannot choose.  Raises Refused `priority-needs-phone` (PROCESS 2.3, 9)."""
    may_choose = policy.profile(profile).customer_priorities
    if priority not in may_choose:
        there = ", ".join(may_choose)
        raise Refused(
            Reason.PRIORITY_NEEDS_PHONE,
            f"The priority {priority} is set by our side after a telephone call; a customer can choose: {there}.",
        )


def check_pin(case: Case, policy: Policy, *, pin_checked: bool | None) -> None:
    """Refuse a caller without the phone PIN, where the profile asks for it, and everywhere one with a wrong PIN.

    pin_checked: whether the PIN that was told is the contact's own; None: none was told.  Raises Refused `pin-wrong`.
    """
    required = policy.profile(case.profile).phone_pin == "required"
    if pin_checked is False:
        raise Refused(Reason.PIN_WRONG, "The phone PIN is not the caller's; ask again, or look at the contact.")
    if required and pin_checked is None:
        raise Refused(Reason.PIN_WRONG, "This profile asks for the caller's phone PIN; ask for it and give it.")
