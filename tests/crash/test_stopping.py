"""Being stopped and being frozen: what was acknowledged is there, and whoever comes back too late changes nothing.

Source: SM-19, FA-08, DESIGN 1.4.
"""

import os
import signal
import socket

from sqlalchemy import select

from gateway.store.tables import mail
from tests.crash.house import CARE, CUSTOMER, Gateway, House
from tests.support import wait_until
from tests.wire.smtp_peer import Client

SESSIONS = 5


def test_sigterm_with_five_open_sessions_keeps_all_that_was_acknowledged(house: House) -> None:
    """SM-19: each session has one mail acknowledged and one half sent; those under way are finished, then 421."""
    with house.running() as gateway:
        clients = [_greeted(gateway) for _ in range(SESSIONS)]
        for number, client in enumerate(clients):
            client.begin(sender=CUSTOMER, recipient=CARE)
            client.send(house.reply(number) + b".\r\n")
            assert client.reply().startswith("250 ")
            client.begin(sender=CUSTOMER, recipient=CARE)
            client.send(house.reply(SESSIONS + number))
        gateway.process.terminate()
        wait_until(lambda: not _connects(gateway.port), what="the end of listening")
        for client in clients:
            client.send(b".\r\n")
            assert client.reply().startswith("250 ")
            assert client.reply().startswith("421 4.3.2")
        assert gateway.process.wait(60) == 0
    with house.running():
        house.wait_until_quiet()
    house.check_inbound(answers=2 * SESSIONS, copies=2 * SESSIONS)
    house.check_outbound()


def test_a_frozen_worker_that_wakes_up_after_its_lease_ended_changes_nothing(postgres_house: House) -> None:
    """FA-08: SIGSTOP in the middle of a mail, its lease ends, another worker does the work, SIGCONT.

    On PostgreSQL, where workers are many; on SQLite the process could freeze with the lock of all writers in its hands.
    """
    house = postgres_house
    with house.running(freeze="after reading a mail", roles=["smtp", "worker"]) as sleeper:
        house.wait_until_quiet()
        assert house.offer(sleeper, house.reply()) == 250
        wait_until(lambda: _is_frozen(sleeper), seconds=30, what="the worker to stand still")
        house.let_leases_end()
        with house.running(roles=["worker", "scheduler"]):
            house.wait_until_quiet()
            os.kill(sleeper.process.pid, signal.SIGCONT)
            wait_until(lambda: "mail.lease_lost" in house.log(), seconds=30, what="the fence to hold")
        assert sleeper.stop() == 0
    house.check_inbound(answers=1, copies=1)
    house.check_outbound()
    with house.database.read() as conn:
        assert conn.execute(select(mail.c.fence)).scalars().all() == [2]


def _greeted(gateway: Gateway) -> Client:
    client = Client(gateway.port)
    assert client.reply().startswith("220 ")
    assert client.command("EHLO mx.example.org").startswith("250")
    return client


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _is_frozen(gateway: Gateway) -> bool:
    with open(f"/proc/{gateway.process.pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"
