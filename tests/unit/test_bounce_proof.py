"""When does a bounce count?  When it came to the mail's own bounce address and names that mail, and nothing else.

Source: PROCESS 3.10, RFC 3464 section 4.1.
"""

from datetime import UTC, datetime

import pytest

from gateway.model import (
    BounceRecipient,
    BounceReport,
    Circumstances,
    MailFacts,
    MailKind,
    MarkBounced,
    Policy,
    Sender,
    SentMail,
    Unlinked,
)
from gateway.reasons import Reason
from gateway.rules.mail import on_mail

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SENT = SentMail(outbox_id=7, to="dana@example.org", message_id="<ours.7@example.com>", case_number="0000000001")
DANA = (BounceRecipient(address="dana@example.org", action="failed"),)
MALLORY = (BounceRecipient(address="mallory@example.net", action="failed"),)
POLICY = Policy(profiles={}, default_profile="on-premises")


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        (BounceReport(recipients=DANA, original_message_id=SENT.message_id), True),
        (BounceReport(recipients=DANA), True),
        (BounceReport(original_message_id=SENT.message_id), True),
        (BounceReport(recipients=DANA, original_message_id="<another@example.com>"), False),
        (BounceReport(recipients=MALLORY), False),
        (BounceReport(), False),
        (None, False),
    ],
    ids=["both", "recipient", "message-id", "another message-id", "another recipient", "nothing", "no report"],
)
def test_a_bounce_counts_only_when_it_names_the_mail_that_left(report: BounceReport | None, counts: bool) -> None:
    """LP-07."""
    decision = on_mail(_link(), _bounce(report), Circumstances(sent=SENT), policy=POLICY, now=NOW)
    assert any(isinstance(effect, MarkBounced) for effect in decision.effects) is counts
    assert (Reason.BOUNCE_UNVERIFIED in decision.flags) is not counts


def test_a_bounce_that_came_to_no_address_of_a_mail_of_ours_changes_nothing() -> None:
    """LP-07: whoever only knows the Message-ID does not know the bounce address, which is keyed."""
    report = BounceReport(recipients=DANA, original_message_id=SENT.message_id)
    decision = on_mail(_link(), _bounce(report), Circumstances(), policy=POLICY, now=NOW)
    assert decision.effects == ()


def _link() -> Unlinked:
    return Unlinked(reason=Reason.BOUNCE)


def _bounce(report: BounceReport | None) -> MailFacts:
    return MailFacts(
        id=1,
        kind=MailKind.BOUNCE,
        kind_reason="null-sender",
        sender=Sender(address="mailer-daemon@example.net"),
        received_at=NOW,
        recipient="bounce+key@example.com",
        bounce=report,
    )
