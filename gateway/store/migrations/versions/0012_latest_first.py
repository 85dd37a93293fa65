"""Cases by their last change, in a total order: a page of a list costs what it shows"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_support_case_latest", "support_case", ["modified_at", "id"], unique=False)
