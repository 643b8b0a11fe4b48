"""A second click on "Connect", and what is said where something may have come of a registration."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from course_sync.database import db
from course_sync.models import Platform
from lti_tool import approvals
from lti_tool.demo_lms import constants
from lti_tool.demo_lms.site import EXTENSION
from lti_tool.models import Invite
from lti_tool.secrets import hash_of
from lti_tool.services import current_services
from tests.functional.test_registering import (
    activate,
    code_of,
    give_the_first_id_again,
    invite,
    platforms,
    register,
    start,
)
from tests.harness.demo_site import DemoSite
from tests.harness.pages import Page
from tests.harness.plain_browser import PlainBrowser

SAFE = "Nothing was changed."


def confirm(page: Page) -> Page:
    return PlainBrowser().submit(page, page.forms[0])


def take(site: DemoSite, link: str, ago: timedelta) -> None:
    """As a process does that then asks the platform, or ended while it did."""
    with site.tool.app_context():
        row = db.session.query(Invite).filter_by(token_hash=hash_of(link.partition("invite=")[2])).one()
        row.used_at = current_services().clock.real_now() - ago
        db.session.commit()
        db.session.remove()


def stop_when_asked(site: DemoSite, platform_id: int) -> None:
    """While the platform answers the next registration, an admin stops it."""
    tools = site.lms.extensions[EXTENSION].tools
    taken = tools.register

    def register_and_stop(*given: Any) -> Any:
        tools.register = taken
        with site.tool.app_context():
            platform = db.session.get_one(Platform, platform_id)
            approvals.refuse_platform(platform, current_services().clock.real_now())
            db.session.remove()
        return taken(*given)

    tools.register = register_and_stop


def test_a_second_click_meets_what_the_first_brought(demo_site: DemoSite) -> None:
    page = start(demo_site, invite(demo_site))
    first, known = confirm(page), platforms(demo_site)
    again = confirm(page)
    assert (again.status, again.words) == (200, first.words)
    assert "close_registration.js" in again.text
    assert (platforms(demo_site), len(known)) == (known, 2)

    page = start(demo_site, invite(demo_site, updates=known[0]["id"], approve_at_once=True))
    first, known = confirm(page), platforms(demo_site)
    again = confirm(page)
    assert "is up to date" in first.words
    assert (again.status, again.words, platforms(demo_site)) == (200, first.words, known)


def test_a_second_click_while_the_platform_is_asked(demo_site: DemoSite) -> None:
    """Also where it is a known platform that is brought up to date; later the first one has ended somehow."""
    for terms in ({}, {"updates": platforms(demo_site)[0]["id"]}):
        given: dict[str, Any] = dict(terms)
        link = invite(demo_site, **given)
        page = start(demo_site, link)
        take(demo_site, link, timedelta(seconds=2))
        met = confirm(page)
        assert (met.status, code_of(met)) == (409, "invite_in_use")
        assert "“Look again”: it says what came of it" in met.words
        assert code_of(confirm(met)) == "invite_in_use"
        take(demo_site, link, timedelta(minutes=5))
        assert code_of(confirm(met)) == "invite_used"
        late = confirm(page)
        assert (late.status, code_of(late)) == (410, "invite_used")
        assert "Look at your platform’s list of tools" in late.words
        assert SAFE not in met.words + late.words
    assert len(platforms(demo_site)) == 1


def test_looking_again_says_what_came_of_it_and_changes_nothing(demo_site: DemoSite) -> None:
    link = invite(demo_site)
    page = start(demo_site, link)
    take(demo_site, link, timedelta(seconds=2))
    met = confirm(page)
    with demo_site.tool.app_context():
        db.session.execute(update(Invite).values(used_at=None))
        db.session.commit()
        db.session.remove()
    nothing = confirm(met)
    assert (nothing.status, code_of(nothing)) == (409, "registration_unfinished")
    assert len(platforms(demo_site)) == 1
    first = confirm(page)
    assert "waits for approval" in first.words
    again = confirm(met)
    assert (again.status, again.words) == (200, first.words)
    assert "close_registration.js" in again.text


def test_a_platform_stopped_while_it_is_asked_stays_stopped(demo_site: DemoSite) -> None:
    known = platforms(demo_site)[0]
    page = start(demo_site, invite(demo_site, updates=known["id"], approve_at_once=True))
    stop_when_asked(demo_site, known["id"])
    assert code_of(confirm(page)) == "invite_overtaken"
    assert platforms(demo_site) == [known | {"status": "refused"}]
    assert code_of(confirm(page)) == "invite_withdrawn"


def test_so_does_one_that_is_known_by_its_answer_only(demo_site: DemoSite) -> None:
    register(demo_site, invite(demo_site))
    (_, waiting) = platforms(demo_site)
    page = start(demo_site, invite(demo_site, approve_at_once=True))
    give_the_first_id_again(demo_site)
    stop_when_asked(demo_site, waiting["id"])
    met = confirm(page)
    assert code_of(met) == "invite_overtaken"
    assert "an admin of this tool stopped it" in met.words
    assert "delete there what is left over" in met.words
    assert platforms(demo_site)[1] == waiting | {"status": "refused"}


def test_an_update_lets_a_platform_in_that_waits(demo_site: DemoSite) -> None:
    register(demo_site, invite(demo_site))
    waiting = platforms(demo_site)[1]
    page = start(demo_site, invite(demo_site, updates=waiting["id"], approve_at_once=True))
    assert "The tool lets the platform in at once." in page.words
    assert "is up to date" in confirm(page).words
    assert [row["status"] for row in platforms(demo_site)] == ["active", "active"]


def test_what_was_sent_may_have_been_noted_there(demo_site: DemoSite) -> None:
    """The platform took it, and its answer was lost or cannot be used; before that, nothing has happened."""
    register(demo_site, invite(demo_site, approve_at_once=True))
    page = start(demo_site, invite(demo_site))
    demo_site.set_faults(html=True)
    unclear = confirm(page)
    demo_site.set_faults(down=True)
    unreached = confirm(page)
    demo_site.set_faults()
    give_the_first_id_again(demo_site)
    not_ours = confirm(page)
    told = {code_of(met): met.words for met in (unclear, unreached, not_ours)}
    assert set(told) == {"registration_unclear", "registration_unreachable", "invite_not_update"}
    for words in told.values():
        assert "delete there what is left over" in words
        assert SAFE not in words
    assert SAFE in start(demo_site, f"{demo_site.tool_url}/lti/register?invite=none").words


@pytest.mark.parametrize(
    ("answered", "places"),
    [({"a": 1}, None), ([], None), (True, None), ("x" * 300, None), (7, {"7": "active"}), (None, {})],
)
def test_a_place_in_the_answer_is_a_text_or_a_number(
    demo_site: DemoSite, answered: Any, places: dict[str, str] | None
) -> None:
    tools = demo_site.lms.extensions[EXTENSION].tools
    taken = tools.register
    tools.register = lambda *given: replace(taken(*given), deployment_id=answered)
    done = register(demo_site, invite(demo_site, approve_at_once=True))
    if places is None:
        assert (done.status, code_of(done)) == (502, "registration_unclear")
        assert "a deployment ID that cannot be used" in done.words
        assert len(platforms(demo_site)) == 1
    else:
        assert platforms(demo_site)[1]["places"] == places


def test_the_course_may_go_back_to_its_first_tool(demo_site: DemoSite) -> None:
    register(demo_site, invite(demo_site))
    activate(demo_site, platforms(demo_site)[1]["client_id"])
    assert code_of(demo_site.launch(constants.TRAINER_ID)) == "platform_pending"
    browser = PlainBrowser()
    shown = browser.get(f"{demo_site.lms_url}/demo/tools")
    (back,) = [form for form in shown.forms if form.method == "post" and form.action.endswith("/tools")]
    assert browser.submit(shown, back, client_id=platforms(demo_site)[0]["client_id"]).status == 200
    assert demo_site.launch(constants.TRAINER_ID).status == 200


def test_an_update_says_that_it_lets_a_stopped_platform_in(demo_site: DemoSite) -> None:
    number = platforms(demo_site)[0]["id"]
    former = start(demo_site, invite(demo_site, updates=number))
    assert "This platform was stopped." not in former.words
    with demo_site.tool.app_context():
        approvals.refuse_platform(db.session.get_one(Platform, number), current_services().clock.real_now())
        db.session.remove()
    assert code_of(confirm(former)) == "invite_withdrawn"
    page = start(demo_site, invite(demo_site, updates=number))
    assert "it waits for approval by an admin of Organisation." in page.words
    at_once = start(demo_site, invite(demo_site, updates=number, approve_at_once=True))
    assert "the tool lets it in again at once." in at_once.words
    assert "waits for approval" in confirm(page).words
    assert platforms(demo_site)[0]["status"] == "pending"
