"""Addresses to which mail cannot be delivered: what failed there, and since when nothing is sent.

Keys are `gateway.addresses.key`.  Only addresses of contacts are counted: a fault of our own side's mailbox must not
silence its alarms.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from gateway import addresses
from gateway.model import DeliveryRecord, FailureKind, RecordFailure
from gateway.model.views import UndeliverableView
from gateway.store.address_tables import delivery_failure, undeliverable
from gateway.store.sql import insert_new
from gateway.store.tables import contact_address, outbox


def record(conn: Connection, address: str, *, outbox_id: int, since: datetime) -> DeliveryRecord | None:
    """Return what is known of a contact's address beside one mail that failed; None when it is nobody's.

    since: what failed earlier is forgotten.  Locks the address until the transaction ends (PostgreSQL): two failures at
    once must not both count themselves as the first.
    """
    key = addresses.key(address)
    ours = select(contact_address.c.address).where(contact_address.c.address_key == key).with_for_update()
    if not key or conn.execute(ours).first() is None:
        return None
    known = conn.execute(select(undeliverable).where(undeliverable.c.address_key == key)).first()
    cleared_at = known.cleared_at if known else None
    mine = (delivery_failure.c.address_key == key, delivery_failure.c.outbox_id != outbox_id)
    counted = select(delivery_failure.c.kind, func.count().label("mails")).where(
        *mine, delivery_failure.c.at >= max(since, cleared_at or since)
    )
    counts = {row.kind: row.mails for row in conn.execute(counted.group_by(delivery_failure.c.kind))}
    left = conn.execute(select(outbox.c.created_at).where(outbox.c.id == outbox_id)).scalar()
    return DeliveryRecord(
        address=address,
        hard=counts.get(FailureKind.HARD, 0),
        soft=counts.get(FailureKind.SOFT, 0),
        undeliverable=known is not None and cleared_at is None,
        stale=cleared_at is not None and left is not None and left < cleared_at,
    )


def count(conn: Connection, failure: RecordFailure, *, now: datetime) -> None:
    """Note that a mail did not arrive; of a mail that failed twice, the worse kind stays."""
    values = {"address_key": addresses.key(failure.address), "kind": failure.kind, "why": failure.why, "at": now}
    conn.execute(insert_new(conn, delivery_failure), {"outbox_id": failure.outbox_id, **values})
    if failure.kind is FailureKind.HARD:
        same = update(delivery_failure).where(delivery_failure.c.outbox_id == failure.outbox_id)
        conn.execute(same.values(kind=failure.kind, why=failure.why))


def mark(conn: Connection, address: str, *, why: str, now: datetime) -> None:
    """Let nothing leave for an address from now on; one that is marked already stays as it is."""
    key = addresses.key(address)
    conn.execute(insert_new(conn, undeliverable), {"address_key": key, "address": address, "why": why, "since": now})
    again = update(undeliverable).where(undeliverable.c.address_key == key, undeliverable.c.cleared_at.is_not(None))
    conn.execute(again.values(address=address, why=why, since=now, cleared_at=None, cleared_by=""))


def clear(conn: Connection, keys: Collection[str], *, by: str, now: datetime) -> int:
    """Let mail to these addresses leave again; return how many of them were marked."""
    marked = update(undeliverable).where(undeliverable.c.address_key.in_(keys), undeliverable.c.cleared_at.is_(None))
    return conn.execute(marked.values(cleared_at=now, cleared_by=by)).rowcount


def among(conn: Connection, keys: Collection[str]) -> dict[str, str]:
    """Return those of these addresses to which nothing is sent, with the words that decided it."""
    if not keys:
        return {}
    found = select(undeliverable.c.address_key, undeliverable.c.why)
    marked = found.where(undeliverable.c.address_key.in_(keys), undeliverable.c.cleared_at.is_(None))
    return {row.address_key: row.why for row in conn.execute(marked)}


def views(conn: Connection, *, limit: int) -> list[UndeliverableView]:
    """Return the addresses to which nothing is sent, the latest first."""
    marked = select(undeliverable).where(undeliverable.c.cleared_at.is_(None))
    latest = marked.order_by(undeliverable.c.since.desc(), undeliverable.c.address_key).limit(limit)
    return [UndeliverableView(email=row.address, since=row.since, why=row.why) for row in conn.execute(latest)]


def forget(conn: Connection, keys: Collection[str]) -> None:
    """Forget all about these addresses (a person's right to be erased)."""
    for table in (delivery_failure, undeliverable):
        conn.execute(delete(table).where(table.c.address_key.in_(keys)))
