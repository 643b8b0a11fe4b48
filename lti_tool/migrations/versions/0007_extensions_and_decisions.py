"""extensions and breaks that know their form, and what a decision has seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STANDING = "withdrawn_at IS NULL AND replaced_at IS NULL"
_TWIN = "twin.membership_id = extension.membership_id AND twin.activity_id = extension.activity_id"


def upgrade() -> None:
    with op.batch_alter_table("flag_decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seen_answer_id", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE flag_decision SET seen_answer_id = COALESCE((SELECT MAX(answer.id) FROM learner_answer AS answer "
        "WHERE answer.membership_id = flag_decision.membership_id "
        "AND answer.given_at <= flag_decision.decided_at), 0)"
    )
    with op.batch_alter_table("course_break", schema=None) as batch_op:
        batch_op.add_column(sa.Column("request_key", sa.String(length=64), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_course_break_request_key"), ["request_key"])
    with op.batch_alter_table("extension", schema=None) as batch_op:
        batch_op.add_column(sa.Column("request_key", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("replaces_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_extension_request_key"), ["request_key"])
        batch_op.create_foreign_key(
            batch_op.f("fk_extension_replaces_id_extension"), "extension", ["replaces_id"], ["id"]
        )
    _replace_older_twins()
    with op.batch_alter_table("extension", schema=None) as batch_op:
        batch_op.create_index(
            "uq_extension_standing",
            ["membership_id", "activity_id"],
            unique=True,
            sqlite_where=sa.text(_STANDING),
            postgresql_where=sa.text(_STANDING),
        )


def _replace_older_twins() -> None:
    """Until now the newest of several for one step held; those before it are what it replaced."""
    op.execute(
        "UPDATE extension SET replaces_id = (SELECT MAX(twin.id) FROM extension AS twin "
        f"WHERE {_TWIN} AND twin.withdrawn_at IS NULL AND twin.id < extension.id) WHERE withdrawn_at IS NULL"
    )
    op.execute(
        "UPDATE extension SET replaced_at = (SELECT MIN(twin.given_at) FROM extension AS twin "
        f"WHERE {_TWIN} AND twin.withdrawn_at IS NULL AND twin.id > extension.id) WHERE withdrawn_at IS NULL"
    )


def downgrade() -> None:
    with op.batch_alter_table("extension", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_extension_standing",
            sqlite_where=sa.text(_STANDING),
            postgresql_where=sa.text(_STANDING),
        )
        batch_op.drop_constraint(batch_op.f("fk_extension_replaces_id_extension"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_extension_request_key"), type_="unique")
        batch_op.drop_column("replaced_at")
        batch_op.drop_column("replaces_id")
        batch_op.drop_column("request_key")
    with op.batch_alter_table("course_break", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_course_break_request_key"), type_="unique")
        batch_op.drop_column("request_key")
    with op.batch_alter_table("flag_decision", schema=None) as batch_op:
        batch_op.drop_column("seen_answer_id")
