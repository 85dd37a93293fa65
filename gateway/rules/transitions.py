"""The moves that a case can make.  Everything that decides about a status move lives in this file.

`MOVES` is the whole table (CONTRACT 6): `scripts/draw_docs.py` draws it into docs/states.md.  Substatuses change freely
inside a status; `new` exists only at creation and `customer-responded` only through an answer.
"""

from gateway.errors import Refused
from gateway.model import Case, Priority, Profile, Status, Substatus
from gateway.reasons import Reason

_NOT_CLOSED = (Status.OPEN, Status.AWAITING_INFO, Status.SERVICE_RESTORED, Status.SOLUTION_PROPOSED)

# From -> to.  Closed -> open is the reopening, which has a rule of its own (PROCESS 5.3).
MOVES: dict[Status, tuple[Status, ...]] = {
    **dict.fromkeys(_NOT_CLOSED, (*_NOT_CLOSED, Status.CLOSED)),
    Status.CLOSED: (),
}

# Who may set them: these words are consequences, not choices.
CONSEQUENCES = {
    Substatus.NEW: "`new` exists only while a case is created",
    Substatus.CUSTOMER_RESPONDED: "`customer-responded` is set by an answer of the customer",
}

# Statuses that have a call of their own, because a mail leaves or a timer starts.
OWN_CALLS = {
    Status.AWAITING_INFO: "request-info",
    Status.SOLUTION_PROPOSED: "propose-solution",
    Status.CLOSED: "close",
}


def check_move(case: Case, status: Status, substatus: Substatus, profile: Profile) -> None:
    """Refuse a move that the table or the profile does not have; the refusal lists the moves that exist."""
    if status not in allowed(case.status, profile):
        there = ", ".join(allowed(case.status, profile))
        raise Refused(
            Reason.TRANSITION_NOT_ALLOWED,
            f"A case that is {case.status} cannot become {status}; "
            + (f"it can become: {there}." if there else "it can only be reopened."),
        )
    if substatus not in profile.substatuses[status]:
        words = ", ".join(word for word in profile.substatuses[status] if word not in CONSEQUENCES)
        raise Refused(
            Reason.TRANSITION_NOT_ALLOWED,
            f"The profile {profile.name} has no substatus {substatus} under {status}; it has: {words}.",
        )


def check_chosen(status: Status, substatus: Substatus | None) -> None:
    """Refuse what nobody may choose by hand, and name the call that does it.  None: no substatus was named."""
    if status in OWN_CALLS:
        raise Refused(
            Reason.TRANSITION_NOT_ALLOWED,
            f"Use {OWN_CALLS[status]} to bring a case to {status}: it does what goes with it.",
        )
    if substatus is not None and substatus in CONSEQUENCES:
        raise Refused(Reason.TRANSITION_NOT_ALLOWED, f"{CONSEQUENCES[substatus]}; choose another substatus.")


def allowed(status: Status, profile: Profile) -> tuple[Status, ...]:
    """Return the statuses that a case of this profile can move to."""
    return tuple(to for to in MOVES[status] if to in profile.substatuses)


def default_substatus(status: Status, profile: Profile) -> Substatus:
    """Return the substatus that a status has when nobody names one."""
    words = [word for word in profile.substatuses[status] if word not in CONSEQUENCES]
    return words[0]


def check_priority(priority: Priority, profile: Profile) -> None:
    """Refuse a priority that the profile lacks."""
    if priority not in profile.priorities:
        there = ", ".join(profile.priorities)
        raise Refused(Reason.INVALID_INPUT, f"The profile {profile.name} has no priority {priority}; it has: {there}.")
