"""PROCESS 3.3-3.8 and CONTRACT 5-6 as tables: one row, one cell."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from gateway.model import (
    Access,
    BounceRecipient,
    BounceReport,
    Circumstances,
    Decision,
    Disposition,
    Effect,
    Feed,
    Hint,
    Linked,
    MailKind,
    MarkBounced,
    Notify,
    Publish,
    QueueForAdmin,
    RecordUpdate,
    Sender,
    SentMail,
    SetStatus,
    Status,
    StopEpisode,
    Substatus,
    Unlinked,
    Verdict,
    Visibility,
)
from gateway.reasons import Reason
from gateway.rules import mail as rules
from tests.unit.rules_support import ADMIN, ASKED_AT, CARE, DANA, EVE, NOW, NUMBER, POLICY, SAM, case, linked, mail

AUTOMATIC = (MailKind.AUTO_REPLY, MailKind.CHALLENGE, MailKind.OWN_MAIL)
REPORTS = (MailKind.BOUNCE, MailKind.REPORT)
PEOPLE = (MailKind.PERSON, MailKind.LIST)


def decide(link: Any, facts: Any, by: str = "", policy: Any = POLICY, **around: Any) -> Decision:
    return rules.on_mail(link, facts, Circumstances(**around), policy=policy, now=NOW, by=by)


def only(decision: Decision, kind: type[Effect]) -> list[Any]:
    return [effect for effect in decision.effects if isinstance(effect, kind)]


# --- the flip


@pytest.mark.parametrize("status", Status)
def test_an_answer_flips_exactly_the_two_waiting_statuses(status: Status) -> None:
    """PROCESS 3.3, 3.5."""
    decision = decide(linked(), mail(), by="ada" if status is Status.CLOSED else "", case=case(status))
    flips = status in (Status.AWAITING_INFO, Status.SOLUTION_PROPOSED)
    assert bool(only(decision, SetStatus)) == bool(only(decision, StopEpisode)) == flips
    if flips:
        (moved,) = only(decision, SetStatus)
        assert (moved.status, moved.substatus) == (Status.OPEN, Substatus.CUSTOMER_RESPONDED)
    assert decision.reason is Reason.REFERENCE_FOUND
    assert decision.disposition is Disposition.LINKED
    assert len(only(decision, RecordUpdate)) == 1


CHANGES: dict[Reason, dict[str, Any]] = {
    Reason.AUTO_REPLY: {"kind": MailKind.AUTO_REPLY},
    Reason.SENDER_AMBIGUOUS: {"ambiguous": True},
    Reason.SENDER_NOT_CONTACT: {"address": "stranger@example.net"},
    Reason.SENDER_UNVERIFIED: {"authentication": Verdict.FAIL},
    Reason.BEFORE_QUESTION: {"received_at": ASKED_AT - timedelta(seconds=1)},
    Reason.ESCALATION_FEED: {"feed": Feed.ESCALATION},
}
EVERY_SUBSET = [words for size in range(len(CHANGES) + 1) for words in combinations(CHANGES, size)]


@pytest.mark.parametrize("words", EVERY_SUBSET, ids=lambda words: "+".join(words) or "none")
@pytest.mark.parametrize("status", [Status.AWAITING_INFO, Status.OPEN])
def test_the_first_word_is_the_reason_and_all_are_flags_in_the_order_of_the_contract(
    words: tuple[Reason, ...], status: Status
) -> None:
    """CONTRACT 6: kind, ambiguous, not the contact, unverified, before the question; whatever the status."""
    changes = {key: value for word in words for key, value in CHANGES[word].items()}
    feed = changes.pop("feed", Feed.CASE)
    who = {key: changes.pop(key) for key in ("ambiguous", "address", "authentication") if key in changes}
    facts = mail(sender=Sender(**{"address": DANA.email, **who}), **changes)
    decision = decide(linked(feed), facts, case=case(status))
    expected = [word for word in words if word is not Reason.BEFORE_QUESTION or status is Status.AWAITING_INFO]
    assert decision.flags == tuple(expected)
    assert decision.reason is (expected[0] if expected else Reason.REFERENCE_FOUND)
    flips = not expected and status is Status.AWAITING_INFO
    assert bool(only(decision, SetStatus)) == bool(only(decision, StopEpisode)) == flips
    (recorded,) = only(decision, RecordUpdate)
    assert (recorded.flags, recorded.feed, recorded.mail_id) == (decision.flags, feed, 42)


@pytest.mark.parametrize("kind", [k for k in MailKind if k not in REPORTS])
def test_each_kind_of_mail_with_an_id_ends_in_its_disposition(kind: MailKind) -> None:
    """CONTRACT 5: persons link, machines are recorded; only a person flips."""
    decision = decide(linked(), mail(kind=kind), case=case())
    people = kind in PEOPLE
    assert decision.disposition is (Disposition.LINKED if people else Disposition.AUTOMATIC)
    assert decision.reason == (Reason.REFERENCE_FOUND if kind is MailKind.PERSON else kind.value)
    assert bool(only(decision, SetStatus)) == (kind is MailKind.PERSON)
    (recorded,) = only(decision, RecordUpdate)
    assert recorded.touches == people  # PROCESS 2.4: automatic mail never moves `modified_at`
    assert recorded.visibility is (Visibility.PUBLIC if people else Visibility.INTERNAL)
    assert bool(only(decision, Notify)) == people


@pytest.mark.parametrize("verdict", Verdict)
def test_only_a_claimed_failure_of_authentication_keeps_from_flipping(verdict: Verdict) -> None:
    """ID-04."""
    facts = mail(sender=Sender(address=DANA.email, authentication=verdict))
    assert bool(only(decide(linked(), facts, case=case()), SetStatus)) == (verdict is not Verdict.FAIL)


@pytest.mark.parametrize(
    ("address", "is_contact"),
    [
        ("dana@example.com", True),
        ("DANA@EXAMPLE.COM", True),
        ("dana@home.example.org", True),
        ("Dana@Home.Example.Org", True),
        ("dana+tag@example.com", False),
        ("dana@sub.example.com", False),
        ("dаna@example.com", False),
        ("sam@example.com", False),
        ("", False),
    ],
)
def test_the_contact_is_known_by_each_of_its_addresses_and_by_nothing_else(address: str, is_contact: bool) -> None:
    """ID-07: capitals and alternates count, plus-tags, sub-domains and look-alike letters do not."""
    decision = decide(linked(), mail(sender=Sender(address=address)), case=case())
    assert (Reason.SENDER_NOT_CONTACT not in decision.flags) == is_contact


@pytest.mark.parametrize(
    ("who", "flip_by", "flips"),
    [
        (SAM, "contact", False),
        (SAM, "designated", True),
        (replace(SAM, access=Access.READ_ONLY), "designated", False),
        (replace(SAM, access=Access.BASIC), "designated", False),
        (EVE, "designated", False),
        (None, "designated", False),
    ],
)
def test_a_designated_contact_of_the_account_flips_only_where_the_setting_allows(
    who: Any, flip_by: Any, flips: bool
) -> None:
    """PROCESS 3.3."""
    facts = mail(sender=Sender(address=who.email if who else "nobody@example.net"))
    decision = decide(linked(), facts, policy=replace(POLICY, flip_by=flip_by), case=case(), sender_contact=who)
    assert bool(only(decision, SetStatus)) == flips


def test_a_mail_received_in_the_very_moment_of_the_question_answers_it() -> None:
    assert only(decide(linked(), mail(received_at=ASKED_AT), case=case()), SetStatus)


def test_flags_of_the_link_stand_behind_those_of_the_sender() -> None:
    """PROCESS 3.8."""
    link = linked(flags=(Reason.UNKNOWN_REFERENCE, Reason.DAMAGED_REFERENCE))
    decision = decide(link, mail(sender=Sender(address=EVE.email)), case=case())
    assert decision.flags == (Reason.SENDER_NOT_CONTACT, Reason.UNKNOWN_REFERENCE, Reason.DAMAGED_REFERENCE)
    alone = decide(link, mail(), case=case())
    assert (alone.reason, bool(only(alone, SetStatus))) == (Reason.REFERENCE_FOUND, True)


# --- who is told


@pytest.mark.parametrize("owner", ["", "tess@desk.example.test", CARE])
def test_a_reply_is_told_to_the_owner_else_to_the_admin_team_and_never_to_ourselves(owner: str) -> None:
    """PROCESS 8."""
    told = only(decide(linked(), mail(), case=case(owner=owner)), Notify)
    assert [(n.notice, n.to, n.with_reference) for n in told] == (
        [] if owner == CARE else [("reply-received", owner or ADMIN, False)]
    )


def test_no_mail_about_a_reply_ever_goes_to_its_sender() -> None:
    """ID-03, ID-11, ID-13."""
    stranger = mail(sender=Sender(address="stranger@example.net"))
    assert {n.to for n in only(decide(linked(), stranger, case=case()), Notify)} == {ADMIN}


@pytest.mark.parametrize("kind", [MailKind.AUTO_REPLY, MailKind.CHALLENGE])
def test_a_marked_human_answer_is_shown_to_the_owner_and_flips_nothing(kind: MailKind) -> None:
    """LP-04."""
    decision = decide(linked(), mail(kind=kind, like_a_person=True), case=case())
    assert Reason.NEEDS_A_LOOK in decision.flags
    assert [n.notice for n in only(decision, Notify)] == ["needs-a-look"]
    assert not only(decision, SetStatus)


def test_two_marked_answers_at_one_version_of_a_case_are_two_notices() -> None:
    """LP-04."""
    keys = {
        only(decide(linked(), mail(kind=MailKind.AUTO_REPLY, like_a_person=True, id=n), case=case()), Notify)[0].key
        for n in (1, 2)
    }
    assert len(keys) == 2


# --- what waits for a person

QUEUE_REASONS = (
    Reason.NO_REFERENCE,
    Reason.UNKNOWN_REFERENCE,
    Reason.DAMAGED_REFERENCE,
    Reason.CONFLICTING_REFERENCES,
    Reason.CASE_CLOSED,
    Reason.CASE_PURGED,
    Reason.REFERENCE_REVOKED,
    Reason.OVERSIZED,
    Reason.UNPARSEABLE,
    Reason.ENCRYPTED_BODY,
)


@pytest.mark.parametrize("kind", PEOPLE)
@pytest.mark.parametrize("reason", QUEUE_REASONS)
def test_mail_of_people_that_names_no_case_waits_for_the_admin_team(kind: MailKind, reason: Reason) -> None:
    """PROCESS 3.2, 3.6-3.8: never a status, never an answer to a stranger (LP-09)."""
    hints = (Hint(case_number=NUMBER, score=90, evidence=("x",)),)
    decision = decide(Unlinked(reason=reason), mail(kind=kind), hints=hints)
    assert (decision.disposition, decision.reason, decision.case_number) == (Disposition.QUEUED, reason, "")
    queued, published = decision.effects
    assert isinstance(queued, QueueForAdmin)
    assert queued.conversation
    assert replace(queued, conversation="") == QueueForAdmin(mail_id=42, reason=reason, recipient=CARE, hints=hints)
    assert published == Publish(type="mail.queued", data={"mail_id": "42", "reason": reason})


@pytest.mark.parametrize("kind", AUTOMATIC)
def test_machines_without_a_case_do_not_queue(kind: MailKind) -> None:
    """CONTRACT 5-6: the kind is the reason, what was wrong with the IDs a flag."""
    decision = decide(Unlinked(reason=Reason(kind.value), flags=(Reason.CASE_CLOSED,)), mail(kind=kind), case=case())
    assert (decision.disposition, decision.reason) == (Disposition.AUTOMATIC, kind.value)
    assert decision.flags == (Reason(kind.value), Reason.CASE_CLOSED)
    assert decision.effects == ()


@pytest.mark.parametrize("verdict", [None, Reason.CASE_CLOSED, Reason.DAMAGED_REFERENCE])
def test_a_marked_human_answer_queues_as_a_persons_mail_would(verdict: Reason | None) -> None:
    """CONTRACT 5: as `no-reference`; as what its IDs say where they say something (PROCESS 3.6-3.8)."""
    link = Unlinked(reason=Reason.AUTO_REPLY, flags=(verdict,) if verdict else ())
    facts = mail(kind=MailKind.AUTO_REPLY, like_a_person=True)
    decision = decide(link, facts, case=case(Status.CLOSED), sender_contact=DANA)
    assert (decision.disposition, decision.reason) == (Disposition.QUEUED, verdict or Reason.NO_REFERENCE)
    assert decision.flags == (Reason.NEEDS_A_LOOK,)
    assert not only(decision, Notify)


CLOSED_NOTICE = [
    ("the contact", {}, {}, True),
    ("a colleague", {"sender": Sender(address=SAM.email)}, {"sender_contact": SAM}, True),
    ("another account", {"sender": Sender(address=EVE.email)}, {"sender_contact": EVE}, False),
    ("a stranger", {"sender": Sender(address="x@example.net")}, {"sender_contact": None}, False),
    ("told today", {}, {"already_told": True}, False),
    ("a null sender", {"null_sender": True}, {}, False),
    ("through a list", {"kind": MailKind.LIST}, {}, False),
    ("an ambiguous sender", {"sender": Sender(address=DANA.email, ambiguous=True)}, {}, False),
    ("a failed sender", {"sender": Sender(address=DANA.email, authentication=Verdict.FAIL)}, {}, False),
    ("our own address", {"defects": ("sender:own-address",)}, {}, False),
]


@pytest.mark.parametrize(("who", "changes", "around", "told"), CLOSED_NOTICE, ids=[row[0] for row in CLOSED_NOTICE])
@pytest.mark.parametrize("acknowledge", [False, True])
def test_a_late_reply_is_answered_only_to_a_known_person_once_a_day(
    who: str, changes: dict[str, Any], around: dict[str, Any], told: bool, acknowledge: bool
) -> None:
    """PROCESS 3.6, LP-08, LP-09; where unlinked mail is acknowledged, a late reply is still no unlinked mail."""
    link = Unlinked(reason=Reason.CASE_CLOSED, case_numbers=(NUMBER,))
    circumstances = {"case": case(Status.CLOSED), "sender_contact": DANA, **around}
    policy = replace(POLICY, acknowledge_unlinked=acknowledge)
    decision = decide(link, mail(**changes), policy=policy, **circumstances)
    notices = only(decision, Notify)
    assert [n.notice for n in notices] == (["case-closed-notice"] if told else [])
    assert all(not n.with_reference and "Version" not in str(n.context) for n in notices)
    assert not only(decision, SetStatus)


@pytest.mark.parametrize(
    ("changes", "around", "answered"),
    [
        ({}, {}, True),
        ({}, {"already_told": True}, False),
        ({"kind": MailKind.LIST}, {}, False),
        ({"null_sender": True}, {}, False),
        ({"sender": Sender(address="a@example.org", ambiguous=True)}, {}, False),
        ({"sender": Sender(address="a@example.org", authentication=Verdict.FAIL)}, {}, False),
        ({"defects": ("sender:own-address",)}, {}, False),
    ],
)
def test_the_acknowledgement_goes_only_where_it_can_do_no_harm(
    changes: dict[str, Any], around: dict[str, Any], answered: bool
) -> None:
    """LP-02, LP-08, LP-09: off by default; none of the sender's words."""
    link = Unlinked(reason=Reason.NO_REFERENCE)
    assert not only(decide(link, mail(**changes), **around), Notify)
    told = only(decide(link, mail(**changes), policy=replace(POLICY, acknowledge_unlinked=True), **around), Notify)
    assert [n.notice for n in told] == (["unlinked-notice"] if answered else [])
    assert all(dict(n.context) == {} and n.to_name == "" for n in told)


# --- by hand


@pytest.mark.parametrize("status", Status)
def test_a_hand_link_has_the_rules_of_arrival_and_its_own_reason_only_where_it_was_by_hand(status: Status) -> None:
    """PROCESS 3.4."""
    link = Linked(case_number=NUMBER, feed=Feed.CASE, reason=Reason.LINKED_BY_HAND)
    decision = decide(link, mail(), by="ada", case=case(status))
    assert decision.reason is Reason.LINKED_BY_HAND
    assert decision.flags == ((Reason.CASE_CLOSED,) if status is Status.CLOSED else ())
    assert bool(only(decision, SetStatus)) == (status in (Status.AWAITING_INFO, Status.SOLUTION_PROPOSED))
    assert "case-closed-notice" not in [n.notice for n in only(decision, Notify)]


def test_a_stranger_linked_by_hand_flips_nothing_and_says_why() -> None:
    link = Linked(case_number=NUMBER, feed=Feed.CASE, reason=Reason.LINKED_BY_HAND)
    decision = decide(link, mail(sender=Sender(address=EVE.email)), by="ada", case=case())
    assert (decision.reason, decision.flags) == (Reason.LINKED_BY_HAND, (Reason.SENDER_NOT_CONTACT,))
    assert not only(decision, SetStatus)


# --- bounces

SENT = SentMail(outbox_id=9, to=DANA.email, message_id="<our@x.example>", case_number=NUMBER)
PROOFS = [
    ("names the recipient", {"address": DANA.email}, "", True),
    ("names it in capitals", {"address": DANA.email.upper()}, "", True),
    ("names the original recipient", {"address": "forwarded@example.org", "original_address": DANA.email}, "", True),
    ("names the Message-ID", {"address": "forwarded@example.org"}, SENT.message_id, True),
    ("names both", {"address": DANA.email}, SENT.message_id, True),
    ("names another Message-ID", {"address": DANA.email}, "<other@x.example>", False),
    ("names nobody known", {"address": "x@example.net"}, "", False),
    ("names nothing", {"address": ""}, "", False),
]


@pytest.mark.parametrize(("what", "recipient", "message_id", "proven"), PROOFS, ids=[row[0] for row in PROOFS])
def test_a_bounce_has_to_prove_whose_it_is(what: str, recipient: Any, message_id: str, proven: bool) -> None:
    """LP-05, LP-07, RFC 3464 4.1."""
    report = BounceReport(recipients=(BounceRecipient(action="failed", **recipient),), original_message_id=message_id)
    assert rules.proves_bounce(report, SENT) == proven
    decision = decide(Unlinked(reason=Reason.BOUNCE), mail(kind=MailKind.BOUNCE, bounce=report), sent=SENT)
    assert (decision.disposition, decision.reason) == (Disposition.BOUNCE, Reason.BOUNCE)
    assert bool(only(decision, MarkBounced)) == proven
    assert (Reason.BOUNCE_UNVERIFIED in decision.flags) != proven
    assert decision.case_number == (NUMBER if proven else "")


@pytest.mark.parametrize("action", ["failed", "", "delayed", "delivered", "relayed", "expanded"])
def test_only_a_failure_marks_a_mail_as_bounced(action: str) -> None:
    """LP-06, RFC 3464 2.3.3."""
    report = BounceReport(recipients=(BounceRecipient(address=DANA.email, action=action),))
    decision = decide(Unlinked(reason=Reason.BOUNCE), mail(kind=MailKind.BOUNCE, bounce=report), sent=SENT)
    assert bool(only(decision, MarkBounced)) == (action in ("failed", ""))


@pytest.mark.parametrize(
    "around", [{}, {"sent": SENT, "names_another": True}, {"case": case(), "sender_contact": DANA}]
)
@pytest.mark.parametrize("kind", REPORTS)
def test_reports_change_no_case_whatever_id_they_hold(kind: MailKind, around: dict[str, Any]) -> None:
    """LP-05, LP-07, CONTRACT 5: also when the returned part holds a live ID."""
    report = BounceReport(recipients=(BounceRecipient(address=DANA.email, action="failed"),))
    facts = mail(kind=kind, bounce=report if kind is MailKind.BOUNCE else None)
    for link in (linked(), Unlinked(reason=Reason(kind.value))):
        decision = decide(link, facts, **around)
        assert (decision.disposition, decision.reason, decision.effects) == (Disposition.BOUNCE, kind.value, ())


def test_mail_of_our_own_address_is_flagged_wherever_it_ends() -> None:
    """ID-14."""
    facts = mail(defects=("sender:own-address",), sender=Sender(address=CARE))
    for decision in (decide(linked(), facts, case=case()), decide(Unlinked(reason=Reason.NO_REFERENCE), facts)):
        assert Reason.OWN_ADDRESS_SPOOFED in decision.flags
        assert not only(decision, SetStatus)
