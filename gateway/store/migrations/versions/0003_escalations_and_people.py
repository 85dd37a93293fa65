"""Escalations, partners, phone PINs, service targets"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
ACTIVE = sa.text("state IN ('requested', 'accepted')")
RUNNING = sa.text("met_at IS NULL AND missed_at IS NULL")


def upgrade() -> None:

    op.add_column("account", sa.Column("plan", sa.String(length=64), server_default="", nullable=False))
    op.add_column("contact", sa.Column("pin_hash", sa.Text(), server_default="", nullable=False))
    op.add_column("case_update", sa.Column("read_at", MOMENT, nullable=True))
    op.create_table(
        "acts_for",
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("end_user_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_acts_for_account_id")),
        sa.ForeignKeyConstraint(["end_user_id"], ["account.id"], name=op.f("fk_acts_for_end_user_id")),
        sa.PrimaryKeyConstraint("account_id", "end_user_id", name=op.f("pk_acts_for")),
    )
    op.create_table(
        "escalation",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("requester_name", sa.Text(), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("warnings", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("importance", sa.Text(), server_default="", nullable=False),
        sa.Column("urgency", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("reviewed_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["support_case.id"], name=op.f("fk_escalation_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_escalation_case_id_number")),
    )
    op.create_index(
        "uq_escalation_active", "escalation", ["case_id"], unique=True, sqlite_where=ACTIVE, postgresql_where=ACTIVE
    )
    op.create_index("ix_escalation_state", "escalation", ["state", "id"], unique=False)
    op.create_table(
        "case_target",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("met_at", MOMENT, nullable=True),
        sa.Column("missed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["support_case.id"], name=op.f("fk_case_target_case_id")),
        sa.PrimaryKeyConstraint("case_id", "target", name=op.f("pk_case_target")),
    )
    op.create_index(
        "ix_case_target_due", "case_target", ["due_at"], unique=False, sqlite_where=RUNNING, postgresql_where=RUNNING
    )
