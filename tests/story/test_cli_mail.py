"""`gateway ingest`, `mail`, `queue`, `ledger` and `tick`: mail from its taking-in to its place, by commands alone."""

import mailbox
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.story.terminal import Terminal


def test_an_ingested_reply_flips_the_case_and_shows_why(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PROCESS 3.1, 3.3; on both databases."""
    terminal = Terminal(tmp_path, database_url, monkeypatch)
    number = terminal.asked_case()
    reply = terminal.mail("reply", f"Version 7.\n\n> Reference ID: {terminal.reference()}")
    (mail,) = terminal.ok("ingest", str(reply))
    assert (mail["disposition"], mail["reason"], mail["case"]) == ("linked", "reference-found", number)
    assert mail["from"] == "dana@example.org"
    assert "trace" not in mail
    assert terminal.ok("case", "show", number)[0]["substatus"] == "customer-responded"
    (shown,) = terminal.ok("mail", "show", mail["id"])
    assert {step["step"] for step in shown["trace"]} >= {"parse", "kind", "link", "decide"}
    raw = terminal.program("mail", "raw", mail["id"], "--config", str(terminal.settings))
    assert raw.out.encode() == reply.read_bytes()


def test_a_folder_is_taken_in_in_order_with_a_disposition_each(terminal: Terminal) -> None:
    terminal.asked_case()
    folder = terminal.folder / "mails"
    folder.mkdir()
    reference = terminal.reference()
    texts = {"1-linked": reference, "2-queued": "no ID", "3-damaged": f"{reference[:-2]}", "4-empty": ""}
    for name, text in texts.items():
        terminal.mail(name, text).rename(folder / name)
    (folder / "5-nothing").write_bytes(b"")
    (folder / ".hidden").write_bytes(b"no mail")
    reasons = [mail["reason"] for mail in terminal.ok("ingest", str(folder))]
    assert reasons[:4] == ["reference-found", "no-reference", "damaged-reference", "no-reference"]
    assert len(reasons) == 5
    (balance,) = terminal.ok("ledger")
    assert (balance["accepted"], balance["balanced"], balance["in_progress"]) == (5, True, 0)


def test_a_report_to_our_bounce_address_finds_the_mail_that_came_back(terminal: Terminal) -> None:
    """DD-01: a file has no envelope, so a recipient of our domain in To stands in for it."""
    terminal.open_case()
    (sent,) = terminal.ok("outbox", "list", "--state", "all")
    with sqlite3.connect(terminal.database_url.removeprefix("sqlite:///")) as conn:
        ((key,),) = conn.execute("SELECT verp_key FROM outbox")
    report = terminal.folder / "report.eml"
    report.write_text(
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\nTo: bounce+{key}@example.com\n"
        "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nIt did not work.\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; dana@example.org\nAction: failed\nStatus: 5.1.1\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {sent['message_id']}\n\n--b--\n"
    )
    (mail,) = terminal.ok("ingest", str(report))
    assert (mail["disposition"], mail["to"]) == ("bounce", [f"bounce+{key}@example.com"])
    assert terminal.ok("outbox", "show", sent["id"])[0]["bounced_at"]


def test_several_files_are_taken_in_by_one_command(terminal: Terminal) -> None:
    files = [str(terminal.mail(name, name)) for name in ("one", "two")]
    assert len(terminal.ok("ingest", *files)) == 2
    assert terminal.run("ingest", "-", *files).code == 2


def test_a_mail_that_kills_its_reader_is_set_aside_and_read_again_on_demand(terminal: Terminal) -> None:
    """CONTRACT 5, `quarantined`: three deaths on this mail alone, its bytes are kept."""
    sound = terminal.settings.read_text()
    terminal.settings.write_text(sound + "[parser]\nmail_seconds = 0.0001\n")
    path = terminal.mail("m", "Some text, and more of it.\n" * 200_000)
    (explained,) = terminal.ok("explain", str(path))
    assert (explained["disposition"], explained["defects"]) == ("quarantined", ["parser:died"])
    (mail,) = terminal.ok("ingest", str(path))
    assert (mail["disposition"], mail["kind"]) == ("quarantined", None)
    terminal.settings.write_text(sound)
    again = terminal.ok("mail", "replay", mail["id"])[0]
    assert (again["disposition"], again["reason"]) == ("queued", "no-reference")


def test_an_mbox_is_taken_apart_and_its_quoted_from_lines_are_restored(terminal: Terminal) -> None:
    path = terminal.folder / "archive.mbox"
    box = mailbox.mbox(path)
    for number in (1, 2):
        box.add(terminal.mail(f"m{number}", f"Text {number}\nFrom here on it fails\n").read_bytes())
    box.close()
    mails = terminal.ok("ingest", str(path), "--mbox")
    assert [mail["disposition"] for mail in mails] == ["queued", "queued"]
    assert "\nFrom here on" in terminal.ok("mail", "show", mails[0]["id"])[0]["text"]


def test_a_from_field_with_a_blank_before_its_colon_is_no_line_of_a_mail_system(terminal: Terminal) -> None:
    """ID-06: `From :` at the top is a second sender; taken for an mbox line, a forged mail would flip the case."""
    number = terminal.asked_case()
    path = terminal.mail("forged", f"Version 7.\n\n> {terminal.reference()}")
    forged = b"From : eve@example.net\r\n" + path.read_bytes()
    path.write_bytes(forged)
    (explained,) = terminal.ok("explain", str(path))
    (mail,) = terminal.ok("ingest", str(path))
    assert (explained["reason"], mail["reason"]) == ("sender-ambiguous", "sender-ambiguous")
    assert terminal.ok("case", "show", number)[0]["status"] == "awaiting-info"
    assert terminal.program("mail", "raw", mail["id"], "--config", str(terminal.settings)).out.encode() == forged


def test_what_a_library_remarks_about_a_mail_reaches_nobody(terminal: Terminal) -> None:
    """CONTRACT 2: stderr is for our own sentences; a stranger's mail must not write on it."""
    path = terminal.folder / "invitation.eml"
    path.write_bytes(
        b"From: dana@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n--b--\r\n"
    )
    done = terminal.program("explain", "--json", str(path))
    assert (done.code, done.err) == (0, "")


def test_the_same_mail_again_is_a_duplicate_without_effect(terminal: Terminal) -> None:
    """ID-01: content keys are equal whatever way a mail took."""
    path = terminal.mail("twice", "no ID")
    (first,) = terminal.ok("ingest", str(path))
    path.write_bytes(b"Received: from elsewhere\r\n" + path.read_bytes())
    (second,) = terminal.ok("ingest", str(path))
    assert (second["disposition"], second["duplicate_of"]) == ("duplicate", first["id"])
    assert len(terminal.ok("queue", "list")) == 1


def test_a_pipe_commits_and_leaves_the_work_to_the_next_turn(terminal: Terminal) -> None:
    piped = terminal.program(
        *("ingest", "--sender", "bo@example.org", "-", "--config", str(terminal.settings)),
        stdin=b"From bo@example.org Mon Nov 23 10:00:00 2026\n" + terminal.mail("piped", "no ID").read_bytes(),
    )
    assert (piped.code, piped.out, piped.err) == (0, "", "")
    (waiting,) = terminal.ok("mail", "list")
    assert (waiting["disposition"], waiting["source"]) == (None, "ingest")
    (turn,) = terminal.ok("tick")
    assert turn["mails_processed"] == 1
    assert terminal.ok("mail", "list", "--disposition", "queued")[0]["id"] == waiting["id"]


@pytest.mark.parametrize("arguments", [("-",), ("reply.eml",)])
def test_what_cannot_be_committed_exits_75_so_that_the_mta_keeps_it(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    """FA-01: nothing is said to be taken before the commit; an MTA that sees 75 tries again."""
    terminal.mail("reply", "text").rename(terminal.folder / "reply.eml")
    (terminal.folder / "no-folder").write_text("a file, so no database can be made below it")
    terminal.settings.write_text("[database]\nurl = 'sqlite:///no-folder/gateway.db'\n")
    config = ("--config", str(terminal.settings))
    done = terminal.program("ingest", *arguments, *config, stdin=b"Subject: x\n\ntext\n")
    assert (done.code, done.out) == (75, "")
    assert len(done.err.splitlines()) == 1


def test_an_unreadable_path_or_mbox_exits_65_and_the_rest_is_taken(terminal: Terminal) -> None:
    assert terminal.run("ingest", str(terminal.folder / "nothing")).code == 65
    folder = terminal.folder / "boxes"
    folder.mkdir()
    terminal.mail("no-mbox", "text").rename(folder / "a")
    (folder / "b").write_bytes(b"From x@example.org Mon Nov 23 10:00:00 2026\nSubject: y\n\nz\n")
    done = terminal.run("ingest", "--mbox", str(folder), "--json")
    assert (done.code, [mail["subject"] for mail in done.json]) == (65, ["y"])
    assert "is no mbox" in done.err


def test_a_mail_without_reference_goes_through_the_queue(terminal: Terminal) -> None:
    """PROCESS 3.2, 3.4: hints never link; a link by hand flips, and can be undone."""
    number = terminal.asked_case()
    terminal.ok("ingest", str(terminal.mail("new", "Version 7.", subject=f"case {number}")))
    (item,) = terminal.ok("queue", "list")
    assert (item["reason"], item["hints"][0]["case"]) == ("no-reference", number)
    assert terminal.ok("queue", "claim", item["id"], "--by", "ben@example.com")[0]["item"]["claimed_by"]
    assert terminal.ok("queue", "release", item["id"])[0]["item"]["claimed_by"] is None
    preview = terminal.ok("queue", "link", item["id"], number, "--preview")[0]
    assert preview["item"]["state"] == "open"
    linked = terminal.ok("queue", "link", item["id"], "41")[0]
    assert (linked["item"]["resolution"], linked["effects"]) == ("linked", preview["effects"])
    assert terminal.ok("case", "show", number)[0]["status"] == "open"
    refused = terminal.run("queue", "discard", item["id"], "--why", "spam")
    assert refused.code == 1
    terminal.ok("queue", "undo", item["id"])
    assert terminal.ok("case", "show", number)[0]["status"] == "awaiting-info"
    opened = terminal.ok("queue", "open-case", item["id"], "--subject", "Another")[0]
    assert (opened["item"]["resolution"], opened["item"]["case"]) == ("case-opened", "0000000042")
    assert terminal.ok("queue", "list") == []
    assert [done["resolution"] for done in terminal.ok("queue", "list", "--state", "done")] == ["case-opened"]


def test_a_mail_cannot_steer_the_terminal_of_who_reads_it(terminal: Terminal) -> None:
    evil = terminal.mail("evil", "\x1b]0;owned\x07 \x1b[2J text \u202etxt", subject="=?utf-8?q?=1b[31mred?=")
    (mail,) = terminal.ok("ingest", str(evil))
    for arguments in (("mail", "show", mail["id"]), ("mail", "list"), ("queue", "show", "1"), ("explain", str(evil))):
        shown = terminal.run(*arguments).out
        assert not set(shown) & set("\x1b\x07\u202e"), arguments


def test_replay_is_refused_for_a_mail_that_is_not_quarantined(terminal: Terminal) -> None:
    terminal.ok("ingest", str(terminal.mail("m", "text")))
    done = terminal.run("mail", "replay", "1")
    assert (done.code, "quarantined" in done.err) == (1, True)


def test_a_reader_that_goes_away_is_no_error_message(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"Subject: big\n\n" + b"x" * 2_000_000)
    terminal.ok("ingest", str(tmp_path / "big"))
    command = f"{sys.executable} -m gateway mail raw 1 --config {terminal.settings} | head -c 10"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == (b"Subject: b", b"")
