"""LP-05: what a failed mail says about an address, as tables."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.model import (
    BouncePolicy,
    BounceRecipient,
    BounceReport,
    DeliveryRecord,
    Effect,
    FailureKind,
    MarkUndeliverable,
    Notice,
    Notify,
    RecordFailure,
    SentMail,
    Status,
)
from gateway.rules import deliverability as rules
from tests.unit.rules_support import ADMIN, DANA, NUMBER, POLICY, case

HARD, SOFT = FailureKind.HARD, FailureKind.SOFT
SENT = SentMail(
    outbox_id=9, to=DANA.email, message_id="<our@x.example>", case_number=NUMBER, notice=Notice.INFO_REQUESTED
)
RECORD = DeliveryRecord(address=DANA.email)
KINDS = [
    ("5.1.1", "550 5.1.1 unknown", HARD),
    ("5.1.10", "", HARD),
    ("5.0.0", "", HARD),
    ("5.2.1", "mailbox disabled", HARD),
    ("5.4.4", "host not found", HARD),
    ("", "550 5.1.1 <dana@example.com>: Recipient address rejected", HARD),
    ("", "550 no such user here", HARD),
    ("", "smtp; 553 mailbox name not allowed", HARD),
    ("5.2.2", "552 5.2.2 mailbox full", SOFT),
    ("5.3.4", "too big", SOFT),
    ("5.4.7", "delivery time expired", SOFT),
    ("5.7.1", "554 5.7.1 rejected as spam", SOFT),
    ("4.2.2", "452 mailbox full", SOFT),
    ("4.4.7", "", SOFT),
    ("", "554 transaction failed", SOFT),
    ("", "15500 bytes were too many", SOFT),
    ("", "", SOFT),
]


@pytest.mark.parametrize(("status", "words", "kind"), KINDS)
def test_a_failure_is_hard_only_when_the_mailbox_is_not_there(status: str, words: str, kind: FailureKind) -> None:
    assert rules.kind_of(status, words) is kind


def bounced(status: str, policy: BouncePolicy | None = None, **record: Any) -> list[Effect]:
    named = BounceRecipient(address=DANA.email, action="failed", status=status, diagnostic="")
    report = BounceReport(recipients=(named,))
    return rules.after_bounce(report, SENT, replace(RECORD, **record), policy or BouncePolicy())


@pytest.mark.parametrize(
    ("status", "record", "policy", "marked"),
    [
        ("5.1.1", {}, BouncePolicy(), True),
        ("5.1.1", {}, BouncePolicy(hard=2), False),
        ("5.1.1", {"hard": 1}, BouncePolicy(hard=2), True),
        ("5.1.1", {"hard": 9}, BouncePolicy(hard=0), False),
        ("4.2.2", {"soft": 1}, BouncePolicy(), False),
        ("4.2.2", {"soft": 2}, BouncePolicy(), True),
        ("4.2.2", {"soft": 9}, BouncePolicy(soft=0), False),
        ("5.1.1", {"undeliverable": True}, BouncePolicy(), False),
    ],
)
def test_one_hard_or_three_soft_failures_make_an_address_undeliverable(
    status: str, record: dict[str, Any], policy: BouncePolicy, marked: bool
) -> None:
    """LP-05: counts are settings; 0 switches one off."""
    effects = bounced(status, policy, **record)
    assert [type(effect) for effect in effects] == [RecordFailure, *([MarkUndeliverable] if marked else [])]


def test_a_mail_that_left_before_the_address_was_cleared_says_nothing_new() -> None:
    assert bounced("5.1.1", stale=True) == []


def test_an_address_that_is_no_contacts_is_not_counted() -> None:
    report = BounceReport(recipients=(BounceRecipient(address=DANA.email, action="failed", status="5.1.1"),))
    assert rules.after_bounce(report, SENT, None, BouncePolicy()) == []


def refused(*, at_recipient: bool, status: Status = Status.AWAITING_INFO, **sent: Any) -> list[Effect]:
    decision = rules.after_refusal(
        replace(SENT, **sent), "550 5.1.1 unknown", case(status), RECORD, at_recipient=at_recipient, policy=POLICY
    )
    return list(decision.effects)


def test_a_refusal_at_the_recipient_counts_and_its_owner_is_told_with_the_relays_words() -> None:
    counted, marked, told = refused(at_recipient=True)
    assert isinstance(counted, RecordFailure)
    assert isinstance(marked, MarkUndeliverable)
    assert isinstance(told, Notify)
    assert (told.notice, told.to, told.key) == (
        Notice.DELIVERY_FAILED,
        ADMIN,
        f"delivery-failed/{NUMBER}/outbox-{SENT.outbox_id}",
    )
    assert told.context == {"recipient": DANA.email, "held": True, "reply": "550 5.1.1 unknown"}


def test_a_refusal_of_sender_or_content_says_nothing_about_the_address_but_is_told() -> None:
    assert [type(effect) for effect in refused(at_recipient=False)] == [Notify]


@pytest.mark.parametrize(
    "changes", [{"to": ADMIN}, {"notice": Notice.DELIVERY_FAILED}, {"status": Status.CLOSED}], ids=str
)
def test_nobody_is_told_of_mail_to_ourselves_about_closed_cases_or_of_the_telling(changes: dict[str, Any]) -> None:
    """LP-08: else a broken mailbox of ours would write to itself for ever."""
    assert refused(at_recipient=False, **changes) == []
