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


def add_up(conn: Connection, table: Table, total: Column[Any], *returned: Column[Any]) -> Any:
    """Return an INSERT that adds to `total` where the key is there.  The new total comes back, after `returned`."""
    return _add_up(conn.dialect.name, table, total, *returned)


@cache
def _add_up(dialect: str, table: Table, total: Column[Any], *returned: Column[Any]) -> Any:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = make(table)
    grown = {total.name: total + statement.excluded[total.name]}
    keys = list(table.primary_key.columns)
    return statement.on_conflict_do_update(index_elements=keys, set_=grown).returning(*returned, total)
