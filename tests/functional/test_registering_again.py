"""A second click on "Connect", and what is said where something may have come of a registration."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from course_sync.database import db
from course_sync.models import Platform
from lti_tool import approvals
from lti_tool.models import Invite
from lti_tool.secrets import hash_of
from lti_tool.services import current_services
from tests.functional.test_registering import (
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
        assert "load this page again" in met.words
        take(demo_site, link, timedelta(minutes=5))
        late = confirm(page)
        assert (late.status, code_of(late)) == (410, "invite_used")
        assert "Look at your platform’s list of tools" in late.words
        assert SAFE not in met.words + late.words
    assert len(platforms(demo_site)) == 1


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
