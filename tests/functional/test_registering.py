"""A platform connects itself by an invite, over HTTP: as Moodle, as Canvas, again, and what goes wrong."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from course_sync.database import db
from course_sync.models import Organisation, Platform
from lti_tool import approvals, invites, refusal_log
from lti_tool.demo_lms import constants
from lti_tool.demo_lms.registrations import CANVAS, MOODLE
from lti_tool.demo_lms.site import EXTENSION
from lti_tool.models import Invite
from lti_tool.registration import get_default_organisation
from lti_tool.secrets import hash_of
from lti_tool.services import current_services
from mentor_console.models import AuditEntry
from tests.harness.demo_site import DemoSite
from tests.harness.pages import Page
from tests.harness.plain_browser import PlainBrowser

FORM = "/lti/register"


def invite(site: DemoSite, **terms: Any) -> str:
    """A fresh link for the default organisation, or another by name."""
    with site.tool.app_context():
        services = current_services()
        now = services.clock.real_now()
        organisation = get_default_organisation(services.settings, now)
        if name := terms.pop("organisation", ""):
            organisation = Organisation(name=name, created_at=now)
            db.session.add(organisation)
            db.session.flush()
        updates = db.session.get(Platform, terms.pop("updates", 0))
        made = invites.make_invite(
            organisation.id, own_origin=site.tool_url, now=now, updates=updates, **terms
        )
        link = made.link
        db.session.remove()
    return link


def start(site: DemoSite, link: str, product: str = MOODLE) -> Page:
    """What the platform's admin sees after pasting a link there."""
    tools = site.lms.extensions[EXTENSION].tools
    return PlainBrowser().get(tools.begin(link, product, site.lms_url))


def register(site: DemoSite, link: str, product: str = MOODLE) -> Page:
    """Paste and confirm."""
    page = start(site, link, product)
    assert page.status == 200, page.text
    return PlainBrowser().submit(page, page.forms[0])


def platforms(site: DemoSite) -> list[dict[str, Any]]:
    """Every platform the tool knows, with its places."""
    with site.tool.app_context():
        rows = [
            {
                "id": row.id,
                "status": row.status,
                "product": row.product,
                "client_id": row.client_id,
                "places": {place.deployment_id: place.status for place in row.deployments},
            }
            for row in db.session.query(Platform).order_by(Platform.id)
        ]
        db.session.remove()
    return rows


def approve(site: DemoSite, platform_id: int) -> None:
    """As `ementor platform approve` does."""
    with site.tool.app_context():
        now = current_services().clock.real_now()
        approvals.approve_platform(db.session.get_one(Platform, platform_id), now)
        db.session.remove()


def code_of(page: Page) -> str:
    """The code for the admin on a page that refuses."""
    found = re.search(r"<code>([a-z_]+)</code>", page.text)
    assert found is not None, page.text
    return found.group(1)


def activate(site: DemoSite, client_id: str) -> None:
    """The platform's admin lets the course use a registration."""
    site.lms.extensions[EXTENSION].tools.activate(client_id)


def test_moodle_connects_itself_and_launches_once_approved(demo_site: DemoSite) -> None:
    link = invite(demo_site)
    page = start(demo_site, link)
    assert f"Connect Moodle at {urlsplit(demo_site.lms_url).netloc} to Organisation?" in page.text
    assert f"frame-ancestors 'self' {demo_site.lms_url}" in page.headers["Content-Security-Policy"]
    done = PlainBrowser().submit(page, page.forms[0])
    assert done.status == 200
    assert "waits for approval" in done.text
    assert "close_registration.js" in done.text
    new = platforms(demo_site)[-1]
    assert (new["status"], new["product"], new["places"]) == ("pending", "moodle", {"2": "pending"})

    activate(demo_site, new["client_id"])
    waiting = demo_site.launch(constants.TRAINER_ID)
    assert (waiting.status, code_of(waiting)) == (403, "platform_pending")
    assert "An admin of Organisation has to approve it first." in waiting.text

    approve(demo_site, new["id"])
    assert demo_site.launch(constants.TRAINER_ID).status == 200
    with demo_site.tool.app_context():
        actions = [entry.action for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)]
        db.session.remove()
    assert "platform_registered" in actions


def test_an_invite_may_approve_at_once(demo_site: DemoSite) -> None:
    done = register(demo_site, invite(demo_site, approve_at_once=True))
    assert "is connected" in done.text
    new = platforms(demo_site)[-1]
    assert (new["status"], new["places"]) == ("active", {"2": "active"})


def test_canvas_tells_its_place_by_its_first_launch(demo_site: DemoSite) -> None:
    register(demo_site, invite(demo_site, approve_at_once=True), CANVAS)
    new = platforms(demo_site)[-1]
    assert (new["status"], new["product"], new["places"]) == ("active", "canvas", {})
    activate(demo_site, new["client_id"])
    waiting = demo_site.launch(constants.TRAINER_ID)
    assert (waiting.status, code_of(waiting)) == (403, "deployment_pending")
    assert list(platforms(demo_site)[-1]["places"].values()) == ["pending"]
    approve(demo_site, new["id"])
    assert demo_site.launch(constants.TRAINER_ID).status == 200


def test_one_approval_is_enough_for_canvas_when_it_was_opened_before(demo_site: DemoSite) -> None:
    register(demo_site, invite(demo_site), CANVAS)
    new = platforms(demo_site)[-1]
    activate(demo_site, new["client_id"])
    assert code_of(demo_site.launch(constants.TRAINER_ID)) == "platform_pending"
    approve(demo_site, new["id"])
    assert demo_site.launch(constants.TRAINER_ID).status == 200


def test_a_link_connects_one_platform_once(demo_site: DemoSite) -> None:
    link = invite(demo_site)
    first, second = start(demo_site, link), start(demo_site, link)
    assert PlainBrowser().submit(first, first.forms[0]).status == 200
    late = PlainBrowser().submit(second, second.forms[0])
    assert (late.status, code_of(late)) == (410, "invite_used")
    assert code_of(start(demo_site, link)) == "invite_used"
    assert len(platforms(demo_site)) == 2


def test_an_update_keeps_the_platform_and_its_people(demo_site: DemoSite) -> None:
    register(demo_site, invite(demo_site, approve_at_once=True))
    first = platforms(demo_site)[-1]
    page = start(demo_site, invite(demo_site, updates=first["id"], approve_at_once=True))
    assert "up to date?" in page.text
    assert PlainBrowser().submit(page, page.forms[0]).status == 200
    second = platforms(demo_site)[-1]
    assert second["id"] == first["id"]
    assert second["client_id"] != first["client_id"]
    assert second["places"] == {"3": "active"}


def test_what_an_update_brings_waits_unless_the_invite_says_otherwise(demo_site: DemoSite) -> None:
    done = register(demo_site, invite(demo_site, updates=platforms(demo_site)[0]["id"]))
    assert "Its new place in the platform waits for approval" in done.words
    (only,) = platforms(demo_site)
    assert (only["status"], only["places"]) == ("active", {"2": "pending"})
    activate(demo_site, only["client_id"])
    assert code_of(demo_site.launch(constants.TRAINER_ID)) == "deployment_pending"


def test_a_platform_of_another_organisation_is_refused_and_the_invite_stays(demo_site: DemoSite) -> None:
    register(demo_site, invite(demo_site))
    known = platforms(demo_site)[-1]
    link = invite(demo_site, organisation="Another house")
    page = start(demo_site, link)
    tools = demo_site.lms.extensions[EXTENSION].tools
    taken = tools.register
    tools.register = lambda *given: tools.tools[0] if taken(*given) else None
    refused = PlainBrowser().submit(page, page.forms[0])
    assert (refused.status, code_of(refused)) == (403, "invite_foreign")
    assert platforms(demo_site)[-1] == known
    assert start(demo_site, link).status == 200


def test_a_link_that_is_no_invite(demo_site: DemoSite) -> None:
    for token, code in (("", "invite_missing"), ("nonsense", "invite_unknown"), ("A" * 43, "invite_unknown")):
        page = start(demo_site, f"{demo_site.tool_url}{FORM}?invite={token}")
        assert (page.status, code_of(page)) == (404, code)


def test_a_link_that_was_withdrawn_or_is_too_old(demo_site: DemoSite) -> None:
    withdrawn, old = invite(demo_site), invite(demo_site, days=1)
    with demo_site.tool.app_context():
        now = current_services().clock.real_now()
        token = parse_qs(urlsplit(withdrawn).query)["invite"][0]
        assert invites.withdraw_invite(invites.get_invite(token, now), now)
        aged = invites.get_invite(parse_qs(urlsplit(old).query)["invite"][0], now)
        aged.expires_at = now - timedelta(seconds=1)
        db.session.commit()
        db.session.remove()
    for link, code in ((withdrawn, "invite_withdrawn"), (old, "invite_expired")):
        page = start(demo_site, link)
        assert (page.status, code_of(page)) == (410, code)


def test_a_form_that_is_not_ours(demo_site: DemoSite) -> None:
    for offer in ("", "made-up"):
        page = PlainBrowser().post(demo_site.tool_url + FORM, {"offer": offer})
        assert (page.status, code_of(page)) == (400, "offer_stale")


def test_a_platform_that_is_down_or_refuses_leaves_the_invite_usable(demo_site: DemoSite) -> None:
    link = invite(demo_site)
    page = start(demo_site, link)
    demo_site.set_faults(down=True)
    assert code_of(start(demo_site, link)) == "configuration_unreachable"
    assert code_of(PlainBrowser().submit(page, page.forms[0])) == "registration_unreachable"
    demo_site.set_faults(html=True)
    assert code_of(start(demo_site, link)) == "configuration_not_json"
    assert code_of(PlainBrowser().submit(page, page.forms[0])) == "registration_unclear"
    demo_site.set_faults()
    assert PlainBrowser().submit(page, page.forms[0]).status == 200


def test_the_platforms_own_reason_is_shown_as_text(demo_site: DemoSite) -> None:
    tools = demo_site.lms.extensions[EXTENSION].tools
    page = start(demo_site, invite(demo_site))
    for token in list(tools.tokens._rows):
        tools.tokens.take(token)
    refused = PlainBrowser().submit(page, page.forms[0])
    assert (refused.status, code_of(refused)) == (502, "registration_refused")
    assert "The platform says: “token_already_used”" in refused.text


def test_a_refusal_stands_on_the_page_of_whoever_made_the_invite(demo_site: DemoSite) -> None:
    """Also that of a stale page; an invite nobody made is on no organisation's page."""
    link = invite(demo_site, organisation="Another house")
    page = start(demo_site, link)
    with demo_site.tool.app_context():
        token = parse_qs(urlsplit(link).query)["invite"][0]
        made = db.session.query(Invite).filter_by(token_hash=hash_of(token)).one()
        theirs, made_at = made.organisation_id, made.created_at
        made.withdrawn_at = made_at
        db.session.commit()
        ours = db.session.query(Platform).first().organisation_id
        db.session.remove()
    assert code_of(start(demo_site, link)) == "invite_withdrawn"
    assert code_of(PlainBrowser().submit(page, page.forms[0])) == "invite_withdrawn"
    start(demo_site, f"{demo_site.tool_url}{FORM}?invite={'A' * 43}")
    with demo_site.tool.app_context():
        now = current_services().clock.real_now()
        (line,) = refusal_log.list_of_organisation(theirs, now)
        assert (line.code, line.refusals, line.inviting) == ("invite_withdrawn", 2, ("Another house",))
        assert refusal_log.list_of_organisation(ours, now) == []
        assert {one.code for one in refusal_log.list_all(now)} == {"invite_withdrawn", "invite_unknown"}
        db.session.remove()


def test_canvas_reads_the_configuration_of_this_site(demo_site: DemoSite) -> None:
    document = requests.get(demo_site.tool_url + "/lti/canvas.json", timeout=10).json()
    assert document["target_link_uri"] == demo_site.tool_url + "/lti/launch"
    assert document["title"] == "E-mentor"


def give_the_first_id_again(site: DemoSite) -> None:
    """From now on the platform answers every registration with the id of its first one."""
    tools = site.lms.extensions[EXTENSION].tools
    taken = tools.register
    tools.register = lambda *given: tools.tools[0] if taken(*given) else None


def stored_keys(site: DemoSite, platform_id: int, jwks_url: str = "") -> str:
    """Where the tool looks for a platform's keys; `jwks_url` puts another address there first."""
    with site.tool.app_context():
        row = db.session.get_one(Platform, platform_id)
        row.jwks_url = jwks_url or row.jwks_url
        found = row.jwks_url
        db.session.commit()
        db.session.remove()
    return found


def test_only_an_invite_made_for_it_changes_a_platform_that_is_let_in(demo_site: DemoSite) -> None:
    register(demo_site, invite(demo_site, approve_at_once=True))
    known = platforms(demo_site)[-1]
    give_the_first_id_again(demo_site)
    assert platforms(demo_site)[-1]["client_id"] == known["client_id"]
    told = stored_keys(demo_site, known["id"])
    ours = stored_keys(demo_site, known["id"], "https://lms.example/trusted-keys")
    link = invite(demo_site)
    refused = register(demo_site, link)
    assert (refused.status, code_of(refused)) == (409, "invite_not_update")
    at_once = register(demo_site, invite(demo_site, approve_at_once=True))
    assert code_of(at_once) == "invite_not_update"  # it approves a new platform, not other keys of this one
    assert (platforms(demo_site)[-1], stored_keys(demo_site, known["id"])) == (known, ours)
    assert start(demo_site, link).status == 200  # still good, for another platform

    page = start(demo_site, invite(demo_site, updates=known["id"]))
    assert ours in page.text
    assert told in page.text
    done = PlainBrowser().submit(page, page.forms[0])
    assert (done.status, "is up to date" in done.words) == (200, True)
    assert stored_keys(demo_site, known["id"]) == told
    with demo_site.tool.app_context():
        newest = db.session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        assert newest is not None
        assert (newest.action, newest.subject["changed"]) == ("platform_changed", ["jwks_url"])
        db.session.remove()


def test_a_moodle_that_named_its_place_learns_no_other_while_it_waits(demo_site: DemoSite) -> None:
    register(demo_site, invite(demo_site))
    new = platforms(demo_site)[-1]
    with demo_site.tool.app_context():
        row = db.session.get_one(Platform, new["id"])
        row.deployments[0].deployment_id = "77"
        db.session.commit()
        db.session.remove()
    activate(demo_site, new["client_id"])
    assert code_of(demo_site.launch(constants.TRAINER_ID)) == "deployment_unknown"
    assert platforms(demo_site)[-1]["places"] == {"77": "pending"}


def test_two_registrations_of_one_host_can_be_told_apart(demo_site: DemoSite) -> None:
    for _ in range(2):
        register(demo_site, invite(demo_site))
    with demo_site.tool.app_context():
        first, second = [row.name for row in db.session.query(Platform).order_by(Platform.id)][-2:]
        db.session.remove()
    assert second == f"{first} ({platforms(demo_site)[-1]['client_id']})"
