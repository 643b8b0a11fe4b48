"""Sentences of the audit page: what was done, by the code of the entry."""

from __future__ import annotations

from flask_babel import gettext as _

from lti_tool.audit_page import AuditLine
from lti_tool.registration_wording import platform_field_names

INSTALLATIONS = frozenset({"key_rotated", "secrets_reencrypted"})
"""Codes of entries of the installation itself, which are of no organisation: `ementor audit`."""


def words_of(line: AuditLine) -> str:
    """What was done, in a sentence; "" for a code of another version, which is then shown as it is."""
    if line.action in ("role_granted", "role_ended"):
        return _role_words(line)
    if line.action.startswith("own_token_"):
        return _own_token_words(line)
    return _detailed_words(line) or _platform_words(line).get(line.action, "")


def _role_words(line: AuditLine) -> str:
    names = {"person": _person(line), "role": _role(line.role), "course": line.course}
    if line.action == "role_granted":
        if line.course:
            return _("%(person)s became %(role)s of the course %(course)s.", **names)
        return _("%(person)s became %(role)s.", **names)
    if line.course:
        return _("%(person)s is no longer %(role)s of the course %(course)s.", **names)
    return _("%(person)s is no longer %(role)s.", **names)


def _own_token_words(line: AuditLine) -> str:
    if line.action == "own_token_erased":
        return _("The personal Moodle token of %(person)s was erased.", person=_person(line))
    return _("%(person)s connected their own Moodle account.", person=_person(line))


def _detailed_words(line: AuditLine) -> str:
    """Which values or places of a platform a change was about; "" where the entry does not tell."""
    names = {"platform": _platform(line), "places": ", ".join(line.places)}
    if line.action == "platform_changed" and line.changed is not None:
        return _changed_words(names["platform"], line.changed)
    if not line.places:
        return ""
    if line.action == "platform_approved":
        return _("%(platform)s was let in, with what waited: %(places)s.", **names)
    return {
        "deployment_seen": _("A new place of %(platform)s asked to be let in: %(places)s.", **names),
        "deployment_added": _("A place of %(platform)s was added by hand: %(places)s.", **names),
        "deployment_approved": _("A place of %(platform)s was let in: %(places)s.", **names),
        "deployment_refused": _("A place of %(platform)s is not let in any more: %(places)s.", **names),
    }.get(line.action, "")


def _changed_words(platform: str, changed: tuple[str, ...]) -> str:
    if not changed:
        return _("%(platform)s was brought up to date; none of its addresses changed.", platform=platform)
    known = platform_field_names()
    fields = ", ".join(known.get(field, field) for field in changed)
    return _("The connection with %(platform)s was changed: %(fields)s.", platform=platform, fields=fields)


def _platform(line: AuditLine) -> str:
    return line.platform or _("a platform")


def _platform_words(line: AuditLine) -> dict[str, str]:
    platform, number = _platform(line), line.number or 0
    return {
        "invite_made": _("Invite %(number)d was made.", number=number),
        "invite_withdrawn": _("Invite %(number)d was taken back.", number=number),
        "platform_registered": _("%(platform)s was connected.", platform=platform),
        "platform_changed": _("The connection with %(platform)s was changed.", platform=platform),
        "platform_approved": _("%(platform)s was let in.", platform=platform),
        "platform_refused": _("%(platform)s is not let in any more.", platform=platform),
        "deployment_seen": _("A new place of %(platform)s asked to be let in.", platform=platform),
        "deployment_added": _("A place of %(platform)s was added by hand.", platform=platform),
        "deployment_approved": _("A place of %(platform)s was let in.", platform=platform),
        "deployment_refused": _("A place of %(platform)s is not let in any more.", platform=platform),
        "moodle_connected": _("The web services of %(platform)s were connected.", platform=platform),
        "moodle_disconnected": _("The web services of %(platform)s were disconnected.", platform=platform),
        "report_named": _("A report of %(platform)s was named for updates.", platform=platform),
        "report_dropped": _("Updates read no report of %(platform)s any more.", platform=platform),
        "roles_changed": _("What the roles of %(platform)s mean was changed.", platform=platform),
        "organisation_added": _("The organisation was added."),
    }


def _person(line: AuditLine) -> str:
    return line.person or _("Person number %(number)d", number=line.person_id or 0)


def _role(role: str) -> str:
    return {"trainer": _("trainer"), "mentor": _("e-mentor"), "admin": _("admin")}.get(role, role)
