"""days on which the visits of a course were read whole; what came before stays unknown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "look_day",
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["context_id"], ["context.id"], name=op.f("fk_look_day_context_id_context")),
        sa.PrimaryKeyConstraint("context_id", "day", name=op.f("pk_look_day")),
    )


def downgrade() -> None:
    op.drop_table("look_day")
