"""The admin's pages about platforms: who is connected, who waits, invites, and connecting by hand.

Parse, ask, render. What belongs to another organisation is refused by platform_desk.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from course_sync.models import Platform
from lti_tool import (
    approvals,
    connection_desk,
    connection_wording,
    moodle_reports,
    moodle_services,
    platform_desk,
    registration,
    report_wording,
)
from lti_tool import registration_wording as words
from lti_tool.connection_desk import NothingToTest
from lti_tool.registration import PlatformDetails, RegistrationInvalid
from lti_tool.services import current_services
from lti_tool.tool_description import CUSTOM, CUSTOM_OF_CANVAS, ToolAddresses
from mentor_console import moments
from mentor_console.access import current_viewer, open_to
from mentor_console.errors import Conflict
from mentor_console.views.forms import parse_id

blueprint = Blueprint("platforms", __name__, url_prefix="/s/<handle>/organisation/platforms")
Answer = Response | str | tuple[str, int]
_FIELDS = ("name", "issuer", "client_id", "auth_login_url", "auth_token_url", "jwks_url")


@blueprint.get("")
@open_to("admin")
def index() -> str:
    """Platforms with their state, what waits for approval, and invites."""
    return _render_index()


@blueprint.post("/invites")
@open_to("admin")
def make_invite() -> str:
    """A new link, shown on the answer to this request and never again."""
    viewer = current_viewer()
    number = request.form.get("platform", "")
    updates = platform_desk.get_platform(viewer, parse_id(number) or 0) if number else None
    made = platform_desk.make_invite(
        viewer,
        g.real_now,
        own_origin=current_services().settings.public_url,
        approve_at_once=request.form.get("approve") == "yes",
        updates=updates,
    )
    return _render_index(link=made.link, made=made.invite)


@blueprint.post("/invites/<int(max=2147483647):invite_id>/withdraw")
@open_to("admin")
def withdraw_invite(invite_id: int) -> Response:
    """Make a link worthless."""
    try:
        platform_desk.withdraw_invite(current_viewer(), invite_id, g.real_now)
    except Conflict as conflict:
        return _back("index", problem=conflict.code)
    return _back("index", done="invite_withdrawn")


@blueprint.route("/new", methods=["GET", "POST"])
@open_to("admin")
def add() -> Answer:
    """Connect a platform by hand."""
    if request.method == "GET":
        return _render_form({}, "")
    entered = request.form.to_dict()
    viewer, services = current_viewer(), current_services()
    try:
        details = _typed_details(entered)
        added = registration.register_by_hand(
            details,
            services.settings,
            g.real_now,
            organisation_id=viewer.organisation_id,
            actor_id=viewer.person_id,
        )
    except RegistrationInvalid as problem:
        return _render_form(entered, problem.field), 422
    return _back("show", platform_id=added.id, done="platform_added")


@blueprint.get("/<int(max=2147483647):platform_id>")
@open_to("admin")
def show(platform_id: int) -> str:
    """One platform: its state, its places, what to fill in on its side, its web services."""
    return _render_platform(platform_desk.get_platform(current_viewer(), platform_id))


@blueprint.post("/<int(max=2147483647):platform_id>")
@open_to("admin")
def change(platform_id: int) -> Answer:
    """Correct what was typed about a platform."""
    viewer = current_viewer()
    platform = platform_desk.get_platform(viewer, platform_id)
    entered = request.form.to_dict()
    try:
        is_new = platform_desk.change_platform(viewer, platform, _typed_details(entered), g.real_now)
    except RegistrationInvalid as problem:
        return _render_platform(platform, entered=entered, wrong=problem.field), 422
    done = "platform_changed" if is_new else "platform_unchanged"
    return _back("show", platform_id=platform_id, done=done)


@blueprint.post("/<int(max=2147483647):platform_id>/state")
@open_to("admin")
def decide(platform_id: int) -> Response:
    """Approve a platform, or let it in no more."""
    approve = request.form.get("do") == "approve"
    try:
        platform_desk.decide_platform(current_viewer(), platform_id, approve=approve, now=g.real_now)
    except Conflict as conflict:
        return _back("show", platform_id=platform_id, problem=conflict.code)
    done = "platform_approved" if approve else "platform_refused"
    return _back("show", platform_id=platform_id, done=done)


@blueprint.post("/<int(max=2147483647):platform_id>/deployments")
@open_to("admin")
def add_deployment(platform_id: int) -> Answer:
    """Name a deployment the platform told its admin."""
    viewer = current_viewer()
    platform = platform_desk.get_platform(viewer, platform_id)
    try:
        deployment_id = request.form.get("deployment_ids", "").strip()
        approvals.add_deployment(platform, deployment_id, g.real_now, actor_id=viewer.person_id)
    except RegistrationInvalid as problem:
        return _render_platform(platform, wrong=problem.field), 422
    return _back("show", platform_id=platform_id, done="deployment_approved")


@blueprint.post("/<int(max=2147483647):platform_id>/deployments/<int(max=2147483647):deployment_row>")
@open_to("admin")
def decide_deployment(platform_id: int, deployment_row: int) -> Response:
    """Approve one place of a platform, or let it in no more."""
    approve = request.form.get("do") == "approve"
    try:
        platform_desk.decide_deployment(
            current_viewer(),
            platform_id,
            deployment_row,
            approve=approve,
            own_place=g.session.deployment_id,
            now=g.real_now,
        )
    except Conflict as conflict:
        return _back("show", platform_id=platform_id, problem=conflict.code)
    done = "deployment_approved" if approve else "deployment_refused"
    return _back("show", platform_id=platform_id, done=done)


@blueprint.post("/<int(max=2147483647):platform_id>/moodle")
@open_to("admin")
def connect_moodle(platform_id: int) -> Answer:
    """Store where a Moodle's web services are, and their token; the token is never shown again."""
    viewer, services = current_viewer(), current_services()
    platform = platform_desk.get_platform(viewer, platform_id)
    try:
        moodle_services.connect_moodle(
            platform_id,
            request.form.get("moodle_url", "").strip(),
            request.form.get("token", ""),
            sealer=services.sealer,
            allow_loopback=services.settings.allow_loopback_platforms,
            now=g.real_now,
            actor_id=viewer.person_id,
        )
    except RegistrationInvalid as problem:
        return _render_platform(platform, entered=request.form.to_dict(), wrong=problem.field), 422
    return _back("show", platform_id=platform_id, done="moodle_connected")


@blueprint.post("/<int(max=2147483647):platform_id>/moodle/remove")
@open_to("admin")
def disconnect_moodle(platform_id: int) -> Response:
    """Erase the token of the web services."""
    viewer = current_viewer()
    platform = platform_desk.get_platform(viewer, platform_id)
    moodle_services.disconnect_moodle(platform, g.real_now, actor_id=viewer.person_id)
    return _back("show", platform_id=platform_id, done="moodle_removed")


@blueprint.post("/<int(max=2147483647):platform_id>/report")
@open_to("admin")
def name_report(platform_id: int) -> Answer:
    """Name the report over participants that updates read, or read none any more."""
    viewer, removing = current_viewer(), request.form.get("do") == "remove"
    platform = platform_desk.get_platform(viewer, platform_id)
    typed = request.form.get("report", "")
    try:
        number = None if removing else moodle_reports.parse_number(typed)
        moodle_reports.name_report(platform, number, g.real_now, actor_id=viewer.person_id)
    except RegistrationInvalid as problem:
        return _render_platform(platform, entered={"report": typed}, wrong=problem.field), 422
    except Conflict as conflict:
        return _back("show", platform_id=platform_id, problem=conflict.code)
    done = "report_dropped" if removing else "report_named"
    return _back("show", platform_id=platform_id, done=done, _anchor="report")


@blueprint.post("/<int(max=2147483647):platform_id>/check")
@open_to("admin")
def check_connection(platform_id: int) -> Response:
    """Try every call of the web services on the chosen course; the result stays on the page."""
    platform = platform_desk.get_platform(current_viewer(), platform_id)
    course = connection_desk.find_course(platform, parse_id(request.form.get("course", "")))
    try:
        connection_desk.run_check(platform, course, g.real_now)
    except NothingToTest as problem:
        return _back("show", platform_id=platform_id, problem=problem.code)
    return _back("show", platform_id=platform_id, done="connection_tested", _anchor="connection")


def _typed_details(entered: dict[str, str]) -> PlatformDetails:
    """What a form says of a platform; deployments one a line or between commas."""
    values = {field: entered.get(field, "").strip() for field in _FIELDS}
    deployments = entered.get("deployment_ids", "").replace(",", "\n").split("\n")
    return PlatformDetails(
        **values,
        deployment_ids=tuple(part.strip() for part in deployments if part.strip()),
        product=entered.get("product", ""),
        auth_audience=entered.get("auth_audience", "").strip() or None,
    )


def _stored_values(platform: Platform) -> dict[str, str]:
    values = {field: getattr(platform, field) for field in _FIELDS}
    return values | {
        "product": platform.product,
        "auth_audience": platform.auth_audience or "",
        "moodle_url": platform.moodle_url or "",
        "report": str(platform.moodle_report_id or ""),
    }


def _back(page: str, **values: Any) -> Response:
    return redirect(url_for(f"platforms.{page}", **values), 303)


def _common() -> dict[str, Any]:
    addresses = ToolAddresses(current_services().settings.public_url)
    return {
        "words": words,
        "moments": moments,
        "addresses": addresses,
        "real_now": g.real_now,
        "done": words.done_words(request.args.get("done", "")),
        "problem": words.conflict_words(request.args.get("problem", "")),
        "custom": {"moodle": CUSTOM, "canvas": CUSTOM_OF_CANVAS},
    }


def _render_index(**made: Any) -> str:
    page = platform_desk.get_page(current_viewer(), g.real_now)
    return render_template("lti_tool/platforms.html", page=page, **made, **_common())


def _render_form(entered: dict[str, str], wrong: str) -> str:
    return render_template("lti_tool/platform_new.html", entered=entered, wrong=wrong, **_common())


def _render_platform(platform: Platform, entered: dict[str, str] | None = None, wrong: str = "") -> str:
    return render_template(
        "lti_tool/platform.html",
        platform=platform,
        connection=connection_desk.find_connection(platform),
        found_words=connection_wording,
        report=moodle_reports.find_report(platform),
        report_words=report_wording,
        entered=_stored_values(platform) | (entered or {}),
        wrong=wrong,
        **_common(),
    )
