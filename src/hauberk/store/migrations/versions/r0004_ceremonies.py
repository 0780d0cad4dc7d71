"""What signing in begins with one request and ends with another."""

import sqlalchemy as sa
from alembic import op

from hauberk.store.migrations import guards

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "ceremonies",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_ceremonies")),
    )
    op.create_index(op.f("ix_ceremonies_expires_at"), "ceremonies", ["expires_at"], unique=False)
    guards.open_to_system("ceremonies", may="SELECT, INSERT, UPDATE, DELETE")
