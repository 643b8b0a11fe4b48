"""limits of caseloads are changes like others, kept in the history and taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("mentor_cap", schema=None) as batch_op:
        batch_op.add_column(sa.Column("change_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_mentor_cap_change_id_caseload_change"), "caseload_change", ["change_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("mentor_cap", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_mentor_cap_change_id_caseload_change"), type_="foreignkey")
        batch_op.drop_column("change_id")
