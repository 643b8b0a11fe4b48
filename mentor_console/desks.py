"""The trainer's and the admin's page: who looks after whom in a course, and an organisation at a glance.

A constant number of queries whatever the course. The admin's page names no learner.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, exists, func, select, union
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Context, Membership, Organisation, Platform
from mentor_console.access import AccessDenied, Viewer
from mentor_console.answers import answer_line, list_questions
from mentor_console.caseload_changes import CHANGES_SHOWN, list_changes
from mentor_console.contacts import find_last_contacts
from mentor_console.course_breaks import list_breaks
from mentor_console.course_lines import MentorLoad, Unanswered
from mentor_console.course_people import list_candidates, list_loads, list_people, list_trainers
from mentor_console.freshness import freshness_by_context, freshness_of
from mentor_console.mentorship import is_mentor, is_mentor_or_rests, rests, select_mentors_by_role
from mentor_console.models import AccessRequest, Assignment, Flag, RoleGrant
from mentor_console.quieting import level_rank
from mentor_console.screens import (
    AdminPage,
    CourseMember,
    CourseState,
    OpenRequest,
    PlatformState,
    TrainerPage,
)
from mentor_console.sharing import get_caps

__all__ = ["freshness_of", "get_admin_page", "get_trainer_page"]


def get_trainer_page(viewer: Viewer, now: datetime, changes_before: int | None = None) -> TrainerPage:
    """The launched course as its trainer shares it out. Raises AccessDenied for anybody else.

    `changes_before` = the id of a change: those made before it are told, not the newest.
    """
    if not viewer.is_trainer or viewer.context_id is None:
        raise AccessDenied("course")
    context = db.session.get_one(Context, viewer.context_id)
    people = list_people(context)
    learners = [m for m in people.members if m.standing == "learner" and m.status != "left"]
    mentor_ids = _list_assignments(context.id)
    caps = get_caps(context.id)
    loads = list_loads(people, mentor_ids, caps)
    active = [m for m in learners if m.status == "active"]
    alone = [m for m in active if all(loads[one].is_resting for one in mentor_ids[m.id] if one in loads)]
    levels = _find_worst_levels(context.id)
    changes = list_changes(viewer, changes_before, CHANGES_SHOWN + 1)
    return TrainerPage(
        course_title=context.title,
        mentors=tuple(loads.values()),
        candidates=list_candidates(people, loads),
        learners=tuple(_course_member(m, mentor_ids[m.id], loads, levels.get(m.id)) for m in learners),
        without_mentor=len(alone),
        left_alone=sum(bool(mentor_ids[m.id]) for m in alone),
        requests=_list_requests(AccessRequest.context_id == context.id),
        freshness=freshness_of([context.id], viewer.person_id),
        cap=caps.course,
        breaks=list_breaks(context.id),
        changes=changes[:CHANGES_SHOWN],
        has_older_changes=len(changes) > CHANGES_SHOWN,
        trainers=list_trainers(people, viewer),
        unanswered=_list_unanswered(alone, now),
        cap_mark=caps.mark_of(None),
    )


def get_admin_page(viewer: Viewer, now: datetime) -> AdminPage:
    """The viewer's organisation. Raises AccessDenied for anybody but its admin."""
    if not viewer.is_admin:
        raise AccessDenied("organisation")
    organisation = db.session.get_one(Organisation, viewer.organisation_id)
    courses = _list_courses(organisation.id)
    return AdminPage(
        organisation_name=organisation.name,
        platforms=_list_platforms(organisation.id, Counter(course.platform_id for course in courses)),
        courses=_list_course_states(courses),
        requests=_list_requests(Context.organisation_id == organisation.id),
    )


def _list_assignments(context_id: int) -> dict[int, list[int]]:
    """Person ids of the mentors of each learner, in the order of assignment, also of those who rest."""
    statement = (
        select(Assignment.membership_id, Assignment.mentor_id)
        .join(Membership, Membership.id == Assignment.membership_id)
        .where(Membership.context_id == context_id, Assignment.ended_at.is_(None))
        .where(is_mentor_or_rests(Assignment.mentor_id, Membership.context_id))
        .order_by(Assignment.id)
    )
    mentors: dict[int, list[int]] = defaultdict(list)
    for membership_id, mentor_id in db.session.execute(statement):
        mentors[membership_id].append(mentor_id)
    return mentors


def _find_worst_levels(context_id: int) -> dict[int, str]:
    statement = (
        select(Flag.membership_id, Flag.level)
        .join(Membership, Membership.id == Flag.membership_id)
        .where(Membership.context_id == context_id, Flag.cleared_at.is_(None))
    )
    worst: dict[int, str] = {}
    for membership_id, level in db.session.execute(statement):
        if membership_id not in worst or level_rank(level) < level_rank(worst[membership_id]):
            worst[membership_id] = level
    return worst


def _course_member(
    membership: Membership, mentor_ids: Sequence[int], loads: Mapping[int, MentorLoad], level: str | None
) -> CourseMember:
    return CourseMember(
        membership_id=membership.id,
        name=membership.person.display_name,
        mentors=tuple(loads[mentor_id] for mentor_id in mentor_ids if mentor_id in loads),
        level=level,
        last_access_at=membership.last_access_at,
        access_known=membership.access_as_of is not None,
        groups=tuple(membership.groups),
        status=membership.status,
    )


def _list_unanswered(alone: Sequence[Membership], now: datetime) -> tuple[Unanswered, ...]:
    """Who asks for something and has no e-mentor, the first to ask first."""
    asked = list_questions([member.id for member in alone])
    replies = find_last_contacts(asked) if asked else {}
    lines = {
        membership_id: [
            answer_line(answer, last.reply if (last := replies.get(membership_id)) else None, now)
            for answer in answers
        ]
        for membership_id, answers in asked.items()
    }
    waiting = [
        Unanswered(member.id, member.person.display_name, line)
        for member in alone
        if (line := next((line for line in lines.get(member.id, ()) if line.awaits_reply), None))
    ]
    return tuple(sorted(waiting, key=lambda one: one.answer.given_at))


def _list_requests(where: ColumnElement[bool]) -> tuple[OpenRequest, ...]:
    statement = (
        select(AccessRequest)
        .join(AccessRequest.context)
        .options(joinedload(AccessRequest.person), joinedload(AccessRequest.context))
        .where(AccessRequest.decided_at.is_(None), where)
        .order_by(AccessRequest.asked_at, AccessRequest.id)
    )
    return tuple(
        OpenRequest(request.id, request.person.display_name, request.asked_at, request.context.title)
        for request in db.session.scalars(statement)
    )


def _list_courses(organisation_id: int) -> Sequence[Context]:
    statement = (
        select(Context)
        .options(joinedload(Context.platform))
        .where(Context.organisation_id == organisation_id)
        .order_by(Context.title, Context.id)
    )
    return db.session.scalars(statement).all()


def _list_platforms(organisation_id: int, courses: Mapping[int, int]) -> tuple[PlatformState, ...]:
    statement = (
        select(Platform)
        .where(Platform.organisation_id == organisation_id)
        .order_by(Platform.name, Platform.id)
    )
    return tuple(
        PlatformState(p.id, p.name, p.issuer, p.moodle_url, courses.get(p.id, 0))
        for p in db.session.scalars(statement)
    )


def _list_course_states(courses: Sequence[Context]) -> tuple[CourseState, ...]:
    ids = [course.id for course in courses]
    freshness = freshness_by_context(ids)
    learners, looked_after, mentors = _count_learners(ids), _count_looked_after(ids), _count_mentors(ids)
    return tuple(
        CourseState(
            context_id=course.id,
            title=course.title,
            platform_name=course.platform.name,
            learners=learners.get(course.id, 0),
            without_mentor=learners.get(course.id, 0) - looked_after.get(course.id, 0),
            mentors=mentors.get(course.id, 0),
            freshness=freshness[course.id],
        )
        for course in courses
    )


def _count_per_course(where: ColumnElement[bool], context_ids: Collection[int]) -> dict[int, int]:
    statement = (
        select(Membership.context_id, func.count())
        .where(Membership.context_id.in_(context_ids), where)
        .where(Membership.standing == "learner", Membership.status == "active")
        .group_by(Membership.context_id)
    )
    return dict(db.session.execute(statement).all())


def _count_learners(context_ids: Collection[int]) -> dict[int, int]:
    return _count_per_course(Membership.id.is_not(None), context_ids)


def _count_looked_after(context_ids: Collection[int]) -> dict[int, int]:
    open_here = and_(Assignment.membership_id == Membership.id, Assignment.ended_at.is_(None))
    is_theirs = is_mentor(Assignment.mentor_id, Membership.context_id)
    return _count_per_course(exists().where(open_here, is_theirs), context_ids)


def _count_mentors(context_ids: Collection[int]) -> dict[int, int]:
    named = select(RoleGrant.context_id, RoleGrant.person_id).where(
        RoleGrant.role == "mentor", RoleGrant.ended_at.is_(None), ~rests(RoleGrant)
    )
    everybody = union(named, select_mentors_by_role()).subquery()
    statement = (
        select(everybody.c.context_id, func.count())
        .where(everybody.c.context_id.in_(context_ids))
        .group_by(everybody.c.context_id)
    )
    return dict(db.session.execute(statement).all())
