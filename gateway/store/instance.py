"""Facts of this installation that are made once: its id, and the key that proves a mail is ours."""

import secrets
from dataclasses import dataclass

from sqlalchemy import select

from gateway.store.db import Database
from gateway.store.sql import insert_new
from gateway.store.tables import instance


@dataclass(frozen=True, slots=True)
class Instance:
    """id: public name of this installation.  key: secret of its loop headers, Message-IDs and bounce addresses."""

    id: str
    key: bytes


def load(database: Database) -> Instance:
    """Return the facts of this installation, making them at the first call ever."""
    with database.read() as conn:
        found = {row.name: row.value for row in conn.execute(select(instance))}
    if "id" not in found or "key" not in found:
        with database.write() as conn:
            # Two first starts at once: the second insert is nothing, and both read the first one's values.
            made = [{"name": "id", "value": secrets.token_hex(6)}, {"name": "key", "value": secrets.token_hex(32)}]
            conn.execute(insert_new(conn, instance), made)
            found = {row.name: row.value for row in conn.execute(select(instance))}
    return Instance(found["id"], bytes.fromhex(found["key"]))
