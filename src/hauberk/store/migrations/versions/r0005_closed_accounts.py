"""Who closed an account."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("users", sa.Column("disabled_by", sa.Text(), nullable=True))
