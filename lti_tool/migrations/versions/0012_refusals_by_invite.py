"""refusals of registrations belong to whoever made the invite; how many refusals were signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KEY = "pk_refusal_count"


def upgrade() -> None:
    with op.batch_alter_table("refusal_count", schema=None) as batch_op:
        batch_op.add_column(sa.Column("organisation_id", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("signed", sa.Integer(), server_default="0", nullable=False))
    _make_key("day", "code", "platform_id", "organisation_id")


def downgrade() -> None:
    """Refusals of registrations of several organisations would share one row; they are counts of a month."""
    op.execute("DELETE FROM refusal_count WHERE organisation_id <> 0")
    _make_key("day", "code", "platform_id")
    with op.batch_alter_table("refusal_count", schema=None) as batch_op:
        batch_op.drop_column("signed")
        batch_op.drop_column("organisation_id")


def _make_key(*columns: str) -> None:
    with op.batch_alter_table("refusal_count", schema=None) as batch_op:
        batch_op.drop_constraint(_KEY, type_="primary")
        batch_op.create_primary_key(_KEY, list(columns))
