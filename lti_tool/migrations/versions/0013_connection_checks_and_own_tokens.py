"""what tests of connections found; web-service tokens of single people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connection_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("release", sa.String(length=64), nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_connection_check_platform_id_platform")
        ),
        sa.ForeignKeyConstraint(
            ["context_id"], ["context.id"], name=op.f("fk_connection_check_context_id_context")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_check")),
    )
    with op.batch_alter_table("connection_check", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_connection_check_platform_id"), ["platform_id"], unique=False)
    op.create_table(
        "person_token",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_sealed", sa.Text(), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_token_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_token")),
    )


def downgrade() -> None:
    op.drop_table("person_token")
    with op.batch_alter_table("connection_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_connection_check_platform_id"))
    op.drop_table("connection_check")
