"""What the installation as a whole has done once."""

import sqlalchemy as sa
from alembic import op

from hauberk.store.migrations import guards

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "milestones",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestones")),
        sa.UniqueConstraint("name", name=op.f("uq_milestones_name")),
        sqlite_autoincrement=True,
    )
    guards.open_to_system("milestones", may="SELECT, INSERT")
