"""The calls of the API: what keys see, which calls were carried out, by which words cases are found"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql")
WORD = re.compile(r"\w+")
BATCH = 1000


def upgrade() -> None:
    op.add_column("outbox", sa.Column("request_id", sa.String(length=64), server_default="", nullable=False))
    op.create_table(
        "api_grant",
        sa.Column("key_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_api_grant_key_id")),
        sa.PrimaryKeyConstraint("key_id", "kind", "ref", name=op.f("pk_api_grant")),
    )
    op.create_index("ix_api_grant_ref", "api_grant", ["kind", "ref"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("key_id", BIG, nullable=False),
        sa.Column("word", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), server_default="0", nullable=False),
        sa.Column("headers", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_idempotency_key_id")),
        sa.PrimaryKeyConstraint("key_id", "word", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False)
    op.create_table(
        "case_word",
        sa.Column("word", BYTEWISE, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["support_case.id"], name=op.f("fk_case_word_case_id")),
        sa.PrimaryKeyConstraint("word", "case_id", name=op.f("pk_case_word")),
    )
    op.create_index("ix_case_word_case", "case_word", ["case_id", "word"], unique=False)
    _fill()


def _fill() -> None:
    """Make the cases that there are findable."""
    conn = op.get_bind()
    add = sa.text("INSERT INTO case_word (word, case_id) VALUES (:word, :case_id)")
    last = 0
    while True:
        some = sa.text("SELECT id, subject FROM support_case WHERE id > :last ORDER BY id LIMIT :batch")
        cases = conn.execute(some, {"last": last, "batch": BATCH}).all()
        if not cases:
            return
        last = cases[-1].id
        rows = [{"word": word, "case_id": case.id} for case in cases for word in _words(case.subject)]
        if rows:
            conn.execute(add, rows)


def _words(subject: str) -> list[str]:
    """Return the words as gateway/store/search.py did when this was written."""
    found = (match.group().casefold()[:64] for match in WORD.finditer(subject))
    return list(dict.fromkeys(found))[:60]
