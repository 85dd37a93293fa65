"""STARTTLS.  Source: HAZARDS SM-04, RFC 3207."""

import ssl
import subprocess
import time
from pathlib import Path

import pytest

from tests.wire.smtp_peer import MESSAGE, Client, House, house


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A self-signed certificate, as settings of `[smtp]`."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "example.com")


def make_certificate(folder: Path, name: str) -> dict[str, str]:
    paths = {"tls_cert": str(folder / "cert.pem"), "tls_key": str(folder / "key.pem")}
    command = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name}"
    subprocess.run(
        [*command.split(), "-out", paths["tls_cert"], "-keyout", paths["tls_key"]], check=True, capture_output=True
    )
    return paths


def _start_tls(client: Client) -> None:
    start_tls(client)


def start_tls(client: Client) -> bytes:
    """Begin TLS; return the certificate of the server."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    secured = context.wrap_socket(client.socket)
    client.socket = secured
    return secured.getpeercert(binary_form=True) or b""


def test_what_was_said_before_tls_is_forgotten_and_a_mail_goes_through_it(certificate: dict[str, str]) -> None:
    with house(**certificate) as h, h.client() as client:
        client.command("MAIL FROM:<ann@example.org>")
        assert client.command("STARTTLS now").startswith("501 ")
        assert client.command("STARTTLS").startswith("220 ")
        _start_tls(client)
        assert client.command("RCPT TO:<care@example.com>").startswith("503 ")
        assert client.command("MAIL FROM:<ann@example.org>").startswith("503 5.5.1 Send EHLO")
        assert "STARTTLS" not in client.command("EHLO client.example.org")
        assert client.command("STARTTLS").startswith("502 ")
        assert client.deliver().startswith("250 ")
        large = MESSAGE + b"z" * 3_000_000 + b"\r\n"
        assert client.deliver(large).startswith("250 ")
        assert client.command("QUIT").startswith("221 ")
        assert h.store.content() == large
        assert b" with ESMTPS;" in h.store.mails[0].raw


def test_commands_injected_behind_starttls_are_never_obeyed(certificate: dict[str, str]) -> None:
    """SM-04 (CVE-2024-34083): nothing is answered inside TLS until the client says something there."""
    with house(**certificate) as h, h.client() as client:
        client.send(b"STARTTLS\r\nEHLO i\r\nMAIL FROM:<i@example.org>\r\nRCPT TO:<care@example.com>\r\n")
        assert client.reply().startswith("220 ")
        _start_tls(client)
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(20)
        assert client.command("RCPT TO:<care@example.com>").startswith("503 5.5.1 Send MAIL")
        assert client.command("EHLO client.example.org").startswith("250")
        assert client.deliver().startswith("250 ")
        assert h.store.mails[0].envelope.mail_from == "ann@example.org"


def test_a_handshake_that_fails_ends_that_session_only(certificate: dict[str, str]) -> None:
    with house(**certificate, read_timeout_seconds=0.5) as h:
        with h.client() as broken, h.client() as silent:
            assert broken.command("STARTTLS").startswith("220 ")
            broken.send(b"this is no handshake\r\n" * 10)
            assert silent.command("STARTTLS").startswith("220 ")
            for client in (broken, silent):
                client._ahead = b""
                while client.socket.recv(1000):
                    pass
        with h.client() as normal:
            assert normal.deliver().startswith("250 ")
        began = time.monotonic()
        h.listener.stop()
        assert time.monotonic() - began < 15, "a session whose handshake failed was not forgotten"


def test_tls_from_the_first_byte(certificate: dict[str, str]) -> None:
    with house(tls="implicit", **certificate) as h, h.client(hello=False) as client:
        start_tls(client)
        assert client.reply().startswith("220 ")
        assert "STARTTLS" not in client.command("EHLO client.example.org")
        assert client.command("STARTTLS").startswith("502 ")
        assert client.deliver().startswith("250 ")
        assert b" with ESMTPS;" in h.store.mails[0].raw


def test_a_client_that_speaks_in_the_clear_where_tls_is_due_is_hung_up_on(certificate: dict[str, str]) -> None:
    with house(tls="implicit", **certificate) as h:
        with h.client(hello=False) as client:
            client.send(b"EHLO client.example.org\r\nMAIL FROM:<ann@example.org>\r\n")
            while client.socket.recv(4096):
                pass
        with h.client(hello=False) as client:
            start_tls(client)
            assert client.reply().startswith("220 ")


def test_a_renewed_certificate_is_taken_without_a_restart(tmp_path: Path) -> None:
    """A half-written renewal changes nothing; the next client after it gets the new one."""
    paths = make_certificate(tmp_path, "old.example.com")
    (tmp_path / "next").mkdir()
    renewed = make_certificate(tmp_path / "next", "new.example.com")
    with house(tls="implicit", **paths) as h:
        seen = [shown(h)]
        Path(renewed["tls_cert"]).replace(paths["tls_cert"])
        seen.append(shown(h))
        Path(renewed["tls_key"]).replace(paths["tls_key"])
        seen.append(shown(h))
    assert seen[0] == seen[1]
    assert seen[2] != seen[0]


def shown(h: House) -> bytes:
    with h.client(hello=False) as client:
        certificate = start_tls(client)
        assert client.reply().startswith("220 ")
    return certificate
