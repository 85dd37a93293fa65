"""The few SQL shapes that both databases spell differently, in one place."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Table, exc
from sqlalchemy.dialects import postgresql, sqlite

Bind = Callable[[Any], Any] | None


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


def insert_new_rows(
    conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *returned: Column[Any]
) -> list[tuple[Any, ...]]:
    """Insert rows, all with the same columns, passing over those whose key exists.

    returned: columns of the new rows that come back, in no order; numbers and texts only.
    For what every accepted mail passes: on SQLite it goes by the statement itself to the driver, because SQLAlchemy's
    own work for each row is more than SQLite's.
    """
    if conn.dialect.name != "sqlite":
        done = conn.execute(_insert_new(conn.dialect.name, table, *returned), rows)
        return [tuple(row) for row in done] if returned else []
    words, binds = _spelled(conn.dialect, table, tuple(rows[0]), returned)
    values = [[bind(row[name]) if bind else row[name] for name, bind in binds] for row in rows]
    driver = conn.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    try:
        if not returned:
            driver.executemany(words, values)
            return []
        return [found for one in values for found in driver.execute(words, one)]
    except sqlite3.Error as error:
        raise exc.DBAPIError.instance(words, None, error, sqlite3.Error, dialect=conn.dialect) from error


@lru_cache(maxsize=64)
def _spelled(
    dialect: Dialect, table: Table, names: tuple[str, ...], returned: tuple[Column[Any], ...]
) -> tuple[str, list[tuple[str, Bind]]]:
    """Return an INSERT in the driver's words, and its columns in order, each with what converts its values."""
    statement = _insert_new(dialect.name, table, *returned)
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    return str(compiled), [
        (name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in compiled.positiontup
    ]
