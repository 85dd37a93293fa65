"""What each notice tells its reader.  Source: PROCESS 4.2, 5.3, 5.4, 7.1, 7.3, 8."""

import pytest

from gateway.model import Notice
from gateway.outbound import compose
from tests.outgoing import CASE, CONTEXT, ENV, LETTERHEAD, NOW, entry, parsed, part

# What must be read in both parts, the same words in text and HTML.
SAYS: dict[Notice, tuple[str, ...]] = {
    Notice.CASE_OPENED: (CASE, "The export stops at 02:10.", "reply to this mail"),
    Notice.CASE_MESSAGE: ("we look into it.", "reply to this mail"),
    Notice.INFO_REQUESTED: ("Which version do you run?", "What we need from you", "Remove personal data first."),
    Notice.SOLUTION_PROPOSED: ("Please install 4.2.1.", "I accept the solution", "I do not accept it"),
    Notice.CASE_CLOSED: (
        *("25 December 2026", "call", "+49 30 5550 1234", "example.com/contact", CASE),
        *("26 December 2026", "it is deleted", "A reply by mail does not reopen the case"),
    ),
    Notice.CASE_CLOSED_NOTICE: (
        CASE,
        "20 November 2026",
        "20 December 2026",
        "+49 30 5550 1234",
        "example.com/contact",
    ),
    Notice.REPLY_RECEIVED: (CASE, "maria@example.org", "It is 4.2.0.", "does not reach the customer"),
    Notice.NEEDS_A_LOOK: (CASE, "maria@example.org", "Port 8443.", "Looks human."),
    Notice.FOLLOW_UP_1: (
        *(CASE, "23 November 2026", "Which version do you run?", "the information above", "reply to this mail"),
        "Thursday, 3 December 2026, 10:00 (Europe/Berlin)",
    ),
    Notice.FOLLOW_UP_2: (
        *(CASE, "Please install 4.2.1.", "I accept the solution", "I do not accept it"),
        "Thursday, 3 December 2026, 09:00 (UTC)",
    ),
    Notice.FOLLOW_UP_CLOSED: (
        *(CASE, "Which version do you run?", "25 December 2026", "call", "+49 30 5550 1234", "example.com/contact"),
        *("26 December 2026", "it is deleted", "A reply by mail does not reopen the case"),
    ),
    Notice.CASE_REOPENED: (CASE, "It stopped again at 02:10.", "reply to this mail"),
    Notice.REOPEN_REQUESTED: (CASE, "still closed", "+49 30 5550 1234", "example.com/contact", "25 December 2026"),
    Notice.CLOSURE_REQUESTED: (CASE, "maria@example.org", "It runs, thank you.", "does not reach the customer"),
    Notice.REOPEN_WANTED: (CASE, "maria@example.org", "It stopped again.", "does not reach the customer"),
    Notice.DELIVERY_FAILED: (
        CASE,
        "maria@example.org",
        "another way",
        "550 5.1.1 unknown",
        "gateway contact deliverable",
    ),
    Notice.ESCALATION_RECEIVED: (
        *(CASE, "Nothing moves since Monday.", "it does not move forward"),
        *("waits for the customer", "reply to this mail"),
    ),
    Notice.ESCALATION_ACCEPTED: ("accepted", "mia@desk.example.test", "Importance:", "You hear from us by noon."),
    Notice.ESCALATION_DECLINED: ("cannot accept it", "was sent yesterday", "+49 30 5550 1234", "escalate again"),
    Notice.ESCALATION_UPDATE: ("The fix is in test.", "about your escalation"),
    Notice.ESCALATION_CLOSED: ("Your escalation is closed", "Thank you for your patience."),
    Notice.ESCALATION_ASSIGNED: (
        *("maria@example.org", "We still have no analysis.", "the root-cause analysis is overdue"),
        *("is not due yet", "does not reach the customer"),
    ),
    Notice.ESCALATION_REPLY: ("maria@example.org", "Noon is too late for us.", "until somebody has read this"),
    Notice.INCIDENT_REPORT: (
        *("20 November 2026, 02:10 UTC", "20 November 2026, 05:40 UTC", "critical", "The export stops"),
        *("We replaced the disk.", "1 December 2026", "Watch the disks.", "attached file"),
    ),
    Notice.QUEUE_ALARM: (
        "3 mails",
        "more than",
        "4 hours",
        "item 17",
        "25 November 2026, 05:30 UTC",
        "gateway queue list",
    ),
    Notice.TARGET_MISSED: ("response", "25 November 2026, 09:30 UTC", "high"),
    Notice.WEBHOOK_DISABLED: ("hooks.example.com", "HTTP 410 Gone", "gateway webhook enable 3"),
    Notice.CHAT_TRANSCRIPT: (CASE, "25 November 2026, 10:02 UTC", "I look into the log now.", "reply to this mail"),
    Notice.CHAT_CONTACT_LEFT: (CASE, "Maria Weber", "+49 30 5550 4321", "Call before noon", "does not reach"),
    Notice.FILE_ACCOUNT_CREATED: (
        *("https://files.example.com", "case-3256109", "30 November 2026, 10:00 UTC"),
        *("120 hours", "never told by mail"),
    ),
    Notice.FILE_ACCOUNT_EXPIRING: ("ends soon", "30 November 2026, 10:00 UTC", "120 hours", "never told by mail"),
    Notice.ADVISORY_DIGEST: ("ADV-2026-118", "disk is full", "high", "example.com/advisories/118", "18 November 2026"),
    Notice.ALARM_RAISED: ("95 percent", "export-2.example.com", "major", "25 November 2026, 09:58 UTC", "mon-98121"),
    Notice.MAINTENANCE_WINDOW: (
        *("Saturday, 28 November 2026, 22:00 (Europe/Berlin)", "Sunday, 29 November 2026, 00:30 (Europe/Berlin)"),
        *("export-1.example.com", "none is lost", "28 November 2026, 21:00 UTC"),
    ),
    Notice.CASE_ACTIVITY_SUMMARY: (CASE, "We asked for the log files.", "20 November 2026, 14:00 UTC"),
    Notice.MAILBOX_STALE: ("support", "25 November 2026, 09:30 UTC", "does not answer in time", "no case is closed"),
    Notice.UNLINKED_NOTICE: ("A person of our team will find out what it is about.", "leave our text in your answer"),
}

WITHOUT_FILE = tuple(notice for notice in Notice if notice is not Notice.INCIDENT_REPORT)


@pytest.mark.parametrize("notice", list(Notice))
def test_each_notice_renders_with_exactly_the_values_it_declares(notice: Notice) -> None:
    assert set(CONTEXT[notice]) == set(compose.NOTICE_CONTEXT[notice])
    raw = compose.compose(entry(notice), LETTERHEAD, ENV, now=NOW)
    for subtype in ("plain", "html"):
        body = part(raw, subtype)
        for words in SAYS[notice]:
            assert words in " ".join(body.replace("</strong>", "").replace("</span>", "").split()) or words in body
        assert "None" not in body


def test_every_notice_has_a_folder_a_declaration_and_a_test() -> None:
    assert set(compose.NOTICE_CONTEXT) == set(Notice) == set(SAYS)


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("2026-12-20", "until 20 December 2026"),
        ("2026-11-24", "time in which it could be reopened is over"),
        ("", "is over"),
    ],
)
def test_a_late_sender_learns_until_when_or_that_it_is_too_late(until: str, told: str) -> None:
    """Source: PROCESS 3.6, 5.3: after the window, the pointer to a new case that names the old one."""
    context = {**CONTEXT[Notice.CASE_CLOSED_NOTICE], "reopen_until": until}
    raw = compose.compose(entry(Notice.CASE_CLOSED_NOTICE, context=context), LETTERHEAD, ENV, now=NOW)
    assert told in " ".join(part(raw, "plain").split())


def test_the_notice_to_a_late_sender_holds_no_word_of_the_case_or_the_mail() -> None:
    """LP-09: not even the subject, which a customer wrote, and no Reference ID."""
    raw = compose.compose(
        entry(Notice.CASE_CLOSED_NOTICE, subject="BUY NOW http://spam.example"), LETTERHEAD, ENV, now=NOW
    )
    assert b"BUY" not in raw
    assert b"REF-" not in raw
    assert b"spam.example" not in raw


@pytest.mark.parametrize(("how", "page"), [("phone", False), ("portal", True)])
def test_a_closed_case_is_reopened_the_way_the_profile_says(how: str, page: bool) -> None:
    """Source: PROCESS 5.3, 9."""
    context = {**CONTEXT[Notice.CASE_CLOSED], "reopen_how": how}
    for subtype in ("plain", "html"):
        body = part(compose.compose(entry(Notice.CASE_CLOSED, context=context), LETTERHEAD, ENV, now=NOW), subtype)
        assert ("reopen it on the case page" in body) is page
        assert "+49 30 5550 1234" in body


def test_an_empty_privacy_line_leaves_no_gap() -> None:
    context = {"text": "Which version?", "privacy_line": ""}
    raw = compose.compose(entry(Notice.INFO_REQUESTED, context=context), LETTERHEAD, ENV, now=NOW)
    assert "\r\n\r\n---" not in part(raw, "plain").split("What we need")[1]


def test_an_incident_report_carries_its_file_and_every_other_notice_none() -> None:
    """PROCESS 8: the file is there, opens as HTML, holds the whole timeline and no Reference ID."""
    raw = compose.compose(entry(Notice.INCIDENT_REPORT), LETTERHEAD, ENV, now=NOW)
    (file,) = [p for p in parsed(raw).walk() if p.get_filename()]
    assert file.get_filename() == f"incident-report-{CASE}.html"
    assert file.get_content_disposition() == "attachment"
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    text = content.decode("utf-8")
    for words in ("The case was opened.", "service-restored", "We replaced the disk.", "1 December 2026", "no date"):
        assert words in text
    assert "REF-" not in text
    assert parsed(raw).get_content_type() == "multipart/mixed"
    others = [compose.compose(entry(notice), LETTERHEAD, ENV, now=NOW) for notice in WITHOUT_FILE]
    assert not [p for other in others for p in parsed(other).walk() if p.get_filename()]


def test_a_hostile_subject_and_text_stay_text_in_the_file() -> None:
    """OB-06: the file opens in a browser, so nothing that a customer wrote may become markup or a Reference ID."""
    context = CONTEXT[Notice.INCIDENT_REPORT] | {
        "description": "<script>alert(1)</script> REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY",
        "timeline": [{"at": "2026-11-20T02:30:00+00:00", "what": "<img src=x onerror=alert(1)> \r\nX: y"}],
    }
    raw = compose.compose(
        entry(Notice.INCIDENT_REPORT, context=context, subject="</title><b>日本語"), LETTERHEAD, ENV, now=NOW
    )
    (file,) = [p for p in parsed(raw).walk() if p.get_filename()]
    text = file.get_payload(decode=True).decode("utf-8")  # type: ignore[union-attr]
    assert "<script>" not in text
    assert "<img" not in text
    assert "<b>" not in text
    assert "日本語" in text
    assert "7K3MQ2XD91" not in text
