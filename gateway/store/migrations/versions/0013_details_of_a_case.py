"""Details of a case: deployment, product line, component, implementation stage, business impact"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("deployment", "product_line", "component", "implementation_stage", "business_impact"):
        op.add_column("support_case", sa.Column(name, sa.Text(), server_default="", nullable=False))
