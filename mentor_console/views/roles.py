"""What the roles of a platform mean: trying rules, saving them, taking the newest saving back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentor_console import role_rules, role_wording
from mentor_console.access import current_viewer, open_to
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.role_lines import RoleLine, RolesPage, RolesPreview
from mentor_console.role_preview import preview_roles
from mentor_console.views.forms import parse_id
from mentor_console.views.routes import blueprint

Answer = Response | str | tuple[str, int]
MAX_ROWS = 200
"""Of the form; a platform has a dozen roles."""


@dataclass(frozen=True)
class RoleForm:
    """The rules as chosen, with what they would do and what is wrong with them."""

    rules: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)
    preview: RolesPreview | None = None
    based_on: int | None = None
    is_late: bool = False
    """Somebody saved others meanwhile."""

    def rows(self, page: RolesPage) -> list[RoleLine]:
        """The roles of the page, and those that were typed in."""
        known = {role.name for role in page.roles}
        typed = [RoleLine(name, "", 0, 0, "") for name in self.rules if name not in known]
        return [*page.roles, *typed]


@blueprint.route("/organisation/roles/<int(max=2147483647):platform_id>", methods=["GET", "POST"])
@open_to("admin")
def platform_roles(platform_id: int) -> Answer:
    """The rules of one platform of the organisation."""
    page = role_rules.get_roles(current_viewer(), platform_id)
    if request.method == "GET":
        in_force = {role.name: role.means for role in page.roles if role.means}
        return _render(page, RoleForm(in_force, based_on=page.based_on_id))
    return _try_or_save(page, read_rules(request.form))


@blueprint.post("/organisation/roles/<int(max=2147483647):platform_id>/undo")
@open_to("admin")
def take_back_roles(platform_id: int) -> Response:
    """Put in force again what held before the newest saving."""
    back = url_for("console.platform_roles", platform_id=platform_id)
    mapping_id = parse_id(request.form.get("mapping", ""))
    if mapping_id is None:
        return redirect(back, 303)
    try:
        role_rules.take_back_roles(current_viewer(), platform_id, mapping_id, g.now)
    except Conflict:
        return redirect(f"{back}?problem=changed_since", 303)
    return redirect(f"{back}?done=undone", 303)


def read_rules(form: Mapping[str, str]) -> dict[str, str]:
    """Meaning by role name, as the rows of the form and its line for another role say."""
    rows = [(form.get(f"role-{number}", ""), form.get(f"means-{number}", "")) for number in range(MAX_ROWS)]
    rows.append((form.get("new_role", ""), form.get("new_means", "")))
    return {name.strip(): means for name, means in rows if name.strip() and means}


def _try_or_save(page: RolesPage, rules: Mapping[str, str]) -> Answer:
    viewer, based_on = current_viewer(), parse_id(request.form.get("based_on", ""))
    try:
        if request.form.get("do") != "save":
            preview = preview_roles(viewer, page.platform_id, rules)
            return _render(page, RoleForm(rules, preview=preview, based_on=based_on))
        role_rules.save_roles(viewer, page.platform_id, rules, based_on, g.now)
    except InvalidInput as error:
        return _render(page, RoleForm(rules, error.problems, based_on=based_on)), 422
    except Conflict:
        newest = role_rules.get_roles(viewer, page.platform_id)
        return _render(newest, RoleForm(rules, is_late=True, based_on=newest.based_on_id)), 409
    return redirect(url_for("console.platform_roles", platform_id=page.platform_id, done="roles_saved"), 303)


def _render(page: RolesPage, form: RoleForm) -> str:
    return render_template(
        "mentor_console/roles.html",
        page=page,
        form=form,
        rows=form.rows(page),
        role_words=role_wording,
        meanings=("", *role_rules.MEANINGS),
    )
