"""The visible reply: quotes, attributions, forwarded headers and signatures are cut, words never are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound import reply

ANSWER = "It prints again, thank you.\nSee you."


@pytest.mark.parametrize(
    "quoted",
    [
        "On Fri, 20 Nov 2026 at 10:00, Care <care@example.test> wrote:\n> How is it?\n> Care",
        "On Fri, 20 Nov 2026 at 10:00, The Very Long Name of Customer Care\n<care@example.test> wrote:\n\n> How is it?",
        "Am 20.11.2026 um 10:00 schrieb Care <care@example.test>:\n> Wie geht es?",
        "Le ven. 20 nov. 2026 à 10:00, Care <care@example.test> a écrit :\n> Alors ?",
        "El vie, 20 nov 2026 a las 10:00, Care (<care@example.test>) escribió:\n> ¿Y?",
        "Il giorno ven 20 nov 2026 alle ore 10:00 Care <care@example.test> ha scritto:\n> Allora?",
        "Em sex., 20 de nov. de 2026 às 10:00, Care <care@example.test> escreveu:\n> E?",
        "Op vr 20 nov 2026 om 10:00 schreef Care <care@example.test>:\n> En?",
        "пт, 20 нояб. 2026 г. в 10:00, Care <care@example.test> написал:\n> Ну?",
        "2026-11-20 10:00 GMT+01:00 Care <care@example.test>:\n> How is it?",
        "-----Original Message-----\nFrom: Care\nSent: Friday\nTo: Ann\nSubject: x\n\nHow is it?",
        "-------- Ursprüngliche Nachricht --------\nVon: Care\nHow is it?",
        "________________________________\nFrom: Care <care@example.test>\nSent: Friday\nTo: Ann\nSubject: x\n\nHow?",
        "From: Care <care@example.test>\nDate: Friday\nTo: Ann\nSubject: x\n\nHow is it?",
        "Von: Care\nGesendet: Freitag\nAn: Ann\nBetreff: x\n\nWie?",
        "Begin forwarded message:\n\nFrom: Care\nSubject: x\n\nHow?",
        "> How is it?\n> Care",
    ],
)
def test_what_was_quoted_is_cut(quoted: str) -> None:
    assert reply.split(f"{ANSWER}\n\n{quoted}\n").reply == ANSWER


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnn Example\nExample Ltd",
        "--\nAnn",
        "Sent from my iPhone",
        "Von meinem iPad gesendet",
        "Get Outlook for iOS",
    ],
)
def test_a_signature_is_cut_where_asked(signature: str) -> None:
    visible = reply.split(f"{ANSWER}\n\n{signature}\n\nOn Fri, Nov 20, 2026, Care wrote:\n> How is it?\n")
    assert visible.reply == f"{ANSWER}\n\n{signature}"
    assert visible.reply_without_signature == ANSWER
    assert "How is it?" in visible.text_without_signature


def test_answers_between_and_below_quotes_are_kept() -> None:
    text = "On 20.11.2026 Care <care@example.test> wrote:\n> Is it on?\nYes.\n> Is it green?\nNo, red.\n"
    assert reply.split(text).reply == "Yes.\nNo, red."


@pytest.mark.parametrize(
    "text",
    [
        "> only a quote",
        "On Friday I wrote:\nnothing",
        "-- \nAnn",
        "-----Original Message-----\nHello",
        "From here on: all\nis well",
    ],
)
def test_what_would_be_left_empty_is_left_whole(text: str) -> None:
    assert reply.split(text).reply.strip()
    assert reply.split(text).reply_without_signature.strip()


@given(st.text(alphabet="ab>-_:\n @<1OnFrom"))
def test_no_view_is_empty_unless_the_text_is(text: str) -> None:
    visible = reply.split(text)
    assert bool(visible.reply.strip()) == bool(text.strip())
    assert bool(visible.reply_without_signature.strip()) == bool(text.strip())
