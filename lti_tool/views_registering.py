"""Where a platform's admin connects it: the registration opened from an invite, and Canvas's configuration.

Shown inside the platform's own pages, where no cookie of ours is needed: the invite is the permission.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, render_template, request

from course_sync.models import ACTIVE, PENDING
from lti_tool import dynamic_registration, invites
from lti_tool.dynamic_registration import list_changes
from lti_tool.headers import frame_by_addresses
from lti_tool.models import Invite
from lti_tool.platform_document import canvas_stage
from lti_tool.rate_limits import STRANGERS, count_address
from lti_tool.registration_wording import changed_field_names, product_words, tool_names
from lti_tool.services import current_services
from lti_tool.tool_description import canvas_configuration

blueprint = Blueprint("registering", __name__)

CANVAS_CACHE_SECONDS = 300


@blueprint.get(invites.REGISTER_PATH)
def offer() -> str:
    """Ask the platform who it is, and show what would be connected with whom. Changes nothing."""
    services = current_services()
    _note_invite(request.args.get("invite", ""))
    _frame_by_platform(request.args.get("openid_configuration", ""))
    found = dynamic_registration.make_offer(
        request.args,
        services.client,
        allow_loopback=services.settings.allow_loopback_platforms,
        now=g.real_now,
    )
    invite = invites.get_invite(found.invite_token, g.real_now)
    return render_template(
        "lti_tool/register.html",
        host=found.description.host,
        product=found.description.product,
        product_name=product_words(found.description.product),
        changes=list_changes(invite.platform, found.description) if invite.platform else [],
        field_names=changed_field_names(),
        sealed=found.seal(services.sealer),
        **_invite_facts(invite),
    )


@blueprint.post(invites.REGISTER_PATH)
def connect() -> str:
    """Register at the platform. No session and no cookie: only the sealed offer says what is to be done."""
    services = current_services()
    offered = dynamic_registration.open_offer(request.form.get("offer", ""), services.sealer)
    _note_invite(offered.invite_token)
    _frame_by_platform(offered.document_address)
    g.offer = request.form["offer"]
    if request.form.get("do") == "look":
        connected = dynamic_registration.look_again(offered, g.real_now)
    else:
        connected = dynamic_registration.connect(
            offered, services.client, services.settings, tool_names(), g.real_now
        )
    platform, invite = connected.platform, connected.invite
    return render_template(
        "lti_tool/registered.html",
        platform=platform,
        host=offered.description.host,
        product_name=product_words(platform.product),
        is_update=connected.changed is not None and platform.status == ACTIVE,
        is_place_waiting=any(place.status == PENDING for place in platform.deployments),
        **_invite_facts(invite),
    )


@blueprint.get("/lti/canvas.json")
def canvas() -> Response:
    """What Canvas should know of this site; read by Canvas when a developer key is made."""
    response = jsonify(canvas_configuration(current_services().settings.public_url, tool_names()))
    response.headers["Cache-Control"] = f"public, max-age={CANVAS_CACHE_SECONDS}"
    response.vary.add("Accept-Language")
    return response


def _note_invite(token: str) -> None:
    """So that a refusal is counted where the admin who made the invite reads it; strangers are slowed."""
    invite = invites.find_invite(token)
    if invite is None:
        count_address(STRANGERS, request.remote_addr, g.real_now)
    else:
        g.invited_by = (invite.organisation_id, invite.platform_id)


def _invite_facts(invite: Invite) -> dict[str, object]:
    """What the pages say of an invite: for whom it is, who approves, what it updates."""
    maker = invite.created_by
    return {
        "organisation_name": invite.organisation.name,
        "approver": maker.display_name if maker else "",
        "is_approved_at_once": invite.approve_at_once,
        "updates": invite.platform,
    }


def _frame_by_platform(address: str) -> None:
    """The platform that opened the page may show it in its own.

    A school's Canvas frames it while its description is on Canvas's common host; there the site that sent
    the browser here is believed. Whoever has no valid invite gets a refusal, which holds nothing.
    """
    referrer = request.referrer if canvas_stage(address) is not None else None
    frame_by_addresses(address, referrer)
