"""use and refusal counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "use_count",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_use_count")),
    )
    with op.batch_alter_table("use_count", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_use_count_started_at"), ["started_at"], unique=False)
    op.create_table(
        "refusal_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("platform_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "code", "platform_id", name=op.f("pk_refusal_count")),
    )


def downgrade() -> None:
    op.drop_table("refusal_count")
    with op.batch_alter_table("use_count", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_use_count_started_at"))
    op.drop_table("use_count")
