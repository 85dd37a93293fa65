"""The few SQL shapes that both databases spell differently, in one place."""

from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(conn: Connection, table: Table, *returned: Column[Any]) -> Any:
    """Return an INSERT that passes over rows whose key exists.  returned: columns that come back, of new rows only."""
    return _insert_new(conn.dialect.name, table, *returned)


@cache
def _insert_new(dialect: str, table: Table, *returned: Column[Any]) -> Any:
    # Built once for each table: on the way of every mail, building a statement costs more than running it.
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = make(table).on_conflict_do_nothing()
    return statement.returning(*returned) if returned else statement
