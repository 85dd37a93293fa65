"""PROCESS 3.6: a reply to a closed case never reopens it; one notice a day goes back, and never to a stranger."""

from collections.abc import Callable

import pytest

from tests.story.stage import DANA, STRANGER, Stage

NOTICE = "case-closed-notice"


def _late(stage: Stage, number: str, **how: object) -> None:
    stage.later(minutes=5)
    mail = stage.answer(number, "It is broken again.", **how)
    assert (mail.disposition, mail.reason, mail.case) == ("queued", "case-closed", None)
    assert stage.item_of(mail).hints[0].case == number
    assert stage.state(number) == ("closed", "resolved")


def test_a_late_reply_queues_and_its_sender_is_told_once_a_day(stage: Stage) -> None:
    """ID-08."""
    number, other = stage.closed_case(), stage.closed_case()
    for _ in range(3):
        _late(stage, number)
    _late(stage, other)
    assert [entry.to for entry in stage.outbox(NOTICE)] == [DANA]
    stage.later(hours=24)
    _late(stage, number)
    assert [entry.to for entry in stage.outbox(NOTICE)] == [DANA, DANA]
    assert stage.events(number)[-1] == "case.closed"


def test_the_notice_says_until_when_and_how_and_shows_no_reference_id(stage: Stage) -> None:
    """PROCESS 3.6, CONTRACT 7."""
    number = stage.closed_case()
    _late(stage, number)
    stage.app.deliver_due()
    entry = stage.outbox(NOTICE)[0]
    raw = (stage.app.config.gateway.data_dir / "sent" / f"{entry.id}.eml").read_bytes()
    assert b"8 April 2026" in raw or b"2026-04-08" in raw
    assert stage.reference(number).encode() not in raw.replace(b"=\r\n", b"")
    assert b"broken again" not in raw
    assert f"To: {DANA}".encode() in raw.replace(b"<", b"").replace(b">", b"")


QUIET = {
    "stranger": {"sender": STRANGER},
    "look-alike": {"sender": "dana.reed+1@example.com"},
    "list": {"headers": ["List-Id: <users.example.org>"]},
    "two senders": {"headers": [f"From: {STRANGER}"]},
}


@pytest.mark.parametrize("who", QUIET)
def test_nobody_but_a_known_person_is_answered(stage: Stage, who: str) -> None:
    """LP-08, LP-09, ID-06."""
    number = stage.closed_case()
    _late(stage, number, **QUIET[who])
    assert stage.outbox(NOTICE) == []


def test_a_contact_of_another_account_is_not_answered(stage: Stage) -> None:
    stage.open_case("sam.okafor@example.com")
    number = stage.closed_case()
    _late(stage, number, sender="sam.okafor@example.com")
    assert stage.outbox(NOTICE) == []


def test_mail_with_a_null_sender_is_never_answered(stage: Stage) -> None:
    """LP-08, RFC 5321 4.5.5: also where a person wrote it."""
    number = stage.closed_case()
    raw = stage.write(f"Thanks\n> Reference ID: {stage.reference(number)}")
    mail = stage.receive(raw, mail_from="")
    assert (mail.disposition, mail.reason) == ("queued", "case-closed")
    assert stage.outbox(NOTICE) == []


def test_an_automatic_reply_to_the_closing_mail_is_recorded_nowhere_and_answered_by_nothing(stage: Stage) -> None:
    """LP-03, LP-08."""
    number = stage.closed_case()
    headers = ["Auto-Submitted: auto-replied"]
    mail = stage.answer(number, "I am out of the office until Monday.", subject="Out of office", headers=headers)
    assert (mail.disposition, mail.reason) == ("automatic", "auto-reply")
    assert "case-closed" in mail.flags
    assert stage.items() == []
    assert stage.outbox(NOTICE) == []


def test_the_acknowledgement_of_unlinked_mail_is_off_by_default(stage: Stage) -> None:
    """LP-09."""
    stage.receive(stage.write("Buy now", sender=STRANGER, subject="Cheap!"), mail_from=STRANGER)
    assert stage.outbox() == []


def test_where_it_is_on_each_stranger_is_told_once_a_day_in_words_of_ours(staged: Callable[..., Stage]) -> None:
    """LP-02, LP-09: fixed text, capped by sender and by hour; nothing to machines and null senders."""
    stage = staged(unlinked_notice={"enabled": True})
    for text in ("spammy words", "more spammy words"):
        stage.receive(stage.write(text, sender=STRANGER, subject="Cheap watches"), mail_from=STRANGER)
    stage.receive(stage.write("Hello", sender="b@example.org"), mail_from="")
    stage.receive(stage.write("Away", sender="c@example.org", headers=["Auto-Submitted: auto-replied"]))
    assert stage.notices() == [("unlinked-notice", STRANGER)]
    stage.app.deliver_due()
    raw = (stage.app.config.gateway.data_dir / "sent" / f"{stage.outbox()[0].id}.eml").read_bytes()
    assert b"spammy" not in raw
    assert b"Cheap" not in raw
    assert b"Auto-Submitted: auto-" in raw


def test_a_flood_of_forged_senders_does_not_become_a_flood_of_ours(staged: Callable[..., Stage]) -> None:
    """LP-02, LP-09."""
    stage = staged(unlinked_notice={"enabled": True})
    for number in range(70):
        stage.ingest(stage.write("Hi", sender=f"victim{number}@example.org"), mail_from=f"victim{number}@example.org")
    stage.app.process_mail()
    assert len(stage.items()) == 70
    assert len(stage.outbox("unlinked-notice")) == 60


def test_a_stranger_with_the_id_of_a_closed_case_gets_no_acknowledgement(staged: Callable[..., Stage]) -> None:
    """LP-09: the daily cap of one notice must not be dodged through another."""
    stage = staged(unlinked_notice={"enabled": True})
    number = stage.closed_case()
    for _ in range(2):
        _late(stage, number, sender=STRANGER)
    assert STRANGER not in [to for _, to in stage.notices()]
