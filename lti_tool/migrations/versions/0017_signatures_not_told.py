"""refusals counted before signatures were told apart: not known to be unsigned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What 0012 found was given the count 0, which says "nobody signed"; only whole counts are beyond doubt."""
    _let_signed_be_null(True)
    op.execute("UPDATE refusal_count SET signed = NULL WHERE signed < refusals")


def downgrade() -> None:
    op.execute("UPDATE refusal_count SET signed = 0 WHERE signed IS NULL")
    _let_signed_be_null(False)


def _let_signed_be_null(nullable: bool) -> None:
    with op.batch_alter_table("refusal_count", schema=None) as batch_op:
        batch_op.alter_column(
            "signed", existing_type=sa.Integer(), existing_server_default="0", nullable=nullable
        )
