"""The few SQL shapes that both databases spell differently, in one place."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Table, exc
from sqlalchemy.dialects import postgresql, sqlite

Binds = Sequence[tuple[str, Callable[[Any], Any] | None]]


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
    statement = _insert_new(conn.dialect.name, table, *returned)
    if conn.dialect.name != "sqlite":
        # One row goes the short way: many are written by a statement that is put together anew each time.
        done = conn.execute(statement, rows if len(rows) > 1 else rows[0])
        return [tuple(row) for row in done] if returned else []
    words, binds = _spelled(conn.dialect, table, statement, tuple(rows[0]))
    values = [_bound(row, binds) for row in rows]
    with _errors_of_the_store(conn, words):
        if not returned:
            _driver(conn).executemany(words, values)
            return []
        return [found for one in values for found in _driver(conn).execute(words, one)]


def insert_row(conn: Connection, table: Table, row: Mapping[str, Any], returned: Column[Any]) -> Any:
    """Insert one row and return this column of it, a number or a text; as fast as `insert_new_rows`."""
    statement = _insert(table, returned)
    if conn.dialect.name != "sqlite":
        return conn.execute(statement, row).scalar_one()
    words, binds = _spelled(conn.dialect, table, statement, tuple(row))
    with _errors_of_the_store(conn, words):
        (found,) = _driver(conn).execute(words, _bound(row, binds)).fetchone()
    return found


@cache
def _insert(table: Table, *returned: Column[Any]) -> Any:
    return table.insert().returning(*returned)


@lru_cache(maxsize=64)
def _spelled(dialect: Dialect, table: Table, statement: Any, names: tuple[str, ...]) -> tuple[str, Binds]:
    """Return an INSERT in the driver's words, and its columns in order, each with what converts its values."""
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    types = ((name, table.c[name].type.dialect_impl(dialect)) for name in compiled.positiontup)
    return str(compiled), [(name, type_.bind_processor(dialect)) for name, type_ in types]


def _bound(row: Mapping[str, Any], binds: Binds) -> list[Any]:
    return [bind(row[name]) if bind else row[name] for name, bind in binds]


def _driver(conn: Connection) -> sqlite3.Connection:
    driver = conn.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


@contextmanager
def _errors_of_the_store(conn: Connection, words: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise exc.DBAPIError.instance(words, None, error, sqlite3.Error, dialect=conn.dialect) from error
