"""what has changed is asked since each kind of fact was read whole, no longer since one moment per course."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batch mode: SQLite would copy the table that half of the others point to, for one column.
    op.drop_column("context", "updates_as_of")


def downgrade() -> None:
    with op.batch_alter_table("context", schema=None) as batch_op:
        batch_op.add_column(sa.Column("updates_as_of", sa.DateTime(timezone=True), nullable=True))
