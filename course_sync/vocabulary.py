"""1EdTech URIs: claims, roles, scopes and services (LTI 1.3 core 5.x, NRPS 2.0, LIS vocabulary).

Constants only, each with the meaning it carries; standard library only.
"""

from __future__ import annotations

_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
_DEEP_LINKING_CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"

LTI_VERSION = "1.3.0"

CLAIM_MESSAGE_TYPE = _CLAIM + "message_type"
CLAIM_VERSION = _CLAIM + "version"
CLAIM_DEPLOYMENT_ID = _CLAIM + "deployment_id"
CLAIM_TARGET_LINK_URI = _CLAIM + "target_link_uri"
CLAIM_RESOURCE_LINK = _CLAIM + "resource_link"
CLAIM_ROLES = _CLAIM + "roles"
CLAIM_CONTEXT = _CLAIM + "context"
CLAIM_TOOL_PLATFORM = _CLAIM + "tool_platform"
CLAIM_LAUNCH_PRESENTATION = _CLAIM + "launch_presentation"
CLAIM_CUSTOM = _CLAIM + "custom"
CLAIM_LIS = _CLAIM + "lis"
CLAIM_EXT = _CLAIM + "ext"

CLAIM_ROLE_SCOPE_MENTOR = _CLAIM + "role_scope_mentor"
"""Subjects of the learners whom a membership#Mentor (Canvas observer) may see."""

CLAIM_NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
"""Names and Role Provisioning Service 2.0: where the roster of the context is read."""

CLAIM_DEEP_LINKING_SETTINGS = _DEEP_LINKING_CLAIM + "deep_linking_settings"
"""Deep Linking 2.0: what may be placed in the course, and where the answer goes."""
CLAIM_DEEP_LINKING_DATA = _DEEP_LINKING_CLAIM + "data"
CLAIM_CONTENT_ITEMS = _DEEP_LINKING_CLAIM + "content_items"

MESSAGE_RESOURCE_LINK = "LtiResourceLinkRequest"
MESSAGE_DEEP_LINKING = "LtiDeepLinkingRequest"
MESSAGE_DEEP_LINKING_RESPONSE = "LtiDeepLinkingResponse"

CONTENT_RESOURCE_LINK = "ltiResourceLink"
"""The kind of content item that opens the tool by a launch."""

SCOPE_NRPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
"""The only scope this tool asks for: a roster. No grade is ever read or written over LTI."""

MEDIA_TYPE_NRPS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

MEMBERSHIP_PREFIX = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
"""Roles inside the launched context; the only ones that ever authorise anything."""
SUB_ROLE_PREFIX = "http://purl.imsglobal.org/vocab/lis/v2/membership/"
"""Context sub-roles, `membership/Instructor#TeachingAssistant`; they refine a principal role."""
INSTITUTION_PREFIX = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
SYSTEM_PREFIX = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"

ROLE_LEARNER = MEMBERSHIP_PREFIX + "Learner"
ROLE_INSTRUCTOR = MEMBERSHIP_PREFIX + "Instructor"
ROLE_MENTOR = MEMBERSHIP_PREFIX + "Mentor"
ROLE_ADMINISTRATOR = MEMBERSHIP_PREFIX + "Administrator"
ROLE_INSTITUTION_ADMINISTRATOR = INSTITUTION_PREFIX + "Administrator"
ROLE_SYSTEM_ADMINISTRATOR = SYSTEM_PREFIX + "Administrator"

# The platforms' own names of roles, in small letters, by what no rule for them may do.
LEARNER_ROLE_NAMES = frozenset(
    {"student", "learner", "studentenrollment", "studentviewenrollment", "student view"}
)
OBSERVER_ROLE_NAMES = frozenset({"observer", "observerenrollment", "parent"})
EVERYBODYS_ROLE_NAMES = frozenset({"user", "guest", "frontpage", "member"})
"""Moodle gives these to whoever is signed in, or to nobody in particular."""
SITE_ROLE_NAMES = frozenset(
    {"account admin", "accountadmin", "administrator", "admin", "siteadmin", "sysadmin"}
)
"""Of people who run the site or the institution; none is a role in a course."""


def context_role(role: str) -> str | None:
    """Principal context role named by a role URI or short name: `Learner`, `Instructor`, ... else None.

    The short form (`Learner`) is deprecated but valid in a launch (LTI core A.2.3) and is what NRPS of
    Moodle sends. Institution and system roles, unknown URIs and sub-roles yield None: they authorise nothing.
    """
    if role.startswith(MEMBERSHIP_PREFIX):
        return role[len(MEMBERSHIP_PREFIX) :] or None
    if ":" in role or "/" in role or "#" in role or not role:
        return None
    return role
