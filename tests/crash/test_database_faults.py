"""A database that is locked, full or cut off: the sender hears 451 or 452, nothing is kept, and the retry is accepted.

Never 5xx: that would make the customer's server give the mail back.  Source: SM-18, FA-03, FA-04, HAZARDS facts 1, 24.
"""

import contextlib
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.crash.house import House

ANSWERS = 12


def test_a_locked_database_means_451_and_nothing_kept_and_the_retry_is_accepted(house: House) -> None:
    """FA-04, SM-18: another process holds SQLite's exclusive lock for longer than the gateway waits."""
    raw = house.reply()
    with house.running(busy_seconds=0.3) as gateway:
        with _exclusive_lock(house):
            assert house.offer(gateway, raw) == 451
        assert house.dispositions() == []
        assert house.offer(gateway, raw, attempt=2) == 250
        house.let_leases_end()
        house.wait_until_quiet()
    house.check_inbound(answers=1, copies=1)
    house.check_outbound(copies_at_most=2)


def test_a_lock_shorter_than_the_patience_is_not_even_noticed(house: House) -> None:
    """FA-04: the mail waits with its sender and gets its 250."""
    with house.running(busy_seconds=20) as gateway:
        with _exclusive_lock(house) as unlock:
            threading.Timer(1, unlock).start()
            assert house.offer(gateway, house.reply()) == 250
        house.wait_until_quiet()
    house.check_inbound(answers=1, copies=1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 3 MB of its own, or a plain one where mounting is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], check=False, capture_output=True)
    yield folder
    if folder.is_mount():
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_means_452_and_every_acknowledged_mail_is_there(
    open_house: Callable[[str], House], small_disk: Path
) -> None:
    """FA-03, SM-18: a disk of 3 MB, or where that cannot be had SQLite's own limit on pages; later there is room."""
    house = open_house(f"sqlite:///{small_disk}/gateway.db")
    mails = [house.reply(n) + b"x" * 200_000 + b"\r\n" for n in range(ANSWERS)]
    with house.running(roles=["smtp"], max_pages=0 if small_disk.is_mount() else 400) as gateway:
        codes = [house.offer(gateway, raw) for raw in mails]
    assert set(codes) == {250, 452}
    assert house.dispositions() == [None] * codes.count(250)
    _make_room(small_disk)
    with house.running() as gateway:
        for raw, code in zip(mails, codes, strict=True):
            assert code == 250 or house.offer(gateway, raw, attempt=2) == 250
        house.wait_until_quiet()
    house.check_inbound(answers=ANSWERS, copies=ANSWERS)
    house.check_outbound()


def test_connections_that_postgresql_ends_cost_a_451_at_most(postgres_house: House) -> None:
    """FA-04: `pg_terminate_backend` again and again while mails are committed and processed; none is lost or doubled.

    A commit whose answer is lost may have happened: then the retry is a duplicate of what is there.
    """
    house = postgres_house
    with house.running() as gateway:
        with _terminating(house):
            first = [house.offer(gateway, house.reply(n)) for n in range(ANSWERS)]
        assert set(first) <= {250, 451}
        for number, code in enumerate(first):
            assert code == 250 or house.offer(gateway, house.reply(number), attempt=2) == 250
        house.let_leases_end()
        house.wait_until_quiet()
        assert gateway.stop() == 0
    house.check_inbound(answers=ANSWERS)
    house.check_outbound(copies_at_most=2)


@contextlib.contextmanager
def _exclusive_lock(house: House) -> Iterator[Callable[[], None]]:
    """Hold the lock of all writers; hand out a function that lets go early."""
    path = make_url(house.settings["database"]["url"]).database
    assert path
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=20)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield connection.rollback
    finally:
        connection.close()


@contextlib.contextmanager
def _terminating(house: House) -> Iterator[None]:
    """End all connections of the gateway to its database, every 50 ms."""
    url = make_url(house.settings["database"]["url"])
    over = threading.Event()
    ended = []

    def work() -> None:
        with psycopg.connect(url.set(drivername="postgresql", database="postgres").render_as_string(False)) as admin:
            admin.autocommit = True
            while not over.wait(0.05):
                rows = admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.database]
                )
                ended.extend(rows.fetchall())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert ended, "no connection was ended, so nothing was tested"


def _make_room(disk: Path) -> None:
    if disk.is_mount():
        subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
