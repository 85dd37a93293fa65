"""Mailboxes over TLS: a certificate is checked, and nothing is said to a server that shows another's.  IM-08."""

from pathlib import Path

import pytest

from tests.relays import certificate
from tests.support import wait_until
from tests.wire.fetching import fetching, letter, settings, status, wait_for
from tests.wire.imap_peer import Peer


def test_a_mailbox_behind_a_certificate_that_we_trust_is_fetched(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/mailboxes.md: an authority of one's own, by SSL_CERT_FILE."""
    server, _ = certificate(tmp_path, "IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    with Peer({1: letter(1)}, tls=server) as peer:
        with fetching(tmp_path, sqlite_url, settings(peer.port, "care", tls="implicit")) as app:
            wait_for(app, 1)


@pytest.mark.parametrize("names", ["IP:127.0.0.1", "DNS:imap.example.com"], ids=["untrusted", "another name"])
def test_a_certificate_that_is_wrong_is_refused_in_a_sentence(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    server, _ = certificate(tmp_path, names)
    if names.startswith("DNS"):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    with Peer({1: letter(1)}, tls=server) as peer:
        with fetching(tmp_path, sqlite_url, settings(peer.port, "care", tls="implicit")) as app:
            wait_until(lambda: status(app).error, what="the refusal")
            assert "certificate" in status(app).error
            assert "check host and tls" in status(app).error
    assert peer.noted == []
