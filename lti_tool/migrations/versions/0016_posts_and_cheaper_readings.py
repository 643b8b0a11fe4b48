"""posts in forums; when grades and own deadlines were read of each learner; what activities ask for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENTS = {
    "context": ("updates_as_of",),
    "membership": ("grades_as_of", "grades_access_at", "reported_as_of"),
    "activity": ("posts_as_of", "posts_access_at"),
    "progress": ("due_as_of",),
}


def upgrade() -> None:
    for table, columns in MOMENTS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.add_column(sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("platform", schema=None) as batch_op:
        batch_op.add_column(sa.Column("moodle_report_id", sa.Integer(), nullable=True))
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reported_share", sa.Double(), nullable=True))
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("completion_kind", sa.String(length=16), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("completion_rules", sa.JSON(), server_default="[]", nullable=False))
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "discussion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replies", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_discussion_activity_id_activity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion")),
        sa.UniqueConstraint("activity_id", "external_id", name=op.f("uq_discussion_activity_id_external_id")),
    )
    op.create_table(
        "post_count",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("discussion_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("last_posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["discussion_id"], ["discussion.id"], name=op.f("fk_post_count_discussion_id_discussion")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_post_count_membership_id_membership")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_count")),
        sa.UniqueConstraint(
            "discussion_id", "membership_id", name=op.f("uq_post_count_discussion_id_membership_id")
        ),
    )
    with op.batch_alter_table("post_count", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_post_count_membership_id"), ["membership_id"], unique=False)


def downgrade() -> None:
    op.drop_table("post_count")
    op.drop_table("discussion")
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.drop_column("completion_rules")
        batch_op.drop_column("completion_kind")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_column("reported_share")
    with op.batch_alter_table("platform", schema=None) as batch_op:
        batch_op.drop_column("moodle_report_id")
    for table, columns in MOMENTS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
