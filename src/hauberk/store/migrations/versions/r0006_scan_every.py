"""How often an organisation has the domains scanned that are added to it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("tenants", sa.Column("scan_every", sa.Integer(), nullable=True))
