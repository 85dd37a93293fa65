"""An escalation, and every decision about one, for the tests of the rules."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.model import Channel, Decision, Escalation, EscalationFacts, EscalationReason, EscalationState
from gateway.rules import escalation
from tests.unit.rules_support import ADMIN, DANA, NOW, NUMBER, POLICY, case

TESS = "tess@desk.example.test"
ESCALATION = Escalation(
    id=3,
    number=1,
    case_number=NUMBER,
    state=EscalationState.REQUESTED,
    reason=EscalationReason.NO_PROGRESS,
    details="Nothing moves.",
    requester=DANA.email,
    requester_name=DANA.name,
    owner="",
    requested_at=NOW - timedelta(hours=1),
)
ACCEPTED = replace(ESCALATION, state=EscalationState.ACCEPTED, owner=ADMIN)


def asked(reason: EscalationReason = EscalationReason.NO_PROGRESS, **changes: Any) -> escalation.Asked:
    """Return what is asked for by the contact of an open case that nothing speaks against."""
    facts = EscalationFacts(**changes.pop("facts", {}))
    profile = POLICY.profile(changes.pop("profile", "cloud"))
    about = changes.pop("case", None) or case(**{"status": "open", **changes})
    return escalation.Asked(case=about, reason=reason, facts=facts, profile=profile, now=NOW)


def request(of: escalation.Asked, requester: Any = DANA) -> Decision:
    """Return what becomes of it."""
    return escalation.request(of, "Nothing moves.", requester, Channel.PORTAL, DANA.email, policy=POLICY)


def escalated() -> list[Decision]:
    """Return one decision of each kind."""
    how = {"owner": ADMIN, "importance": "high", "urgency": "high", "text": "Today", "author": TESS}
    return [
        request(asked()),
        escalation.accept(case(), ESCALATION, policy=POLICY, **how),
        escalation.decline(case(), ESCALATION, text="No", author=TESS),
        escalation.update(case(), ACCEPTED, text="So far", author=TESS),
        escalation.close(case(), ACCEPTED, text="", author=TESS),
    ]
