"""The tables of what happened: events for other systems.  Writers append plain rows; the sequencer orders them."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, text

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
