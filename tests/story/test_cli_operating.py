"""What an operator does: start and stop `serve`, ask the doctor, look at settings, schema, keys and the ledger."""

import signal
import smtplib
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway import cli
from tests.story.terminal import Terminal
from tests.support import free_port, wait_until

ROOT = Path(cli.__file__).parents[2]


@contextmanager
def serving(terminal: Terminal, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """Run `gateway serve` as a program; kill it if the test did not stop it."""
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(terminal.settings), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def listen_on(terminal: Terminal, port: int) -> None:
    with terminal.settings.open("a") as settings:
        settings.write(f"[smtp]\nport = {port}\n")


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_serve_takes_mail_until_a_signal_and_stops_cleanly(terminal: Terminal, asked: signal.Signals) -> None:
    number = terminal.asked_case()
    port = free_port()
    listen_on(terminal, port)
    with serving(terminal) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready.startswith(f"Ready: SMTP 127.0.0.1:{port}, web http://127.0.0.1:")
        with urllib.request.urlopen(f"{ready.split()[4].rstrip(',')}/readyz", timeout=40) as page:
            assert page.status == 200
        with smtplib.SMTP("127.0.0.1", port) as session:
            raw = terminal.mail("reply", f"Version 7.\n\n> Reference ID: {terminal.reference()}").read_bytes()
            session.sendmail("dana@example.org", ["care@example.com"], raw)
        wait_until(lambda: terminal.ok("case", "show", number)[0]["status"] == "open", what="the reply to be linked")
        process.send_signal(asked)
        _, log = process.communicate(timeout=40)
    assert process.returncode == 0
    assert "process.ready" in log
    assert "Traceback" not in log
    assert terminal.ok("mail", "list")[0]["source"] == "smtp"


def test_serve_says_which_port_is_taken_and_exits_1(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listen_on(terminal, port)
        with serving(terminal, "--roles", "smtp") as process:
            out, log = process.communicate(timeout=40)
    assert (process.returncode, out) == (1, "")
    assert f"port {port}" in log.splitlines()[-1]
    assert "smtp.port" in log.splitlines()[-1]


def test_config_shows_what_is_in_force_without_secrets(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_RELAY__PASSWORD", "hunter2")
    monkeypatch.setenv("GATEWAY_DATABASE__URL", "postgresql://gateway:hunter2@127.0.0.1/gateway")
    shown = terminal.run("config").out
    assert 'care_address = "care@example.com"' in shown
    assert "gateway:***@127.0.0.1" in shown
    assert "hunter2" not in shown + terminal.run("config", "--json").out
    assert terminal.ok("config")[0]["smtp"]["port"] == 8025


def test_all_faults_of_the_settings_are_told_at_once(terminal: Terminal) -> None:
    terminal.settings.write_text("[smtp]\nport = 'x'\nprot = 1\n")
    done = terminal.run("config")
    assert done.code == 2
    assert "smtp.port" in done.err
    assert "smtp.prot" in done.err


def test_db_current_makes_nothing_and_upgrade_makes_the_schema_once(terminal: Terminal) -> None:
    fresh = terminal.folder / "fresh" / "gateway.db"
    terminal.database_url = f"sqlite:///{fresh}"
    terminal.__post_init__()
    before = terminal.ok("db", "current")[0]
    assert (before["current"], fresh.exists()) == ("", False)
    assert terminal.run("db", "upgrade", "--json").json[0]["current"] == before["newest"]
    assert terminal.ok("db", "upgrade")[0]["before"] == before["newest"]


def test_a_key_is_printed_once_and_alone(terminal: Terminal) -> None:
    made = terminal.run("token", "create", "--role", "agent", "--name", "crm")
    assert made.code == 0
    key = made.out.removesuffix("\n")
    assert key.startswith("cgk_")
    assert not set(key) & set(" \n")
    (listed,) = terminal.ok("token", "list")
    assert (listed["role"], listed["name"]) == ("agent", "crm")
    assert key not in terminal.run("token", "list").out
    assert terminal.ok("token", "revoke", listed["id"])[0]["revoked_at"]
    assert terminal.run("token", "create", "--role", "king").code == 2
    assert terminal.run("token", "revoke", "99").code == 1


def test_tick_takes_the_given_time_for_the_present(terminal: Terminal) -> None:
    terminal.program("ingest", "-", "--config", str(terminal.settings), stdin=b"From: a@example.org\n\nx\n")
    (turn,) = terminal.ok("tick", "--now", "2030-01-02T03:04:05+01:00")
    assert turn["now"] == "2030-01-02T02:04:05Z"
    assert terminal.ok("queue", "list", "--state", "all")[0]["created_at"] == "2030-01-02T02:04:05Z"


def test_a_ledger_that_does_not_balance_exits_1(terminal: Terminal) -> None:
    """The one state that must never be: a mail that was accepted and is nowhere."""
    import sqlite3

    terminal.ok("ingest", str(terminal.mail("m", "text")))
    assert terminal.run("ledger").out.endswith("The ledger balances.\n")
    with sqlite3.connect(terminal.database_url.removeprefix("sqlite:///")) as conn:
        conn.execute("UPDATE mail SET disposition = 'lost'")
    done = terminal.run("ledger", "--json")
    assert (done.code, done.json[0]["balanced"]) == (1, False)
    assert "NOT balance" in terminal.run("ledger").out
