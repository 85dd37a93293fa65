"""What one client, and all together, may use.  Source: HAZARDS SM-06, SM-07, SM-08, SM-09, SM-10, SM-11.

Waiting is scaled: every figure is a setting, so a deadline of 60 s is one of 0.5 s here.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.wire.smtp_peer import CARE, HANG_SECONDS, MESSAGE, Client, House, house

MIB = 1_048_576


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def _send_large(client: Client, size_bytes: int) -> None:
    block = (b"y" * 1022 + b"\r\n") * 64
    for _ in range(size_bytes // len(block)):
        client.send(block)


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ("99999999", "552 5.3.4"),
        ("²", "501"),
        ("-1", "501 5.5.4"),
        ("9" * 400, "501 5.5.4"),
        ("0x10", "501 5.5.4"),
        ("", "501 5.5.4"),
        ("26214400", "250 2.1.0"),
    ],
)
def test_a_declared_size_is_a_number_below_the_limit(size: str, code: str) -> None:
    """SM-06: never a 500 with the name of a Python class."""
    with house() as h, h.client() as client:
        assert client.command(f"MAIL FROM:<ann@example.org> SIZE={size}").startswith(code)


def test_a_mail_above_its_declared_size_costs_no_memory() -> None:
    """SM-06: SIZE=10 and then 26 MB is 552 after the dot."""
    with house() as h, h.client() as client:
        client.begin(parameters=" SIZE=10")
        before = psutil.Process().memory_info().rss
        highest = before
        for _ in range(26):
            _send_large(client, MIB)
            highest = max(highest, psutil.Process().memory_info().rss)
        assert client.command("\r\n.").startswith("552 5.3.4")
        assert highest - before < 4 * MIB
        assert client.command("NOOP").startswith("250 ")
        assert h.store.mails == []


@pytest.mark.parametrize(("extra", "code"), [(0, "250 2.0.0"), (1, "552 5.3.4")])
def test_the_size_limit_counts_content_and_not_its_dot_stuffing(extra: int, code: str) -> None:
    """SM-06: exactly the limit is taken, one byte more is not, however the packets are cut."""
    content = b".dotted\r\n" * 300 + b"z" * extra
    with house(max_message_bytes=len(b".dotted\r\n" * 300) + 2) as h, h.client() as client:
        client.begin()
        wire = (content + b"\r\n").replace(b".dotted", b"..dotted") + b".\r\n"
        for start in range(0, len(wire), 100):
            client.send(wire[start : start + 100])
        assert client.reply().startswith(code)


def _drip_command(client: Client) -> None:
    client.send(b"N")


def _drip_data(client: Client) -> None:
    client.send(b"x")


def _noop(client: Client) -> None:
    client.send(b"NOOP\r\n")


@pytest.mark.parametrize(
    ("drip", "in_data", "settings"),
    [
        pytest.param(None, False, {"read_timeout_seconds": 0.5}, id="says nothing"),
        pytest.param(None, True, {"read_timeout_seconds": 0.5}, id="says nothing in DATA"),
        pytest.param(_drip_command, False, {"read_timeout_seconds": 0.5}, id="drips a command"),
        pytest.param(_drip_data, True, {"read_timeout_seconds": 0.5}, id="drips a mail"),
        pytest.param(_noop, False, {"session_seconds": 0.7, "max_junk_commands": 10_000}, id="NOOP for ever"),
        pytest.param(_drip_data, True, {"session_seconds": 0.7, "min_bytes_per_second": 0}, id="a mail for ever"),
    ],
)
def test_a_slow_client_is_told_421_and_a_normal_one_is_served_meanwhile(
    drip: Callable[[Client], None] | None, in_data: bool, settings: dict[str, float]
) -> None:
    """SM-07: per-read deadline, least speed of a mail, cap on the session (NOOP resets none of them)."""
    with house(**settings) as h, h.client() as slow:
        if in_data:
            slow.begin()
        start = time.monotonic()
        stop = threading.Event()
        sender = threading.Thread(target=_drip, args=(slow, drip, stop))
        sender.start()
        with h.client() as normal:
            began = time.monotonic()
            assert normal.deliver().startswith("250 ")
            # Less than a second on an idle machine; the guard is ten times that.
            assert time.monotonic() - began < 10
        said = [slow.line()]
        while said[-1].startswith("250 "):
            said.append(slow.line())
        stop.set()
        sender.join(HANG_SECONDS)
        assert said[-1].startswith("421 4.4.2")
        assert time.monotonic() - start < 10
        _wait(lambda: not h.listener._shared.open)
        assert len(h.store.mails) == 1


def _drip(client: Client, drip: Callable[[Client], None] | None, stop: threading.Event) -> None:
    try:
        while drip and not stop.wait(0.05):
            drip(client)
    except OSError:
        pass  # the listener has hung up, as it should


def test_a_mail_that_comes_slowly_but_steadily_is_not_cut() -> None:
    """SM-08: it takes four times the per-read deadline, above the least speed all the time."""
    with house(read_timeout_seconds=0.5, min_bytes_per_second=500) as h, h.client() as client:
        client.begin()
        for _ in range(40):
            client.send(b"x" * 398 + b"\r\n")
            time.sleep(0.05)
        client.send(b".\r\n")
        assert client.reply().startswith("250 ")
        assert len(h.store.content()) == 16_000


@pytest.mark.parametrize("tried", [101, 1100])
def test_recipients_above_the_cap_are_put_off_and_the_mail_reaches_the_first(tried: int) -> None:
    """SM-09: 452 4.5.3 (RFC 5321 4.5.3.1.10), which is no error of the client; one mail is stored, not 100."""
    with house() as h, h.client() as client:
        client.command("MAIL FROM:<ann@example.org>")
        answers = [client.command(f"RCPT TO:<care+{n}@example.com>")[:9] for n in range(tried)]
        assert answers == ["250 2.1.5"] * 100 + ["452 4.5.3"] * (tried - 100)
        client.command("DATA")
        assert client.command(MESSAGE + b".").startswith("250 ")
        assert [len(mail.envelope.rcpt_tos) for mail in h.store.mails] == [100]


def _connect_many(h: House, count: int) -> tuple[list[Client], list[str]]:
    clients = [h.client(hello=False) for _ in range(count)]
    return clients, [client.reply()[:9] for client in clients]


def test_connections_of_one_address_are_capped_and_the_others_keep_theirs() -> None:
    """SM-10: 421 4.7.0 at once, existing sessions go on, sockets do not pile up."""
    with house() as h:
        before = len(list(Path("/proc/self/fd").iterdir()))
        clients, said = _connect_many(h, 120)
        assert said == ["220 examp"] * 20 + ["421 4.7.0"] * 100
        assert all(client.ended() for client in clients[20:])
        for client in clients[20:]:
            client.close()
        _wait(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before + 2 * 20)
        clients[0].command("EHLO client.example.org")
        assert clients[0].deliver().startswith("250 ")
        clients[1].close()
        _wait(lambda: len(h.listener._shared.open) == 19)
        with h.client() as late:
            assert late.command("NOOP").startswith("250 ")
        for client in clients:
            client.close()


def test_a_trusted_relay_is_bound_by_the_total_only() -> None:
    """SM-10: the per-address cap does not bind trusted relays."""
    with house(trusted_relays=["127.0.0.0/8"]) as h:
        clients, said = _connect_many(h, 200)
        assert said == ["220 examp"] * 100 + ["421 4.7.0"] * 100
        for client in clients:
            client.close()


def test_bytes_in_flight_are_capped_over_all_sessions() -> None:
    """SM-11: mails over the budget are read to their dot and put off with 452 4.3.1; the memory comes back."""
    with house(max_inflight_bytes=3 * MIB) as h:
        h.store.gate.clear()
        with h.client() as first, h.client() as second, h.client() as third:
            first.begin()
            _send_large(first, 2 * MIB)
            first.send(b".\r\n")
            second.begin()
            _send_large(second, 2 * MIB)
            assert second.command(".").startswith("452 4.3.1")
            assert third.command(f"MAIL FROM:<a@example.org> SIZE={2 * MIB}").startswith("452 4.3.1")
            h.store.gate.set()
            assert first.reply().startswith("250 ")
            second.begin()
            _send_large(second, 2 * MIB)
            assert second.command(".").startswith("250 ")
        assert len(h.store.mails) == 1
        assert len(h.store.duplicates) == 1


def test_memory_stays_near_the_budget_when_many_send_much() -> None:
    """SM-11, scaled: 12 clients send 8 MiB each at once into a budget of 32 MiB."""
    with house(max_inflight_bytes=32 * MIB) as h:
        clients = [h.client() for _ in range(12)]
        before = psutil.Process().memory_info().rss
        answers: list[str] = []
        highest = [before]

        def send(number: int, client: Client) -> None:
            client.begin()
            client.send(b"Subject: %d\r\n\r\n" % number)
            for _ in range(8):
                _send_large(client, MIB)
                highest.append(psutil.Process().memory_info().rss)
            answers.append(client.command(".")[:9])

        threads = [threading.Thread(target=send, args=pair) for pair in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(HANG_SECONDS)
        for client in clients:
            client.close()
        assert set(answers) <= {"250 2.0.0", "452 4.3.1"}
        assert answers.count("250 2.0.0") == len(h.store.mails) >= 3
        kept = sum(len(mail.raw) for mail in h.store.mails)
        assert max(highest) - before < 32 * MIB + kept + 32 * MIB


def test_errors_junk_and_mails_of_one_session_are_capped() -> None:
    """20 errors, 100 junk commands and 64 mails by default; a delivered mail forgives the first two."""
    with house(max_errors_per_session=5) as h, h.client() as client:
        for _ in range(4):
            assert client.command("XYZZY").startswith("500 ")
        assert client.deliver().startswith("250 ")
        for _ in range(5):
            assert client.command("XYZZY").startswith("500 ")
        assert client.reply().startswith("421 4.7.0")
        assert client.ended()
    with house(max_junk_commands=10) as h, h.client() as client:
        for _ in range(9):
            assert client.command("NOOP").startswith("250 ")
        client.send(b"RSET\r\n")
        assert client.reply().startswith("250 ")
        assert client.reply().startswith("421 4.7.0")
    with house(max_messages_per_session=2) as h, h.client() as client:
        assert client.deliver().startswith("250 ")
        assert client.deliver().startswith("250 ")
        assert client.command(f"MAIL FROM:<{CARE}>").startswith("421 4.7.0")
        assert client.ended()
