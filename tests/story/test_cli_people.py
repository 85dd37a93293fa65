"""`gateway case escalate`, `escalation`, `contact`, `account`, `case contact` and `case incident-report`."""

import pytest

from tests.story.terminal import Terminal

DANA = "dana@example.org"


def test_an_escalation_is_asked_for_and_reviewed_by_commands(terminal: Terminal) -> None:
    """CONTRACT 2, 4: the API's object, one a line."""
    number = terminal.open_case()
    asked = terminal.ok(
        *("case", "escalate", "41", "--reason", "no-update", "--details", "-", "--requester", DANA),
        stdin=b"Silent since Monday.",
    )[0]
    assert (asked["case"], asked["state"], asked["reason"]) == (number, "requested", "no-update")
    assert (asked["requester"], asked["owner"], asked["warnings"]) == (DANA, None, [])
    assert terminal.ok("case", "show", number)[0]["escalation"]["id"] == asked["id"]
    id_ = asked["id"]
    accepted = terminal.ok(
        *("escalation", "accept", id_, "--owner", "mia@example.com", "--importance", "high", "--urgency", "high"),
        *("--text", "Engineering looks today."),
    )[0]
    assert (accepted["state"], accepted["owner"]) == ("accepted", "mia@example.com")
    assert terminal.ok("escalation", "update", id_, "--text", "It is in test.")[0]["state"] == "accepted"
    assert terminal.ok("escalation", "list")[0]["id"] == id_
    assert terminal.ok("escalation", "read", id_)[0]["unread"] == 0
    assert terminal.ok("escalation", "close", id_)[0]["state"] == "closed"
    assert terminal.ok("escalation", "list") == []
    assert [e["state"] for e in terminal.ok("escalation", "list", "--state", "all", "--case", "41")] == ["closed"]
    assert "Silent since Monday." in terminal.run("case", "show", "41", "--feed", "escalation").out
    assert "Escalation 1 of case 0000000041: closed" in terminal.run("escalation", "show", id_).out


def test_a_declined_escalation_makes_room_for_the_next(terminal: Terminal) -> None:
    terminal.open_case()
    ask = ("case", "escalate", "41", "--reason", "other", "--details", "x")
    terminal.ok(*ask)
    terminal.ok("escalation", "decline", "1", "--text", "It left yesterday.")
    assert terminal.ok(*ask)[0]["id"] == "2"


def test_a_reply_to_an_escalation_notice_is_seen_in_its_feed(terminal: Terminal) -> None:
    """PROCESS 6.5: from mail to mail."""
    terminal.open_case()
    terminal.ok("case", "escalate", "41", "--reason", "no-update", "--details", "x")
    mail = terminal.mail("late", f"Still nothing.\n\n> Reference ID: {terminal.reference()}\n")
    (taken,) = terminal.ok("ingest", str(mail))
    assert (taken["disposition"], taken["reason"]) == ("linked", "escalation-feed")
    assert terminal.ok("escalation", "show", "1")[0]["unread"] == 1
    updates = terminal.ok("case", "show", "41", "--feed", "escalation")[0]["updates"]
    assert [(u["feed"], u["channel"]) for u in updates] == [("escalation", "agent"), ("escalation", "mail")]


def test_a_contact_is_made_shown_and_listed_without_its_pin(terminal: Terminal) -> None:
    """CONTRACT 4: `PUT`/`GET /contacts`; the PIN is never shown."""
    terminal.open_case()
    made = terminal.ok(
        *("contact", "set", DANA, "--account", "Northwind", "--alternate", "dana@home.example.net"),
        *("--language", "de", "--timezone", "Europe/Berlin", "--pin", "975310", "--access", "read-write"),
    )[0]
    assert made == {
        "email": DANA,
        "name": "Dana Doe",
        "account": "Northwind",
        "access": "read-write",
        "alternates": ["dana@home.example.net"],
        "language": "de",
        "timezone": "Europe/Berlin",
        "has_pin": True,
        "acts_for": [],
        "undeliverable": [],
    }
    assert terminal.ok("contact", "show", "dana@home.example.net")[0] == made
    assert terminal.ok("contact", "list", "--account", "Northwind") == [made]
    for shown in (terminal.run("contact", "show", DANA), terminal.run("contact", "list")):
        assert "Northwind" in shown.out
        assert "975310" not in shown.out
    assert terminal.ok("contact", "set", DANA, "--alternate", "")[0]["alternates"] == []


def test_a_partner_is_set_and_ended_on_its_account(terminal: Terminal) -> None:
    terminal.ok("contact", "set", DANA, "--account", "Northwind")
    terminal.ok("contact", "set", "pia@example.net", "--account", "Blue Partners")
    set_ = ("account", "set", "Blue Partners", "--acts-for", "Northwind")
    assert terminal.ok(*set_)[0]["acts_for"] == ["Northwind"]
    assert terminal.ok("account", "set", "Northwind", "--plan", "gold")[0]["plan"] == "gold"
    assert "Blue Partners" in terminal.run("account", "list").out
    assert terminal.ok(*set_, "--no-longer")[0]["acts_for"] == []


def test_the_contact_of_a_case_is_changed_and_the_old_reference_id_revoked(terminal: Terminal) -> None:
    """CONTRACT 2, 4, ID-11."""
    terminal.asked_case()
    reference = terminal.reference()
    changed = terminal.ok("case", "contact", "41", "--email", "erin@example.org", "--name", "Erin", "--revoke")[0]
    assert changed["contact"] == {"email": "erin@example.org", "name": "Erin"}
    (taken,) = terminal.ok("ingest", str(terminal.mail("late", f"4.2\n\n> {reference}\n")))
    assert (taken["disposition"], taken["reason"]) == ("queued", "reference-revoked")


def test_an_incident_report_is_looked_at_and_then_sent(terminal: Terminal) -> None:
    """PROCESS 8."""
    with terminal.settings.open("a") as settings:
        settings.write("[profile.on-premises]\nincident_report_for = ['medium']\n")
    terminal.open_case()
    words = ("--measures", "Replaced the disk", "--actions", "2026-12-01 Add an alarm\nTell the partners")
    (report,) = terminal.ok("case", "incident-report", "41", *words, "--preview", "--ended", "2126-01-01T00:00:00Z")
    assert report["ended_at"] == "2126-01-01T00:00:00Z"
    assert report["actions"] == [
        {"due": "2026-12-01", "text": "Add an alarm"},
        {"due": None, "text": "Tell the partners"},
    ]
    assert "The case was opened." in terminal.run("case", "incident-report", "41", "--preview").out
    (mail,) = terminal.ok("case", "incident-report", "41", *words, "--to", DANA)
    assert (mail["notice"], mail["to"]) == ("incident-report", DANA)
    sent = (terminal.folder / "sent" / f"{mail['id']}.eml").read_text()
    assert 'filename="incident-report-0000000041.html"' in sent


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("case", "escalate", "99", "--reason", "other", "--details", "x"), 1, "no case 99"),
        (("case", "escalate", "41", "--reason", "angry", "--details", "x"), 2, "no-update"),
        (("case", "escalate", "41", "--reason", "other", "--details", " "), 2, "details"),
        (("case", "escalate", "41", "--reason", "other", "--details", "x", "--requester", "e@b.test"), 1, "Designated"),
        (("escalation", "accept", "9", "--text", "x"), 1, "escalation list"),
        (("escalation", "list", "--state", "angry"), 2, "active"),
        (("contact", "show", "nobody@example.org"), 1, "contact list"),
        (("contact", "set", "nobody"), 2, "not one mail address"),
        (("contact", "set", DANA, "--pin", "1"), 2, "4 to 12 digits"),
        (("account", "set", "Nobody", "--plan", "gold"), 1, "account list"),
        (("case", "contact", "41", "--email", DANA), 1, "already"),
        (("case", "incident-report", "41", "--measures", "x"), 1, "no incident report"),
        (("case", "incident-report", "41"), 2, "corrective measures"),
        (("case", "incident-report", "41", "--preview", "--started", "yesterday"), 2, "2026-11-25T10:00:00Z"),
        (("case", "post", "41", "--text", "x", "--channel", "phone", "--author", DANA, "--pin", "1"), 1, "PIN"),
    ],
)
def test_a_refusal_is_one_sentence_and_an_exit_code(
    terminal: Terminal, arguments: tuple[str, ...], code: int, words: str
) -> None:
    terminal.open_case()
    done = terminal.run(*arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert len(done.err.splitlines()) == 1
