"""LP-05 to LP-08, LP-11: reports about our mail change an outgoing mail only with proof, and never a case."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gateway.model.views import OutboxView
from gateway.reasons import Reason
from gateway.store.tables import outbox as outbox_table
from tests.fixtures import world
from tests.story.stage import DANA, STRANGER, Stage

SAM = "sam.okafor@example.com"


def _sent(stage: Stage, number: str) -> tuple[OutboxView, str]:
    """Deliver what is due; return the question that went to the contact and its bounce address."""
    stage.app.deliver_due()
    entry = next(e for e in stage.outbox("info-requested") if e.case == number)
    with stage.services.database.read() as conn:
        key = conn.execute(select(outbox_table.c.verp_key).where(outbox_table.c.id == int(entry.id))).scalar_one()
    return entry, f"bounce+{key}@{world.MAIL_DOMAIN}"


def _report(
    stage: Stage, recipient: str, *, action: str = "failed", message_id: str = "", text: str = "Not delivered."
) -> bytes:
    returned = f"Message-ID: {message_id}\r\nSubject: x\r\n" if message_id else "Subject: x\r\n"
    body = (
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        f"\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}\r\n--b--\r\n"
    )
    head = (
        f"From: MAILER-DAEMON@mx.example.com\r\nTo: {world.CARE}\r\nSubject: Undelivered ({stage.later(seconds=1)})\r\n"
    )
    return (head + body).encode()


def test_a_report_that_proves_itself_marks_the_mail_as_bounced_and_tells_no_case(stage: Stage) -> None:
    """LP-05: bounce address, recipient and Message-ID agree."""
    number = stage.waiting_case()
    sent, bounce_address = _sent(stage, number)
    before = (stage.snapshot(number), stage.feed(number))
    text = f"Returned. Reference ID: {stage.reference(number)}"
    raw = _report(stage, DANA, message_id=sent.message_id, text=text)
    mail = stage.receive(raw, mail_from="", to=(bounce_address,))
    assert (mail.disposition, mail.reason, mail.flags, mail.case) == ("bounce", "bounce", ("bounce",), number)
    assert next(e for e in stage.outbox() if e.id == sent.id).bounced_at == stage.clock.now()
    assert (stage.snapshot(number), stage.feed(number)) == before
    assert stage.events(number)[-1] == "notice.bounced"
    assert stage.items() == []


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_report_of_anything_but_a_failure_marks_nothing(stage: Stage, action: str) -> None:
    """LP-06."""
    number = stage.waiting_case()
    sent, bounce_address = _sent(stage, number)
    mail = stage.receive(_report(stage, DANA, action=action), mail_from="", to=(bounce_address,))
    assert (mail.disposition, mail.flags, mail.case) == ("bounce", ("bounce",), number)
    assert next(e for e in stage.outbox() if e.id == sent.id).bounced_at is None


FORGED: dict[str, Callable[[str, OutboxView], dict[str, str]]] = {
    "no bounce address": lambda address, sent: {"to": world.CARE},
    "wrong key": lambda address, sent: {"to": address.replace("bounce+", "bounce+a")},
    "empty key": lambda address, sent: {"to": f"bounce+@{world.MAIL_DOMAIN}"},
    "another customer": lambda address, sent: {"to": address, "recipient": SAM},
    "another customer beside our Message-ID": lambda address, sent: {
        "to": address,
        "recipient": SAM,
        "message_id": sent.message_id,
    },
    "a stranger's address": lambda address, sent: {"to": address, "recipient": STRANGER},
    "another Message-ID": lambda address, sent: {"to": address, "message_id": "<other@example.com>"},
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_report_is_shown_as_unverified_and_changes_nothing(stage: Stage, name: str) -> None:
    """LP-07, RFC 3464 4.1."""
    stage.open_case(SAM)
    number = stage.waiting_case()
    sent, bounce_address = _sent(stage, number)
    before = (stage.snapshot(number), stage.notices(), stage.events(number))
    how = FORGED[name](bounce_address, sent)
    raw = _report(stage, how.get("recipient", DANA), message_id=how.get("message_id", ""))
    mail = stage.receive(raw, mail_from="", to=(how["to"],))
    assert (mail.disposition, mail.reason) == ("bounce", "bounce")
    assert Reason.BOUNCE_UNVERIFIED in mail.flags
    assert all(entry.bounced_at is None for entry in stage.outbox())
    assert (stage.snapshot(number), stage.notices(), stage.events(number)) == before


def test_nothing_is_ever_sent_back_to_a_bounce_of_a_closing_mail(stage: Stage) -> None:
    """LP-08."""
    number = stage.closed_case()
    before = stage.notices()
    raw = _report(stage, DANA, text=f"Returned. Reference ID: {stage.reference(number)}")
    assert stage.receive(raw, mail_from="").disposition == "bounce"
    assert stage.notices() == before
    assert stage.state(number) == ("closed", "resolved")


def test_our_own_notice_that_comes_back_is_recorded_without_effect(stage: Stage) -> None:
    """LP-01, LP-11: by way of a list or an alias; it is known by its own mark."""
    number = stage.waiting_case()
    sent, _ = _sent(stage, number)
    before, notices = stage.snapshot(number), stage.notices()
    own = (stage.app.config.gateway.data_dir / "sent" / f"{sent.id}.eml").read_bytes()
    for trace in (b"", b"List-Id: <all.example.org>\r\nSender: all@example.org\r\n"):
        mail = stage.receive(trace + own, mail_from=STRANGER)
        assert (mail.disposition, mail.reason, mail.kind) == ("automatic", "own-mail", "own-mail")
    assert stage.snapshot(number) == before
    assert stage.notices() == notices
    assert stage.items() == []


def test_two_marked_human_answers_are_both_shown_to_the_owner(stage: Stage) -> None:
    """LP-04: what a machine's mark hides changes nothing in the case, so the second must not pass for the first."""
    number = stage.waiting_case()
    before = stage.snapshot(number)
    headers = ["Auto-Submitted: auto-generated", "In-Reply-To: <q@support.example.test>"]
    for text in ("We run version 4.2 on both hosts.", "And the build number is 1177."):
        mail = stage.answer(number, text, headers=headers)
        assert (mail.disposition, mail.reason, mail.case) == ("automatic", "auto-reply", number)
        assert Reason.NEEDS_A_LOOK in mail.flags
    assert stage.snapshot(number) == before
    assert len(stage.outbox("needs-a-look")) == 2


def test_a_marked_human_answer_without_a_case_waits_for_a_person(stage: Stage) -> None:
    """LP-04, CONTRACT 5."""
    headers = ["Auto-Submitted: auto-generated", "In-Reply-To: <q@support.example.test>"]
    mail = stage.receive(stage.write("We run version 4.2 on both hosts.", headers=headers))
    assert (mail.disposition, mail.reason) == ("queued", "no-reference")
    assert mail.flags == (Reason.NEEDS_A_LOOK,)


def test_a_human_sender_is_believed_whatever_its_mails_are_marked_with() -> None:
    """LP-04: the settings name it; the parse children of this run know no such sender, so reading is asked itself."""
    from dataclasses import replace

    from gateway.inbound import reading
    from gateway.model import Envelope, MailKind, Source

    rules = replace(world.reading_rules(), human_senders=frozenset({DANA}))
    raw = f"From: {DANA}\r\nAuto-Submitted: auto-generated\r\nSubject: Re: x\r\n\r\nVersion 4.2\r\n".encode()
    envelope = Envelope(mail_from=DANA, rcpt_tos=(world.CARE,), source=Source.INGEST)
    assert reading.read(raw, envelope, rules).kind is MailKind.PERSON
    assert reading.read(raw, envelope, world.reading_rules()).kind is MailKind.AUTO_REPLY
