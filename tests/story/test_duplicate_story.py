"""DD-01 to DD-04, ID-09: the same mail twice has one effect, two mails with the same words have two."""

import pytest

from gateway.desk import cases, mails
from tests.fixtures import world
from tests.story.stage import AGENT, DANA, Stage

TRACE = b"Received: from a.example.net by b.example.net; Mon, 9 Mar 2026 09:00:00 +0000\r\n"


def _reply(stage: Stage, number: str, text: str = "ok", **how: object) -> bytes:
    return stage.write(f"{text}\n> Reference ID: {stage.reference(number)}", **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("copy", ["same bytes", "new trace", "other recipient", "LF line ends"])
def test_a_copy_of_a_mail_is_visible_and_has_no_effect(stage: Stage, copy: str) -> None:
    """DD-01, DD-03: after a lost 250, by another way in, to two of our addresses."""
    number = stage.waiting_case()
    raw = _reply(stage, number)
    original = stage.receive(raw)
    before = (stage.snapshot(number), stage.feed(number), stage.notices(), stage.events())
    again = {"new trace": TRACE + raw, "LF line ends": raw.replace(b"\r\n", b"\n")}.get(copy, raw)
    to = ("care+sales@support.example.test",) if copy == "other recipient" else (world.CARE,)
    mail = stage.receive(again, to=to)
    assert (mail.disposition, mail.reason, mail.duplicate_of) == ("duplicate", "duplicate", original.id)
    assert (stage.snapshot(number), stage.feed(number), stage.notices(), stage.events()) == before
    assert mails.raw(stage.services, mail.id) == raw
    ledger = mails.ledger(stage.services)
    assert (ledger.accepted, ledger.linked, ledger.duplicate, ledger.balanced) == (2, 1, 1, True)


def test_a_replayed_answer_does_not_answer_a_later_question(stage: Stage) -> None:
    """ID-09: the same bytes, sent again after the case waits anew."""
    number = stage.waiting_case()
    raw = _reply(stage, number)
    stage.receive(raw)
    stage.later(minutes=1)
    cases.request_info(stage.services, number, text="And now?", author=AGENT)
    stage.later(minutes=1)
    assert stage.receive(TRACE + raw).disposition == "duplicate"
    assert stage.state(number)[0] == "awaiting-info"


def test_the_same_message_id_with_other_words_is_a_mail_of_its_own(stage: Stage) -> None:
    """DD-02, ID-09: three variants are three mails; so are two without any Message-ID."""
    number = stage.waiting_case()
    for n in range(3):
        mail = stage.receive(_reply(stage, number, f"variant {n}", message_id="<same@example.com>"))
        assert (mail.disposition, mail.case) == ("linked", number)
    for n in range(2):
        bare = _reply(stage, number, f"no id {n}", message_id="<x@example.com>")
        mail = stage.receive(bare.replace(b"Message-ID: <x@example.com>\r\n", b""))
        assert mail.disposition == "linked"
    assert len([update for update in stage.feed(number) if update.mail_id]) == 5


def test_the_same_words_sent_twice_by_a_person_are_two_updates(stage: Stage) -> None:
    """DD-04."""
    number = stage.waiting_case()
    for _ in range(2):
        assert stage.answer(number, "ok", sender=DANA).disposition == "linked"
    assert len([update for update in stage.feed(number) if update.mail_id]) == 2
    assert mails.ledger(stage.services).duplicate == 0
