"""Without a smart host, mails are files."""

import os
from pathlib import Path

import pytest

from gateway.model import Accepted, Deferred
from gateway.outbound.relay import FolderRelay


def test_a_mail_is_a_file_named_by_its_outbox_id(tmp_path: Path) -> None:
    """Source: CONTRACT 3."""
    relay = FolderRelay(tmp_path / "sent")
    assert relay.send(12, "bounce+k@example.com", "m@example.org", b"exact\r\nbytes") == Accepted(
        reply="written to 12.eml"
    )
    assert (tmp_path / "sent" / "12.eml").read_bytes() == b"exact\r\nbytes"


def test_sending_twice_is_one_file(tmp_path: Path) -> None:
    relay = FolderRelay(tmp_path)
    for _ in range(2):
        relay.send(12, "bounce+k@example.com", "m@example.org", b"same")
    assert [p.name for p in tmp_path.iterdir()] == ["12.eml"]


def test_file_and_folder_are_synced_before_it_counts_as_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def watching(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watching)
    FolderRelay(tmp_path).send(12, "bounce+k@example.com", "m@example.org", b"x")
    assert synced[0].startswith(".12.")
    assert synced[1] == tmp_path.name


def test_a_folder_that_cannot_be_written_defers_and_names_no_path(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    outcome = FolderRelay(blocked / "sent").send(12, "bounce+k@example.com", "m@example.org", b"x")
    assert isinstance(outcome, Deferred)
    assert str(tmp_path) not in outcome.reply
