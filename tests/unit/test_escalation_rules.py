"""PROCESS 6: every criterion of an escalation, its review, and what it leaves alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import Conflict, Refused
from gateway.model import (
    Circumstances,
    Decision,
    EscalationReason,
    EscalationState,
    Feed,
    MailKind,
    Notify,
    OpenEscalation,
    Priority,
    RecordUpdate,
    ReviewEscalation,
    Sender,
    SetStatus,
    StartEpisode,
    Status,
    StopEpisode,
)
from gateway.reasons import Reason
from gateway.rules import escalation
from gateway.rules.mail import on_mail
from tests.unit.escalation_support import ACCEPTED, ESCALATION, TESS, asked, escalated, request
from tests.unit.rules_support import ADMIN, CARE, DANA, EVE, NOW, POLICY, SAM, case, linked, mail

BASIC = replace(SAM, access="basic")
ENDED = [replace(ESCALATION, state=EscalationState(word)) for word in ("declined", "closed")]


def only(decision: Decision, kind: type[Any]) -> list[Any]:
    return [effect for effect in decision.effects if isinstance(effect, kind)]


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (asked(case=case(Status.CLOSED)), Reason.ESCALATION_CASE_CLOSED),
        (asked(facts={"active": ESCALATION, "earlier": 1}), Reason.ESCALATION_ACTIVE),
        (asked(facts={"active": ACCEPTED, "earlier": 1}), Reason.ESCALATION_ACTIVE),
        (asked(priority=Priority.LOW), Reason.ESCALATION_NOT_FOR_LOW),
        (asked(case=case(Status.CLOSED, priority=Priority.LOW)), Reason.ESCALATION_CASE_CLOSED),
    ],
)
def test_what_cannot_be_escalated_is_refused_at_once_in_plain_words(of: escalation.Asked, reason: Reason) -> None:
    """PROCESS 6.2."""
    with pytest.raises(Refused) as refused:
        request(of)
    assert refused.value.reason is reason
    assert of.case.number in str(refused.value)


@pytest.mark.parametrize("priority", [p for p in Priority if p is not Priority.LOW])
def test_every_other_priority_goes_to_review(priority: Priority) -> None:
    assert only(request(asked(priority=priority)), OpenEscalation)


@pytest.mark.parametrize("who", [None, EVE, BASIC, replace(SAM, access="read-only")])
def test_only_a_designated_contact_or_a_partner_escalates(who: Any) -> None:
    """PROCESS 1.1, 6.1."""
    with pytest.raises(Refused) as refused:
        request(asked(), who)
    assert refused.value.reason is Reason.NOT_DESIGNATED_CONTACT
    partner = replace(EVE, acts_for=(DANA.account_id,))
    assert only(request(asked(), partner), OpenEscalation)[0].requester == EVE.email


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RCA = EscalationReason.RCA_OVERDUE
IMPACT = EscalationReason.BUSINESS_IMPACT
# NOW is a Tuesday; five business days before it is the Tuesday of the week before, seven the Friday before that.
WARNED: list[tuple[escalation.Asked, set[Reason]]] = [
    (asked(), set()),
    (asked(EscalationReason.OTHER), set()),
    (asked(EscalationReason.NO_UPDATE, facts={"we_wrote_at": NOW - DAY}), set()),
    (asked(EscalationReason.URGENCY), {Reason.URGENCY_IS_PRIORITY}),
    (asked(EscalationReason.URGENCY, priority=Priority.HIGH), {Reason.URGENCY_IS_PRIORITY}),
    (asked(IMPACT), {Reason.URGENCY_IS_PRIORITY}),
    (asked(IMPACT, priority=Priority.HIGH), set()),
    (asked(IMPACT, priority=Priority.HIGH, facts={"we_wrote_at": NOW - DAY}), set()),
    (
        asked(IMPACT, priority=Priority.HIGH, facts={"we_wrote_at": NOW - 23 * HOUR}),
        {Reason.URGENCY_IS_PRIORITY, Reason.NEWER_UPDATE},
    ),
    (asked(RCA), {Reason.RCA_TOO_EARLY}),
    (asked(RCA, facts={"rca_requested_at": NOW - 7 * DAY}), set()),
    (asked(RCA, facts={"rca_requested_at": NOW - 7 * DAY + HOUR}), {Reason.RCA_TOO_EARLY}),
    (asked(RCA, profile="on-premises-2025", facts={"rca_requested_at": NOW - 7 * DAY}), {Reason.RCA_TOO_EARLY}),
    (asked(RCA, profile="on-premises-2025", facts={"rca_requested_at": NOW - 11 * DAY}), set()),
    (asked(EscalationReason.OTHER, facts={"rca_requested_at": NOW - HOUR}), set()),
    (asked(case=case(Status.AWAITING_INFO)), {Reason.AWAITING_CUSTOMER}),
    (asked(case=case(Status.SOLUTION_PROPOSED)), {Reason.AWAITING_CUSTOMER}),
    (asked(case=case(Status.SERVICE_RESTORED)), set()),
    (asked(facts={"we_wrote_at": NOW - HOUR}), {Reason.NEWER_UPDATE}),
    (asked(facts={"we_wrote_at": NOW - HOUR, "they_wrote_at": NOW - 2 * HOUR}), {Reason.NEWER_UPDATE}),
    (asked(facts={"we_wrote_at": NOW - 2 * HOUR, "they_wrote_at": NOW - HOUR}), set()),
]


@pytest.mark.parametrize(("of", "words"), WARNED)
def test_each_criterion_warns_requester_and_owner_and_lets_it_go_to_review(
    of: escalation.Asked, words: set[Reason]
) -> None:
    """PROCESS 6.2, 6.3, 9 (business days until a root-cause analysis is due)."""
    decision = request(of)
    assert set(only(decision, OpenEscalation)[0].warnings) == words
    received, assigned = only(decision, Notify)
    assert (received.notice, received.to, received.with_reference) == ("escalation-received", DANA.email, True)
    assert (assigned.notice, assigned.to, assigned.with_reference) == ("escalation-assigned", ADMIN, False)
    assert received.context["warnings"] == assigned.context["warnings"]
    assert len(received.context["warnings"]) == len(words)


def test_an_escalation_numbers_itself_in_its_case() -> None:
    first, third = (request(asked(facts={"earlier": earlier})) for earlier in (0, 2))
    assert [only(d, OpenEscalation)[0].number for d in (first, third)] == [1, 3]
    assert len({only(d, Notify)[0].key for d in (first, third)}) == 2


@pytest.mark.parametrize("decision", escalated())
def test_escalating_changes_neither_status_nor_timer(decision: Decision) -> None:
    """PROCESS 6.6."""
    assert not [e for e in decision.effects if isinstance(e, SetStatus | StartEpisode | StopEpisode)]
    assert all(e.feed is Feed.ESCALATION for e in decision.effects if isinstance(e, RecordUpdate))
    assert all(e.feed is Feed.ESCALATION for e in only(decision, Notify) if e.with_reference)


def test_the_configured_owner_reviews_and_mail_to_ourselves_is_not_sent() -> None:
    owned = replace(POLICY, escalation_owner="mia@desk.example.test")
    decision = escalation.request(asked(), "x", DANA, "portal", DANA.email, policy=owned)  # type: ignore[arg-type]
    assert [n.to for n in only(decision, Notify)] == [DANA.email, "mia@desk.example.test"]
    ours = replace(POLICY, escalation_owner=CARE)
    decision = escalation.request(asked(), "x", DANA, "portal", DANA.email, policy=ours)  # type: ignore[arg-type]
    assert [n.to for n in only(decision, Notify)] == [DANA.email]


def test_acceptance_gives_it_to_an_owner_who_is_told_when_it_is_another_one() -> None:
    """PROCESS 6.4."""
    how = {"importance": "high", "urgency": "low", "text": "Today", "author": TESS, "policy": POLICY}
    mine = replace(ESCALATION, owner=ADMIN)
    kept = escalation.accept(case(), mine, owner=ADMIN, **how)  # type: ignore[arg-type]
    assert [n.notice for n in only(kept, Notify)] == ["escalation-accepted"]
    given = escalation.accept(case(), mine, owner=TESS, **how)  # type: ignore[arg-type]
    assert [(n.notice, n.to) for n in only(given, Notify)] == [
        ("escalation-accepted", DANA.email),
        ("escalation-assigned", TESS),
    ]
    (review,) = only(given, ReviewEscalation)
    assert (review.state, review.owner, review.importance, review.urgency) == ("accepted", TESS, "high", "low")


REVIEWS: list[Callable[[Any], Decision]] = [
    lambda e: escalation.accept(case(), e, owner=TESS, importance="", urgency="", text="x", author=TESS, policy=POLICY),
    lambda e: escalation.decline(case(), e, text="x", author=TESS),
]


@pytest.mark.parametrize("review", REVIEWS)
@pytest.mark.parametrize("of", [ACCEPTED, *ENDED])
def test_a_review_happens_once(review: Callable[[Any], Decision], of: Any) -> None:
    with pytest.raises(Conflict) as refused:
        review(of)
    assert refused.value.reason is Reason.ALREADY_RESOLVED


@pytest.mark.parametrize("of", ENDED)
@pytest.mark.parametrize("act", [escalation.update, escalation.close])
def test_an_ended_escalation_stays_as_it_is(of: Any, act: Callable[..., Decision]) -> None:
    with pytest.raises(Refused) as refused:
        act(case(), of, text="x", author=TESS)
    assert refused.value.reason is Reason.ESCALATION_ENDED


@pytest.mark.parametrize("of", [ESCALATION, ACCEPTED])
def test_one_can_be_ended_before_and_after_its_review(of: Any) -> None:
    (review,) = only(escalation.close(case(), of, text="", author=TESS), ReviewEscalation)
    assert review.state is EscalationState.CLOSED


# --- answers in the escalation feed


@pytest.mark.parametrize("status", [Status.AWAITING_INFO, Status.SOLUTION_PROPOSED])
def test_an_answer_in_the_escalation_feed_never_flips_and_tells_the_escalation_owner(status: Status) -> None:
    """PROCESS 6.5."""
    owner = replace(ACCEPTED, owner="mia@desk.example.test")
    around = Circumstances(case=case(status, owner=TESS), escalation=owner)
    decision = on_mail(linked(Feed.ESCALATION), mail(), around, policy=POLICY, now=NOW)
    assert (decision.reason, decision.flags) == (Reason.ESCALATION_FEED, (Reason.ESCALATION_FEED,))
    assert not only(decision, SetStatus)
    (update,) = only(decision, RecordUpdate)
    assert (update.feed, update.visibility, update.read) == (Feed.ESCALATION, "public", False)
    assert [(n.notice, n.to) for n in only(decision, Notify)] == [("escalation-reply", "mia@desk.example.test")]


def test_a_partner_who_escalated_is_no_stranger_in_the_escalation_feed_only() -> None:
    around = Circumstances(case=case(), sender_contact=EVE, escalation=replace(ACCEPTED, requester=EVE.email))
    theirs = mail(sender=Sender(address=EVE.email))
    there = on_mail(linked(Feed.ESCALATION), theirs, around, policy=POLICY, now=NOW)
    assert there.reason is Reason.ESCALATION_FEED
    here = on_mail(linked(Feed.CASE), theirs, around, policy=POLICY, now=NOW)
    assert here.reason is Reason.SENDER_NOT_CONTACT


def test_an_absence_note_in_the_escalation_feed_tells_nobody_and_holds_nothing() -> None:
    around = Circumstances(case=case(), escalation=ACCEPTED)
    automatic = mail(kind=MailKind.AUTO_REPLY)
    decision = on_mail(linked(Feed.ESCALATION), automatic, around, policy=POLICY, now=NOW)
    assert not only(decision, Notify)
    assert only(decision, RecordUpdate)[0].read
