"""ways into the tool without cookies; deep linking."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_launch",
        sa.Column("ticket_hash", sa.String(length=64), nullable=False),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("claims_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_waiting_launch_platform_id_platform")
        ),
        sa.PrimaryKeyConstraint("ticket_hash", name=op.f("pk_waiting_launch")),
    )
    with op.batch_alter_table("waiting_launch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_waiting_launch_created_at"), ["created_at"], unique=False)
    with op.batch_alter_table("login_state", schema=None) as batch_op:
        batch_op.add_column(sa.Column("storage_target", sa.String(length=255), nullable=True))
    with op.batch_alter_table("launch_session", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("secret_in_address", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("placing", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("launch_session", schema=None) as batch_op:
        batch_op.drop_column("placing")
        batch_op.drop_column("secret_in_address")
    with op.batch_alter_table("login_state", schema=None) as batch_op:
        batch_op.drop_column("storage_target")
    with op.batch_alter_table("waiting_launch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_waiting_launch_created_at"))
    op.drop_table("waiting_launch")
