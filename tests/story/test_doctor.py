"""`gateway doctor` on broken set-ups: one sentence each that says what is wrong and what to do, and exit code 1."""

import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from gateway.app import build
from gateway.config import load
from gateway.desk import cases
from gateway.model import EntryState
from gateway.store.tables import outbox
from tests.relays import ScriptedRelay, certificate
from tests.servers import ServiceMissing
from tests.services import program
from tests.story.terminal import Terminal
from tests.support import answers, free_port, wait_until


@pytest.fixture
def embedded(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return an installation on SQLite whose ports nobody else uses."""
    terminal = Terminal(tmp_path, sqlite_url, monkeypatch)
    monkeypatch.setenv("GATEWAY_SMTP__PORT", str(free_port()))
    monkeypatch.setenv("GATEWAY_WEB__PORT", str(free_port()))
    return terminal


def problem(terminal: Terminal, settings: str = "") -> dict[str, Any]:
    """Return the one problem that the doctor finds."""
    with terminal.settings.open("a") as file:
        file.write(settings)
    done = terminal.run("doctor", "--json")
    assert done.code == 1, done
    (found,) = [finding for finding in done.json if finding["state"] == "problem"]
    assert found["sentence"].endswith(".")
    return dict(found)


def test_a_sound_installation_has_no_problem(embedded: Terminal) -> None:
    done = embedded.run("doctor", "--json")
    assert done.code == 0, done
    assert {finding["state"] for finding in done.json} <= {"ok", "note"}


@pytest.mark.parametrize(
    ("settings", "check", "words"),
    [
        ("[relay]\nhost = '127.0.0.1'\nport = 1\n", "relay", "relay.port"),
        ("[relay]\nhost = 'no.such.host.invalid'\n", "relay", "is not known"),
        ("[broker]\nurl = 'redis://127.0.0.1:1/0'\n", "broker", "Redis does not answer"),
        ("[smtp]\naccept = ['@example.net']\n", "care address", "smtp.accept"),
        ("[smtp]\nhost = '192.0.2.1'\n", "listener", "smtp.host"),
        ("[imap.support]\nhost = '127.0.0.1'\nuser = 'care'\n", "mailboxes", "imap.support.password"),
        (
            "[imap.support]\nhost = '127.0.0.1'\nport = 1\nuser = 'care'\npassword = 'x'\n",
            *("mailboxes", "cannot be reached"),
        ),
        ("[smtp]\ntls_cert = 'none.pem'\ntls_key = 'none.pem'\n", "certificate", "smtp.tls_cert"),
    ],
    ids=lambda value: str(value).strip().replace("\n", " ")[:40],
)
def test_settings_that_cannot_work_are_named(embedded: Terminal, settings: str, check: str, words: str) -> None:
    found = problem(embedded, settings)
    assert found["check"] == check
    assert words in found["sentence"]


@pytest.mark.parametrize(
    ("relay", "tls", "words"),
    [
        (ScriptedRelay(answers={"EHLO": b"550 5.7.1 go away\r\n", "HELO": b"550 no\r\n"}), "none", "EHLO"),
        (ScriptedRelay(), "starttls", "does not offer STARTTLS"),
        (ScriptedRelay(answers={"AUTH": b"535 5.7.8 wrong\r\n"}, extensions=(b"AUTH PLAIN",)), "none", "535"),
        (ScriptedRelay(), "none", "takes no sign-in"),
        (ScriptedRelay(answers={"banner": b"554 not here\r\n"}), "none", "does not answer as a relay"),
        (ScriptedRelay(), "implicit", "relay.tls"),
    ],
    ids=["refuses EHLO", "no STARTTLS", "wrong password", "no sign-in", "refuses all", "no TLS"],
)
def test_a_relay_that_will_not_take_our_mail_is_named(
    embedded: Terminal, relay: ScriptedRelay, tls: str, words: str
) -> None:
    user = "user = 'care'\npassword = 'x'\n" if "EHLO" not in relay.answers else ""
    with relay.running():
        found = problem(embedded, f"[relay]\nhost = '127.0.0.1'\nport = {relay.port}\ntls = '{tls}'\n{user}")
    assert found["check"] == "relay"
    assert words in found["sentence"]


def test_a_relay_with_a_certificate_of_its_own_making_is_named(embedded: Terminal, tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, "IP:127.0.0.1")
    with ScriptedRelay(tls=server, implicit=True).running() as relay:
        found = problem(embedded, f"[relay]\nhost = '127.0.0.1'\nport = {relay.port}\ntls = 'implicit'\n")
    assert "certificate" in found["sentence"]


@contextmanager
def listening(port: int, greeting: bytes) -> Iterator[None]:
    """Let some other program sit on a port."""
    with socket.create_server(("127.0.0.1", port)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.sendall(greeting)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize(("name", "check"), [("SMTP", "listener"), ("WEB", "web")])
def test_a_port_that_somebody_else_has_is_named(
    embedded: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, check: str
) -> None:
    port = free_port()
    monkeypatch.setenv(f"GATEWAY_{name}__PORT", str(port))
    with listening(port, b"HTTP/1.0 200 OK\r\n\r\n<p>Hello"):
        found = problem(embedded)
    assert found["check"] == check
    assert f"{name.lower()}.port" in found["sentence"]


def test_a_redis_that_wants_a_password_is_named(embedded: Terminal) -> None:
    if not program("redis-server"):
        raise ServiceMissing("Redis")
    port = free_port()
    command = [str(program("redis-server")), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen([*command, "--requirepass", "secret"], stdout=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: answers(port), what="Redis")
            found = problem(embedded, f"[broker]\nurl = 'redis://127.0.0.1:{port}/0'\n")
        finally:
            server.terminate()
    assert "password" in found["sentence"]


def test_a_database_of_another_program_is_named(embedded: Terminal) -> None:
    with closing(sqlite3.connect(embedded.folder / "other.db")) as other:
        other.execute("CREATE TABLE x (y)")
    embedded.settings.write_text(embedded.settings.read_text().replace("gateway.db", "other.db"))
    done = embedded.run("doctor", "--json")
    found = {finding["check"]: finding["sentence"] for finding in done.json if finding["state"] == "problem"}
    assert done.code == 1
    assert "gateway db upgrade" in found["database"]


def test_a_file_that_is_no_database_is_named(embedded: Terminal) -> None:
    (embedded.folder / "other.db").write_bytes(b"nothing of the kind" * 100)
    embedded.settings.write_text(embedded.settings.read_text().replace("gateway.db", "other.db"))
    done = embedded.run("doctor", "--json")
    assert done.code == 1
    assert "database" in {finding["check"] for finding in done.json if finding["state"] == "problem"}


def test_a_postgresql_that_is_not_there_is_named(embedded: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE__URL", "postgresql://nobody@127.0.0.1:1/gateway")
    done = embedded.run("doctor", "--json")
    assert done.code == 1
    assert "database" in {finding["check"] for finding in done.json if finding["state"] == "problem"}


def test_work_that_nobody_does_is_named(embedded: Terminal) -> None:
    with build(load(embedded.settings)) as gateway:
        cases.open_case(gateway.services, subject="VPN", description="", contact_email="dana@example.org")
        with gateway.database.write() as conn:
            conn.execute(update(outbox).values(run_at=gateway.clock.now().replace(year=2020)))
    found = problem(embedded)
    assert found["check"] == "work"
    assert "nobody works" in found["sentence"]


def test_mail_that_could_not_be_delivered_is_named(embedded: Terminal) -> None:
    with build(load(embedded.settings)) as gateway:
        cases.open_case(gateway.services, subject="VPN", description="", contact_email="dana@example.org")
        with gateway.database.write() as conn:
            conn.execute(update(outbox).values(state=EntryState.DEAD))
    assert "--state dead" in problem(embedded)["sentence"]


def test_a_folder_that_cannot_be_written_is_named(embedded: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.doctor._writable", lambda folder: False)
    assert "gateway.data_dir" in problem(embedded)["sentence"]


def test_a_disk_that_is_nearly_full_is_named(embedded: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.doctor.LEAST_FREE_BYTES", 10**18)
    assert "make room" in problem(embedded)["sentence"]
