"""The tables behind the calls of the API: what keys see, which calls were carried out, words to find cases by."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from gateway.store.columns import Instant, metadata

# What a key of the role `system` sees: cases by their number, contacts by their id.
api_grant = Table(
    "api_grant",
    metadata,
    Column("key_id", ForeignKey("api_key.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("ref", String(64), primary_key=True),
    Index("ix_api_grant_ref", "kind", "ref"),
)

# Calls that were carried out under an Idempotency-Key.  status: 0 until the answer is kept.
idempotency = Table(
    "idempotency",
    metadata,
    Column("key_id", ForeignKey("api_key.id"), primary_key=True),
    Column("word", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("status", Integer, nullable=False, server_default="0"),
    Column("headers", JSON, nullable=False, server_default="{}"),
    Column("body", Text, nullable=False, server_default=""),
)

# The words of the cases' subjects, in lower case; they go with the subject.
case_word = Table(
    "case_word",
    metadata,
    # Bytewise on PostgreSQL too, so that the words with one beginning stand together.
    Column("word", String(64).with_variant(String(64, collation="C"), "postgresql"), primary_key=True),
    Column("case_id", ForeignKey("support_case.id"), primary_key=True),
    Index("ix_case_word_case", "case_id", "word"),
)
