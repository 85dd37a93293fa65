"""The few SQL shapes that both databases spell differently, in one place."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(conn: Connection, table: Table) -> Any:
    """Return an INSERT that passes over rows whose key exists.  With RETURNING only the new rows come back."""
    make = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    return make(table).on_conflict_do_nothing()
