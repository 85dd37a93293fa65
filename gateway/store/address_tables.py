"""The tables of addresses to which mail cannot be delivered."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from gateway.store.tables import Instant, metadata

# Mails to a contact's address that failed, each mail once; what is older than the window is forgotten.
delivery_failure = Table(
    "delivery_failure",
    metadata,
    Column("outbox_id", BigInteger, primary_key=True, autoincrement=False),
    Column("address_key", String(320), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Index("ix_delivery_failure_address", "address_key", "at"),
)

# Addresses to which nothing is sent.  A row stays when somebody clears it: what failed before that is forgiven.
undeliverable = Table(
    "undeliverable",
    metadata,
    Column("address_key", String(320), primary_key=True),
    Column("address", Text, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("since", Instant, nullable=False),
    Column("cleared_at", Instant),
    Column("cleared_by", Text, nullable=False, server_default=""),
)
