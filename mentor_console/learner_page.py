"""One learner, for those who look after them, and the learner's own page: the same facts, read two ways.

A constant number of queries. Who may see whom is decided in access.py and asked again here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Membership, Person, Platform
from mentor_console import answers, decisions, tasks
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.answers import Said, sum_up
from mentor_console.cohort_figures import get_cohort_progress, list_weeks
from mentor_console.contacts import last_of, list_contacts
from mentor_console.course_facts import KnownLearner, know_learner
from mentor_console.evidence import get_evidence
from mentor_console.evidence_lines import Evidence
from mentor_console.extensions import list_extensions
from mentor_console.flag_history import add_readings
from mentor_console.flags.findings import Reason
from mentor_console.freshness import freshness_of
from mentor_console.history import Told, build_timeline, contact_line, flag_line, list_flags, list_open_flags
from mentor_console.mentorship import is_mentor
from mentor_console.models import Assignment, Flag
from mentor_console.notes import list_notes
from mentor_console.own_facts import find_posts, find_reported, list_known_facts
from mentor_console.playbooks import suggest
from mentor_console.quieting import list_asking, see
from mentor_console.reading_times import find_unread_since, list_read_at
from mentor_console.screens import (
    LearnerPage,
    MentorInfo,
    OwnPage,
    ProgressSummary,
    WeekActivity,
)
from mentor_console.steps import (
    find_required_ids,
    list_next_steps,
    list_steps,
    summarise,
)
from mentor_console.support_lines import ExtensionLine, FlagLine
from mentor_console.timeline import TimelineEntry

WEEKS_SHOWN = 12
TIMELINE_MAX_ENTRIES = 100


@dataclass(frozen=True)
class _Picture:
    """What both pages show of one learner."""

    known: KnownLearner
    progress: ProgressSummary
    extensions: tuple[ExtensionLine, ...]
    told: Told
    said: Said
    seen: str
    weeks: tuple[WeekActivity, ...]
    evidence: Evidence | None
    mentors: Sequence[Person]


def get_learner_page(
    viewer: Viewer,
    membership: Membership,
    now: datetime,
    *,
    zone: tzinfo = UTC,
    kinds: Collection[str] | None = None,
    before: str = "",
) -> LearnerPage:
    """The page of a learner the viewer may see; `kinds` (history.TIMELINE_KINDS) filters the timeline.

    `before` is the mark of an entry (TimelineEntry): the timeline goes on below it.
    Raises AccessDenied for any other learner.
    """
    learner = get_learner(viewer, membership.id)
    picture = _take_picture(learner, viewer, now, zone)
    flags = list_open_flags(picture.told.flags)
    history = build_timeline(learner, picture.known.activities, picture.known.rows, picture.told, kinds)
    freshness = freshness_of([learner.context_id])
    return LearnerPage(
        membership_id=learner.id,
        **_about(learner),
        mentors=tuple(mentor.display_name for mentor in picture.mentors),
        flags=flags,
        level=flags[0].level if flags else None,
        kind=flags[0].kind if flags else None,
        weeks=picture.weeks,
        evidence=picture.evidence,
        told=_list_told(learner, picture),
        active_days=tuple(picture.known.active_days),
        progress=picture.progress,
        **_below(before, history),
        freshness=freshness,
        unread_since=find_unread_since(learner, freshness.visits_at),
        tasks=tuple(picture.told.tasks),
        notes=list_notes(viewer, learner),
        answers=tuple(picture.told.answers),
        decisions=tuple(picture.told.decisions),
        flag_history=add_readings(picture.told.flags),
        extensions=picture.extensions,
        playbooks=suggest(flags, [picture.said.answer.kind] if picture.said.answer else []),
        paused_until=picture.said.paused_until,
        set_aside=bool(flags) and all(flag.is_set_aside for flag in flags),
        seen=picture.seen,
    )


def _list_told(learner: Membership, picture: _Picture) -> tuple[Reason, ...]:
    """Facts that stand beside the steps."""
    posts = find_posts(learner, picture.known.activities)
    reported = find_reported(learner, picture.progress)
    return tuple(reason for reason in (reported, posts) if reason is not None)


def _about(learner: Membership) -> dict[str, Any]:
    """Who the learner is, as the head of the page says it."""
    return {
        "name": learner.person.display_name,
        "short_name": learner.person.short_name,
        "email": learner.person.email,
        "course_title": learner.context.title,
        "groups": tuple(learner.groups),
        "status": learner.status,
        "left_at": learner.left_at,
        "last_access_at": learner.last_access_at,
        "access_known": learner.access_as_of is not None,
        "access_as_of": learner.access_as_of,
        "platform_profile_url": _profile_url(learner),
    }


def _below(mark: str, history: Sequence[TimelineEntry]) -> dict[str, Any]:
    """The stretch of a history that a page shows: from its beginning, or below the entry with this mark."""
    rest = [entry for entry in history if not mark or entry.mark < mark]
    older = max(0, len(rest) - TIMELINE_MAX_ENTRIES)
    return {"timeline": tuple(rest[:TIMELINE_MAX_ENTRIES]), "timeline_older": older}


def get_own_page(
    viewer: Viewer, membership: Membership, now: datetime, *, zone: tzinfo = UTC, before: str = ""
) -> OwnPage:
    """The viewer's own page: flags without their level, tasks that were shared, no decision and no note.

    `before` is the mark of an entry (TimelineEntry): the history goes on below it.
    Raises AccessDenied for anybody else's membership.
    """
    if viewer.own_membership_id is None or viewer.own_membership_id != membership.id:
        raise AccessDenied("own page")
    picture = _take_picture(membership, viewer, now, zone)
    known = picture.known
    shared = [task for task in picture.told.tasks if task.shared]
    flags = [_for_learner(flag) for flag in picture.told.flags]
    told = replace(picture.told, decisions=(), tasks=shared, flags=flags)
    history = build_timeline(membership, known.activities, known.rows, told)
    return OwnPage(
        name=membership.person.display_name,
        course_title=membership.context.title,
        mentors=tuple(MentorInfo(mentor.display_name, mentor.email) for mentor in picture.mentors),
        facts=list_known_facts(
            membership, picture.progress, known.activities, known.rows, now, known.by_hand
        ),
        flags=tuple(_for_learner(flag) for flag in list_open_flags(picture.told.flags)),
        next_steps=list_next_steps(picture.progress.steps, now),
        progress=picture.progress,
        weeks=picture.weeks,
        evidence=picture.evidence,
        active_days=tuple(picture.known.active_days),
        **_below(before, history),
        freshness=freshness_of([membership.context_id]),
        tasks=tuple(shared),
        answers=tuple(picture.told.answers),
        paused_until=picture.said.paused_until,
    )


def _take_picture(membership: Membership, viewer: Viewer, now: datetime, zone: tzinfo) -> _Picture:
    given = list_extensions(membership, viewer)
    extensions = tuple(line for line in given if line.stands)
    known = know_learner(membership, {line.activity_id: line.due_at for line in extensions})
    told, said, seen = _read_told(membership, viewer, now, zone)
    return _Picture(
        known=known,
        progress=_summarise(known, now),
        extensions=extensions,
        told=replace(told, extensions=given),
        said=said,
        seen=seen,
        weeks=list_weeks([membership.context], [membership.id], now, weeks=WEEKS_SHOWN).get(
            membership.id, ()
        ),
        evidence=get_evidence(known),
        mentors=_list_mentors(membership),
    )


def _read_told(membership: Membership, viewer: Viewer, now: datetime, zone: tzinfo) -> tuple[Told, Said, str]:
    """What people did and said about this learner, what it comes to, and what a decision would be about."""
    key = membership.id
    contacts = list_contacts(membership)
    decided = decisions.list_decisions([key]).get(key, [])
    answered = answers.list_answers([key]).get(key, [])
    flags = list_flags(membership)
    standing = [flag for flag in flags if flag.cleared_at is None]
    last_reply = last_of(contacts).reply
    made = [decision for decision in decided if decision.undone_at is None]
    said = sum_up(answered, last_reply, max((item.seen_answer_id for item in made), default=0), now)
    asking = list_asking(standing, made, now, answer_id=said.newest_id, paused_until=said.paused_until)
    told = Told(
        contacts=[contact_line(contact, viewer, membership) for contact in contacts],
        flags=_flag_lines(flags, said, asking),
        tasks=tasks.list_lines(tasks.list_tasks([key]), viewer, membership, now, zone),
        answers=answers.list_lines(answered, last_reply, now),
        decisions=[
            decisions.decision_line(decision, viewer, membership, standing, now, said.newest_id)
            for decision in decided
        ],
    )
    return told, said, str(see(standing, said.newest_id))


def _flag_lines(flags: Sequence[Flag], said: Said, asking: Sequence[Flag]) -> list[FlagLine]:
    asking_ids = {flag.id for flag in asking}
    return [flag_line(flag, contested=said.contested_flag_ids, asking=asking_ids) for flag in flags]


def _summarise(known: KnownLearner, now: datetime) -> ProgressSummary:
    member, activities, rows = known.membership, known.activities, known.rows
    visible = [activity for activity in activities if activity.visible]
    required = find_required_ids(activities) & {activity.id for activity in visible}
    cohort = get_cohort_progress(member.context_id, required, now)
    read_at = list_read_at({activity.id: activity for activity in activities}, rows, known.reading)
    steps = list_steps(activities, rows, cohort.shares, now, known.by_hand, read_at)
    return summarise(steps, rows, cohort.median_done, cohort.size, as_of=member.progress_as_of, now=now)


def has_mentor(membership: Membership) -> bool:
    """Whether anybody looks after the learner now."""
    return bool(_list_mentors(membership))


def _list_mentors(membership: Membership) -> Sequence[Person]:
    """Those who look after the learner now: assigned, and still e-mentors of the course."""
    statement = (
        select(Person)
        .join(Assignment, Assignment.mentor_id == Person.id)
        .where(Assignment.membership_id == membership.id, Assignment.ended_at.is_(None))
        .where(is_mentor(Person.id, membership.context_id))
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


def _for_learner(flag: FlagLine) -> FlagLine:
    """A learner sees facts, never how urgent somebody finds them nor what was decided about them."""
    return replace(flag, level="", is_set_aside=False)
