"""The tables of our own people who use the console: who they are, their sessions, one-time links, failed sign-ins.

Nothing that signs anybody in is stored as it is: passwords are argon2id hashes, links and sessions SHA-256 digests.
"""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from gateway.store.columns import Instant, id_column, metadata

# Our people, by their mail address; "" as hash: has not chosen a password yet, so cannot sign in with one.
console_user = Table(
    "console_user",
    metadata,
    id_column(),
    Column("email", Text, nullable=False),
    Column("email_key", String(320), nullable=False, unique=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant),
    Column("disabled_at", Instant),
)

console_session = Table(
    "console_session",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("user_id", ForeignKey("console_user.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("peer", String(64), nullable=False, server_default=""),
    Column("agent", String(200), nullable=False, server_default=""),
)

# Links by which somebody signs in once, without a password, to choose one.
console_link = Table(
    "console_link",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("user_id", ForeignKey("console_user.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

# Failed sign-ins, counted for a person and an address together and for an address alone; `who` is a digest.
console_failure = Table(
    "console_failure",
    metadata,
    Column("who", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_console_failure_who", "who", "at"),
)
