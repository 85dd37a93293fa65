"""The audit trail: plain rows, appended by whoever acts, and chained after the commit by the sequencer.

Rows are never changed or deleted by the gateway; only their place and hash are written once.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, select, update

from gateway.model import Act, Actor, AuditEntry, Head, Tip
from gateway.rules import chain
from gateway.store.sql import insert_new, insert_new_rows
from gateway.store.tables import audit, audit_head

HEAD = "head"
_PAGE = 2000
_FRESH = select(audit).where(audit.c.position.is_(None)).order_by(audit.c.id)
_ANY_FRESH = select(exists().where(audit.c.position.is_(None)))
_PLACE = (
    update(audit).where(audit.c.id == bindparam("of")).values(position=bindparam("place"), hash=bindparam("digest"))
)
_BEHIND = select(audit).where(audit.c.position > bindparam("after")).order_by(audit.c.position).limit(bindparam("most"))


def row(act: Act, actor: Actor, *, now: datetime) -> dict[str, Any]:
    """Return the row of an act."""
    return {
        "at": now,
        "actor": actor.name,
        "source": actor.source,
        "act": act.act,
        "object": act.object,
        "facts": chain.canonical(act.facts),
    }


def append(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Append rows in one statement."""
    if rows:
        insert_new_rows(conn, audit, rows)


def unchained(conn: Connection) -> bool:
    """Say whether an entry waits for its place in the chain."""
    return bool(conn.execute(_ANY_FRESH).scalar())


def fresh(conn: Connection, *, limit: int) -> list[AuditEntry]:
    """Return committed entries without a place, oldest first."""
    return [_entry(row) for row in conn.execute(_FRESH.limit(limit))]


def head(conn: Connection) -> Head | None:
    """Return the signed end of the chain, None before the first."""
    row = conn.execute(select(audit_head).where(audit_head.c.name == HEAD)).first()
    if row is None:
        return None
    return Head(tip=Tip(position=row.position, hash=row.hash), key_id=row.key_id, signature=row.signature)


def place(conn: Connection, placed: Sequence[AuditEntry]) -> None:
    """Write places and hashes."""
    conn.execute(_PLACE, [{"of": entry.id, "place": entry.position, "digest": entry.hash} for entry in placed])


def sign(conn: Connection, signed: Head, *, now: datetime) -> None:
    """Write the signed end of the chain."""
    values = {
        "position": signed.tip.position,
        "hash": signed.tip.hash,
        "key_id": signed.key_id,
        "signature": signed.signature,
        "signed_at": now,
    }
    conn.execute(insert_new(conn, audit_head), {"name": HEAD, **values})
    conn.execute(update(audit_head).where(audit_head.c.name == HEAD).values(values))


def chained(conn: Connection) -> Iterator[list[AuditEntry]]:
    """Yield all entries that have a place, in its order, page by page."""
    after = 0
    while page := [_entry(row) for row in conn.execute(_BEHIND, {"after": after, "most": _PAGE})]:
        yield page
        after = page[-1].position


def last_place(conn: Connection) -> int:
    """Return the highest place that an entry has, 0 for none."""
    return int(conn.execute(select(func.coalesce(func.max(audit.c.position), 0))).scalar_one())


def misplaced(conn: Connection) -> int | None:
    """Return a place that no chain has: below the first one."""
    return conn.execute(select(func.min(audit.c.position)).where(audit.c.position < 1)).scalar()


def find(conn: Connection, *, about: str = "", actor: str = "", limit: int = 100) -> list[AuditEntry]:
    """Return entries, newest first.  about: of this object only, as `case:0000000041`.  actor: of this one only."""
    found = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if about:
        found = found.where(audit.c.object == about)
    if actor:
        found = found.where(audit.c.actor == actor)
    return [_entry(row) for row in conn.execute(found)]


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        source=row.source,
        act=row.act,
        object=row.object,
        facts=row.facts,
        position=row.position or 0,
        hash=row.hash or "",
    )
