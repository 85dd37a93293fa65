"""`gateway explain`: the what-if, with and without a database."""

import os
from pathlib import Path

import pytest

from tests.story.terminal import Terminal

KEYS = [
    "path",
    "sha256",
    "kind",
    "kind_reason",
    "from",
    "flags",
    "subject",
    "message_id",
    "text",
    "text_without_signature",
    "reply",
    "reply_without_signature",
    "references",
    "attachments",
    "bounce",
    "defects",
    "disposition",
    "reason",
    "trace",
]


@pytest.fixture
def nowhere(terminal: Terminal) -> Terminal:
    """Return a terminal whose database does not exist."""
    terminal.database_url = f"sqlite:///{terminal.folder}/none/gateway.db"
    terminal.__post_init__()
    return terminal


def reference() -> str:
    from gateway.linking import reference_id

    return reference_id.new(lambda count: bytes(range(count)))


def test_without_a_database_a_well_formed_id_reads_linked_and_nothing_is_made(nowhere: Terminal) -> None:
    (seen,) = nowhere.ok("explain", str(nowhere.mail("reply", f"Yes.\n\n> Reference ID: {reference()}")))
    assert list(seen) == KEYS
    assert (seen["disposition"], seen["reason"], seen["kind"]) == ("linked", "reference-found", "person")
    assert seen["references"] == [{"id": reference(), "valid": True}]
    assert (seen["from"], seen["reply"].strip()) == ("dana@example.org", "Yes.")
    assert "not-resolved" in [step["step"] for step in seen["trace"]]
    assert not (nowhere.folder / "none").exists()


def test_with_a_database_only_an_issued_id_is_valid_and_nothing_is_written(terminal: Terminal) -> None:
    number = terminal.asked_case()
    files = [
        terminal.mail("ours", terminal.reference()),
        terminal.mail("strange", reference()),
        terminal.mail("colleague", terminal.reference(), sender="kim@example.org"),
    ]
    seen = terminal.ok("explain", *map(str, files))
    assert [one["path"] for one in seen] == [str(path) for path in files]
    assert [one["reason"] for one in seen] == ["reference-found", "unknown-reference", "sender-not-contact"]
    assert [one["references"][0]["valid"] for one in seen] == [True, False, True]
    assert terminal.ok("case", "show", number)[0]["status"] == "awaiting-info"
    assert terminal.ok("ledger")[0]["accepted"] == 0


def test_nothing_that_a_file_holds_makes_it_fail(nowhere: Terminal) -> None:
    """LP-01: noise, emptiness and broken structure are explained like any mail."""
    contents = {
        "noise": os.urandom(65_536),
        "empty": b"",
        "nul": b"From: a@example.org\r\nSubject: \x00\r\n\r\n\x00\xff",
        "boundary": b"From: a@example.org\nContent-Type: multipart/mixed\n\n--\n",
        "headers-only": b"Subject: x",
    }
    paths = []
    for name, content in contents.items():
        paths.append(nowhere.folder / name)
        paths[-1].write_bytes(content)
    seen = nowhere.ok("explain", *map(str, paths))
    assert [Path(one["path"]).name for one in seen] == list(contents)
    assert all(list(one) == KEYS and one["disposition"] and one["trace"] for one in seen)


def test_a_mail_comes_from_stdin_too(nowhere: Terminal) -> None:
    seen = nowhere.program("explain", "-", "--json", stdin=nowhere.mail("m", "text").read_bytes())
    assert seen.code == 0
    assert (seen.json[0]["path"], seen.json[0]["reason"]) == ("-", "no-reference")


def test_a_missing_file_is_named_and_the_others_are_explained(nowhere: Terminal) -> None:
    done = nowhere.run("explain", "nothing.eml", str(nowhere.mail("m", "text")), "--json")
    assert (done.code, len(done.json)) == (1, 1)
    assert "nothing.eml" in done.err


def test_a_person_reads_it_in_sections(nowhere: Terminal) -> None:
    shown = nowhere.run("explain", str(nowhere.mail("m", "text " * 2000))).out
    assert "would be" in shown
    assert "no-reference: The body carries no Reference ID" in shown
    assert "--json shows all" in shown
