"""Addresses to which mail cannot be delivered"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger()
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:

    op.create_table(
        "delivery_failure",
        sa.Column("outbox_id", BIG, autoincrement=False, nullable=False),
        sa.Column("address_key", sa.String(length=320), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_delivery_failure")),
    )
    op.create_index("ix_delivery_failure_address", "delivery_failure", ["address_key", "at"], unique=False)
    op.create_table(
        "undeliverable",
        sa.Column("address_key", sa.String(length=320), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("cleared_at", MOMENT, nullable=True),
        sa.Column("cleared_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_undeliverable")),
    )
