"""`gateway case` and `gateway outbox`: what agents do, and what leaves because of it."""

import pytest

from tests.story.terminal import Terminal


def test_opening_a_case_prints_it_and_mails_the_contact(terminal: Terminal) -> None:
    opened = terminal.ok(
        *("case", "open", "--subject", "VPN drops", "--description", "Too short", "--contact", "dana@example.org"),
        *("--name", "Dana Doe", "--priority", "high", "--external-ref", "CRM-7"),
    )[0]
    assert (opened["number"], opened["status"], opened["substatus"]) == ("0000000041", "open", "new")
    assert opened["contact"] == {"email": "dana@example.org", "name": "Dana Doe"}
    assert (opened["priority"], opened["external_ref"]) == ("high", "CRM-7")
    assert opened["hints"], "a description of two words deserves a hint"
    (mail,) = terminal.ok("outbox", "list", "--state", "all")
    assert (mail["notice"], mail["state"], mail["case"]) == ("case-opened", "done", opened["number"])
    assert (terminal.folder / "sent" / f"{mail['id']}.eml").exists()


def test_a_case_goes_through_its_life_by_commands(terminal: Terminal) -> None:
    """PROCESS 2.7, 4.1, 5.2: each command has the effects of the API's call of the same name."""
    number = terminal.open_case()
    assert terminal.ok("case", "request-info", "41", "--text", "Which version?")[0]["status"] == "awaiting-info"
    moved = terminal.ok("case", "set-status", number, "--status", "open", "--substatus", "engineering-request")[0]
    assert (moved["substatus"], moved["follow_up"]) == ("engineering-request", None)
    proposed = terminal.ok("case", "propose-solution", number, "--text", "Update it", "--substatus", "replied")[0]
    assert (proposed["status"], proposed["substatus"]) == ("solution-proposed", "replied")
    closed = terminal.ok("case", "close", number, "--substatus", "cancelled", "--text", "Thank you")[0]
    assert (closed["status"], closed["substatus"], closed["closed_at"] is None) == ("closed", "cancelled", False)
    notices = [mail["notice"] for mail in terminal.ok("outbox", "list", "--state", "all")]
    assert notices == ["case-opened", "info-requested", "solution-proposed", "case-closed"]


def test_show_has_the_feed_with_notes_that_stay_inside(terminal: Terminal) -> None:
    number = terminal.open_case()
    posted = terminal.ok("case", "post", number, "--text", "Called the site")[0]
    assert (posted["channel"], posted["visibility"], posted["author"]) == ("agent", "internal", "care@example.com")
    terminal.ok("case", "post", number, "--text", "-", "--visibility", "public", stdin=b"The part is on its way\n")
    updates = terminal.ok("case", "show", number)[0]["updates"]
    assert [update["text"].strip() for update in updates] == ["Called the site", "The part is on its way"]
    shown = terminal.run("case", "show", "41").out
    assert "Case 0000000041: VPN drops" in shown
    assert "Called the site" in shown


def test_list_filters_and_is_plain_when_nobody_watches(terminal: Terminal) -> None:
    number = terminal.asked_case()
    terminal.open_case()
    assert [case["number"] for case in terminal.ok("case", "list", "--status", "awaiting-info")] == [number]
    assert [case["number"] for case in terminal.ok("case", "list", "--turn", "customer")] == [number]
    assert len(terminal.ok("case", "list", "--limit", "1")) == 1
    table = terminal.run("case", "list").out
    assert table.splitlines()[0].split() == ["NUMBER", "STATUS", "PRIORITY", "MODIFIED", "CONTACT", "SUBJECT"]
    assert "\x1b" not in table
    assert all(line == line.rstrip() for line in table.splitlines())


def test_an_empty_list_says_what_to_do_next_beside_the_data(terminal: Terminal) -> None:
    done = terminal.run("case", "list")
    assert (done.code, done.out) == (0, "")
    assert "gateway case open" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("case", "show", "99"), 1, "no case 99"),
        (("case", "set-status", "41", "--status", "closed"), 1, "close"),
        (("case", "request-info", "41", "--text", " "), 2, "empty"),
        (("case", "open", "--subject", "a", "--description", "b", "--contact", "nobody"), 2, "dana@example.com"),
        (("case", "open", "--subject", "a" * 101, "--description", "b", "--contact", "d@example.org"), 1, "100"),
        (("case", "list", "--turn", "mine"), 2, "ours or customer"),
        (("case", "list", "--limit", "0"), 2, "--limit"),
        (("outbox", "show", "99"), 1, "outbox list"),
        (("outbox", "list", "--state", "lost"), 2, "ready"),
        (("outbox", "release", "1"), 1, "done"),
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


def test_a_dead_relay_is_a_warning_and_the_mail_waits_in_the_outbox(terminal: Terminal) -> None:
    """OB-06: a writing command exits 0 whatever the relay says; what did not leave is listed as open."""
    with terminal.settings.open("a") as settings:
        settings.write("[relay]\nhost = '127.0.0.1'\nport = 1\n")
    done = terminal.run(
        "case", "open", "--subject", "VPN", "--description", "It drops", "--contact", "d@example.org", "--json"
    )
    assert done.code == 0
    assert done.json[0]["status"] == "open"
    assert done.err.startswith("Warning: Mail 1 has not left yet")
    (waiting,) = terminal.ok("outbox", "list")
    assert (waiting["state"], waiting["attempts"]) == ("ready", 1)
    assert terminal.ok("outbox", "hold", "1")[0]["state"] == "held"
    assert terminal.run("outbox", "release", "1", "--json").json[0]["state"] == "ready"
    assert terminal.ok("outbox", "cancel", "1")[0]["state"] == "cancelled"
    assert terminal.ok("outbox", "list") == []
