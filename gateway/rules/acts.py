"""What of a decision stands in the audit trail: one table from effects to acts.

Pure.  An act says what changed, from what to what, in words and ids; texts, subjects and addresses stay where they can
be erased.  What only informs (notices, events, timers' bookkeeping) is no act.  Source: HAZARDS AU-02.
"""

from collections.abc import Callable
from typing import Any

from gateway.model import (
    Act,
    Case,
    Effect,
    OpenCase,
    OpenEscalation,
    RecordUpdate,
    ReviewEscalation,
    SetContact,
    SetPriority,
    SetStatus,
)

_REVIEWED = {"accepted": "accept", "declined": "decline", "closed": "close"}


def act_of(effect: Effect, before: Case | None) -> Act | None:
    """Return what an effect means for the audit trail, None for nothing.  before: the case as it was."""
    rule = _ACTS.get(type(effect))
    return rule(effect, before) if rule is not None else None


def _opened(effect: OpenCase, _before: Case | None) -> Act:
    facts: dict[str, Any] = {"type": effect.type, "priority": effect.priority, "profile": effect.profile}
    return _of_case("case.open", effect.case_number, **facts, previous=effect.previous)


def _status(effect: SetStatus, before: Case | None) -> Act | None:
    was = (before.status, before.substatus) if before is not None else ("", "")
    if was == (effect.status, effect.substatus):
        return None
    facts = {"status": effect.status, "substatus": effect.substatus, "was": was[0], "was_substatus": was[1]}
    return _of_case("case.status", effect.case_number, **facts)


def _priority(effect: SetPriority, before: Case | None) -> Act:
    was = before.priority if before is not None else ""
    return _of_case("case.priority", effect.case_number, priority=effect.priority, was=was)


def _contact(effect: SetContact, before: Case | None) -> Act:
    was = f"contact:{before.contact.id}" if before is not None else ""
    now = f"contact:{effect.contact_id}"
    return _of_case("case.contact", effect.case_number, contact=now, was=was, revoked=effect.revoke)


def _recorded(effect: RecordUpdate, _before: Case | None) -> Act:
    if effect.mail_id is None:
        where = {"feed": effect.feed, "channel": effect.channel, "visibility": effect.visibility}
        return _of_case("case.update", effect.case_number, **where)
    facts: dict[str, Any] = {"case": effect.case_number, "feed": effect.feed, "flags": list(effect.flags)}
    return Act(act="mail.link", object=f"mail:{effect.mail_id}", facts=facts)


def _escalated(effect: OpenEscalation, _before: Case | None) -> Act:
    return _of_case("escalation.request", effect.case_number, number=effect.number, reason=effect.reason)


def _reviewed(effect: ReviewEscalation, _before: Case | None) -> Act:
    was = effect.escalation.state
    verb = _REVIEWED.get(effect.state, "update") if effect.state is not was else "update"
    facts = {"case": effect.escalation.case_number, "state": effect.state, "was": was}
    return Act(act=f"escalation.{verb}", object=f"escalation:{effect.escalation.id}", facts=facts)


def _of_case(act: str, case: str, /, **facts: Any) -> Act:
    return Act(act=act, object=f"case:{case}", facts={name: value for name, value in facts.items() if value != ""})


_ACTS: dict[type, Callable[..., Act | None]] = {
    OpenCase: _opened,
    SetStatus: _status,
    SetPriority: _priority,
    SetContact: _contact,
    RecordUpdate: _recorded,
    OpenEscalation: _escalated,
    ReviewEscalation: _reviewed,
}
