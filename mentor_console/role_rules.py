"""What a platform's own role names mean in the tool: reading, checking and saving its rules.

A rule makes e-mentors or offers people as such; it makes no trainers or admins, and is for no learners' role.
Each saving is a version that stays; of two people who save at once the second is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, true, update
from sqlalchemy.orm import aliased, joinedload

from course_sync import vocabulary as lti
from course_sync.database import db
from course_sync.models import Context, Membership, Platform
from mentor_console.access import AccessDenied, Viewer
from mentor_console.audit import note_audit
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.mentorship import names_told, unfold
from mentor_console.models import RoleMapping, RoleRule
from mentor_console.role_lines import MappingLine, RoleLine, RolesPage
from mentor_console.writes import insert_once, update_rows

MEANINGS = ("mentor", "offered")
"""People with the role are e-mentors; or a trainer finds them first among those whom one may name."""
MAX_RULES = 50
MAX_NAME_CHARS = 64
VERSIONS_SHOWN = 10

_REFUSED = (
    (lti.SITE_ROLE_NAMES, "outside_courses"),
    (lti.LEARNER_ROLE_NAMES, "learner_role"),
    (lti.OBSERVER_ROLE_NAMES, "observer_role"),
    (lti.EVERYBODYS_ROLE_NAMES, "everybodys_role"),
)

Rules = dict[str, str]
"""Meaning by role name."""


def get_roles(viewer: Viewer, platform_id: int) -> RolesPage:
    """The rules of a platform and the roles seen there. Raises AccessDenied for all but its admin."""
    platform = get_platform(viewer, platform_id)
    newest = find_newest(platform.id)
    rules = list_rules(platform.id)
    return RolesPage(
        platform_id=platform.id,
        platform_name=platform.name,
        has_product=bool(platform.product),
        roles=_list_roles(platform, rules),
        based_on_id=newest.id if newest else None,
        changed_by=newest.created_by.display_name if newest else "",
        changed_at=newest.created_at if newest else None,
        versions=_list_versions(platform.id),
    )


def get_platform(viewer: Viewer, platform_id: int) -> Platform:
    """A platform of the organisation whose admin the viewer is. Raises AccessDenied for any other."""
    platform = db.session.get(Platform, platform_id)
    if not viewer.is_admin or platform is None or platform.organisation_id != viewer.organisation_id:
        raise AccessDenied("roles")
    return platform


def list_rules(platform_id: int) -> Rules:
    """The rules of a platform in force."""
    statement = select(RoleRule.role_name, RoleRule.means).where(
        RoleRule.platform_id == platform_id, RoleRule.ended_by_id.is_(None)
    )
    return dict(db.session.execute(statement.order_by(RoleRule.role_name)).all())


def find_newest(platform_id: int) -> RoleMapping | None:
    """The version in force."""
    statement = select(RoleMapping).where(RoleMapping.platform_id == platform_id)
    return db.session.scalars(statement.order_by(RoleMapping.version.desc()).limit(1)).one_or_none()


def check_rules(rules: Mapping[str, str]) -> Rules:
    """The rules with their names trimmed. Raises InvalidInput by role name."""
    wanted = {name.strip(): means for name, means in rules.items() if means}
    problems = {name: code for name, means in wanted.items() if (code := find_problem(name, means))}
    if len(wanted) > MAX_RULES:
        problems[next(iter(wanted))] = "too_many"
    if problems:
        raise InvalidInput.of(problems)
    return wanted


def find_problem(name: str, means: str = "mentor") -> str | None:
    """Why there can be no such rule; None where there can."""
    if means not in MEANINGS:
        return "unknown"
    if not 0 < len(name) <= MAX_NAME_CHARS or not name.isprintable() or "," in name:
        return "unusable_role"
    if ":" in name or "/" in name or "#" in name:
        return "outside_courses"
    return next((code for names, code in _REFUSED if name.casefold() in names), None)


def save_roles(
    viewer: Viewer, platform_id: int, rules: Mapping[str, str], based_on_id: int | None, now: datetime
) -> RoleMapping | None:
    """Put these rules in force, over the version the form showed; None where they already are.

    They hold from the next request of each person. Raises AccessDenied; InvalidInput by role name;
    Conflict("changed_by_other").
    """
    platform = get_platform(viewer, platform_id)
    wanted = check_rules(rules)
    version = _next_version(platform, based_on_id)
    if wanted == list_rules(platform.id) and version == _next_version(platform, _newest_id(platform.id)):
        return None
    row = {
        "organisation_id": platform.organisation_id,
        "platform_id": platform.id,
        "version": version,
        "created_by_id": viewer.person_id,
        "created_at": now,
    }
    if insert_once(RoleMapping, [row]) == 0:
        db.session.rollback()
        raise Conflict("changed_by_other")
    mapping = _get_version(platform.id, version)
    _replace_rules(mapping, wanted)
    note_audit(
        "roles_changed",
        {"platform_id": platform.id, "version": version},
        now,
        organisation_id=platform.organisation_id,
        actor_id=viewer.person_id,
    )
    db.session.commit()
    return mapping


def take_back_roles(viewer: Viewer, platform_id: int, mapping_id: int, now: datetime) -> RoleMapping | None:
    """Put in force again what held before the newest version.

    Raises AccessDenied; Conflict("changed_by_other") where `mapping_id` is not the newest any more.
    """
    platform = get_platform(viewer, platform_id)
    mapping = db.session.get(RoleMapping, mapping_id)
    if mapping is None or mapping.platform_id != platform.id:
        raise AccessDenied("roles")
    return save_roles(viewer, platform_id, _rules_before(mapping), mapping.id, now)


def _newest_id(platform_id: int) -> int | None:
    newest = find_newest(platform_id)
    return newest.id if newest else None


def _next_version(platform: Platform, based_on_id: int | None) -> int:
    if based_on_id is None:
        return 1
    shown = db.session.get(RoleMapping, based_on_id)
    if shown is None or shown.platform_id != platform.id:
        raise AccessDenied("roles")
    return shown.version + 1


def _get_version(platform_id: int, version: int) -> RoleMapping:
    statement = select(RoleMapping).where(
        RoleMapping.platform_id == platform_id, RoleMapping.version == version
    )
    return db.session.scalars(statement).one()


def _replace_rules(mapping: RoleMapping, wanted: Rules) -> None:
    """End what is no longer wanted, open what is new; a rule that stays keeps its row."""
    in_force = list_rules(mapping.platform_id)
    gone = [name for name, means in in_force.items() if wanted.get(name) != means]
    update_rows(
        update(RoleRule)
        .where(RoleRule.platform_id == mapping.platform_id, RoleRule.ended_by_id.is_(None))
        .where(RoleRule.role_name.in_(gone))
        .values(ended_by_id=mapping.id)
    )
    db.session.add_all(
        RoleRule(platform_id=mapping.platform_id, role_name=name, means=means, opened_by_id=mapping.id)
        for name, means in wanted.items()
        if in_force.get(name) != means
    )
    db.session.flush()


def _rules_before(mapping: RoleMapping) -> Rules:
    opened, ended = aliased(RoleMapping), aliased(RoleMapping)
    statement = (
        select(RoleRule.role_name, RoleRule.means)
        .join(opened, opened.id == RoleRule.opened_by_id)
        .outerjoin(ended, ended.id == RoleRule.ended_by_id)
        .where(RoleRule.platform_id == mapping.platform_id, opened.version < mapping.version)
        .where(or_(ended.id.is_(None), ended.version >= mapping.version))
    )
    return dict(db.session.execute(statement).all())


def _list_roles(platform: Platform, rules: Rules) -> tuple[RoleLine, ...]:
    """Roles with a rule, roles seen, and Moodle's non-editing teacher, whom its launches tell from nobody."""
    seen = _count_seen(platform)
    suggested = set() if platform.product == "canvas" else {"teacher"}
    names = sorted({*rules, *seen, *suggested}, key=str.casefold)
    return tuple(
        RoleLine(name, rules.get(name, ""), *seen.get(name, (0, 0)), refused=find_problem(name) or "")
        for name in names
        if len(name) <= MAX_NAME_CHARS
    )


def _count_seen(platform: Platform) -> dict[str, tuple[int, int]]:
    """People and courses by role name, as the platform told them of active members."""
    told = unfold(names_told(Membership, platform.product))
    name = told.c.value
    statement = (
        select(
            name, func.count(Membership.person_id.distinct()), func.count(Membership.context_id.distinct())
        )
        .select_from(Membership)
        .join(Context, Context.id == Membership.context_id)
        .join(told, true())
        .where(Context.platform_id == platform.id, Membership.status == "active")
        .group_by(name)
    )
    return {name: (people, courses) for name, people, courses in db.session.execute(statement)}


def _list_versions(platform_id: int) -> tuple[MappingLine, ...]:
    """The newest versions, each with what it began and ended; only the newest can be taken back."""
    statement = (
        select(RoleMapping)
        .options(joinedload(RoleMapping.created_by))
        .where(RoleMapping.platform_id == platform_id)
        .order_by(RoleMapping.version.desc())
        .limit(VERSIONS_SHOWN)
    )
    mappings = db.session.scalars(statement).all()
    rules = _list_concerned([mapping.id for mapping in mappings])
    return tuple(
        MappingLine(
            mapping_id=mapping.id,
            by_name=mapping.created_by.display_name,
            made_at=mapping.created_at,
            began=tuple((r.role_name, r.means) for r in rules if r.opened_by_id == mapping.id),
            ended=tuple((r.role_name, r.means) for r in rules if r.ended_by_id == mapping.id),
            is_newest=mapping is mappings[0],
        )
        for mapping in mappings
    )


def _list_concerned(mapping_ids: Sequence[int]) -> Sequence[RoleRule]:
    concerned = or_(RoleRule.opened_by_id.in_(mapping_ids), RoleRule.ended_by_id.in_(mapping_ids))
    return db.session.scalars(select(RoleRule).where(concerned).order_by(RoleRule.role_name)).all()
