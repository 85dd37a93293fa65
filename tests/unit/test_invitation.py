"""An answer to an invitation is a sentence when it says nothing else."""

import pytest

from gateway.inbound import invitation
from tests.unit.mails import parsed
from tests.unit.timing import assert_linear


def part(answer: str, *, method: str = "REPLY", comment: str = "") -> str:
    return (
        f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VTIMEZONE\r\nDTSTART:19700101T000000\r\nEND:VTIMEZONE\r\n"
        f"BEGIN:VEVENT\r\nSUMMARY:Look at the export\\, to\r\n gether\r\nDTSTART:20261123T090000Z\r\n"
        f"ORGANIZER;CN=Care:mailto:care@example.test\r\n{comment}"
        f'ATTENDEE;PARTSTAT={answer};CN="Reed, Dana":mailto:dana@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
    )


@pytest.mark.parametrize(
    ("answer", "verb"),
    [("ACCEPTED", "accepted"), ("DECLINED", "declined"), ("TENTATIVE", "tentatively accepted")],
)
def test_an_answer_says_who_what_and_when(answer: str, verb: str) -> None:
    expected = f"Reed, Dana {verb}: Look at the export, together, 2026-11-23 09:00 UTC"
    assert invitation.sentence(part(answer)) == expected


def test_a_comment_stands_first() -> None:
    text = invitation.sentence(part("DECLINED", comment="COMMENT:Not on Monday\\nplease\r\n"))
    assert text.startswith("Not on Monday\nplease\n\nReed, Dana declined")


def test_an_invitation_names_who_invites() -> None:
    assert invitation.sentence(part("NEEDS-ACTION", method="REQUEST")).startswith("Care invites to: Look")


@pytest.mark.parametrize("text", ["", "BEGIN:VCALENDAR", part("ACCEPTED", method="ADD"), "METHOD:REPLY\nATTENDEE:x"])
def test_what_does_not_say_enough_says_nothing(text: str) -> None:
    assert invitation.sentence(text) == ""


def test_a_mail_that_is_only_an_answer_shows_the_sentence_and_keeps_the_file() -> None:
    head = "From: dana@example.com\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; method=REPLY\r\n\r\n"
    mail = parsed((head + part("ACCEPTED")).encode())
    assert mail.reply.startswith("Reed, Dana accepted")
    assert [attachment.content_type for attachment in mail.attachments] == ["text/calendar"]


@pytest.mark.parametrize("piece", ["\r\n ", "A;", 'A;B="', "A:\n", "BEGIN:X\n", "A;CN="])
def test_reading_is_linear(piece: str) -> None:
    """MI-15."""
    assert_linear(lambda n: invitation.sentence(piece * (n // len(piece))), 500_000, at_most=0.5)
