"""role rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('role_mapping',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('platform_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['created_by_id'], ['person.id'], name=op.f('fk_role_mapping_created_by_id_person')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_role_mapping_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['platform_id'], ['platform.id'], name=op.f('fk_role_mapping_platform_id_platform')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_role_mapping')),
    sa.UniqueConstraint('platform_id', 'version', name=op.f('uq_role_mapping_platform_id_version'))
    )
    with op.batch_alter_table('role_mapping', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_role_mapping_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('role_rule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('platform_id', sa.Integer(), nullable=False),
    sa.Column('role_name', sa.String(length=64), nullable=False),
    sa.Column('means', sa.String(length=16), nullable=False),
    sa.Column('opened_by_id', sa.Integer(), nullable=False),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['ended_by_id'], ['role_mapping.id'], name=op.f('fk_role_rule_ended_by_id_role_mapping')),
    sa.ForeignKeyConstraint(['opened_by_id'], ['role_mapping.id'], name=op.f('fk_role_rule_opened_by_id_role_mapping')),
    sa.ForeignKeyConstraint(['platform_id'], ['platform.id'], name=op.f('fk_role_rule_platform_id_platform')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_role_rule'))
    )
    with op.batch_alter_table('role_rule', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_role_rule_ended_by_id'), ['ended_by_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_role_rule_opened_by_id'), ['opened_by_id'], unique=False)
        batch_op.create_index('uq_role_rule_open', ['platform_id', 'role_name'], unique=True, sqlite_where=sa.text('ended_by_id IS NULL'), postgresql_where=sa.text('ended_by_id IS NULL'))

    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.add_column(sa.Column('launch_platform_roles', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_column('launch_platform_roles')

    op.drop_table('role_rule')
    op.drop_table('role_mapping')
