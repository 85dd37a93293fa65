"""Mailboxes on a server that lies, and those that refuse us: a server whose answers the tests write."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.inbound import imap_plan
from gateway.model import Disposition
from gateway.store.tables import mailbox
from tests.support import wait_until
from tests.wire.fetching import fetching, letter, rows, settings, status, wait_for, wait_until_empty
from tests.wire.imap_peer import Peer

GOOD, BAD = 1, 2


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what failed be tried again at the next look."""
    monkeypatch.setattr(imap_plan, "RETRY", timedelta(0))


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Return a server with two mails and one more."""
    with Peer({number: letter(number) for number in (GOOD, BAD, 3)}) as running:
        yield running


def digests(found: list[Any]) -> set[str]:
    return {row.sha256 for row in found}


@pytest.mark.parametrize(
    "lie",
    [lambda raw: raw[:-10], lambda _raw: b"", lambda _raw: None],
    ids=["short", "empty", "missing"],
)
def test_a_mail_that_comes_short_is_never_stored_and_never_lost(
    peer: Peer, sqlite_url: str, tmp_path: Path, at_once: None, lie: Any
) -> None:
    """IM-03, IM-04, PEERS 14: it stays unmarked and is tried again; the others go on; told the truth, it is taken."""
    peer.sent = lambda uid, raw: lie(raw) if uid == BAD else raw
    with fetching(tmp_path, sqlite_url, settings(peer.port, "care")) as app:
        wait_for(app, 2)
        wait_until(lambda: peer.flagged == {GOOD, 3}, what="the marks of the good ones")
        assert digests(rows(app)) == {sha256(letter(n)).hexdigest() for n in (GOOD, 3)}
        assert status(app).failing == 1
        peer.sent = lambda _uid, raw: raw
        wait_for(app, 3)
        wait_until(lambda: BAD in peer.flagged, what="the mark of the last one")
        assert status(app).failing == 0


def test_a_mail_that_can_never_be_had_gets_a_note_for_a_person_and_is_still_tried(
    peer: Peer, sqlite_url: str, tmp_path: Path, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IM-04: five tries."""
    monkeypatch.setattr(imap_plan, "RETRY_LATE", timedelta(0))
    peer.sent = lambda uid, raw: raw[:20] if uid == BAD else raw
    with fetching(tmp_path, sqlite_url, settings(peer.port, "care")) as app:
        wait_until(lambda: len(rows(app)) == 3, what="the note")
        wait_until_empty(app)
        (note,) = [row for row in rows(app) if row.disposition == Disposition.QUARANTINED]
        assert "20 bytes" in note.last_error
        assert BAD not in peer.flagged
        peer.sent = lambda _uid, raw: raw
        wait_for(app, 4)


def test_a_mail_that_a_person_deleted_meanwhile_is_forgotten(
    peer: Peer, sqlite_url: str, tmp_path: Path, at_once: None
) -> None:
    peer.sent = lambda uid, raw: None if uid == BAD else raw
    with fetching(tmp_path, sqlite_url, settings(peer.port, "care")) as app:
        wait_until(lambda: status(app).failing == 1, what="the failure")
        del peer.mails[BAD]
        wait_until(lambda: status(app).failing == 0, what="the end of it")
        assert len(rows(app)) == 2


def test_numbers_that_begin_anew_without_a_word_are_noticed(peer: Peer, sqlite_url: str, tmp_path: Path) -> None:
    """IM-02: UIDNEXT shrinks and numbers are used again, with the old UIDVALIDITY."""
    with fetching(tmp_path, sqlite_url, settings(peer.port, "care")) as app:
        wait_for(app, 3)
        wait_until_empty(app)
    peer.mails.clear()
    peer.mails[1] = letter(4)
    with fetching(tmp_path, sqlite_url, settings(peer.port, "care")) as app:
        taken = wait_for(app, 4)
    assert taken[-1].sha256 == sha256(letter(4)).hexdigest()


def test_a_wrong_password_is_tried_once_and_then_slowly_by_all_processes(
    peer: Peer, sqlite_url: str, tmp_path: Path
) -> None:
    """IM-06: no account is locked out by us; with the right password nobody waits."""
    peer.password = "another"
    box = settings(peer.port, "care")
    with fetching(tmp_path, sqlite_url, box) as app, fetching(tmp_path, sqlite_url, box):
        wait_until(lambda: status(app).error, what="the refusal")
        assert "does not let care sign in" in status(app).error
        assert "check user and password" in status(app).error
    with fetching(tmp_path, sqlite_url, box) as app:
        with app.database.read() as conn:
            until, failures = conn.execute(select(mailbox.c.lease_until, mailbox.c.failures)).one()
        assert failures == 1
        assert until - app.clock.now().timestamp() > 30
    assert sum(command.startswith("LOGIN") for command in peer.noted) == 1
    with fetching(tmp_path, sqlite_url, settings(peer.port, "care", password="another")) as app:
        wait_for(app, 3)


def test_a_server_without_starttls_is_told_no_password(peer: Peer, sqlite_url: str, tmp_path: Path) -> None:
    """IM-08: STARTTLS that somebody stripped."""
    with fetching(tmp_path, sqlite_url, settings(peer.port, "care", tls="starttls")) as app:
        wait_until(lambda: status(app).error, what="the refusal")
        assert "STARTTLS" in status(app).error
    assert not [command for command in peer.noted if command.startswith("LOGIN")]


def test_a_server_that_cannot_idle_is_asked_again_and_again(peer: Peer, sqlite_url: str, tmp_path: Path) -> None:
    peer.capabilities = "IMAP4rev1"
    with fetching(tmp_path, sqlite_url, settings(peer.port, "care")) as app:
        wait_for(app, 3)
        peer.mails[4] = letter(4)
        wait_for(app, 4)
    assert "IDLE" not in peer.noted


def test_without_move_and_uidplus_nothing_is_ever_expunged(peer: Peer, sqlite_url: str, tmp_path: Path) -> None:
    """RFC 4315: a plain EXPUNGE would remove what others have marked."""
    peer.capabilities = "IMAP4rev1"
    with fetching(tmp_path, sqlite_url, settings(peer.port, "care", processed_folder="Done")) as app:
        wait_until(lambda: peer.flagged == {1, 2, 3} and status(app).unfiled == 0, what="the marks")
    assert not [command for command in peer.noted if "EXPUNGE" in command]
