"""An escalation as the rules see it.  Source: PROCESS 6."""

from dataclasses import dataclass
from datetime import datetime

from gateway.model.words import EscalationReason, EscalationState
from gateway.reasons import Reason

ACTIVE = (EscalationState.REQUESTED, EscalationState.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """One escalation of a case.  number counts from 1 in each case.

    requester: the customer's person who asked; gets the notices and the Reference ID of the escalation feed.
    owner: who reviews it on our side, "" when nobody is named.  warnings: what requester and owner were told.
    """

    id: int
    number: int
    case_number: str
    state: EscalationState
    reason: EscalationReason
    details: str
    requester: str
    requester_name: str
    owner: str
    requested_at: datetime
    warnings: tuple[Reason, ...] = ()

    @property
    def is_active(self) -> bool:
        """Say whether it still binds: a case has one active escalation at most (PROCESS 6.2)."""
        return self.state in ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationFacts:
    """What the criteria of PROCESS 6.2 need to know around a case.

    active: the escalation that runs already.  earlier: how many the case has had, the active one included.
    we_wrote_at, they_wrote_at: our side's last public update and the customer's last one in the case feed, None when
    there is none.  rca_requested_at: when a root-cause analysis was asked for, None when no request is recorded.
    """

    active: Escalation | None = None
    earlier: int = 0
    we_wrote_at: datetime | None = None
    they_wrote_at: datetime | None = None
    rca_requested_at: datetime | None = None
