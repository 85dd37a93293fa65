"""Clients that vanish, a spool that fails, a listener that stops.  Source: SM-17, SM-18, SM-19, RFC 5321 4.2.5."""

import errno
import socket
import sqlite3
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from gateway.clock import FixedClock
from gateway.config import load
from gateway.errors import GatewayError, Unavailable
from gateway.inbound.smtp import Listener
from gateway.model import NewMail, SpooledMail
from tests.wire.smtp_peer import HANG_SECONDS, MESSAGE, NOW, Client, House, house

SECRET = "/secret/path.db"


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def _reset(client: Client) -> None:
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def _all_gone(h: House) -> bool:
    return not h.listener._shared.open


@pytest.mark.parametrize("vanish", [_reset, Client.close])
def test_a_client_that_vanishes_after_the_dot_has_its_mail_committed_once(vanish: Callable[[Client], None]) -> None:
    """SM-17: reset right after the dot while the commit is under way; the retry is a duplicate and gets its 250."""
    with house() as h:
        h.store.gate.clear()
        client = h.client()
        client.begin()
        client.send(MESSAGE + b".\r\n")
        time.sleep(0.1)
        vanish(client)
        time.sleep(0.1)
        h.store.gate.set()
        _wait(lambda: _all_gone(h))
        with h.client() as again:
            assert again.deliver().startswith("250 ")
        assert len(h.store.mails) == 1
        assert h.store.duplicates == [1]


def test_a_client_that_half_closes_after_the_dot_is_answered() -> None:
    """SM-17: `DATA..dot, QUIT` and FIN in one go is no reason to lose the 250."""
    with house() as h:
        h.store.gate.clear()
        with h.client() as client:
            client.begin()
            client.send(MESSAGE + b".\r\nQUIT\r\n")
            client.socket.shutdown(socket.SHUT_WR)
            time.sleep(0.1)
            h.store.gate.set()
            assert client.reply().startswith("250 ")
            assert client.reply().startswith("221 ")
            assert client.ended()
        assert len(h.store.mails) == 1


@pytest.mark.parametrize("vanish", [_reset, Client.close])
def test_a_client_that_dies_before_the_dot_leaves_nothing(vanish: Callable[[Client], None]) -> None:
    """SM-17."""
    with house() as h:
        client = h.client()
        client.begin()
        client.send(MESSAGE + b".\r")
        vanish(client)
        _wait(lambda: _all_gone(h))
        assert h.store.mails == []
        assert h.listener._shared.inflight.has_room(268_435_456)


def _sqlite_full() -> Exception:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA max_page_count=1")
    try:
        connection.execute("CREATE TABLE t(x)")
        connection.execute("CREATE TABLE u(x)")
    except sqlite3.OperationalError as error:
        wrapped = Unavailable(f"no room in {SECRET}")
        wrapped.__cause__ = error
        return wrapped
    raise AssertionError("the database took more than its one page")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (sqlite3.OperationalError(f"database is locked: {SECRET}"), "451 4.3.0"),
        (Unavailable(f"the database is down: {SECRET}"), "451 4.3.0"),
        (ValueError(f"SELECT * FROM {SECRET}"), "451 4.3.0"),
        (OSError(errno.ENOSPC, "No space left on device", SECRET), "452 4.3.1"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", SECRET), "452 4.3.1"),
        (_sqlite_full(), "452 4.3.1"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_fails_on_our_side_is_temporary_and_tells_nothing(error: Exception, code: str) -> None:
    """SM-18: aiosmtpd alone would say a permanent `500 Error: (OperationalError) ... /secret/path.db`."""
    with house() as h, h.client() as client:
        h.store.error = error
        reply = client.deliver()
        assert reply.startswith(code)
        assert not any(word in reply for word in ("secret", "Error", "SELECT", "sqlite"))
        h.store.error = None
        assert client.deliver().startswith("250 2.0.0 Ok: queued as 1")


def test_a_put_that_raises_is_answered_like_a_commit_that_fails() -> None:
    """SM-18: handler raises."""

    def put(mail: NewMail) -> "Future[SpooledMail]":
        raise RuntimeError(SECRET)

    with house(put=put) as h, h.client() as client:
        assert client.deliver().startswith("451 4.3.0")
        assert client.command("NOOP").startswith("250 ")


def test_a_mail_that_waits_too_long_for_a_locked_database_is_given_back_and_never_kept() -> None:
    """SM-18, RFC 5321 4.2.5: 451 is said only for what will not be written later; a mail being written waits."""
    with house(commit_seconds=0.3) as h, h.client() as first, h.client() as second:
        h.store.gate.clear()
        first.begin()
        first.send(MESSAGE + b".\r\n")
        time.sleep(0.1)
        assert second.deliver(b"Subject: second\r\n\r\nx\r\n").startswith("451 4.3.0")
        h.store.gate.set()
        assert first.reply().startswith("250 ")
        assert second.command("NOOP").startswith("250 ")
    assert [mail.raw.endswith(MESSAGE) for mail in h.store.mails] == [True]


def test_a_stopping_listener_lets_mails_finish_and_sends_the_others_away() -> None:
    """SM-19: no new connections; in-DATA sessions finish, then 421 4.3.2; what was acknowledged is stored."""
    with house(shutdown_seconds=HANG_SECONDS) as h:
        idle, in_transaction = h.client(), h.client()
        in_transaction.command("MAIL FROM:<ann@example.org>")
        in_data = [h.client() for _ in range(3)]
        for number, client in enumerate(in_data):
            client.begin()
            client.send(b"Subject: %d\r\n\r\n" % number)
        stopping = threading.Thread(target=h.listener.stop)
        stopping.start()
        assert idle.reply().startswith("421 4.3.2")
        assert in_transaction.reply().startswith("421 4.3.2")
        with pytest.raises(ConnectionRefusedError):
            Client(h.listener.port)
        for client in in_data:
            client.send(MESSAGE + b".\r\nNOOP\r\n")
            assert client.reply().startswith("250 2.0.0")
            assert client.reply().startswith("421 4.3.2")
            assert client.ended()
        stopping.join(HANG_SECONDS)
        assert not stopping.is_alive()
        assert len(h.store.mails) == 3


def test_a_stopping_listener_does_not_wait_for_ever() -> None:
    """SM-19: after shutdown_seconds the rest is cut, with 421."""
    with house(shutdown_seconds=0.3) as h, h.client() as client:
        client.begin()
        client.send(b"Subject: never ends\r\n")
        began = time.monotonic()
        h.listener.stop()
        assert time.monotonic() - began < 15
        assert client.reply().startswith("421 4.3.2")
        assert client.ended()
        assert h.store.mails == []


def test_stopping_twice_and_stopping_what_never_started_is_nothing() -> None:
    with house() as h:
        h.listener.stop()
        h.listener.stop()
    Listener(load(smtp={"port": 0}), _unused, FixedClock(NOW)).stop()


def _unused(mail: NewMail) -> "Future[SpooledMail]":
    raise AssertionError("nobody sends a mail here")


def test_a_taken_port_is_one_sentence() -> None:
    with house() as h:
        listener = Listener(load(smtp={"port": h.listener.port}), _unused, FixedClock(NOW))
        with pytest.raises(
            GatewayError, match=rf"cannot use 127\.0\.0\.1 port {h.listener.port} .*; free it"
        ) as caught:
            listener.start()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"tls_cert": "cert.pem"},
        {"tls_cert": "no-such.pem", "tls_key": "no-such.pem"},
        {"trusted_relays": ["not a network"]},
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_listens(settings: dict[str, object]) -> None:
    with pytest.raises(GatewayError, match="smtp"):
        Listener(load(smtp={"port": 0} | settings), _unused, FixedClock(NOW))
