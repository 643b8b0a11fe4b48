"""The admin's page of who changed roles and platforms, and when."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request

from lti_tool.audit_page import get_audit
from lti_tool.audit_wording import words_of
from mentor_console import moments
from mentor_console.access import current_viewer, open_to
from mentor_console.views.forms import parse_id

blueprint = Blueprint("audit", __name__)


@blueprint.get("/s/<handle>/organisation/audit")
@open_to("admin")
def index() -> str:
    """Newest first, fifty at a time."""
    before = parse_id(request.args.get("before", ""))
    return render_template(
        "lti_tool/audit.html",
        page=get_audit(current_viewer(), before),
        is_newest=before is None,
        real_now=g.real_now,
        moments=moments,
        words_of=words_of,
    )
