"""The learner's own page: my mentors, my next steps, what is known about me and why."""

from __future__ import annotations

from flask import g, render_template

from mentor_console.access import current_viewer, get_own_membership, open_to
from mentor_console.learner_page import get_own_page
from mentor_console.views.routes import blueprint


@blueprint.get("/me")
@open_to("learner")
def own_page() -> str:
    """Facts with their source, flags in words and never a level."""
    viewer = current_viewer()
    page = get_own_page(viewer, get_own_membership(viewer), g.now)
    return render_template("mentor_console/own.html", page=page)
