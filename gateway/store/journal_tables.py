"""The tables of what happened: events for other systems, and the audit trail.

Writers append plain rows; the sequencer orders them after the commit.
"""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text, text

from gateway.store.columns import Instant, id_column, metadata

_unseen = text("cursor IS NULL")
# Plain rows; the sequencer gives committed ones their cursor in the feed and their sequence, from 1, in the case.
event = Table(
    "event",
    metadata,
    id_column(),
    Column("at", Instant, nullable=False),
    Column("type", String(32), nullable=False),
    Column("case_number", String(10), nullable=False, server_default=""),
    Column("sequence", Integer),
    Column("data", JSON, nullable=False),
    Column("cursor", BigInteger, unique=True),
    Index("ix_event_case", "case_number", "id"),
    # What the sequencer has not seen stands together, whatever the feed holds.
    Index("ix_event_fresh", "id", sqlite_where=_unseen, postgresql_where=_unseen),
)

# The last sequence number of each case; it outlives the events, which are forgotten after a while.
event_sequence = Table(
    "event_sequence",
    metadata,
    Column("case_number", String(10), primary_key=True),
    Column("last", Integer, nullable=False),
)

_unchained, _chained = text("position IS NULL"), text("position IS NOT NULL")
# Who did what to what.  The sequencer gives each row its place in the chain and its hash, once.
audit = Table(
    "audit",
    metadata,
    id_column(),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("source", Text, nullable=False, server_default=""),
    Column("act", String(32), nullable=False),
    Column("object", Text, nullable=False),
    # Canonical JSON, kept as the text that was hashed.
    Column("facts", Text, nullable=False, server_default="{}"),
    Column("position", BigInteger),
    Column("hash", String(64)),
    Index("uq_audit_position", "position", unique=True, sqlite_where=_chained, postgresql_where=_chained),
    Index("ix_audit_fresh", "id", sqlite_where=_unchained, postgresql_where=_unchained),
    Index("ix_audit_object", "object", "id"),
)

# The end of the chain, signed with a key that is not in the database.
audit_head = Table(
    "audit_head",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("signature", String(64), nullable=False),
    Column("signed_at", Instant, nullable=False),
)
