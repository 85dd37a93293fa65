"""PROCESS 8, last row: notices that other systems ask for are rendered, sent once, recorded, and change nothing."""

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from gateway.desk import notifications
from gateway.errors import InvalidInput, NotFound
from gateway.model import Notice
from gateway.reasons import Reason
from gateway.rules.notice_contexts import CONTEXTS
from tests.story.stage import ADMIN, AGENT, DANA, STRANGER, Stage
from tests.story.terminal import Terminal

TRANSCRIPT = CONTEXTS[Notice.CHAT_TRANSCRIPT].sample
LEFT = CONTEXTS[Notice.CHAT_CONTACT_LEFT].sample
BOSS = "boss@desk.example.test"


def mails(stage: Stage) -> dict[str, EmailMessage]:
    """Deliver and return what left, by outbox id."""
    stage.app.deliver_due()
    folder = Path(stage.services.config.gateway.data_dir) / "sent"
    read = (message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml"))
    return {path.stem: mail for path, mail in zip(folder.glob("*.eml"), read, strict=True)}


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def ask(stage: Stage, notice: Notice, context: dict[str, Any] | None = None, **how: str) -> Any:
    return notifications.send(stage.services, notice=notice, context=context or CONTEXTS[notice].sample, **how)


def test_a_transcript_goes_to_the_contact_with_the_reference_id_and_flips_nothing(stage: Stage) -> None:
    number = stage.waiting_case()
    before = stage.snapshot(number)
    sent = ask(stage, Notice.CHAT_TRANSCRIPT, to=DANA, to_name="Dana Reed", case=number)
    assert (sent.notice, sent.case, sent.to, sent.state) == ("chat-transcript", number, DANA, "ready")
    mail = mails(stage)[sent.id]
    for kind in ("plain", "html"):
        assert "I look into the log now." in text_of(mail, kind)
        assert stage.reference(number) in text_of(mail, kind)
    assert stage.snapshot(number) == before
    (update,) = [one for one in stage.feed(number) if one.channel == "chat"]
    assert (update.visibility, "The export stops again." in update.text) == ("public", True)
    assert "REF-" not in update.text


def test_the_same_notice_asked_for_twice_is_one_and_other_values_are_refused(stage: Stage) -> None:
    number = stage.open_case()
    first = ask(stage, Notice.CHAT_TRANSCRIPT, to=DANA, case=number)
    assert ask(stage, Notice.CHAT_TRANSCRIPT, to=DANA.upper(), case=number) == first
    before = stage.everything()
    with pytest.raises(InvalidInput) as refused:
        ask(stage, Notice.CHAT_TRANSCRIPT, {**TRANSCRIPT, "ended_at": "2026-11-25T10:13:00Z"}, to=DANA, case=number)
    assert refused.value.reason is Reason.IDEMPOTENCY_KEY_REUSED
    assert stage.everything() == before
    assert len([one for one in stage.feed(number) if one.channel == "chat"]) == 1


def test_nobody_but_the_case_contact_gets_the_reference_id(stage: Stage) -> None:
    """CONTRACT 7."""
    number = stage.open_case()
    sent = ask(stage, Notice.CASE_ACTIVITY_SUMMARY, to=STRANGER, case=number)
    mail = mails(stage)[sent.id]
    assert "REF-" not in text_of(mail) + text_of(mail, "html")
    assert str(mail["Subject"]).startswith(f"[Case {number}]")


@pytest.mark.parametrize(
    ("to", "owner", "told"),
    [("", AGENT, [BOSS, AGENT]), (ADMIN, AGENT, [ADMIN, AGENT]), ("", "", [BOSS, ADMIN]), (AGENT, AGENT, [AGENT])],
)
def test_a_number_left_in_the_chat_alerts_management_and_owner_and_is_saved(
    staged: Any, to: str, owner: str, told: list[str]
) -> None:
    stage = staged(escalation={"owner": BOSS})
    number = stage.open_case(owner=owner)
    before = stage.snapshot(number)
    sent = ask(stage, Notice.CHAT_CONTACT_LEFT, to=to, case=number)
    again = ask(stage, Notice.CHAT_CONTACT_LEFT, to=to, case=number)
    assert (sent.to, again) == (told[0], sent)
    assert [entry.to for entry in stage.outbox("chat-contact-left")] == told
    mail = mails(stage)[sent.id]
    assert "+49 30 5550 4321" in text_of(mail)
    assert "REF-" not in text_of(mail)
    (update,) = [one for one in stage.feed(number) if one.channel == "chat"]
    assert (update.visibility, "+49 30 5550 4321" in update.text) == ("internal", True)
    assert stage.snapshot(number) == before


def test_what_cannot_be_sent_is_refused_and_leaves_nothing_behind(stage: Stage) -> None:
    number = stage.open_case()
    before = stage.everything()
    care = stage.services.config.gateway.care_address
    for notice, how, said in (
        (Notice.CHAT_CONTACT_LEFT, {"to": DANA}, "name it in `case`"),
        (Notice.ADVISORY_DIGEST, {"to": DANA, "case": number}, "leave `case` out"),
        (Notice.ALARM_RAISED, {}, "Say in `to`"),
        (Notice.ALARM_RAISED, {"to": care}, "own addresses"),
        (Notice.ALARM_RAISED, {"to": "a@example.com, b@example.com"}, "not one mail address"),
        (Notice.ALARM_RAISED, {"to": "dana@example.com\r\nBcc: x@example.com"}, "not one mail address"),
    ):
        with pytest.raises(InvalidInput, match=said):
            ask(stage, notice, **how)
    with pytest.raises(NotFound):
        ask(stage, Notice.CHAT_TRANSCRIPT, to=DANA, case="9999999999")
    assert stage.everything() == before


def test_a_preview_writes_nothing_and_shows_no_reference_id(stage: Stage) -> None:
    number = stage.waiting_case()
    before = stage.everything()
    for notice, kind in CONTEXTS.items():
        case = "" if kind.about_case == "never" else number
        shown = notifications.preview(stage.services, notice=notice, context=kind.sample, to=DANA, case=case)
        assert (shown.notice, shown.case or "", shown.to) == (notice, case, DANA)
        assert stage.reference(number) not in shown.text + shown.html + shown.subject
        assert "<html" in shown.html
        assert ("REF-****" in shown.text) == (case != "" and notice is not Notice.CHAT_CONTACT_LEFT)
    assert stage.everything() == before


def test_command_line_lists_shows_and_sends(terminal: Terminal) -> None:
    listed = {one["notice"]: one for one in terminal.ok("notice", "list")}
    assert set(listed) == set(CONTEXTS)
    file = terminal.folder / "alarm.json"
    file.write_text(json.dumps(listed["alarm-raised"]["sample"]))
    (shown,) = terminal.ok("notice", "preview", "alarm-raised", "--context", str(file))
    assert "95 percent" in shown["text"]
    assert terminal.run("notice", "preview", "alarm-raised", "--context", str(file), "--html").out.startswith(
        "<!doctype"
    )
    (sent,) = terminal.ok("notice", "send", "alarm-raised", "--context", str(file), "--to", "dana@example.org")
    assert (terminal.folder / "sent" / f"{sent['id']}.eml").exists()
    bad = terminal.run("notice", "send", "alarm-raised", "--context", "-", "--to", DANA, stdin=b'{"colour": "red"}')
    assert (bad.code, bad.err.count("\n")) == (2, 1)
    assert "lacks alarm_id" in bad.err
    assert "colour" in bad.err
    assert terminal.run("notice", "send", "alarm-raised", "--context", "-", stdin=b"no json").code == 2
    missing = terminal.run("notice", "preview", "alarm-raised", "--context", "nothing.json")
    assert (missing.code, missing.err) == (1, "nothing.json: No such file or directory.\n")
