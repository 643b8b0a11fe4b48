"""Sentences of the audit page: what was done, by the code of the entry."""

from __future__ import annotations

from flask_babel import gettext as _

from lti_tool.audit_page import AuditLine

INSTALLATIONS = frozenset({"key_rotated", "secrets_reencrypted"})
"""Codes of entries of the installation itself, which are of no organisation: `ementor audit`."""


def words_of(line: AuditLine) -> str:
    """What was done, in a sentence; "" for a code of another version, which is then shown as it is."""
    if line.action in ("role_granted", "role_ended"):
        return _role_words(line)
    if line.action.startswith("own_token_"):
        return _own_token_words(line)
    return _platform_words(line).get(line.action, "")


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


def _platform_words(line: AuditLine) -> dict[str, str]:
    platform, number = line.platform or _("a platform"), line.number or 0
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
