"""The tables: two durable queues (`mail`, `outbox`), the cases, the admin queue; what happened is in `journal_tables`.

Only columns, keys and indexes stand here.  Migrations create them; a test compares both.
Both queues share the lease columns, so that `lease.py` serves them alike.  Datetimes are aware UTC.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.store.columns import Instant, id_column, lease_columns, metadata, queue_indexes
from gateway.store.journal_tables import audit, audit_head, event, event_sequence
from gateway.store.mailbox_tables import mailbox, mailbox_mail
from gateway.store.user_tables import console_user
from gateway.store.webhook_tables import webhook, webhook_delivery

__all__ = [
    "Instant",
    "account",
    "acts_for",
    "api_key",
    "attachment",
    "audit",
    "audit_head",
    "blob",
    "case_target",
    "case_update",
    "clock_guard",
    "console_user",
    "contact",
    "contact_address",
    "counter",
    "episode",
    "escalation",
    "event",
    "event_sequence",
    "follow_up_step",
    "instance",
    "mail",
    "mail_mention",
    "mailbox",
    "mailbox_mail",
    "metadata",
    "outbox",
    "queue_item",
    "reference",
    "support_case",
    "webhook",
    "webhook_delivery",
]

# Facts of this installation: its id and the keys that prove a mail is ours.
instance = Table(
    "instance", metadata, Column("name", String(64), primary_key=True), Column("value", Text, nullable=False)
)

counter = Table(
    "counter", metadata, Column("name", String(64), primary_key=True), Column("value", BigInteger, nullable=False)
)

blob = Table(
    "blob",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
)

account = Table(
    "account",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    # Plan whose service targets hold; "" is the standard one.
    Column("plan", String(64), nullable=False, server_default=""),
)

# A partner's account acts for an end user's (PROCESS 1.1).
acts_for = Table(
    "acts_for",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("end_user_id", ForeignKey("account.id"), primary_key=True),
)

contact = Table(
    "contact",
    metadata,
    id_column(),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("access", String(16), nullable=False),
    Column("language", String(16), nullable=False, server_default="en"),
    Column("timezone", String(64), nullable=False, server_default=""),
    # A slow, salted hash of the phone PIN; "" when there is none.
    Column("pin_hash", Text, nullable=False, server_default=""),
)

# Every address that counts as a contact, its own and its alternates, by `sender.address_key`.
contact_address = Table(
    "contact_address",
    metadata,
    Column("address_key", String(320), primary_key=True),
    Column("contact_id", ForeignKey("contact.id"), nullable=False, index=True),
    Column("address", Text, nullable=False),
)

_kept = text("closed_at IS NOT NULL AND purged_at IS NULL")
_purging = text("purge_runs")
support_case = Table(
    "support_case",
    metadata,
    id_column(),
    Column("number", String(10), nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("status", String(32), nullable=False),
    Column("substatus", String(64), nullable=False),
    Column("priority", String(32), nullable=False),
    Column("type", String(32), nullable=False),
    Column("profile", String(64), nullable=False),
    Column("contact_id", ForeignKey("contact.id"), nullable=False, index=True),
    Column("owner", Text, nullable=False, server_default=""),
    Column("external_ref", Text, nullable=False, server_default=""),
    Column("deployment", Text, nullable=False, server_default=""),
    Column("product_line", Text, nullable=False, server_default=""),
    Column("component", Text, nullable=False, server_default=""),
    Column("implementation_stage", Text, nullable=False, server_default=""),
    Column("business_impact", Text, nullable=False, server_default=""),
    Column("previous", String(10), nullable=False, server_default=""),
    Column("opened_at", Instant, nullable=False),
    Column("modified_at", Instant, nullable=False, index=True),
    Column("closed_at", Instant),
    Column("version", Integer, nullable=False, server_default="1"),
    # A legal hold: nothing of the case is purged or erased while it lasts.
    Column("held_at", Instant),
    Column("held_by", Text, nullable=False, server_default=""),
    Column("held_why", Text, nullable=False, server_default=""),
    Column("uploads_purged_at", Instant),
    Column("purged_at", Instant),
    # Its mails and notices still have to be emptied: a purge that was killed goes on here.
    Column("purge_runs", Boolean, nullable=False, server_default=text("false")),
    Index("ix_support_case_status", "status", "modified_at"),
    # PostgreSQL sorts all cases of one moment, say of an import, where the id is not in the index.
    Index("ix_support_case_latest", "modified_at", "id"),
    Index("ix_support_case_kept", "closed_at", "id", sqlite_where=_kept, postgresql_where=_kept),
    Index("ix_support_case_purging", "id", sqlite_where=_purging, postgresql_where=_purging),
)

_live = text("state = 'live'")
# One Reference ID for each (case, feed, recipient).  The row outlives a purged case as its tombstone.
reference = Table(
    "reference",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_number", String(10), nullable=False),
    Column("feed", String(16), nullable=False),
    Column("recipient", String(320), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(
        "uq_reference_live",
        "case_number",
        "feed",
        "recipient",
        unique=True,
        sqlite_where=_live,
        postgresql_where=_live,
    ),
)

_running = text("ended_at IS NULL")
episode = Table(
    "episode",
    metadata,
    id_column(),
    Column("case_id", ForeignKey("support_case.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", String(32), nullable=False),
    Column("question", Text, nullable=False, server_default=""),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("end_why", String(32), nullable=False, server_default=""),
    # When its timer has to be looked at next; NULL while it is paused.
    Column("next_at", Instant),
    # Nobody looks before this: seconds since 1970 by the database's clock, the lease of one look.
    Column("look_after", Float, nullable=False, server_default="0"),
    # The reason why its closure waits, "" when it does not.
    Column("held", String(32), nullable=False, server_default=""),
    UniqueConstraint("case_id", "number"),
    # What is due stands together, whatever else runs or has ended.
    Index("ix_episode_due", "next_at", "id", sqlite_where=_running, postgresql_where=_running),
)

follow_up_step = Table(
    "follow_up_step",
    metadata,
    Column("episode_id", ForeignKey("episode.id"), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("due_at", Instant),
    Column("sent_at", Instant),
    Column("skipped", Boolean, nullable=False, server_default=text("false")),
    Column("remaining_seconds", Float),
)

_active = text("state IN ('requested', 'accepted')")
escalation = Table(
    "escalation",
    metadata,
    id_column(),
    Column("case_id", ForeignKey("support_case.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("details", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("requester_name", Text, nullable=False, server_default=""),
    Column("owner", Text, nullable=False, server_default=""),
    Column("warnings", JSON, nullable=False, server_default="[]"),
    Column("importance", Text, nullable=False, server_default=""),
    Column("urgency", Text, nullable=False, server_default=""),
    Column("answer", Text, nullable=False, server_default=""),
    Column("requested_at", Instant, nullable=False),
    Column("reviewed_at", Instant),
    Column("closed_at", Instant),
    UniqueConstraint("case_id", "number"),
    # A case has one active escalation at most (PROCESS 6.2), whatever anybody looked up before.
    Index("uq_escalation_active", "case_id", unique=True, sqlite_where=_active, postgresql_where=_active),
    Index("ix_escalation_state", "state", "id"),
)

_promised = text("met_at IS NULL AND missed_at IS NULL")
# What the plan promises for a case: one row a target, so that looking for missed ones costs what is due.
case_target = Table(
    "case_target",
    metadata,
    Column("case_id", ForeignKey("support_case.id"), primary_key=True),
    Column("target", String(16), primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("met_at", Instant),
    Column("missed_at", Instant),
    Index("ix_case_target_due", "due_at", sqlite_where=_promised, postgresql_where=_promised),
)

_original = text("duplicate_of IS NULL")
_copy = text("duplicate_of IS NOT NULL")
_loose = text("case_number IS NULL AND purged_at IS NULL AND disposition IS NOT NULL")
# The spool and the record of every mail that was ever accepted: one row each, for good.
mail = Table(
    "mail",
    metadata,
    id_column(),
    Column("source", String(16), nullable=False),
    Column("mail_from", Text, nullable=False),
    Column("rcpt_tos", JSON, nullable=False),
    Column("peer", String(64), nullable=False, server_default=""),
    Column("received_at", Instant, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    # The blob that holds the raw bytes; a duplicate points to its original's.
    Column("raw_sha256", String(64), nullable=False),
    Column("content_key", String(64), nullable=False),
    Column("duplicate_of", ForeignKey("mail.id")),
    Column("oversized", Boolean, nullable=False, server_default=text("false")),
    *lease_columns(),
    Column("failures", Integer, nullable=False, server_default="0"),
    # Set when a lease expired: such a mail is taken alone, so that a killer cannot hide in a batch.
    Column("alone", Boolean, nullable=False, server_default=text("false")),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("processed_at", Instant),
    Column("disposition", String(16)),
    Column("reason", String(32), nullable=False, server_default=""),
    Column("flags", JSON, nullable=False, server_default="[]"),
    Column("kind", String(16)),
    Column("kind_reason", String(64), nullable=False, server_default=""),
    Column("sender", Text, nullable=False, server_default=""),
    Column("sender_name", Text, nullable=False, server_default=""),
    Column("sender_ambiguous", Boolean, nullable=False, server_default=text("false")),
    Column("sender_authentication", String(8), nullable=False, server_default="none"),
    Column("recipients", JSON, nullable=False, server_default="[]"),
    Column("subject", Text, nullable=False, server_default=""),
    Column("message_id", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    Column("reply", Text, nullable=False, server_default=""),
    Column("like_a_person", Boolean, nullable=False, server_default=text("false")),
    Column("defects", JSON, nullable=False, server_default="[]"),
    Column("trace", JSON, nullable=False, server_default="[]"),
    Column("case_number", String(10), index=True),
    # Since then only the stub is left: id, time, disposition, content key, size.
    Column("purged_at", Instant),
    Index("ix_mail_copy", "duplicate_of", sqlite_where=_copy, postgresql_where=_copy),
    Index("ix_mail_loose", "processed_at", "id", sqlite_where=_loose, postgresql_where=_loose),
    Index("uq_mail_content_key", "content_key", unique=True, sqlite_where=_original, postgresql_where=_original),
    Index("ix_mail_disposition", "disposition", "id"),
    *queue_indexes("mail"),
)

attachment = Table(
    "attachment",
    metadata,
    id_column(),
    Column("mail_id", ForeignKey("mail.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
)

case_update = Table(
    "case_update",
    metadata,
    id_column(),
    Column("case_id", ForeignKey("support_case.id"), nullable=False),
    Column("feed", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("author", Text, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("mail_id", ForeignKey("mail.id")),
    Column("flags", JSON, nullable=False, server_default="[]"),
    # When our side read it; counts in the escalation feed, where an unread answer holds the closer.
    Column("read_at", Instant),
    Index("ix_case_update_case", "case_id", "feed", "id"),
    # One mail is at most one update, however often its effects are applied.
    UniqueConstraint("mail_id"),
)

_resolved = text("case_number IS NOT NULL")
_claimed = text("claimed_by <> ''")
queue_item = Table(
    "queue_item",
    metadata,
    id_column(),
    Column("mail_id", ForeignKey("mail.id"), nullable=False, unique=True),
    Column("reason", String(32), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("hints", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("resolution", String(16)),
    Column("case_number", String(10)),
    Column("claimed_by", Text, nullable=False, server_default=""),
    Column("claimed_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("resolved_by", Text, nullable=False, server_default=""),
    Column("why", Text, nullable=False, server_default=""),
    # When the admin team was told that it waits for too long.
    Column("alarmed_at", Instant),
    # What undo has to put back (`desk/queue.py` writes and reads it).
    Column("undo", JSON),
    # Mails of one sender about one thing share it (`linking/conversation.py`).
    Column("conversation", String(64), nullable=False, server_default=""),
    Index("ix_queue_item_state", "state", "id"),
    Index("ix_queue_item_reason", "state", "reason", "id"),
    Index("ix_queue_item_recipient", "state", "recipient", "id"),
    Index("ix_queue_item_reason_recipient", "state", "reason", "recipient", "id"),
    Index("ix_queue_item_claimed", "claimed_by", "state", "id", sqlite_where=_claimed, postgresql_where=_claimed),
    Index("ix_queue_item_conversation", "conversation", "state"),
    Index("ix_queue_item_case", "case_number", sqlite_where=_resolved, postgresql_where=_resolved),
)

# Cases that a queued or quarantined mail names: they are not closed by the timer while it waits for a person.
mail_mention = Table(
    "mail_mention",
    metadata,
    Column("mail_id", ForeignKey("mail.id"), primary_key=True),
    Column("case_number", String(10), primary_key=True, index=True),
)

_of_a_wait = text("episode_id IS NOT NULL")
_rendered = text("rendered_sha256 IS NOT NULL")
_of_no_case = text("case_number = '' AND purged_at IS NULL")
outbox = Table(
    "outbox",
    metadata,
    id_column(),
    Column("idempotency_key", String(255), nullable=False, unique=True),
    Column("notice", String(32), nullable=False),
    Column("case_number", String(10), nullable=False, server_default="", index=True),
    Column("to_address", Text, nullable=False),
    Column("to_name", Text, nullable=False, server_default=""),
    Column("reference_id", String(32), nullable=False, server_default=""),
    Column("context", JSON, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("verp_key", String(32), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    *lease_columns(),
    Column("first_tried_at", Instant),
    Column("rendered_sha256", String(64)),
    Column("last_reply", Text, nullable=False, server_default=""),
    Column("uncertain", Boolean, nullable=False, server_default=text("false")),
    Column("sent_at", Instant),
    Column("bounced_at", Instant),
    # The wait that a reminder belongs to.  No foreign key: SQLite cannot add one to a table that is there.
    Column("episode_id", BigInteger),
    # The call that caused it, "" for all that no call caused.
    Column("request_id", String(64), nullable=False, server_default=""),
    Column("purged_at", Instant),
    Index("ix_outbox_rendered", "rendered_sha256", sqlite_where=_rendered, postgresql_where=_rendered),
    Index("ix_outbox_loose", "created_at", "id", sqlite_where=_of_no_case, postgresql_where=_of_no_case),
    Index("ix_outbox_episode", "episode_id", sqlite_where=_of_a_wait, postgresql_where=_of_a_wait),
    Index("ix_outbox_state", "state", "id"),
    Index("ix_outbox_notice", "notice", "created_at"),
    *queue_indexes("outbox"),
)
# Threading headers and hints look a Message-ID up; it is ours and short, so an index is safe.
Index("ix_outbox_message_id", outbox.c.message_id)

# What the schedulers know of the clock, one row: the last turn, and until when nothing may be believed of it.
clock_guard = Table(
    "clock_guard",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("last_turn_at", Instant, nullable=False),
    Column("doubt", String(16), nullable=False, server_default=""),
    Column("why", Text, nullable=False, server_default=""),
    # Seconds since 1970 by the database's clock.
    Column("doubted_until", Float, nullable=False, server_default="0"),
)

api_key = Table(
    "api_key",
    metadata,
    id_column(),
    Column("name", Text, nullable=False, server_default=""),
    Column("role", String(16), nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("key_sha256", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
)
