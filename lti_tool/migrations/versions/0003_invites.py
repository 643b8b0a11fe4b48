"""Invites; platforms and deployments that wait for approval."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("platform") as batch_op:
        batch_op.add_column(sa.Column("status", sa.String(16), server_default="active", nullable=False))
        batch_op.add_column(sa.Column("product", sa.String(16), server_default="", nullable=False))
        batch_op.add_column(sa.Column("auth_audience", sa.String(1024), nullable=True))
    with op.batch_alter_table("deployment") as batch_op:
        batch_op.add_column(sa.Column("status", sa.String(16), server_default="active", nullable=False))
        batch_op.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "invite",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=True),
        sa.Column("approve_at_once", sa.Boolean(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_invite_organisation_id_organisation"
        ),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name="fk_invite_platform_id_platform"),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name="fk_invite_created_by_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_invite"),
        sa.UniqueConstraint("token_hash", name="uq_invite_token_hash"),
    )
    with op.batch_alter_table("invite") as batch_op:
        batch_op.create_index("ix_invite_organisation_id", ["organisation_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("invite") as batch_op:
        batch_op.drop_index("ix_invite_organisation_id")
    op.drop_table("invite")
    with op.batch_alter_table("deployment") as batch_op:
        batch_op.drop_column("seen_at")
        batch_op.drop_column("status")
    with op.batch_alter_table("platform") as batch_op:
        batch_op.drop_column("auth_audience")
        batch_op.drop_column("product")
        batch_op.drop_column("status")
