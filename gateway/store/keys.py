"""API keys: stored as a hash, shown once."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from gateway.model.views import KeyView
from gateway.store.tables import api_key

_BY_DIGEST = select(api_key).where(api_key.c.key_sha256 == bindparam("digest"))


def insert(
    conn: Connection,
    *,
    name: str,
    role: str,
    prefix: str,
    key_sha256: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> KeyView:
    """Store a new key by its hash."""
    row = {"name": name, "role": role, "prefix": prefix, "key_sha256": key_sha256, "created_at": now}
    return _view(conn.execute(api_key.insert().values(**row, expires_at=expires_at).returning(api_key)).one())


def many(conn: Connection) -> list[KeyView]:
    """Return all keys, oldest first."""
    return [_view(row) for row in conn.execute(select(api_key).order_by(api_key.c.id))]


def one(conn: Connection, key_id: int) -> KeyView | None:
    """Return a key by its id."""
    row = conn.execute(select(api_key).where(api_key.c.id == key_id)).first()
    return _view(row) if row else None


def by_digest(conn: Connection, digest: str) -> KeyView | None:
    """Return the key of this hash, whatever became of it."""
    row = conn.execute(_BY_DIGEST, {"digest": digest}).first()
    return _view(row) if row else None


def note_use(conn: Connection, key_id: int, *, now: datetime) -> None:
    """Note that a key was used."""
    conn.execute(update(api_key).where(api_key.c.id == key_id).values(last_used_at=now))


def revoke(conn: Connection, key_id: int, *, now: datetime) -> KeyView | None:
    """End a key; None when there is none with this id.  Calling twice keeps the first time."""
    live = update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
    conn.execute(live.values(revoked_at=now))
    return one(conn, key_id)


def _view(row: Any) -> KeyView:
    return KeyView(
        id=str(row.id),
        name=row.name,
        role=row.role,
        prefix=row.prefix,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
