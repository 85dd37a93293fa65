"""FA-04: a database that is locked or gone is `Unavailable`, in words without path or SQL, and works again after it."""

import sqlite3
import time
from pathlib import Path

import psycopg
import pytest

from gateway.errors import Unavailable
from gateway.store import mail_views, mails
from gateway.store.db import Database
from tests.store.support import new_mail
from tests.support import wait_until

BUSY_SECONDS = 0.2


def _spool(database: Database) -> None:
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("one")])


def _says_nothing_of_the_inside(error: Unavailable, path: str) -> bool:
    said = str(error).lower()
    return not [word for word in (path, "/", "select", "insert", "begin", "pragma", "sqlalche.me") if word in said]


def test_a_locked_sqlite_file_is_unavailable_and_comes_back(sqlite_url: str) -> None:
    """FA-04: an exclusive lock that somebody else holds; a reader and a fresh connection are told the same way."""
    path = sqlite_url.removeprefix("sqlite:///")
    database = Database(sqlite_url, busy_seconds=BUSY_SECONDS)
    _count(database)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(Unavailable) as refused:
        _spool(database)
    assert time.monotonic() - began < 20 * BUSY_SECONDS
    assert _says_nothing_of_the_inside(refused.value, path)
    assert _count(database) == 0
    holder.execute("ROLLBACK")
    holder.close()
    _spool(database)
    assert _count(database) == 1
    database.close()


def test_a_sqlite_file_locked_before_the_first_connection_is_unavailable(sqlite_url: str) -> None:
    """FA-04: the settings of a new connection meet the lock before any transaction does."""
    path = sqlite_url.removeprefix("sqlite:///")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("PRAGMA journal_mode=DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    database = Database(sqlite_url, busy_seconds=BUSY_SECONDS)
    for work in (_spool, _count):
        with pytest.raises(Unavailable) as refused:
            work(database)
        assert _says_nothing_of_the_inside(refused.value, path)
    holder.execute("ROLLBACK")
    holder.close()
    _spool(database)
    assert _count(database) == 1
    database.close()


def test_a_sqlite_file_that_is_gone_or_broken_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    database = Database(f"sqlite:///{path}")
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(Unavailable) as refused:
        _count(database)
    assert _says_nothing_of_the_inside(refused.value, str(path))
    database.close()


def test_a_postgresql_connection_that_is_cut_in_a_transaction_is_unavailable_and_the_next_one_works(
    postgres_url: str,
) -> None:
    """FA-04: pg_terminate_backend before the commit, then while the connection rests in the pool."""
    database = Database(postgres_url)
    _spool(database)

    def cut_while_writing() -> None:
        with database.write() as conn:
            mails.spool_many(conn, [new_mail("two")])
            _cut(postgres_url)

    with pytest.raises(Unavailable) as refused:
        cut_while_writing()
    assert _says_nothing_of_the_inside(refused.value, "gateway_test")
    assert _count(database) == 1
    _cut(postgres_url)
    assert _count(database) == 1
    database.close()


def test_a_postgresql_server_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql://nobody:hush@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable) as refused:
        _count(database)
    assert "hush" not in str(refused.value)
    database.close()


def test_an_exhausted_pool_is_unavailable(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """FA-04."""
    database = Database(sqlite_url, pool_size=1)
    monkeypatch.setattr(database.engine.pool, "_timeout", 0.1)
    with database.read(), database.read():
        with pytest.raises(Unavailable):
            _count(database)
    database.close()


def _count(database: Database) -> int:
    with database.read() as conn:
        return mail_views.ledger(conn).accepted


def _cut(url: str) -> None:
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as conn:
        conn.execute(f"SELECT pg_terminate_backend(pid) {others}")
        # They end a moment after they were told to.
        wait_until(lambda: conn.execute(f"SELECT 1 {others}").fetchone() is None, seconds=60, what="the cut")
