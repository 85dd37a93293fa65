"""The event feed: what the sequencer has not seen, and the numbers of each case"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UNSEEN = sa.text("cursor IS NULL")


def upgrade() -> None:
    op.create_index("ix_event_fresh", "event", ["id"], unique=False, sqlite_where=UNSEEN, postgresql_where=UNSEEN)
    op.add_column("queue_item", sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "event_sequence",
        sa.Column("case_number", sa.String(length=10), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_event_sequence")),
    )
