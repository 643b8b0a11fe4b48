"""The e-mentor's first page: the caseload of all their courses, ranked by who needs them most.

A constant number of queries whatever the caseload. Who belongs to it is decided in access.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from course_sync.database import db
from course_sync.models import Context, Membership
from mentor_console.access import Viewer, visible_learners
from mentor_console.cohort_figures import list_weeks
from mentor_console.contacts import find_last_contacts
from mentor_console.flags.findings import Reason, reason_from_json
from mentor_console.freshness import freshness_by_context, merge_freshness
from mentor_console.history import contact_line, level_rank
from mentor_console.models import Flag
from mentor_console.screens import Card, ContactLine, DataFreshness, QuietLearner, Today, WeekActivity

WEEKS_SHOWN = 7
REASONS_SHOWN = 2
LEVELS = ("act", "week", "watch", "praise")


@dataclass(frozen=True)
class _Surroundings:
    """What the cards need beside membership and flags, read once for all of them."""

    contexts: Mapping[int, Context]
    weeks: Mapping[int, tuple[WeekActivity, ...]]
    last_contacts: Mapping[int, ContactLine]
    freshness: Mapping[int, DataFreshness]


def get_today(viewer: Viewer, now: datetime) -> Today:
    """Cards for learners with an open flag, names for the others. Empty for a viewer without caseload."""
    learners = _list_caseload(viewer)
    active = [membership for membership in learners if membership.status == "active"]
    flags = _list_flags([membership.id for membership in active])
    flagged = sorted((m for m in active if m.id in flags), key=lambda m: _rank(m, flags[m.id]))
    around = _read_surroundings(viewer, learners, flagged, now)
    return Today(
        cards=tuple(_card(membership, flags[membership.id], around) for membership in flagged),
        quiet=_quiet_learners((m for m in active if m.id not in flags), around.contexts),
        counts=_count_levels(flags),
        freshness=merge_freshness(around.freshness.values()),
        caseload_size=len(active),
        departed=_quiet_learners((m for m in learners if m.status != "active"), around.contexts),
    )


def _list_caseload(viewer: Viewer) -> Sequence[Membership]:
    """Without the part of trainer, which would show a whole course."""
    caseload = replace(viewer, is_trainer=False)
    return db.session.scalars(visible_learners(caseload).options(contains_eager(Membership.person))).all()


def _list_flags(membership_ids: Collection[int]) -> dict[int, list[Flag]]:
    """Open flags of each learner who has any, the most urgent first."""
    statement = (
        select(Flag)
        .where(Flag.membership_id.in_(membership_ids), Flag.cleared_at.is_(None))
        .order_by(Flag.urgency.desc(), Flag.id)
    )
    flags: dict[int, list[Flag]] = defaultdict(list)
    for flag in db.session.scalars(statement):
        flags[flag.membership_id].append(flag)
    for standing in flags.values():
        standing.sort(key=lambda flag: level_rank(flag.level))
    return dict(flags)


def _rank(membership: Membership, flags: Sequence[Flag]) -> tuple[int, float, str, int]:
    most_urgent = max(flag.urgency for flag in flags)
    return level_rank(flags[0].level), -most_urgent, membership.person.display_name.casefold(), membership.id


def _read_surroundings(
    viewer: Viewer, learners: Sequence[Membership], flagged: Sequence[Membership], now: datetime
) -> _Surroundings:
    context_ids = sorted({membership.context_id for membership in learners})
    contexts = db.session.scalars(select(Context).where(Context.id.in_(context_ids))).all()
    ids = [membership.id for membership in flagged]
    contacts = find_last_contacts(ids)
    return _Surroundings(
        contexts={context.id: context for context in contexts},
        weeks=list_weeks(contexts, ids, now, weeks=WEEKS_SHOWN),
        last_contacts={key: contact_line(contact, viewer.person_id) for key, contact in contacts.items()},
        freshness=freshness_by_context(context_ids),
    )


def _card(membership: Membership, flags: Sequence[Flag], around: _Surroundings) -> Card:
    reasons = _order_reasons(flags)
    return Card(
        membership_id=membership.id,
        name=membership.person.display_name,
        short_name=membership.person.short_name,
        course_title=around.contexts[membership.context_id].title,
        level=flags[0].level,
        kind=flags[0].kind,
        reasons=tuple(reasons[:REASONS_SHOWN]),
        more_reasons=max(0, len(reasons) - REASONS_SHOWN),
        weeks=around.weeks.get(membership.id, ()),
        last_contact=around.last_contacts.get(membership.id),
        as_of=_as_of(membership, around.freshness[membership.context_id]),
    )


def _order_reasons(flags: Sequence[Flag]) -> list[Reason]:
    """Each flag's first reason before anybody's second: two rules say more than two details of one."""
    ordered = [(place, stored) for flag in flags for place, stored in enumerate(flag.reasons)]
    return [reason_from_json(stored) for _, stored in sorted(ordered, key=lambda item: item[0])]


def _as_of(membership: Membership, freshness: DataFreshness) -> datetime | None:
    return freshness.as_of or membership.access_as_of or membership.as_of


def _quiet_learners(
    learners: Iterable[Membership], contexts: Mapping[int, Context]
) -> tuple[QuietLearner, ...]:
    lines = [
        QuietLearner(
            membership_id=membership.id,
            name=membership.person.display_name,
            course_title=contexts[membership.context_id].title,
            last_access_at=membership.last_access_at,
            access_known=membership.access_as_of is not None,
        )
        for membership in learners
    ]
    return tuple(sorted(lines, key=lambda line: (line.name.casefold(), line.membership_id)))


def _count_levels(flags: Mapping[int, Sequence[Flag]]) -> dict[str, int]:
    worst = Counter(standing[0].level for standing in flags.values())
    return {level: worst[level] for level in LEVELS}
