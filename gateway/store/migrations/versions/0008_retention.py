"""Retention: legal holds, and what was purged when"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:

    op.add_column("support_case", sa.Column("held_at", MOMENT, nullable=True))
    op.add_column("support_case", sa.Column("held_by", sa.Text(), server_default="", nullable=False))
    op.add_column("support_case", sa.Column("held_why", sa.Text(), server_default="", nullable=False))
    op.add_column("support_case", sa.Column("uploads_purged_at", MOMENT, nullable=True))
    op.add_column("support_case", sa.Column("purged_at", MOMENT, nullable=True))
    op.add_column(
        "support_case", sa.Column("purge_runs", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("mail", sa.Column("purged_at", MOMENT, nullable=True))
    op.add_column("outbox", sa.Column("purged_at", MOMENT, nullable=True))
    for name, table, columns, where in (
        ("ix_support_case_kept", "support_case", ["closed_at", "id"], "closed_at IS NOT NULL AND purged_at IS NULL"),
        ("ix_support_case_purging", "support_case", ["id"], "purge_runs"),
        ("ix_mail_copy", "mail", ["duplicate_of"], "duplicate_of IS NOT NULL"),
        (
            *("ix_mail_loose", "mail", ["processed_at", "id"]),
            "case_number IS NULL AND purged_at IS NULL AND disposition IS NOT NULL",
        ),
        ("ix_queue_item_case", "queue_item", ["case_number"], "case_number IS NOT NULL"),
        ("ix_outbox_rendered", "outbox", ["rendered_sha256"], "rendered_sha256 IS NOT NULL"),
        ("ix_outbox_loose", "outbox", ["created_at", "id"], "case_number = '' AND purged_at IS NULL"),
    ):
        partial = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=partial, postgresql_where=partial, unique=False)
