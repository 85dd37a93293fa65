"""The tables of mailboxes that are fetched by IMAP."""

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table, Text

from gateway.store.columns import Instant, metadata

# A folder that is fetched by IMAP: how far it was taken, how it is doing, and who looks into it (one at a time).
mailbox = Table(
    "mailbox",
    metadata,
    Column("account", Text, primary_key=True),
    Column("folder", Text, primary_key=True),
    Column("name", String(64), nullable=False, server_default=""),
    Column("uidvalidity", BigInteger, nullable=False, server_default="0"),
    Column("last_uid", BigInteger, nullable=False, server_default="0"),
    Column("watched_since", Instant, nullable=False),
    Column("checked_at", Instant),
    # Since when it is stale by the alarm that was raised last; NULL when that has ended.
    Column("alarm_since", Instant),
    Column("error", Text, nullable=False, server_default=""),
    # Failures in a row, and a mark of the settings they happened with: others may be tried at once.
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("tried_with", String(8), nullable=False, server_default=""),
    # The refresh token that the provider gave us instead of the one in the settings that has this mark.
    Column("refresh_token", Text, nullable=False, server_default=""),
    Column("refresh_token_of", String(8), nullable=False, server_default=""),
    Column("lease_owner", String(128), nullable=False, server_default=""),
    Column("lease_until", Float, nullable=False, server_default="0"),
    Column("fence", Integer, nullable=False, server_default="0"),
)

# Mails of a fetched folder that need something yet; whatever else lies below `mailbox.last_uid` is done with.
mailbox_mail = Table(
    "mailbox_mail",
    metadata,
    Column("account", Text, primary_key=True),
    Column("folder", Text, primary_key=True),
    Column("uidvalidity", BigInteger, primary_key=True),
    Column("uid", BigInteger, primary_key=True),
    # unfiled: committed, not marked or moved yet.  failing: could not be fetched.  set-aside: a person was told so.
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("try_at", Instant),
    Column("error", Text, nullable=False, server_default=""),
)
