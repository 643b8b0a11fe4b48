"""Who is what in one course, for the page of its trainer: e-mentors, trainers, and who may be named.

Read together, in two queries beside the platform's rules; whom somebody may see is not decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from course_sync.database import db
from course_sync.models import Context, Membership, Person
from mentor_console.access import Viewer
from mentor_console.course_lines import Candidate, MentorLoad, TrainerLine
from mentor_console.mentorship import rests
from mentor_console.models import RoleGrant
from mentor_console.role_preview import find_meaning
from mentor_console.role_rules import list_rules
from mentor_console.sharing import Caps

_CANDIDATE_ORDER = {"staff": 0, "unknown": 1, "learner": 2, "left": 3}
"""Staff are named most often; a fellow or a former learner may be named too."""


@dataclass(frozen=True)
class CoursePeople:
    """Members and roles of one course."""

    members: Sequence[Membership]
    """By name, suspended people and those who left included."""
    grants: Sequence[tuple[RoleGrant, bool]]
    """Roles given here, each with whether it rests."""
    meanings: Mapping[int, tuple[str, str]]
    """By membership id of active members: what the platform's rules make of them, and by which role."""


def list_people(context: Context) -> CoursePeople:
    """Everybody who is or was in the course, or has a role in it."""
    statement = select(Membership).where(Membership.context_id == context.id)
    members = sorted(db.session.scalars(statement), key=lambda m: (m.person.display_name.casefold(), m.id))
    held = (
        select(RoleGrant, rests(RoleGrant))
        .options(joinedload(RoleGrant.person))
        .where(RoleGrant.context_id == context.id, RoleGrant.ended_at.is_(None))
    )
    rules = list_rules(context.platform_id)
    return CoursePeople(
        members=members,
        grants=[(grant, is_resting) for grant, is_resting in db.session.execute(held)],
        meanings={member.id: find_meaning(member, rules) for member in members if member.status == "active"},
    )


def list_loads(
    people: CoursePeople, mentor_ids: Mapping[int, Sequence[int]], caps: Caps
) -> dict[int, MentorLoad]:
    """The e-mentors by person id, in the order of their names. Only active learners are a load."""
    active = [m.id for m in people.members if m.standing == "learner" and m.status == "active"]
    load = Counter(mentor_id for membership_id in active for mentor_id in mentor_ids.get(membership_id, ()))
    membership_ids = {member.person_id: member.id for member in people.members}
    named = {grant.person_id: is_resting for grant, is_resting in people.grants if grant.role == "mentor"}
    by_role = _list_by_role(people)
    return {
        p.id: MentorLoad(
            membership_ids.get(p.id),
            p.id,
            p.display_name,
            load[p.id],
            caps.of(p.id),
            caps.said_of(p.id),
            by_role=by_role.get(p.id, ""),
            is_named=p.id in named,
            is_resting=named.get(p.id, False) and p.id not in by_role,
            cap_mark=caps.mark_of(p.id),
        )
        for p in _list_mentors(people, by_role)
    }


def list_candidates(people: CoursePeople, mentors: Collection[int]) -> tuple[Candidate, ...]:
    """Members whom some roster lists, now or before they left: who only opened the tool once is no member.

    First come those whom the rules of the platform offer.
    """
    free = [
        Candidate(
            m.id,
            m.person.display_name,
            m.standing,
            is_offered=people.meanings.get(m.id, ("", ""))[0] == "offered",
            has_left=m.status == "left",
        )
        for m in people.members
        if m.person_id not in mentors and m.status != "suspended" and (m.nrps_roles or m.platform_roles)
    ]
    return tuple(sorted(free, key=lambda c: (not c.is_offered, _CANDIDATE_ORDER.get(c.group, 1))))


def list_trainers(people: CoursePeople, viewer: Viewer) -> tuple[TrainerLine, ...]:
    """Instructors of the roster, also those who never opened the tool, and people who were given the part."""
    found: dict[int, TrainerLine] = {}
    for member in people.members:
        if _is_instructor(member):
            person = member.person
            opened = bool(member.launch_roles)
            found[person.id] = TrainerLine(person.display_name, person.id == viewer.person_id, False, opened)
    for grant, is_resting in people.grants:
        if grant.role == "trainer" and not is_resting:
            person = grant.person
            is_self = person.id == viewer.person_id
            found.setdefault(person.id, TrainerLine(person.display_name, is_self, True, True))
    return tuple(sorted(found.values(), key=lambda line: line.name.casefold()))


def _is_instructor(member: Membership) -> bool:
    """By the roster; and by their launch, if there was one."""
    launched = member.launch_roles or ["Instructor"]
    return (
        member.status == "active" and "Instructor" in (member.nrps_roles or ()) and "Instructor" in launched
    )


def _list_by_role(people: CoursePeople) -> dict[int, str]:
    meant = ((member.person_id, people.meanings.get(member.id, ("", ""))) for member in people.members)
    return {person_id: role for person_id, (meaning, role) in meant if meaning == "mentor"}


def _list_mentors(people: CoursePeople, by_role: Collection[int]) -> list[Person]:
    named = {grant.person_id: grant.person for grant, _ in people.grants if grant.role == "mentor"}
    in_course = {m.person_id: m.person for m in people.members if m.person_id in by_role}
    return sorted(
        {**in_course, **named}.values(), key=lambda person: (person.display_name.casefold(), person.id)
    )
