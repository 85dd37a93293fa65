"""Filters of the queue: by recipient, by reason and recipient, by who has claimed"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CLAIMED = sa.text("claimed_by <> ''")


def upgrade() -> None:
    # An entry of an index has its limit on PostgreSQL; no address comes near this (RFC 5321 4.5.3.1).
    op.execute("UPDATE queue_item SET recipient = substr(recipient, 1, 320) WHERE length(recipient) > 320")
    op.create_index("ix_queue_item_recipient", "queue_item", ["state", "recipient", "id"])
    op.create_index("ix_queue_item_reason_recipient", "queue_item", ["state", "reason", "recipient", "id"])
    op.create_index(
        "ix_queue_item_claimed",
        "queue_item",
        ["claimed_by", "state", "id"],
        sqlite_where=CLAIMED,
        postgresql_where=CLAIMED,
    )
