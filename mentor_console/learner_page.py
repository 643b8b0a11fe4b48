"""One learner, for those who look after them, and the learner's own page: the same facts, read two ways.

A constant number of queries. Who may see whom is decided in access.py and asked again here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import and_, exists, select

from course_sync.database import db
from course_sync.models import Activity, Membership, Person, Platform, Progress
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.cohort_figures import get_cohort_progress, list_weeks
from mentor_console.freshness import freshness_of
from mentor_console.history import build_timeline, list_flags, list_open_flags
from mentor_console.models import Assignment, RoleGrant
from mentor_console.own_facts import list_known_facts
from mentor_console.screens import (
    FlagLine,
    LearnerPage,
    MentorInfo,
    OwnPage,
    ProgressSummary,
    TimelineEntry,
    WeekActivity,
)
from mentor_console.steps import (
    find_required_ids,
    list_activities,
    list_next_steps,
    list_progress,
    list_steps,
    summarise,
)

WEEKS_SHOWN = 12


@dataclass(frozen=True)
class _Picture:
    """What both pages show of one learner."""

    activities: Sequence[Activity]
    rows: Mapping[int, Progress]
    progress: ProgressSummary
    flags: Sequence[FlagLine]
    weeks: tuple[WeekActivity, ...]
    timeline: tuple[TimelineEntry, ...]
    mentors: Sequence[Person]


def get_learner_page(viewer: Viewer, membership: Membership, now: datetime) -> LearnerPage:
    """The page of a learner the viewer may see. Raises AccessDenied for any other."""
    learner = get_learner(viewer, membership.id)
    picture = _take_picture(learner, viewer.person_id, now)
    flags = list_open_flags(picture.flags)
    return LearnerPage(
        membership_id=learner.id,
        name=learner.person.display_name,
        short_name=learner.person.short_name,
        email=learner.person.email,
        course_title=learner.context.title,
        groups=tuple(learner.groups),
        status=learner.status,
        left_at=learner.left_at,
        last_access_at=learner.last_access_at,
        access_known=learner.access_as_of is not None,
        access_as_of=learner.access_as_of,
        mentors=tuple(mentor.display_name for mentor in picture.mentors),
        flags=flags,
        level=flags[0].level if flags else None,
        kind=flags[0].kind if flags else None,
        weeks=picture.weeks,
        progress=picture.progress,
        timeline=picture.timeline,
        freshness=freshness_of([learner.context_id]),
        platform_profile_url=_profile_url(learner),
    )


def get_own_page(viewer: Viewer, membership: Membership, now: datetime) -> OwnPage:
    """The viewer's own page, flags without their level. Raises AccessDenied for anybody else's membership."""
    if viewer.own_membership_id is None or viewer.own_membership_id != membership.id:
        raise AccessDenied("own page")
    picture = _take_picture(membership, viewer.person_id, now)
    return OwnPage(
        name=membership.person.display_name,
        course_title=membership.context.title,
        mentors=tuple(MentorInfo(mentor.display_name, mentor.email) for mentor in picture.mentors),
        facts=list_known_facts(membership, picture.progress, picture.activities, picture.rows, now),
        flags=tuple(_without_level(flag) for flag in list_open_flags(picture.flags)),
        next_steps=list_next_steps(picture.progress.steps, now),
        progress=picture.progress,
        weeks=picture.weeks,
        timeline=tuple(_without_levels(entry) for entry in picture.timeline),
        freshness=freshness_of([membership.context_id]),
    )


def _take_picture(membership: Membership, viewer_person_id: int, now: datetime) -> _Picture:
    activities = list_activities(membership.context_id)
    rows = list_progress(membership)
    flags = list_flags(membership)
    return _Picture(
        activities=activities,
        rows=rows,
        progress=_summarise(membership, activities, rows, now),
        flags=flags,
        weeks=list_weeks([membership.context], [membership.id], now, weeks=WEEKS_SHOWN).get(
            membership.id, ()
        ),
        timeline=build_timeline(membership, activities, rows, flags, viewer_person_id),
        mentors=_list_mentors(membership),
    )


def _summarise(
    membership: Membership, activities: Sequence[Activity], rows: Mapping[int, Progress], now: datetime
) -> ProgressSummary:
    visible = [activity for activity in activities if activity.visible]
    required = find_required_ids(activities) & {activity.id for activity in visible}
    cohort = get_cohort_progress(membership.context_id, required, now)
    steps = list_steps(activities, rows, cohort.shares, now)
    return summarise(steps, rows, cohort.median_done, cohort.size, as_of=membership.progress_as_of, now=now)


def _list_mentors(membership: Membership) -> Sequence[Person]:
    """Those who look after the learner now: assigned, and still named in the course."""
    named = exists().where(
        and_(
            RoleGrant.person_id == Person.id,
            RoleGrant.role == "mentor",
            RoleGrant.context_id == membership.context_id,
            RoleGrant.ended_at.is_(None),
        )
    )
    statement = (
        select(Person)
        .join(Assignment, Assignment.mentor_id == Person.id)
        .where(Assignment.membership_id == membership.id, Assignment.ended_at.is_(None), named)
        .order_by(Assignment.assigned_at, Person.id)
    )
    return db.session.scalars(statement).all()


def _profile_url(membership: Membership) -> str | None:
    """The learner's profile in the course at their Moodle; None where no Moodle address is known."""
    platform: Platform = membership.context.platform
    if not platform.moodle_url:
        return None
    query = urlencode({"id": membership.person.external_id, "course": membership.context.external_id})
    return f"{platform.moodle_url.rstrip('/')}/user/view.php?{query}"


def _without_level(flag: FlagLine) -> FlagLine:
    """A learner sees facts, never how urgent somebody finds them."""
    return replace(flag, level="")


def _without_levels(entry: TimelineEntry) -> TimelineEntry:
    return replace(
        entry,
        flag_raised=_without_level(entry.flag_raised) if entry.flag_raised else None,
        flag_cleared=_without_level(entry.flag_cleared) if entry.flag_cleared else None,
    )
