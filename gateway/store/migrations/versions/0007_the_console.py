"""The console: our people, their sessions and one-time links; conversations of the queue"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "console_user",
        sa.Column("id", big, autoincrement=True, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False),
        _text("name"),
        sa.Column("role", sa.String(16), nullable=False),
        _text("password_hash"),
        _time("created_at"),
        _time("last_seen_at", nullable=True),
        _time("disabled_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_user")),
        sa.UniqueConstraint("email_key", name=op.f("uq_console_user_email_key")),
    )
    op.create_table(
        "console_session",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("user_id", big, nullable=False),
        _time("created_at"),
        _time("seen_at"),
        _text("peer", 64),
        _text("agent", 200),
        sa.ForeignKeyConstraint(["user_id"], ["console_user.id"], name=op.f("fk_console_session_user_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_console_session")),
    )
    op.create_index(op.f("ix_console_session_user_id"), "console_session", ["user_id"])
    op.create_table(
        "console_link",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("user_id", big, nullable=False),
        _time("created_at"),
        _time("expires_at"),
        _time("used_at", nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["console_user.id"], name=op.f("fk_console_link_user_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_console_link")),
    )
    op.create_index(op.f("ix_console_link_user_id"), "console_link", ["user_id"])
    op.create_table("console_failure", sa.Column("who", sa.String(64), nullable=False), _time("at"))
    op.create_index("ix_console_failure_who", "console_failure", ["who", "at"])
    op.add_column("queue_item", _text("conversation", 64))
    op.create_index("ix_queue_item_reason", "queue_item", ["state", "reason", "id"])
    op.create_index("ix_queue_item_conversation", "queue_item", ["conversation", "state"])
