"""hosts that are left alone after failures; syncs that are cancelled and say how many learners they read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "host_health",
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pauses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minute_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minute_requests", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_host_health")),
    )
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origin", sa.String(length=300), server_default="", nullable=False))
        batch_op.add_column(sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("learners_read", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """A cancelled sync becomes one that failed."""
    op.execute("UPDATE sync_run SET state = 'failed' WHERE state = 'cancelled'")
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.drop_column("learners_read")
        batch_op.drop_column("cancel_asked_at")
        batch_op.drop_column("origin")
    op.drop_table("host_health")
