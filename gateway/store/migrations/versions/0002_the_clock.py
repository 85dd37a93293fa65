"""The clock: due times of waits, mails that name cases, what the schedulers know of the time"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A hint of this score or more names its case (gateway/store/queue.py had it when this was written).
NAMING_SCORE = 40


def upgrade() -> None:
    running, of_a_wait = sa.text("ended_at IS NULL"), sa.text("episode_id IS NOT NULL")
    op.add_column("episode", sa.Column("next_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("episode", sa.Column("look_after", sa.Float(), server_default="0", nullable=False))
    op.add_column("episode", sa.Column("held", sa.String(length=32), server_default="", nullable=False))
    op.create_index(
        "ix_episode_due", "episode", ["next_at", "id"], sqlite_where=running, postgresql_where=running, unique=False
    )
    op.add_column("follow_up_step", sa.Column("remaining_seconds", sa.Float(), nullable=True))
    op.add_column("outbox", sa.Column("episode_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_outbox_episode", "outbox", ["episode_id"], sqlite_where=of_a_wait, postgresql_where=of_a_wait, unique=False
    )
    op.create_table(
        "mail_mention",
        sa.Column("mail_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_number", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_mail_mention_mail_id")),
        sa.PrimaryKeyConstraint("mail_id", "case_number", name=op.f("pk_mail_mention")),
    )
    op.create_index(op.f("ix_mail_mention_case_number"), "mail_mention", ["case_number"], unique=False)
    op.create_table(
        "clock_guard",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("last_turn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doubt", sa.String(length=16), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("doubted_until", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_clock_guard")),
    )
    _fill()


def _fill() -> None:
    """Give the waits that run their next look, and the mails that wait in the queue the cases they name."""
    conn = op.get_bind()
    conn.execute(
        sa.text(
            "UPDATE episode SET next_at = (SELECT min(due_at) FROM follow_up_step"
            " WHERE episode_id = episode.id AND sent_at IS NULL AND NOT skipped) WHERE ended_at IS NULL"
        )
    )
    for mail_id, hints in conn.execute(sa.text("SELECT mail_id, hints FROM queue_item WHERE state = 'open'")).all():
        told = json.loads(hints) if isinstance(hints, str) else hints
        for number in {hint["case"] for hint in told if hint["score"] >= NAMING_SCORE}:
            conn.execute(
                sa.text("INSERT INTO mail_mention (mail_id, case_number) VALUES (:mail_id, :number)"),
                {"mail_id": mail_id, "number": number},
            )
