"""readings of flags that tell apart when they were judged and up to when the facts were known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("flag_reading", schema=None) as batch_op:
        batch_op.add_column(sa.Column("facts_at", sa.DateTime(timezone=True), nullable=True))
    # Until now a reading was kept under the moment of its facts.
    op.execute("UPDATE flag_reading SET facts_at = read_at")
    with op.batch_alter_table("flag_reading", schema=None) as batch_op:
        batch_op.alter_column("facts_at", existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("flag_reading", schema=None) as batch_op:
        batch_op.drop_column("facts_at")
