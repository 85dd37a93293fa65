"""What deleted content leaves in the file of the embedded database, and the mark that it has to be swept.

`secure_delete` overwrites what is deleted, but not the older copies that SQLite left in unused parts of pages when it
moved rows between them; only writing the whole file anew does.  The mark is set in the transaction that deletes and
taken away after the sweep, so that a purge which was killed is swept by the next.
"""

from sqlalchemy import Connection, delete, select

from gateway.errors import Unavailable
from gateway.store.db import Database
from gateway.store.sql import insert_new
from gateway.store.tables import instance

UNSWEPT = "unswept"
# A file of this size is written anew within seconds, in which nobody else writes.
SMALL_BYTES = 268_435_456


def note(conn: Connection) -> None:
    """Note that something was deleted whose copies may still be readable; SQLite only."""
    if conn.dialect.name == "sqlite":
        conn.execute(insert_new(conn, instance).values(name=UNSWEPT, value="yes"))


def sweep(database: Database, *, large: bool) -> bool:
    """Make what was deleted unreadable; False when that has to be tried again later.

    large: however large the file is.  PostgreSQL has its own ways (docs/retention.md).
    """
    if not database.is_sqlite:
        return True
    with database.read() as conn:
        noted = conn.execute(select(instance.c.value).where(instance.c.name == UNSWEPT)).first() is not None
    if noted and not large and database.file_bytes() > SMALL_BYTES:
        return False
    try:
        if noted:
            database.write_anew()
    except Unavailable:
        return False
    if not database.empty_log():
        return False
    if noted:
        with database.write() as conn:
            conn.execute(delete(instance).where(instance.c.name == UNSWEPT))
    return True
