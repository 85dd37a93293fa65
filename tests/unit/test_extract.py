"""Which Reference IDs a mail carries: body only, unquoted first, each once.  PROCESS 3.1-3.2."""

import random

from gateway.linking import extract, reference_id
from gateway.model import FoundReference, InboundMail, Sender

DICE = random.Random(7)
A, B, C = (reference_id.new(DICE.randbytes) for _ in range(3))
NOBODY = Sender(address="")


def mail(*searched: str, reply: str = "", elsewhere: tuple[tuple[str, str], ...] = ()) -> InboundMail:
    return InboundMail(subject="", sender=NOBODY, searched=searched, reply=reply, elsewhere=elsewhere)


def test_an_id_in_quoted_text_is_found_and_marked_quoted():
    found = extract.find(mail(f"Yes.\n> {A}\n", reply="Yes.\n"))
    assert found.ids == (FoundReference(id=A, quoted=True),)


def test_unquoted_ids_come_first_then_the_order_of_the_body():
    found = extract.find(mail(f"> {A}\n> {B}\n{C}\n", reply=f"{C}\n"))
    assert [(seen.id, seen.quoted) for seen in found.ids] == [(C, False), (A, True), (B, True)]


def test_an_id_in_every_alternative_and_fifty_times_counts_once():
    """ID-08."""
    found = extract.find(mail(f"{A}\n" * 50, f"<b>{A.lower()}</b>", reply=f"{A}\n{A}"))
    assert found.ids == (FoundReference(id=A),)


def test_ids_elsewhere_are_hints_and_no_ids_of_the_body():
    """ID-01."""
    found = extract.find(
        mail("Hello", reply="Hello", elsewhere=(("subject", f"Re: {A}"), ("subject", A), ("log.txt", B)))
    )
    assert found.ids == ()
    assert found.elsewhere == ((A, "subject"), (B, "log.txt"))


def test_a_damaged_id_is_kept_beside_a_good_one():
    found = extract.find(mail(f"{A}\n{B[:-1]}\n", reply=""))
    assert [seen.id for seen in found.ids] == [A]
    assert found.damaged == (B[:-1],)


def test_a_mail_full_of_ids_is_cut_to_a_hundred_of_each_sort():
    """MI-16: no mail turns into a million keys of a look-up."""
    many = " ".join(reference_id.new(DICE.randbytes) for _ in range(300))
    broken = " ".join(f"REF-{number:024d}" for number in range(300))
    found = extract.find(mail(many + " " + broken, elsewhere=(("subject", many),)))
    assert [len(found.ids), len(found.damaged), len(found.elsewhere)] == [100, 100, 100]
