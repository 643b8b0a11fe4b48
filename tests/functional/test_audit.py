"""Who changed roles and platforms: written once where it is done, read by the organisation's admin alone."""

from __future__ import annotations

import json
import re
from datetime import datetime

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import Deployment
from lti_tool.audit import list_newest, record_audit
from lti_tool.audit_page import PAGE_LINES
from lti_tool.commands.audit import audit
from lti_tool.demo import DemoAddresses
from lti_tool.demo_seed import _register
from tests.harness.desk import Desk, prepare_desk
from tests.harness.world import MAIN, OTHER_ORGANISATION

PAGE = "organisation/audit"


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def rows_on(text: str) -> list[str]:
    """The lines of the page, as people read them."""
    listed = text.partition('<ul class="rows">')[2].partition("</ul>")[0]
    return [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in listed.split("<li>")[1:]]


def test_the_admin_reads_who_changed_a_role(desk: Desk) -> None:
    """Naming, taking back and ending a part, and what a platform's roles mean; each stands once."""
    assert "There are no entries yet." in desk.open("admin", PAGE).text
    assert PAGE in desk.open("admin", "organisation").text
    main = desk.world.courses[MAIN]
    teacher, trainer = main.people["unnamed teacher"].display_name, main.people["trainer"].display_name
    desk.follow("trainer", "mentors", {"membership": str(main.members["unnamed teacher"].id)})
    desk.follow("trainer", "mentors/end", {"person": str(desk.person_id("unnamed teacher"))})
    roles = {"do": "save", "role-0": "tutor", "means-0": "mentor", "based_on": ""}
    desk.follow("admin", f"organisation/roles/{main.platform.id}", roles)
    page = desk.open("admin", PAGE)
    changed, ended, named = rows_on(page.text)
    assert changed.startswith(f"What the roles of {main.platform.name} mean was changed.")
    assert f"{teacher} is no longer e-mentor of the course" in ended
    assert f"{teacher} became e-mentor of the course" in named
    assert all(trainer in row for row in (ended, named))


def test_nothing_of_another_organisation_and_no_name_of_a_learner(desk: Desk) -> None:
    main, other = desk.world.courses[MAIN], desk.world.courses[OTHER_ORGANISATION]
    ann, theirs = main.people["ann"], other.people["trainer"]
    with desk.app.app_context():
        here, now = main.platform.organisation_id, desk.world.real_now
        for subject in (
            {"person_id": ann.id, "role": "mentor", "context_id": main.context.id},
            {"person_id": theirs.id, "role": "trainer", "context_id": other.context.id},
        ):
            record_audit("role_granted", subject, now, organisation_id=here)
        record_audit("platform_approved", {"platform_id": other.platform.id}, now, organisation_id=here)
        record_audit("invite_made", {"invite_id": 4711}, now, organisation_id=other.platform.organisation_id)
        record_audit("key_rotated", {"kid": "abc"}, now)
        record_audit("thing_of_tomorrow", {}, now, organisation_id=here)
    page = desk.open("admin", PAGE).text
    unknown, _, _, learner = rows_on(page)
    assert f"Person number {ann.id} became e-mentor of the course" in learner
    assert "thing_of_tomorrow" in unknown
    foreign = (ann.display_name, theirs.display_name, other.platform.name, "4711", "abc")
    assert [name for name in foreign if name in page] == []
    assert desk.open("trainer", PAGE).status == 403


def test_what_a_change_was_about_is_named(desk: Desk) -> None:
    """Fields in words and places by their ids; of a place of somebody else's nothing."""
    main, other = desk.world.courses[MAIN].platform, desk.world.courses[OTHER_ORGANISATION].platform
    there = f"organisation/platforms/{main.id}"
    desk.follow("admin", f"{there}/deployments", {"deployment_ids": "7:abc"})
    form = next(form for form in desk.open("admin", there).forms if form.action.endswith(there))
    changed = {"jwks_url": f"{main.jwks_url}/new", "client_id": "another"}
    desk.follow("admin", form.action, dict(form.fields) | changed)
    with desk.app.app_context():
        theirs = Deployment(platform_id=other.id, deployment_id="not yours")
        db.session.add(theirs)
        db.session.flush()
        for action, subject in (
            ("deployment_refused", {"deployment": theirs.id}),
            ("platform_changed", {"changed": []}),
        ):
            whose = main.organisation_id
            record_audit(
                action, {"platform_id": main.id} | subject, desk_now(desk.app), organisation_id=whose
            )
    same, refused, typed, added = rows_on(desk.open("admin", PAGE).text)
    assert "was brought up to date; none of its addresses changed." in same
    assert refused.startswith(f"A place of {main.name} is not let in any more. ")
    assert f"The connection with {main.name} was changed: Client ID, Public keyset URL." in typed
    assert f"A place of {main.name} was added by hand: 7:abc." in added


def test_the_page_goes_on_below_its_newest_entries(desk: Desk) -> None:
    with desk.app.app_context():
        for number in range(PAGE_LINES + 3):
            subject, house = {"invite_id": number}, desk.world.courses[MAIN].platform.organisation_id
            record_audit("invite_made", subject, desk.world.real_now, organisation_id=house)
    newest = desk.open("admin", PAGE).text
    older = re.search(rf'href="([^"]*/{PAGE}\?before=\d+)"', newest)
    assert older is not None
    rest = desk.open("admin", older[1]).text
    assert (len(rows_on(newest)), len(rows_on(rest))) == (PAGE_LINES, 3)
    assert rows_on(rest)[-1].startswith("Invite 0 was made.")
    assert "?before=" not in rest
    assert "There are no older entries." in desk.open("admin", f"{PAGE}?before=1").text
    assert desk.open("admin", f"{PAGE}?before={2**80}").status == 200


def test_the_terminal_lists_the_installations_own_entries(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = audit.callback.__wrapped__  # type: ignore[union-attr]
    with app.app_context():
        tell(None, 50, False)
        assert "There are no entries yet." in capsys.readouterr().out
        record_audit("key_rotated", {"kid": "abc", "at_once": True}, desk_now(app))
        record_audit("organisation_added", {"organisation_id": 7}, desk_now(app), actor_id=None)
        tell(None, 50, False)
        added, rotated = capsys.readouterr().out.splitlines()
        assert "organisation_added" in added
        line = "key_rotated  the installation, by the command line or a platform: kid abc, at_once True"
        assert rotated.endswith(line)
        tell(None, 1, True)
        (entry,) = json.loads(capsys.readouterr().out)
        assert (entry["action"], entry["organisation"]) == ("organisation_added", None)
        tell(7, 50, False)
        assert "There are no entries yet." in capsys.readouterr().out


def test_a_demo_that_is_started_again_changes_nothing(app: Flask) -> None:
    with app.app_context():
        for _start in range(2):
            _register(DemoAddresses(8000, 8001), desk_now(app))
        assert [entry.action for entry in list_newest(9)] == ["moodle_connected", "platform_registered"]


def desk_now(app: Flask) -> datetime:
    now: datetime = app.extensions["ementor"].clock.real_now()
    return now
