"""What a Moodle 4.5 site says about a person in an id_token: roles, custom parameters, its own extra claims.

The shapes follow recorded launches. Roles are sent as Moodle sends them, contradictions included.
"""

from datetime import UTC, datetime
from typing import Any

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.people import ADMIN, EDITING_TEACHER, LEARNER, MANAGER, TEACHER, Person
from lti_tool.demo_lms.placing import PlacedLink, request_claims
from lti_tool.demo_lms.site import DemoSite

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
NRPS_CLAIM = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
LINK_DESCRIPTION = "Support by an e-mentor"

_INSTRUCTOR = [f"{MEMBERSHIP}Instructor"]
LAUNCH_ROLES: dict[str, list[str]] = {
    ADMIN: [
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
        f"{MEMBERSHIP}Instructor",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
    ],
    MANAGER: _INSTRUCTOR,
    EDITING_TEACHER: _INSTRUCTOR,
    TEACHER: _INSTRUCTOR,
    LEARNER: [f"{MEMBERSHIP}Learner"],
}
"""Whoever may manage external tools is Instructor; anybody not named here has no role."""

NRPS_ROLES = {EDITING_TEACHER: ["Instructor"], TEACHER: ["Learner"], LEARNER: ["Learner"]}
"""In the roster only who may edit the course is Instructor: a non-editing teacher becomes Learner."""

SHORT_ROLES = {
    ADMIN: "Instructor,urn:lti:sysrole:ims/lis/Administrator,urn:lti:instrole:ims/lis/Administrator",
    MANAGER: "Instructor",
    EDITING_TEACHER: "Instructor",
    TEACHER: "Instructor",
    LEARNER: "Learner",
}


def launch_roles(person: Person) -> list[str]:
    """Role URIs of the launch; empty for somebody without a role, which LTI allows."""
    return list(LAUNCH_ROLES.get(person.kind, []))


def iso_time(unix_time: int) -> str:
    """2026-09-25T00:00:00+00:00"""
    return datetime.fromtimestamp(unix_time, UTC).isoformat()


def custom_parameters(site: DemoSite, person: Person, link: PlacedLink | None = None) -> dict[str, str]:
    """Custom parameters as a Moodle admin might have set them; unknown variables arrive unreplaced.

    Those of an added link come along with its launches.
    """
    own = link.custom if link else {}
    course = _course_parameters(site, link)
    return {**course, **_person_parameters(site, person), **_service_parameters(site), **own}


def placing_claims(locale: str, sesskey: str, return_url: str) -> dict[str, Any]:
    """What a deep-linking request says otherwise than a launch."""
    return {
        f"{CLAIM}message_type": "LtiDeepLinkingRequest",
        f"{CLAIM}launch_presentation": {"locale": locale},
        **request_claims(sesskey, return_url),
    }


def _course_parameters(site: DemoSite, link: PlacedLink | None) -> dict[str, str]:
    begin = int(site.clock.day_zero.timestamp())
    end = begin + site.course.length_days * constants.SECONDS_PER_DAY
    return {
        "context_id": str(constants.COURSE_ID),
        "context_title": constants.COURSE_FULLNAME,
        "context_label": constants.COURSE_SHORTNAME,
        "context_sourcedid": constants.COURSE_IDNUMBER,
        "context_timeframe_begin": str(begin),
        "coursesection_title": constants.COURSE_FULLNAME,
        "coursesection_label": constants.COURSE_SHORTNAME,
        "coursesection_sourcedid": constants.COURSE_IDNUMBER,
        "coursesection_longdescription": "",
        "coursesection_timeframe_begin": iso_time(begin),
        "coursesection_timeframe_end": iso_time(end),
        "resourcelink_id": str(link.link_id if link else constants.LINK_ID),
        "resourcelink_title": link.title if link else site.course.tool.name,
        "context_id_history": "",
    }


def _person_parameters(site: DemoSite, person: Person) -> dict[str, str]:
    groups = (
        person.group_ids
        if site.histories.get(person.user_id) is None or site.find_learner(person.user_id)
        else []
    )
    return {
        "user_id": str(person.user_id),
        "user_username": person.username,
        "person_name_full": person.full_name,
        "person_email_primary": person.email,
        "person_sourcedid": person.idnumber,
        "person_address_timezone": person.timezone,
        "membership_role": SHORT_ROLES.get(person.kind, ""),
        "moodle_person_usergroupids": ",".join(str(group) for group in groups),
        "canvas_user_id": "$Canvas.user.id",
        "coursegroupids": "$CourseGroupIds",
        "message_locale": "$Message.locale",
    }


def _service_parameters(site: DemoSite) -> dict[str, str]:
    memberships = site.url(constants.MEMBERSHIPS_PATH)
    services = site.url("/mod/lti/services.php")
    return {
        "toolproxybinding_memberships_url": memberships,
        "context_memberships_url": memberships,
        "ltilink_memberships_url": f"{services}/links/{{link_id}}/memberships",
        "toolproxy_custom_url": f"{services}/tool/{constants.DEPLOYMENT_ID}/custom",
        "system_setting_url": f"{services}/tool/{constants.DEPLOYMENT_ID}/custom",
        "context_setting_url": f"{services}/CourseSection/{constants.COURSE_ID}/bindings/tool/1/custom",
        "link_setting_url": f"{services}/links/{{link_id}}/custom",
    }


def moodle_claims(site: DemoSite, person: Person, locale: str, document_target: str) -> dict[str, Any]:
    """Claims that lti1p3platform has no setter for, or fills differently."""
    return {
        "given_name": person.first_name,
        "family_name": person.last_name,
        f"{CLAIM}lis": {
            "person_sourcedid": person.idnumber,
            "course_section_sourcedid": constants.COURSE_IDNUMBER,
        },
        f"{CLAIM}ext": {"user_username": person.username, "lms": "moodle-2"},
        f"{CLAIM}launch_presentation": {
            "locale": locale,
            "document_target": document_target,
            "return_url": site.url(f"/course/view.php?id={constants.COURSE_ID}&user={person.user_id}"),
        },
        f"{CLAIM}tool_platform": {
            "product_family_code": "moodle",
            "version": constants.MOODLE_VERSION,
            "guid": site.guid,
            "name": "demo",
            "description": "Demo LMS",
        },
        NRPS_CLAIM: {
            "context_memberships_url": site.url(constants.MEMBERSHIPS_PATH),
            "service_versions": ["1.0", "2.0"],
        },
    }
