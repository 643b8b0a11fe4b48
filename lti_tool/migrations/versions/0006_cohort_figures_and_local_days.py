"""cohort figures, reading times of hand-ins, named steps; days of activity in the organisation's zone."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('cohort_reading',
    sa.Column('context_id', sa.Integer(), nullable=False),
    sa.Column('measured_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['context_id'], ['context.id'], name=op.f('fk_cohort_reading_context_id_context')),
    sa.PrimaryKeyConstraint('context_id', name=op.f('pk_cohort_reading'))
    )
    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.add_column(sa.Column('hand_ins_as_of', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('sync_run', schema=None) as batch_op:
        batch_op.add_column(sa.Column('step', sa.String(length=16), server_default='', nullable=False))

    connection = op.get_bind()
    _take_over_reading_times(connection)
    _move_days(connection)


def downgrade() -> None:
    """The days stay where they are: which of them were UTC days is not kept."""
    with op.batch_alter_table('sync_run', schema=None) as batch_op:
        batch_op.drop_column('step')

    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.drop_column('hand_ins_as_of')

    op.drop_table('cohort_reading')


def _take_over_reading_times(connection) -> None:
    """Until now only the whole list of a course had a time; it holds for each assignment in it."""
    connection.execute(sa.text(
        "UPDATE activity SET hand_ins_as_of = (SELECT f.as_of FROM freshness f"
        " WHERE f.context_id = activity.context_id AND f.kind = 'submissions' AND f.source = 'moodle')"
        " WHERE module = 'assign'"
    ))


def _move_days(connection) -> None:
    """From UTC days to days in the organisation's zone, where the moment behind a day is still known.

    Of older visits only the UTC day was kept; those stay as they are, at most one day off.
    """
    day_table = sa.table(
        'active_day', sa.column('id'), sa.column('membership_id'), sa.column('day', sa.Date),
        sa.column('evidence'), sa.column('source'),
    )
    zones = _zones(connection)
    rows = defaultdict(list)
    for row in connection.execute(sa.select(day_table)):
        if row.membership_id in zones:
            rows[row.membership_id].append(row)
    for membership_id, moments in _moments(connection, set(rows)).items():
        zone = zones[membership_id]
        wanted, dropped = {}, []
        for row in rows[membership_id]:
            local = {moment.astimezone(zone).date() for moment in moments if moment.date() == row.day}
            for day in local or {row.day}:
                wanted.setdefault(day, row)
            if local and row.day not in local:
                dropped.append(row.id)
        known = {row.day for row in rows[membership_id] if row.id not in dropped}
        if dropped:
            connection.execute(sa.delete(day_table).where(day_table.c.id.in_(dropped)))
        new = [
            {'membership_id': membership_id, 'day': day, 'evidence': row.evidence, 'source': row.source}
            for day, row in wanted.items() if day not in known
        ]
        if new:
            connection.execute(sa.insert(day_table), new)


def _zones(connection) -> dict:
    """The organisation's zone by membership; none where it is UTC."""
    found = connection.execute(sa.text(
        "SELECT m.id, o.time_zone FROM membership m JOIN context c ON c.id = m.context_id"
        " JOIN organisation o ON o.id = c.organisation_id"
    ))
    return {row.id: ZoneInfo(row.time_zone) for row in found if row.time_zone not in ('', 'UTC')}


def _moments(connection, membership_ids: set) -> dict:
    """Every moment that may be behind a day, aware, by membership."""
    membership = sa.table('membership', sa.column('id'), sa.column('last_access_at', _MOMENT))
    progress = sa.table(
        'progress', sa.column('membership_id'), sa.column('completed_at', _MOMENT),
        sa.column('submitted_at', _MOMENT),
    )
    found = defaultdict(set)
    visits = connection.execute(sa.select(membership.c.id, membership.c.last_access_at))
    work = connection.execute(
        sa.select(progress.c.membership_id, progress.c.completed_at, progress.c.submitted_at)
    )
    for key, *moments in [*visits, *work]:
        if key in membership_ids:
            aware = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
                     for moment in moments if moment)
            found[key].update(aware)
    return found
