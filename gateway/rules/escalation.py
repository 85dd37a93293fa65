"""What becomes of an escalation: may it be asked for, what is said about it, and its review.  Pure.  Source: PROCESS 6.

`REFUSALS` and `WARNINGS` are the criteria of 6.2, one line each: the first refuses at once, the second lets it go to
review and tells requester and owner.  Nothing here moves a status or a timer (6.6).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.errors import Conflict, Refused
from gateway.model import (
    Case,
    Channel,
    Contact,
    Decision,
    Effect,
    Escalation,
    EscalationFacts,
    EscalationReason,
    EscalationState,
    Feed,
    Notice,
    OpenEscalation,
    Policy,
    Priority,
    Profile,
    RecordUpdate,
    ReviewEscalation,
    Visibility,
)
from gateway.reasons import Reason
from gateway.rules import access, calendar, notices

# A case that heard from us within a day was answered; a high one that did not, qualifies (PROCESS 6.3).
FRESH = timedelta(hours=24)
_AT_LEAST_HIGH = (Priority.CRITICAL_PRODUCTION_DOWN, Priority.CRITICAL, Priority.HIGH)
_ABOUT_URGENCY = (EscalationReason.URGENCY, EscalationReason.BUSINESS_IMPACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An escalation as it is asked for, with the questions that the criteria put."""

    case: Case
    reason: EscalationReason
    facts: EscalationFacts
    profile: Profile
    now: datetime

    @property
    def silent(self) -> bool:
        """Say whether our side has said nothing in public for a day."""
        return self.now - (self.facts.we_wrote_at or self.case.opened_at) >= FRESH

    @property
    def only_urgency(self) -> bool:
        """Say whether this is a change of priority; impact on a high case that hears nothing is more (6.3)."""
        qualifies = self.case.priority in _AT_LEAST_HIGH and self.silent
        return self.reason is EscalationReason.URGENCY or (self.reason in _ABOUT_URGENCY and not qualifies)

    @property
    def rca_due(self) -> datetime | None:
        """Return when the root-cause analysis is due; None when no request for one is recorded."""
        if self.facts.rca_requested_at is None:
            return None
        days = replace(self.profile.follow_up, count="business")
        return calendar.add_days(self.facts.rca_requested_at, self.profile.rca_business_days, days)

    @property
    def rca_too_early(self) -> bool:
        """Say whether a root-cause analysis is demanded that is not due yet."""
        due = self.rca_due
        return self.reason is EscalationReason.RCA_OVERDUE and (due is None or self.now < due)

    @property
    def newer_update(self) -> bool:
        """Say whether our side wrote last, and within a day: the customer may have missed it."""
        ours, theirs = self.facts.we_wrote_at, self.facts.they_wrote_at
        return ours is not None and not self.silent and (theirs is None or theirs < ours)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a table: the word, when it applies, and what is said then."""

    reason: Reason
    applies: Callable[[Asked], bool]
    says: Callable[[Asked], str]


REFUSALS: tuple[Criterion, ...] = (
    Criterion(
        Reason.ESCALATION_CASE_CLOSED,
        lambda asked: asked.case.is_closed,
        lambda asked: f"Case {asked.case.number} is closed; have it reopened, or open a new case.",
    ),
    Criterion(
        Reason.ESCALATION_ACTIVE,
        lambda asked: asked.facts.active is not None,
        lambda asked: f"Case {asked.case.number} is escalated already; that escalation is still being worked on.",
    ),
    Criterion(
        Reason.ESCALATION_NOT_FOR_LOW,
        lambda asked: asked.case.priority is Priority.LOW,
        lambda asked: f"Case {asked.case.number} has low priority; have the priority raised first.",
    ),
)
WARNINGS: tuple[Criterion, ...] = (
    Criterion(
        Reason.URGENCY_IS_PRIORITY,
        lambda asked: asked.only_urgency,
        lambda _: (
            "If only urgency or impact changed, it is the priority that has to change; that is done by telephone."
        ),
    ),
    Criterion(Reason.RCA_TOO_EARLY, lambda asked: asked.rca_too_early, lambda asked: _about_rca(asked)),
    Criterion(
        Reason.AWAITING_CUSTOMER,
        lambda asked: asked.case.waits_for_customer,
        lambda asked: f"The case is {asked.case.status}: it waits for the customer's own answer.",
    ),
    Criterion(
        Reason.NEWER_UPDATE,
        lambda asked: asked.newer_update,
        lambda asked: f"Our last update is of {_moment(asked.facts.we_wrote_at)}; it may have been missed.",
    ),
)


def request(
    asked: Asked, details: str, requester: Contact | None, channel: Channel, author: str, *, policy: Policy
) -> Decision:
    """Ask for an escalation: refused in plain words, or `requested` and on its way to review.

    author: who wrote it down, the requester or somebody of our side.
    Raises Refused: `escalation-case-closed`, `escalation-active`, `escalation-not-for-low`, `not-designated-contact`.
    """
    case = asked.case
    for criterion in REFUSALS:
        if criterion.applies(asked):
            raise Refused(criterion.reason, criterion.says(asked))
    requester = access.check(access.Act.ESCALATE, requester, case)
    met = [criterion for criterion in WARNINGS if criterion.applies(asked)]
    opened = OpenEscalation(
        case_number=case.number,
        number=asked.facts.earlier + 1,
        reason=asked.reason,
        details=details,
        requester=requester.email,
        requester_name=requester.name,
        owner=policy.escalation_owner or policy.admin_address,
        warnings=tuple(criterion.reason for criterion in met),
    )
    context = {"reason": asked.reason, "details": details, "warnings": [c.says(asked) for c in met]}
    told = {"requester": requester.email}
    effects: list[Effect] = [
        opened,
        _record(case, details, channel, author, Visibility.PUBLIC),
        notices.to_requester(case, opened, Notice.ESCALATION_RECEIVED, context),
        *notices.to_escalation_owner(case, opened, opened.owner, {**context, **told, "accepted": False}, policy),
    ]
    return Decision(reason=Reason.DONE, effects=tuple(effects), case_number=case.number)


def accept(
    case: Case,
    escalation: Escalation,
    *,
    owner: str,
    importance: str,
    urgency: str,
    text: str,
    author: str,
    policy: Policy,
) -> Decision:
    """Accept: somebody owns it from now on, and the requester learns how it weighs and what happens next (6.4).

    text: next steps and what may be expected.  Raises Conflict `already-resolved`.
    """
    if escalation.state is not EscalationState.REQUESTED:
        raise Conflict(Reason.ALREADY_RESOLVED, f"Escalation {escalation.id} was {escalation.state} before.")
    context = {"owner": owner, "importance": importance, "urgency": urgency, "text": text}
    review = ReviewEscalation(
        escalation=escalation,
        state=EscalationState.ACCEPTED,
        owner=owner,
        importance=importance,
        urgency=urgency,
        answer=text,
    )
    told: list[Effect] = []
    if owner != escalation.owner:
        assigned = {
            "reason": escalation.reason,
            "details": escalation.details,
            "requester": escalation.requester,
            "warnings": [reason.sentence for reason in escalation.warnings],
            "accepted": True,
        }
        told = notices.to_escalation_owner(case, escalation, owner, assigned, policy)
    notice = notices.to_requester(case, escalation, Notice.ESCALATION_ACCEPTED, context)
    return _reviewed(case, review, text, author, notice, *told)


def decline(case: Case, escalation: Escalation, *, text: str, author: str) -> Decision:
    """Decline: the requester gets the reasons and how to go on (6.4).  Raises Conflict `already-resolved`."""
    if escalation.state is not EscalationState.REQUESTED:
        raise Conflict(Reason.ALREADY_RESOLVED, f"Escalation {escalation.id} was {escalation.state} before.")
    review = ReviewEscalation(escalation=escalation, state=EscalationState.DECLINED, answer=text)
    notice = notices.to_requester(case, escalation, Notice.ESCALATION_DECLINED, {"text": text})
    return _reviewed(case, review, text, author, notice)


def update(case: Case, escalation: Escalation, *, text: str, author: str) -> Decision:
    """Tell the requester how it goes.  Raises Refused `escalation-ended`."""
    _check_active(escalation)
    review = ReviewEscalation(escalation=escalation, state=escalation.state)
    key = f"{escalation.number}/{case.version}"
    notice = notices.to_requester(case, escalation, Notice.ESCALATION_UPDATE, {"text": text}, key=key)
    return _reviewed(case, review, text, author, notice)


def close(case: Case, escalation: Escalation, *, text: str, author: str) -> Decision:
    """End it: the requester is told, and the case can be escalated again.  Raises Refused `escalation-ended`."""
    _check_active(escalation)
    # The answer stays what was promised when it was accepted; these words stand in the feed.
    review = ReviewEscalation(escalation=escalation, state=EscalationState.CLOSED)
    notice = notices.to_requester(case, escalation, Notice.ESCALATION_CLOSED, {"text": text})
    return _reviewed(case, review, text, author, notice)


def _reviewed(case: Case, review: ReviewEscalation, text: str, author: str, *notices_: Effect) -> Decision:
    said = [_record(case, text, Channel.AGENT, author, Visibility.PUBLIC)] if text else []
    return Decision(reason=Reason.DONE, effects=(review, *said, *notices_), case_number=case.number)


def _record(case: Case, text: str, channel: Channel, author: str, visibility: Visibility) -> RecordUpdate:
    return RecordUpdate(
        case_number=case.number,
        feed=Feed.ESCALATION,
        channel=channel,
        author=author,
        visibility=visibility,
        text=text,
        read=True,
    )


def _check_active(escalation: Escalation) -> None:
    if not escalation.is_active:
        raise Refused(
            Reason.ESCALATION_ENDED,
            f"Escalation {escalation.id} is {escalation.state}; a new one can be asked for.",
        )


def _about_rca(asked: Asked) -> str:
    if asked.rca_due is None:
        return "No request for a root-cause analysis is recorded on this case yet."
    return f"The root-cause analysis was asked for and is due on {_moment(asked.rca_due)}."


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "today"
