"""Who would be e-mentor or be offered as one today by other rules of a platform. Writes nothing.

People are named here to the admin who is about to decide on them; learners only where they hold such a role.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from course_sync.database import db
from course_sync.models import Context, Membership, Platform
from mentor_console.access import Viewer
from mentor_console.mentorship import TELLS_ROLES_AT_LAUNCH, holds, names_told
from mentor_console.models import Assignment, RoleGrant
from mentor_console.role_lines import RolePerson, RolesPreview
from mentor_console.role_rules import check_rules, get_platform, list_rules

NON_EDITING_TEACHER = "teacher"


@dataclass(frozen=True)
class _Verdict:
    member: Membership
    role_name: str
    before: str
    after: str


def preview_roles(viewer: Viewer, platform_id: int, rules: Mapping[str, str]) -> RolesPreview:
    """What these rules would make of whom, beside those in force. Raises AccessDenied, InvalidInput."""
    platform = get_platform(viewer, platform_id)
    wanted, in_force = check_rules(rules), list_rules(platform.id)
    verdicts = [_judge(m, in_force, wanted) for m in _list_members(platform, {*in_force, *wanted})]
    changed = [one for one in verdicts if one.before != one.after]
    people = _describe(changed)

    def those(was: bool, means: str) -> tuple[RolePerson, ...]:
        return tuple(people[one.member.id] for one in changed if (one.before if was else one.after) == means)

    return RolesPreview(
        mentors_now=sum(one.before == "mentor" for one in verdicts),
        mentors=sum(one.after == "mentor" for one in verdicts),
        offered_now=sum(one.before == "offered" for one in verdicts),
        offered=sum(one.after == "offered" for one in verdicts),
        gained=those(False, "mentor"),
        lost=those(True, "mentor"),
        newly_offered=those(False, "offered"),
        no_longer_offered=those(True, "offered"),
    )


def find_meaning(member: Membership, rules: Mapping[str, str]) -> tuple[str, str]:
    """(meaning, role name) of an active member by these rules; ("", "") where none fits.

    Somebody whom Moodle calls Instructor in the launch and Learner in the roster is its non-editing teacher:
    without web services nothing else tells. That is enough to be offered, and never to be e-mentor.
    """
    names = _names_of(member)
    by_name = {rules[name]: name for name in reversed(names) if name in rules}
    if "mentor" in by_name:
        return "mentor", by_name["mentor"]
    if "offered" in by_name:
        return "offered", by_name["offered"]
    if rules.get(NON_EDITING_TEACHER) == "offered" and _contradicts_itself(member):
        return "offered", NON_EDITING_TEACHER
    return "", ""


def _names_of(member: Membership) -> Sequence[str]:
    if member.platform_roles is not None or not member.launch_platform_roles:
        return member.platform_roles or []
    is_told = member.context.platform.product == TELLS_ROLES_AT_LAUNCH
    return member.launch_platform_roles if is_told else []


def _contradicts_itself(member: Membership) -> bool:
    roster = member.nrps_roles or []
    return (
        member.platform_roles is None
        and member.launch_platform_roles is None
        and "Instructor" in member.launch_roles
        and "Learner" in roster
        and "Instructor" not in roster
    )


def _judge(member: Membership, in_force: Mapping[str, str], wanted: Mapping[str, str]) -> _Verdict:
    before, former_role = find_meaning(member, in_force)
    after, role = find_meaning(member, wanted)
    return _Verdict(member, role or former_role, before, after)


def _list_members(platform: Platform, role_names: Collection[str]) -> Iterable[Membership]:
    """Active members of the platform's courses to whom a rule for these roles could apply, by name."""
    may_apply = holds(names_told(Membership, platform.product), *role_names)
    if NON_EDITING_TEACHER in role_names:
        may_apply = or_(may_apply, holds(Membership.launch_roles, "Instructor"))
    statement = (
        select(Membership)
        .join(Membership.context)
        .options(joinedload(Membership.context))
        .where(Context.platform_id == platform.id, Membership.status == "active", may_apply)
    )
    return sorted(db.session.scalars(statement), key=lambda m: (m.person.display_name.casefold(), m.id))


def _describe(changed: Sequence[_Verdict]) -> dict[int, RolePerson]:
    """By membership id."""
    ids = {one.member.person_id for one in changed}
    named, loads = _list_named(ids), _count_learners(ids)
    return {
        one.member.id: RolePerson(
            name=one.member.person.display_name,
            course_title=one.member.context.title,
            role_name=one.role_name,
            is_learner=one.member.standing == "learner",
            is_named=(one.member.context_id, one.member.person_id) in named,
            learners=loads.get((one.member.context_id, one.member.person_id), 0),
        )
        for one in changed
    }


def _list_named(person_ids: Collection[int]) -> set[tuple[int | None, int]]:
    statement = select(RoleGrant.context_id, RoleGrant.person_id).where(
        RoleGrant.person_id.in_(person_ids), RoleGrant.role == "mentor", RoleGrant.ended_at.is_(None)
    )
    return {(context_id, person_id) for context_id, person_id in db.session.execute(statement)}


def _count_learners(person_ids: Collection[int]) -> dict[tuple[int, int], int]:
    """Open assignments by (course, mentor)."""
    statement = (
        select(Membership.context_id, Assignment.mentor_id, func.count())
        .join(Membership, Membership.id == Assignment.membership_id)
        .where(Assignment.mentor_id.in_(person_ids), Assignment.ended_at.is_(None))
        .group_by(Membership.context_id, Assignment.mentor_id)
    )
    return {(context_id, mentor_id): count for context_id, mentor_id, count in db.session.execute(statement)}
