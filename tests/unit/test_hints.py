"""Clues for the admin team: scored, in plain words, never an ID.  PROCESS 3.2."""

import random

import pytest

from gateway.linking import extract, hints, reference_id
from gateway.model import FoundReferences, HintFacts, InboundMail, Sender

DICE = random.Random(5)
ID = reference_id.new(DICE.randbytes)
CASE = "0003256109"
DANA = "dana.reed@example.com"


def mail(
    subject: str = "", body: str = "", sender: str = "someone@example.org", ambiguous: bool = False, **more
) -> InboundMail:
    who = Sender(address=sender, ambiguous=ambiguous)
    return InboundMail(subject=subject, sender=who, text=body, reply=body, searched=(body,), **more)


def hint(incoming: InboundMail, **facts):
    candidates = [HintFacts(case_number=CASE, **facts)]
    return hints.score(incoming, extract.find(incoming), candidates)


@pytest.mark.parametrize(
    ("incoming", "facts", "evidence"),
    [
        (mail(subject=f"Re: [Case {CASE}] Disk"), {}, f"The case number {CASE} stands in the subject."),
        (mail(body="about case 3256109: it works"), {}, f"The case number {CASE} stands in the body."),
        (mail(elsewhere=(("log.txt", f"for {CASE}"),)), {}, f"The case number {CASE} stands in log.txt."),
        (mail(to=(f"care+{CASE}@example.net",)), {}, f"The case number {CASE} stands in the recipient's address."),
        (mail(body=ID), {"references": (ID,)}, "The body carries a Reference ID of this case."),
        (
            mail(elsewhere=(("subject", ID),)),
            {"references": (ID,)},
            "A Reference ID of this case stands in the subject, not in the body.",
        ),
        (
            mail(to=(f"care+{ID}@example.net",)),
            {"references": (ID,)},
            "A Reference ID of this case stands in the recipient's address, not in the body.",
        ),
        (
            mail(body=ID[:-1]),
            {"references": (ID,)},
            "A damaged Reference ID in the body is one character off one of this case.",
        ),
        (
            mail(body=ID[:9] + ID[11:]),
            {"references": (ID,)},
            "A damaged Reference ID in the body is two characters off one of this case.",
        ),
        (
            mail(message_ids=("<1@example.net>",)),
            {"message_ids": ("<1@example.net>",)},
            "It answers a mail that we sent about this case.",
        ),
        (mail(sender=DANA), {"contact_addresses": (DANA,)}, "The sender is the contact of this case."),
        (mail(sender=DANA), {"account_addresses": (DANA,)}, "The sender is a contact of the same account."),
        (
            mail(sender=DANA),
            {"account_domains": ("example.com",)},
            "The sender writes from example.com, as the account of this case does.",
        ),
        (mail(), {"recent_recipient": True}, "A mail about this case recently went to the sender."),
        (
            mail(subject="AW: Nightly backup fails"),
            {"subject": "Nightly backup fails"},
            "The subject is similar to the subject of this case.",
        ),
    ],
)
def test_each_clue_is_told_in_plain_words(incoming, facts, evidence):
    """ID-01: what must not link is shown to a person."""
    (only,) = hint(incoming, **facts)
    assert evidence in only.evidence
    assert 0 < only.score <= 100
    assert "REF-" not in "".join(only.evidence)


@pytest.mark.parametrize(
    ("incoming", "facts"),
    [
        (mail(), {}),
        (mail(body="0003256108 and 00032561090 and call 3256109"), {}),
        (mail(sender="x@gmail.com"), {"account_domains": ("gmail.com",)}),
        (mail(sender=DANA, ambiguous=True), {"contact_addresses": (DANA,)}),
        (mail(body=ID[:8] + ID[11:]), {"references": (ID,)}),
        (mail(subject="Re: hi"), {"subject": "Re: hi"}),
        (mail(subject="Nightly backup fails"), {"subject": "Licence renewal question"}),
    ],
)
def test_what_is_no_clue_gives_no_hint(incoming, facts):
    assert hint(incoming, **facts) == ()


def test_clues_add_up_and_the_five_best_come_first_open_before_closed():
    incoming = mail(subject="Case 7", sender=DANA)
    rows = [
        HintFacts(case_number=f"{number:010d}", contact_addresses=(DANA,), closed=number == 9)
        for number in range(1, 10)
    ]
    best = hints.score(incoming, extract.find(incoming), rows)
    assert [int(row.case_number) for row in best] == [7, 8, 6, 5, 4]
    assert best[0].score == hints.POINTS["number-in-subject"] + hints.POINTS["sender-is-contact"]
    assert best[0].evidence[0] == "The case number 0000000007 stands in the subject."


def test_many_clues_stop_at_a_hundred():
    (only,) = hint(mail(subject=f"Case {CASE}", body=ID, sender=DANA), references=(ID,), contact_addresses=(DANA,))
    assert only.score == 100


def test_the_query_names_everything_the_store_should_look_up():
    incoming = mail(
        subject=f"AW: [Case {CASE}] Replication stalled",
        body=f"{ID}\nticket #42, {ID[:-1]} x",
        sender="Dana.Reed@Example.COM",
        message_ids=("<a@example.net>",),
    )
    query = hints.wanted(incoming, extract.find(incoming), recipients=("care+0000000077@example.net",))
    assert query.case_numbers == (CASE, "0000000042", "0000000077")
    assert query.references == (ID,)
    assert query.message_ids == ("<a@example.net>",)
    assert (query.sender, query.domain) == (DANA, "example.com")
    assert query.subject_words == ("replication", "stalled")
    assert len(query.damaged_pieces) == 3
    assert any(piece in ID for piece in query.damaged_pieces)


def test_a_free_mailer_is_no_domain_to_look_for():
    assert hints.wanted(mail(sender="x@gmail.com"), extract.find(mail())).domain == ""


def test_any_two_wrong_characters_leave_a_piece_to_look_for():
    """The store can find the issued ID by one of the pieces, whichever two characters were lost or changed."""
    for first in range(4, len(ID)):
        for second in range(first + 1, len(ID)):
            wrong = ID[:first] + "U" + ID[first + 1 : second] + ID[second + 1 :]
            pieces = hints.wanted(mail(), extract.find(mail(body=wrong))).damaged_pieces
            assert any(piece in ID for piece in pieces)


def test_a_hostile_body_costs_bounded_work():
    """MI-16."""
    body = "case " * 200_000 + "case" + " " * 200_000 + "0000000001 " * 50_000
    query = hints.wanted(mail(body=body), extract.find(mail(body=body)))
    assert len(query.case_numbers) <= hints.MAX_KEYS


def test_an_address_in_an_internationalised_domain_is_looked_up_in_its_ascii_form():
    """ID-07: contacts are stored by the key under which equal addresses are equal."""
    query = hints.wanted(mail(sender="Dana@Bücher.example"), FoundReferences())
    assert (query.sender, query.domain) == ("dana@xn--bcher-kva.example", "xn--bcher-kva.example")
