"""When mail to a contact's address is held: after one hard failure, or three soft ones within the window.  Pure.

    hard   there is no such mailbox (RFC 3463 classes 5.0, 5.1, 5.2 and 5.4, but for the rows of SOFT)
    soft   anything else: it may pass (full, 4.x.x, given up), or it is about this mail and not about the address

Only a mail of ours counts, once, and only when its failure is proved (`rules.mail.proves_bounce`) or the relay refused
the recipient while we talked to it.  A mail that left before a person cleared the address says nothing new.
Source: HAZARDS LP-05, RFC 3463 3.
"""

import re

from gateway import addresses
from gateway.model import (
    BouncePolicy,
    BounceReport,
    Case,
    Decision,
    DeliveryRecord,
    Effect,
    FailureKind,
    MarkUndeliverable,
    Notice,
    Policy,
    RecordFailure,
    SentMail,
)
from gateway.reasons import Reason
from gateway.rules import notices

WHY_LENGTH = 300
# Enhanced status codes by subject; what no row names (or names with a more exact one) decides by its class.
SOFT = (
    "5.2.2",  # mailbox full
    "5.2.3",  # this mail is too long
    "5.2.4",  # a list could not be expanded
    "5.3",  # trouble of the mail system
    "5.4.1",  # no answer from the host
    "5.4.2",  # bad connection
    "5.4.5",  # congestion
    "5.4.6",  # a loop in the routing
    "5.4.7",  # given up after days
    "5.5",  # trouble between the servers
    "5.6",  # this content
    "5.7",  # policy: this sender or this content
)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# Without an enhanced code: no such mailbox, user not local, mailbox name not allowed (RFC 5321 4.2.2), null MX.
_GONE = re.compile(r"(?:^|[\s:(])(550|551|553|556)(?:[\s-]|$)")


def kind_of(status: str, words: str) -> FailureKind:
    """Say whether a failure is for good.  status: enhanced code, "" for none.  words: what the other server said."""
    match = _STATUS.search(status) or _STATUS.search(words)
    if match is None:
        return FailureKind.HARD if _GONE.search(words) else FailureKind.SOFT
    exact = ".".join(match.groups())
    soft = match[1] != "5" or any(exact == row or exact.startswith(row + ".") for row in SOFT)
    return FailureKind.SOFT if soft else FailureKind.HARD


def after_bounce(
    report: BounceReport | None, sent: SentMail, record: DeliveryRecord | None, policy: BouncePolicy
) -> list[Effect]:
    """Count a proved bounce against the address it went to; nothing when that is no contact's."""
    told = [r for r in report.recipients if addresses.same(r.address, sent.to)] if report else []
    told = told or (list(report.recipients) if report else [])
    status = told[0].status if told else ""
    words = told[0].diagnostic if told else ""
    return _counted(sent, record, status, words, policy)


def after_refusal(
    sent: SentMail, words: str, case: Case | None, record: DeliveryRecord | None, *, at_recipient: bool, policy: Policy
) -> Decision:
    """Decide about a mail that the relay refused for good.  at_recipient: it was the address that it refused."""
    effects = _counted(sent, record, "", words, policy.bounces) if at_recipient else []
    if case is not None and owner_is_told(case, sent):
        effects += notices.delivery_failed(case, sent, f"outbox-{sent.outbox_id}", effects, words, policy)
    return Decision(reason=Reason.DONE, effects=tuple(effects), case_number=sent.case_number)


def owner_is_told(case: Case, sent: SentMail) -> bool:
    """Say whether a failed mail is news to the owner: one to the contact of a case that is not closed."""
    about_failure = sent.notice is Notice.DELIVERY_FAILED
    return not case.is_closed and not about_failure and addresses.same(sent.to, case.contact.email)


def _counted(
    sent: SentMail, record: DeliveryRecord | None, status: str, words: str, policy: BouncePolicy
) -> list[Effect]:
    if record is None or record.stale:
        return []
    kind = kind_of(status, words)
    why = " ".join(f"{status} {words}".split())[:WHY_LENGTH] or "no reason was given"
    effects: list[Effect] = [RecordFailure(outbox_id=sent.outbox_id, address=record.address, kind=kind, why=why)]
    hard, soft = record.hard + (kind is FailureKind.HARD), record.soft + (kind is FailureKind.SOFT)
    if not record.undeliverable and (0 < policy.hard <= hard or 0 < policy.soft <= soft):
        effects.append(MarkUndeliverable(address=record.address, why=why))
    return effects
