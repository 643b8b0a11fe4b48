"""The admin's page of recent refusals: who could not get in, why, and what to do about it."""

from __future__ import annotations

from flask import Blueprint, g, render_template
from flask_babel import gettext

from lti_tool.refusal_log import SHOWN, list_of_organisation
from lti_tool.registration_advice import find_advice
from mentor_console import moments
from mentor_console.access import current_viewer, open_to

blueprint = Blueprint("refusals", __name__)


@blueprint.get("/s/<handle>/organisation/refusals")
@open_to("admin")
def index() -> str:
    """Grouped by reason, latest first. Codes of a former version that mean nothing today are left out."""
    lines = [
        (line, advice)
        for line in list_of_organisation(current_viewer().organisation_id, g.real_now)
        if (advice := find_advice(line.code)) is not None
    ]
    return render_template(
        "lti_tool/refusals.html",
        lines=lines,
        days=SHOWN.days,
        real_now=g.real_now,
        moments=moments,
        say=gettext,
    )
