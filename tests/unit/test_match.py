"""Which case, or why none: PROCESS 3.1-3.8 and the precedence of CONTRACT 6 as a table."""

import itertools
import random

import pytest

from gateway.linking import match, reference_id
from gateway.model import (
    Feed,
    FoundReference,
    FoundReferences,
    InboundMail,
    KnownReference,
    Linked,
    MailKind,
    ReferenceState,
    Sender,
    Unlinked,
)
from gateway.reasons import Reason

MAIL = InboundMail(subject="", sender=Sender(address="dana.reed@example.com"))
ONE, TWO = "0000000001", "0000000002"
DICE = random.Random(11)


def known(case: str, state: ReferenceState = ReferenceState.LIVE, *, closed: bool = False, feed: Feed = Feed.CASE):
    return KnownReference(
        id=reference_id.new(DICE.randbytes),
        case_number=case,
        feed=feed,
        recipient="dana.reed@example.com",
        state=state,
        closed=closed,
    )


LIVE = known(ONE)
LIVE_AGAIN = known(ONE)
ESCALATION = known(ONE, feed=Feed.ESCALATION)
SECOND = known(TWO)
CLOSED = known(TWO, closed=True)
PURGED = known("0000000003", ReferenceState.PURGED, closed=True)
REVOKED = known("0000000004", ReferenceState.REVOKED)
STRANGER = known("0000000005")
TABLE = [LIVE, LIVE_AGAIN, ESCALATION, SECOND, CLOSED, PURGED, REVOKED]


def link(
    *seen: KnownReference,
    damaged: bool = False,
    mail: InboundMail = MAIL,
    kind: MailKind = MailKind.PERSON,
    oversized: bool = False,
):
    found = FoundReferences(
        ids=tuple(FoundReference(id=reference.id) for reference in seen),
        damaged=("REF-" + "7" * 26,) if damaged else (),
    )
    return match.match(found, TABLE, mail, kind, oversized=oversized)


@pytest.mark.parametrize(
    ("seen", "damaged", "reason", "flags"),
    [
        ((), False, Reason.NO_REFERENCE, ()),
        ((), True, Reason.DAMAGED_REFERENCE, ()),
        ((STRANGER,), False, Reason.UNKNOWN_REFERENCE, ()),
        ((STRANGER,), True, Reason.UNKNOWN_REFERENCE, (Reason.DAMAGED_REFERENCE,)),
        ((REVOKED,), False, Reason.REFERENCE_REVOKED, ()),
        ((STRANGER, REVOKED), False, Reason.REFERENCE_REVOKED, (Reason.UNKNOWN_REFERENCE,)),
        ((PURGED,), False, Reason.CASE_PURGED, ()),
        ((REVOKED, PURGED), False, Reason.CASE_PURGED, (Reason.REFERENCE_REVOKED,)),
        ((CLOSED,), False, Reason.CASE_CLOSED, ()),
        ((PURGED, CLOSED), True, Reason.CASE_CLOSED, (Reason.CASE_PURGED, Reason.DAMAGED_REFERENCE)),
        ((LIVE, SECOND), False, Reason.CONFLICTING_REFERENCES, ()),
        ((LIVE, CLOSED), False, Reason.CONFLICTING_REFERENCES, ()),
    ],
)
def test_a_mail_that_names_not_exactly_one_case_says_why(seen, damaged, reason, flags):
    """PROCESS 3.2, 3.6-3.8; ID-08."""
    verdict = link(*seen, damaged=damaged)
    assert isinstance(verdict, Unlinked)
    assert (verdict.reason, verdict.flags) == (reason, flags)
    assert set(verdict.case_numbers) == {reference.case_number for reference in seen if reference is not STRANGER}


@pytest.mark.parametrize("order", list(itertools.permutations([LIVE, PURGED, REVOKED, STRANGER])))
def test_one_case_that_resolves_links_and_the_others_are_flags(order):
    """PROCESS 3.8, whatever the order of the IDs."""
    verdict = link(*order, damaged=True)
    assert isinstance(verdict, Linked)
    assert (verdict.case_number, verdict.reason) == (ONE, Reason.REFERENCE_FOUND)
    assert verdict.flags == (
        Reason.CASE_PURGED,
        Reason.REFERENCE_REVOKED,
        Reason.UNKNOWN_REFERENCE,
        Reason.DAMAGED_REFERENCE,
    )


def test_two_ids_of_one_case_are_no_conflict():
    assert link(LIVE, LIVE_AGAIN) == Linked(case_number=ONE, feed=Feed.CASE)


@pytest.mark.parametrize(
    ("seen", "feed"),
    [((ESCALATION, LIVE), Feed.ESCALATION), ((LIVE, ESCALATION), Feed.CASE), ((STRANGER, ESCALATION), Feed.ESCALATION)],
)
def test_the_first_id_that_resolves_names_the_feed(seen, feed):
    """PROCESS 3.8: the order of `found` is unquoted text first."""
    assert link(*seen).feed is feed


def test_an_id_that_is_only_elsewhere_never_links():
    """ID-01."""
    found = FoundReferences(elsewhere=((LIVE.id, "subject"),))
    assert match.match(found, TABLE, MAIL, MailKind.PERSON) == Unlinked(reason=Reason.NO_REFERENCE)


def test_an_encrypted_body_says_so_unless_an_id_stands_in_clear_text():
    encrypted = InboundMail(subject="", sender=Sender(address=""), encrypted=True)
    assert link(mail=encrypted).reason is Reason.ENCRYPTED_BODY
    assert isinstance(link(LIVE, mail=encrypted), Linked)


def test_a_mail_that_was_not_read_whole_never_links_but_names_the_case():
    """CONTRACT 5: `unparseable` and `oversized`."""
    raw = InboundMail(subject="", sender=Sender(address=""), fallback_only=True)
    assert link(LIVE, mail=raw) == Unlinked(reason=Reason.UNPARSEABLE, case_numbers=(ONE,))
    assert link(LIVE, oversized=True) == Unlinked(reason=Reason.OVERSIZED, case_numbers=(ONE,))


@pytest.mark.parametrize("kind", [MailKind.BOUNCE, MailKind.REPORT])
def test_a_bounce_or_report_is_never_linked_by_an_id(kind):
    """CONTRACT 5: whatever ID its returned part holds."""
    assert link(LIVE, kind=kind) == Unlinked(reason=Reason(kind.value), case_numbers=(ONE,))


@pytest.mark.parametrize("kind", [MailKind.AUTO_REPLY, MailKind.CHALLENGE, MailKind.OWN_MAIL])
def test_automatic_mail_links_by_its_id_and_else_has_its_kind_as_reason(kind):
    """CONTRACT 5 and 6."""
    assert isinstance(link(LIVE, kind=kind), Linked)
    assert link(kind=kind) == Unlinked(reason=Reason(kind.value))
    closed = link(CLOSED, damaged=True, kind=kind)
    assert (closed.reason, closed.flags) == (Reason(kind.value), (Reason.CASE_CLOSED, Reason.DAMAGED_REFERENCE))


def test_a_persons_mail_through_a_list_is_matched_like_any_other():
    assert link(LIVE, kind=MailKind.LIST) == link(LIVE)
    assert link(kind=MailKind.LIST).reason is Reason.NO_REFERENCE


def test_a_hundred_thousand_random_ids_link_nothing():
    """ID-02: the linking truth."""
    for _ in range(1000):
        guesses = tuple(FoundReference(id=reference_id.new(DICE.randbytes)) for _ in range(100))
        assert match.match(FoundReferences(ids=guesses), TABLE, MAIL, MailKind.PERSON) == Unlinked(
            reason=Reason.UNKNOWN_REFERENCE
        )
