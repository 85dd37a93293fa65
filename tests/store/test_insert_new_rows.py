"""Rows that go past SQLAlchemy to SQLite's driver are the same rows, and their errors are the same errors."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, exc, select

from gateway.store.db import Database, savepoint
from gateway.store.sql import insert_new, insert_new_rows, insert_row
from gateway.store.tables import mail
from tests.store.support import NOW


def _row(key: str, **other: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "source": "smtp",
        "mail_from": "dana@example.com",
        "rcpt_tos": ["käre@example.com"],
        "peer": "::1",
    }
    row |= {"received_at": NOW.astimezone(timezone(timedelta(hours=5))), "size": 7, "sha256": key, "raw_sha256": key}
    row |= {"content_key": key, "oversized": True, "state": "ready", "run_at": datetime(1970, 1, 1, tzinfo=UTC)}
    return row | other


def test_rows_come_out_as_if_sqlalchemy_had_inserted_them(database: Database) -> None:
    """ID-free columns of every type; those whose key exists are passed over and do not come back."""
    with database.write() as conn:
        conn.execute(insert_new(conn, mail), [_row("a")])
        made = dict(insert_new_rows(conn, mail, [_row("b"), _row("a"), _row("c")], mail.c.content_key, mail.c.id))
        assert insert_new_rows(conn, mail, [_row("b"), _row("d")]) == []
    with database.read() as conn:
        rows = {row.content_key: row for row in conn.execute(select(mail))}
    assert set(rows) == {"a", "b", "c", "d"}
    assert made == {key: rows[key].id for key in ("b", "c")}
    plain = {"id": 0, "sha256": "", "raw_sha256": "", "content_key": ""}
    assert {str(dict(rows[key]._mapping) | plain) for key in rows} == {str(dict(rows["a"]._mapping) | plain)}


def test_a_row_that_the_database_refuses_is_an_error_of_the_store_and_nothing_is_kept(database: Database) -> None:
    """FA-01: what the spool tells from a database that is away."""
    with pytest.raises(exc.IntegrityError), database.write() as conn:
        insert_new_rows(conn, mail, [_row("a"), _row("b", state=None)], mail.c.id)
    with database.read() as conn:
        assert conn.execute(select(mail.c.id)).first() is None


def test_one_row_comes_back_by_its_id_and_a_key_that_exists_is_an_error(database: Database) -> None:
    """FA-01: as SQLAlchemy would have it; what stands around the part that broke is kept."""
    with database.write() as conn:
        first = insert_row(conn, mail, _row("a"), mail.c.id)
        with pytest.raises(exc.IntegrityError):
            _insert_together(conn, "b", "a")
        last = insert_row(conn, mail, _row("c"), mail.c.id)
    with database.read() as conn:
        kept = {row.id: row.content_key for row in conn.execute(select(mail.c.id, mail.c.content_key))}
    assert kept == {first: "a", last: "c"}


def _insert_together(conn: Connection, *keys: str) -> None:
    with savepoint(conn):
        for key in keys:
            insert_row(conn, mail, _row(key), mail.c.id)
