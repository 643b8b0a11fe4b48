"""The admin's page, and the way in for those who may only ask: no learner is named on either."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentor_console import grants
from mentor_console.access import Viewer, current_viewer, open_to
from mentor_console.desks import get_admin_page
from mentor_console.errors import Conflict
from mentor_console.views.routes import blueprint


@blueprint.get("/organisation")
@open_to("admin")
def admin() -> str:
    """Courses, platforms and open requests of the organisation."""
    page = get_admin_page(current_viewer(), g.now)
    return render_template("mentor_console/admin.html", page=page)


@blueprint.route("/access", methods=["GET", "POST"])
@open_to("applicant")
def ask_access() -> Response | str:
    """Why one sees nobody yet, and how to change that. Asking twice is one request."""
    viewer = current_viewer()
    if request.method == "POST":
        return _record_request(viewer)
    return render_template(
        "mentor_console/ask_access.html",
        asked=grants.find_own_request(viewer),
        roster_unchecked=viewer.role_unchecked,
    )


def _record_request(viewer: Viewer) -> Response:
    try:
        grants.request_access(viewer, g.now)
    except Conflict:  # decided in the same moment; the page says how
        return redirect(url_for("console.ask_access"), 303)
    return redirect(url_for("console.ask_access", done="asked"), 303)
