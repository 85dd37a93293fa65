"""The tables of webhooks: who is called, and one row for each event that goes to each of them.

A delivery holds no body: it is made from the event at each try, so there is nothing of its own to purge.
"""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from gateway.store.columns import Instant, id_column, lease_columns, metadata, queue_indexes

webhook = Table(
    "webhook",
    metadata,
    id_column(),
    Column("url", Text, nullable=False),
    # Event types, none for all of them.
    Column("types", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    # As they are: whoever signs needs the secret itself, so who reads this database can sign in our name.
    Column("secret", Text, nullable=False),
    Column("old_secret", Text, nullable=False, server_default=""),
    Column("old_secret_until", Instant),
    # How far in the feed its deliveries have been written.
    Column("cursor", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("rest_until", Instant),
    # The key that made it, when that key sees its own cases only.
    Column("key_id", BigInteger),
    Column("created_at", Instant, nullable=False),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    id_column(),
    Column("webhook_id", ForeignKey("webhook.id"), nullable=False),
    # No foreign key: events are forgotten after a while, the log of what was called may outlive them.
    Column("event_id", BigInteger, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("type", String(32), nullable=False),
    Column("case_number", String(10), nullable=False, server_default=""),
    Column("message_id", String(64), nullable=False),
    *lease_columns(),
    Column("last_status", Integer),
    Column("last_reply", Text, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False, index=True),
    Column("delivered_at", Instant),
    UniqueConstraint("webhook_id", "event_id"),
    Index("ix_webhook_delivery_state", "webhook_id", "state", "id"),
    *queue_indexes("webhook_delivery"),
)
